//! What fails before anything is sent.

use quell_deliver::outbox::Outcome;

use crate::SinkError;

/// An error of a call that only looked: the act did not happen, whatever came of the call.
pub(crate) fn nothing_sent(error: SinkError) -> SinkError {
    match error.outcome() {
        Outcome::Lost(said) => SinkError::Busy { wait: None, said },
        Outcome::Done(_) | Outcome::Later(..) | Outcome::Refused(_) => error,
    }
}
