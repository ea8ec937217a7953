//! What Jira posts when an issue changes: whether it is Jira's, and which issue is to be read again.
//! Announcements come late, twice and out of order, so nothing else in them is taken.

use serde::Deserialize;

use crate::common::mac;
use crate::{Hook, NotTaken};

/// Longest id that is believed.
const MOST_ID: usize = 128;

#[derive(Deserialize)]
struct Announced {
    issue: Option<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    id: Id,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

/// Takes a request of an admin webhook with a secret: `X-Hub-Signature` holds `sha256=` and the
/// HMAC of the body as it came. Tells the issue's id, where it is about one.
pub(in crate::atlassian) fn hear(hook: &Hook<'_>) -> Result<Option<String>, NotTaken> {
    let given = mac::only(hook.headers, "x-hub-signature");
    let given = given.and_then(|text| mac::unhex(text.strip_prefix("sha256=")?));
    let given = given.ok_or(NotTaken::Signature)?;
    if !mac::holds(hook.secret.as_bytes(), hook.body, &given) {
        return Err(NotTaken::Signature);
    }
    let announced: Option<Announced> = serde_json::from_slice(hook.body).ok();
    let id = announced.and_then(|announced| announced.issue).map(|issue| match issue.id {
        Id::Text(id) => id,
        Id::Number(id) => id.to_string(),
    });
    let is_id = |id: &String| {
        !id.is_empty() && id.len() <= MOST_ID && id.bytes().all(|byte| byte.is_ascii_digit())
    };
    Ok(id.filter(is_id))
}
