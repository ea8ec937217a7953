//! Answers as both hosts tell them: texts, times, and things that are not there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use quell_deliver::outbox::Remote;
use serde_json::Value;

use super::call::Api;
use super::repository::{Repository, Thing};
use crate::{Gone, Phase, SinkError, Standing};

/// A text of an answer.
pub(crate) fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// Whether an answer says so.
pub(crate) fn is(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

/// A moment.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A thing that is not found: whether it alone, or its repository too, is told by asking for that.
pub(crate) async fn gone<A: Api, R: Repository>(
    api: &A,
    thing: &Thing<R>,
    remote: &Remote,
    right: &'static str,
) -> Result<Standing, SinkError> {
    let Some(repository) = api.get_if_there(&thing.repository.api(), right).await? else {
        return Err(SinkError::Gone(format!(
            "the {} `{}` is not there, or the login may not see it",
            R::HOST.place,
            thing.repository.full()
        )));
    };
    Ok(Standing {
        remote: remote.clone(),
        phase: Phase::Declined,
        phase_at: None,
        phase_by_us: false,
        resolution: None,
        fields: BTreeMap::new(),
        gone: if is(&repository, "/archived") { Gone::Archived } else { Gone::Deleted },
    })
}
