//! Who may ask: tokens from a client's id and secret, and the rights that root fields need.

use quell_model::Timestamp;
use serde_json::{Value, json};

use super::{KEY, WizDouble, json_answer, later};
use crate::net::{Answer, Asked};

/// A token that was given out.
#[derive(Debug)]
pub(super) struct Token {
    ends: Timestamp,
    left: Option<u32>,
}

/// The rights of which one is needed for a root field; `true` for what looks at them itself.
pub(super) fn needed(field: &str) -> (&'static [&'static str], bool) {
    let one: &'static [&'static str] = match field {
        "issuesV2" | "issues" | "issue" => &["read:issues"],
        "configurationFindings" | "configurationFinding" => &["read:cloud_configuration"],
        "vulnerabilityFindings" | "vulnerabilityFinding" => &["read:vulnerabilities"],
        "detections" | "detection" => &["read:detections"],
        "cloudResourcesV2" | "cloudResources" | "cloudPrincipalsV2" => &["read:resources"],
        "projects" => &["read:projects"],
        "excessiveAccessFindings" => &["read:excessive_access_findings"],
        "networkExposures" => &["read:network_exposure"],
        "serviceAccounts" => &["read:service_accounts"],
        "associateServiceTicket" => &["write:service_ticket"],
        "updateCloudConfigurationFinding" => &["update:cloud_configuration"],
        "updateVulnerabilityFinding" => &["update:vulnerabilities"],
        "createIgnoreRule" | "deleteIgnoreRule" => &["create:ignore_rules"],
        // The kind of issue and of change decides, or any right does.
        _ => return (&[], true),
    };
    (one, false)
}

impl WizDouble {
    /// The token endpoint: a form, with the audience of the realm.
    pub(super) fn log_in(&self, asked: &Asked) -> Answer {
        let form = asked.header("content-type").unwrap_or_default();
        if !form.starts_with("application/x-www-form-urlencoded") {
            return no_token(400, "invalid_request", "the body is no form");
        }
        let fields = form_fields(&asked.body);
        let field = |name: &str| {
            fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
        };
        let mut state = self.state();
        let audience = if state.manner.legacy { "beyond-api" } else { "wiz-api" };
        if field("grant_type") != "client_credentials" {
            return no_token(400, "unsupported_grant_type", "");
        }
        if field("audience") != audience {
            return no_token(403, "access_denied", "unknown audience");
        }
        if (field("client_id"), field("client_secret")) != KEY {
            return no_token(401, "access_denied", "Unauthorized");
        }
        state.issued += 1;
        let ends = later(self.clock.now(), state.manner.token_seconds);
        let claims = json!({
            "iss": "https://auth.app.wiz.io/", "sub": "sa-own", "aud": audience,
            "exp": ends.as_second(), "tid": state.manner.tenant, "tsn": "made-up",
            "dc": state.manner.data_center, "isServiceAccount": true,
            "encodedScopes": "AAQAAgAAAAE", "jti": state.issued,
        });
        let head = base64url(br#"{"alg":"RS256","typ":"JWT"}"#);
        let text =
            format!("{head}.{}.bm90LWEtc2lnbmF0dXJl", base64url(claims.to_string().as_bytes()));
        let left = state.manner.token_requests;
        state.tokens.insert(text.clone(), Token { ends, left });
        let lives = state.manner.token_seconds;
        json_answer(
            200,
            &json!({"access_token": text, "token_type": "Bearer", "expires_in": lives}),
        )
    }

    /// Whether the request carries a token that is still good.
    pub(super) fn known_token(&self, asked: &Asked) -> Result<(), Answer> {
        let refused = || json_answer(401, &json!({"message": "The incoming token has expired"}));
        let kind = asked.header("content-type").unwrap_or_default();
        if !kind.starts_with("application/json") {
            let body = json!({"errors": [{"message": "unsupported content type"}]});
            return Err(json_answer(400, &body));
        }
        let token = asked.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
        let now = self.clock.now();
        let mut state = self.state();
        let token = token.and_then(|text| state.tokens.get_mut(text)).ok_or_else(refused)?;
        if token.ends <= now || token.left == Some(0) {
            return Err(refused());
        }
        token.left = token.left.map(|left| left - 1);
        Ok(())
    }
}

fn no_token(status: u16, error: &str, said: &str) -> Answer {
    json_answer(status, &json!({"error": error, "error_description": said}))
}

/// The fields of a form.
fn form_fields(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let fields = text.split('&').filter_map(|pair| pair.split_once('='));
    fields.map(|(key, value)| (plain(key), plain(value))).collect()
}

/// A part of a form, with its escapes undone.
fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).unwrap_or_default();
                u8::from_str_radix(digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let mut held = [0_u8; 3];
        for (to, from) in held.iter_mut().zip(part) {
            *to = *from;
        }
        let [a, b, c] = held.map(u32::from);
        let all = a << 16 | b << 8 | c;
        for at in 0..=part.len() {
            let index = usize::try_from(all >> (18 - 6 * at) & 63).unwrap_or(0);
            text.push(LETTERS.get(index).copied().map_or('A', char::from));
        }
    }
    text
}

/// The value of a member as text.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
