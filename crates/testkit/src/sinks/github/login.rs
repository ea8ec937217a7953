//! Logins: a token, and an App with its installation.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::state::Hub;
use super::{GithubDouble, said, told};
use crate::net::{Answer, Asked};

/// A made-up key of an App, in PEM. It opens nothing.
pub const APP_KEY: &str = include_str!("app_key.pem");
/// Its public half, as DER in base64.
const APP_PUBLIC: &str = include_str!("app_public.txt");

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    App,
    Named(String),
}

impl Hub {
    pub(super) fn who(&self, asked: &Asked, now: Timestamp) -> Result<Who, Answer> {
        let shown = asked.header("authorization").unwrap_or_default();
        let shown = shown.strip_prefix("Bearer ").unwrap_or_default();
        if shown == self.token {
            return Ok(Who::Named(GithubDouble::LOGIN.to_owned()));
        }
        let installed = self.installation_tokens.iter().find(|(token, _)| token == shown);
        if installed.is_some_and(|(_, ends)| *ends > now.as_second()) {
            return Ok(Who::Named("quell-app[bot]".to_owned()));
        }
        if shown.split('.').count() == 3 {
            return match assertion(shown, now) {
                Ok(()) => Ok(Who::App),
                Err(why) => Err(said(401, &why)),
            };
        }
        Err(said(401, "Bad credentials"))
    }

    /// The calls of the App itself.
    pub(super) fn app_call(&mut self, asked: &Asked, now: Timestamp) -> Answer {
        if asked.path == "/app" {
            return told(200, &json!({"id": 4711, "slug": "quell-app"}));
        }
        if asked.path.ends_with("/installation") {
            return told(200, &json!({"id": 815, "app_id": 4711}));
        }
        if asked.path == "/app/installations/815/access_tokens" {
            self.made_tokens += 1;
            let token = format!("ghs_{:036}", self.made_tokens);
            let ends = now + SignedDuration::from_hours(1);
            self.installation_tokens.push((token.clone(), ends.as_second()));
            let permissions: serde_json::Map<String, Value> =
                self.rights.iter().map(|right| (right.clone(), json!("write"))).collect();
            let body =
                json!({"token": token, "expires_at": ends.to_string(), "permissions": permissions});
            return told(201, &body);
        }
        said(404, "Not Found")
    }
}

/// Checks an App's word as GitHub does.
fn assertion(token: &str, now: Timestamp) -> Result<(), String> {
    let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
    let unread = || "A JSON web token could not be decoded".to_owned();
    let part = |text: &str| -> Result<Value, String> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| unread())?;
        serde_json::from_slice(&bytes).map_err(|_| unread())
    };
    let (head, claims) = signed.split_once('.').ok_or_else(unread)?;
    let (head, claims) = (part(head)?, part(claims)?);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| unread())?;
    let key = STANDARD.decode(APP_PUBLIC.trim()).map_err(|_| unread())?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(signed.as_bytes(), &signature).map_err(|_| unread())?;
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    if head.get("alg") != Some(&json!("RS256")) {
        return Err(unread());
    }
    if claims.get("iss") != Some(&json!(GithubDouble::APP)) {
        return Err("'Issuer' claim ('iss') must be an Integer or the client id".to_owned());
    }
    if number("iat") > now.as_second() {
        return Err("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued".to_owned());
    }
    if number("exp") <= now.as_second() || number("exp") > now.as_second() + 600 {
        return Err("'Expiration time' claim ('exp') is too far in the future".to_owned());
    }
    Ok(())
}
