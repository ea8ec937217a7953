//! What the configuration says of governance.

use quell_config::{Approvals, Exceptions, ServiceLevels};
use quell_govern::exception::Limits;
use quell_govern::level::Targets;
use quell_govern::phase::Rules;
use quell_model::Severity;

use super::plans::Ruling;
use crate::PipelineError;

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

/// The rules of the configuration's file, with what else it says of approvals.
///
/// # Errors
/// When the file cannot be read, or a rule makes no sense.
pub fn ruling(said: &Approvals) -> Result<Ruling, PipelineError> {
    let rules = match &said.rules {
        Some(path) => {
            let wrong = |why: String| {
                PipelineError::Refused(format!("the rules `{}`: {why}", path.display()))
            };
            let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
            Rules::parse(&text).map_err(|fault| wrong(fault.to_string()))?.all
        }
        None => Vec::new(),
    };
    let (plan_hours, most_per_hour) = (said.plan_hours, said.most_per_hour);
    Ok(Ruling { rules, plan_hours, most_per_hour, ..Ruling::default() })
}

/// By when issues are to be dealt with.
#[must_use]
pub fn targets(said: &ServiceLevels) -> Targets {
    let ServiceLevels { critical_days, high_days, medium_days, low_days, .. } = *said;
    Targets {
        days: [0, low_days, medium_days, high_days, high_days, critical_days],
        exposed_percent: said.exposed_percent,
        other_percent: said.other_percent,
    }
}
