//! Tokens, and sessions that end.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde_json::{Value, json};

use super::{Kept, refused};
use crate::net::{Answer, Asked};

/// Sessions by their token: when they end, and how many requests are left.
pub(super) type Sessions = BTreeMap<String, (Timestamp, Option<usize>)>;

/// `POST /api/user/session`.
pub(super) fn session(kept: &mut Kept, asked: &Asked, now: Timestamp) -> Answer {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let key = body.get("security_token").and_then(Value::as_str);
    if asked.method != "POST" || key != Some(kept.settings.key.as_str()) {
        return refused(403, &json!({"detail": "Invalid security token."}));
    }
    kept.logins += 1;
    let token = format!("session-{}-of-the-double", kept.logins);
    let ends = now + SignedDuration::from_secs(kept.settings.session_seconds);
    kept.sessions.insert(token.clone(), (ends, kept.settings.session_requests));
    Answer::new(200, json!({"jwt": {"access": token}}).to_string())
}

/// Refuses a request without a login that is good.
pub(super) fn check(kept: &mut Kept, asked: &Asked, now: Timestamp) -> Result<(), Answer> {
    let header = asked.header("authorization").unwrap_or_default();
    let (scheme, token) = header.split_once(' ').unwrap_or_default();
    let wrong = |status, said: &str| Err(refused(status, &json!({"detail": said})));
    match scheme.to_ascii_lowercase().as_str() {
        "" => wrong(401, "Authentication credentials were not provided."),
        "token" if token == kept.settings.token => Ok(()),
        "bearer" => match kept.sessions.get_mut(token) {
            Some((ends, left)) if now < *ends && *left != Some(0) => {
                *left = left.map(|left| left - 1);
                Ok(())
            }
            Some(_) | None => wrong(401, "Token is invalid or expired"),
        },
        _ => wrong(403, "Invalid token."),
    }
}
