//! The filters that are applied. One that the schema has and the double does not know is refused.

use quell_model::Timestamp;
use serde_json::Value;

use super::graphql::Refusal;
use super::login::text;

/// What filters look at.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) number: usize,
    pub(super) id: String,
    pub(super) status: String,
    pub(super) severity: &'static str,
    pub(super) kind: &'static str,
    pub(super) result: &'static str,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) status_changed: Timestamp,
}

/// Whether a filter keeps a record.
pub(super) fn keeps(filter: &Value, facts: &Facts) -> Result<bool, Refusal> {
    let Some(filter) = filter.as_object() else { return Ok(true) };
    for (name, wanted) in filter.iter().filter(|(_, wanted)| !wanted.is_null()) {
        let kept = match name.as_str() {
            "id" => has(wanted, &facts.id),
            "status" => has(wanted, &facts.status),
            "severity" => has(wanted, facts.severity),
            "type" => has(wanted, facts.kind),
            "result" => has(wanted, facts.result),
            "createdAt" | "firstSeenAt" | "firstSeen" | "startedAt" => {
                within(wanted, facts.created)?
            }
            "updatedAt" | "analyzedAt" => within(wanted, facts.updated)?,
            "statusChangedAt" | "statusUpdatedAt" => within(wanted, facts.status_changed)?,
            "includeDeleted" => true,
            other => return Err(Refusal::input(format!("the filter `{other}` is not known here"))),
        };
        if !kept {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A list of words, or one below `equals`.
fn has(wanted: &Value, word: &str) -> bool {
    let list = wanted.get("equals").unwrap_or(wanted).as_array();
    list.is_none_or(|list| list.iter().any(|one| one.as_str() == Some(word)))
}

fn within(wanted: &Value, at: Timestamp) -> Result<bool, Refusal> {
    let time = |name: &str| match text(wanted, name) {
        "" => Ok(None),
        text => text
            .parse::<Timestamp>()
            .map(Some)
            .map_err(|_| Refusal::input(format!("`{name}` is no DateTime"))),
    };
    let (after, before) = (time("after")?, time("before")?);
    Ok(after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before))
}
