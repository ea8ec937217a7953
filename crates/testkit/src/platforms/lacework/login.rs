//! The exchange of a key for a token, and who is behind it.

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde_json::{Value, json};

use super::{LaceworkDouble, moment, object, said, told};
use crate::net::{Answer, Asked};

/// Longest life of a token that can be asked for.
const LONGEST_SECONDS: i64 = 86_400;

/// A token that was given.
#[derive(Debug)]
pub(super) struct Token {
    ends: Timestamp,
    left: Option<u32>,
}

impl LaceworkDouble {
    pub(super) fn token(&self, asked: &Asked) -> Answer {
        let settings = self.settings();
        let body = match object(&asked.body, &["keyId", "expiryTime"]) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let Some(seconds) = body.get("expiryTime").and_then(Value::as_i64) else {
            return said(400, "expiryTime is required");
        };
        if !(1..=LONGEST_SECONDS).contains(&seconds) {
            return said(400, "expiryTime must be at most 86400");
        }
        let known = body.get("keyId").and_then(Value::as_str) == Some(settings.key_id.as_str())
            && asked.header("x-lw-uaks") == Some(settings.secret.as_str());
        if !known {
            return said(401, "Invalid access key or secret");
        }
        let ends = self.now() + SignedDuration::from_secs(seconds);
        let mut state = self.state();
        state.made += 1;
        let token = format!("_token-{:08}-secret", state.made);
        state.tokens.insert(token.clone(), Token { ends, left: settings.token_requests });
        told(201, &json!({ "token": token, "expiresAt": moment(ends) }))
    }

    /// Whether the request shows a token that is still good.
    pub(super) fn bearer(&self, asked: &Asked) -> Result<(), Answer> {
        let shown = asked.header("authorization").unwrap_or_default();
        let shown = shown.strip_prefix("Bearer ").unwrap_or(shown);
        let now = self.now();
        let mut state = self.state();
        let token = state.tokens.get_mut(shown).filter(|token| token.ends > now);
        let Some(token) = token else { return Err(said(401, "Invalid or expired token")) };
        match &mut token.left {
            Some(0) => Err(said(401, "Invalid or expired token")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn profile(&self, asked: &Asked) -> Answer {
        let settings = self.settings();
        let host = asked.header("host").unwrap_or_default();
        told(
            200,
            &json!({ "data": [{
                "username": "quell@acme.example", "orgAccount": false, "url": host,
                "orgAdmin": false, "orgUser": false,
                "accounts": [{
                    "admin": settings.admin, "accountName": "ACME", "custGuid": settings.customer,
                    "userGuid": "ACME_USER_1", "userEnabled": 1,
                }],
            }] }),
        )
    }
}
