//! What the configuration says of governance.

use quell_config::Exceptions;
use quell_govern::exception::Limits;
use quell_model::Severity;

/// How long exceptions may last, and who reviews them.
#[must_use]
pub fn limits(said: &Exceptions) -> Limits {
    let Exceptions { critical_days, high_days, medium_days, low_days, .. } = *said;
    Limits {
        most_days: [low_days, low_days, medium_days, high_days, high_days, critical_days],
        two_reviewers_from: Severity::from_word(&said.two_reviewers_from),
        remind_days: said.remind_days,
    }
}
