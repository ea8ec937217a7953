//! Webhooks: a signature of Standard Webhooks, or the plain token of older ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::place::{Project, Thing};
use crate::common::mac::{holds, only};
use crate::forge::Repository as _;
use crate::forge::hook::{Heard, MOST_BYTES, read, same};
use crate::{Hook, NotHeard, NotTaken};

/// How far the time of a message may be from now.
const TOLERANCE_SECONDS: u64 = 300;
/// Signatures in one header: one for each secret while they are changed.
const MOST_SIGNATURES: usize = 10;

/// Reads a message. With a secret that begins with `whsec_` it has to be signed and fresh, else to
/// bear the secret as `X-Gitlab-Token`. Names of headers are in lower case.
///
/// # Errors
/// It is not signed with the secret, too old, or no message.
pub fn heard(
    secret: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    now: Timestamp,
) -> Result<Heard, NotHeard> {
    if body.len() > MOST_BYTES {
        return Err(NotHeard::Signature);
    }
    let delivery = match secret.strip_prefix("whsec_") {
        Some(encoded) => {
            let key = STANDARD.decode(encoded).map_err(|_| NotHeard::Signature)?;
            signed(&key, headers, (body, now))?
        }
        None => {
            let given = only(headers, "x-gitlab-token").unwrap_or_default();
            if !same(secret, given) {
                return Err(NotHeard::Signature);
            }
            let id = only(headers, "idempotency-key").or(only(headers, "x-gitlab-event-uuid"));
            id.ok_or(NotHeard::Body("Idempotency-Key"))?
        }
    };
    if delivery.is_empty() || delivery.len() > 100 {
        return Err(NotHeard::Body("webhook-id"));
    }
    let message = read(body)?;
    let event = message.get("object_kind").and_then(Value::as_str);
    let event = event.filter(|event| event.len() <= 100).ok_or(NotHeard::Body("object_kind"))?;
    Ok(Heard {
        delivery: delivery.to_owned(),
        event: event.to_owned(),
        remote: remote(&message, event),
    })
}

/// The id of a message whose signature holds.
fn signed<'h>(
    key: &[u8],
    headers: &[(&str, &'h str)],
    (body, now): (&[u8], Timestamp),
) -> Result<&'h str, NotHeard> {
    let header = |name: &str| only(headers, name).ok_or(NotHeard::Signature);
    let (id, at) = (header("webhook-id")?, header("webhook-timestamp")?);
    let mut text = format!("{id}.{at}.").into_bytes();
    text.extend_from_slice(body);
    let mut signatures = header("webhook-signature")?.split(' ').take(MOST_SIGNATURES);
    let fits = |one: &str| {
        let bytes = one.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        bytes.is_some_and(|bytes| holds(key, &text, &bytes))
    };
    if !signatures.any(fits) {
        return Err(NotHeard::Signature);
    }
    let at: i64 = at.parse().map_err(|_| NotHeard::Time)?;
    if at.abs_diff(now.as_second()) > TOLERANCE_SECONDS {
        return Err(NotHeard::Time);
    }
    Ok(id)
}

/// As a kind of sink hears it.
pub(super) fn hear(hook: &Hook<'_>) -> Result<Option<String>, NotTaken> {
    Ok(heard(hook.secret, hook.headers, hook.body, hook.now)?.remote)
}

fn remote(message: &Value, event: &str) -> Option<String> {
    let path = message.pointer("/project/path_with_namespace")?.as_str()?;
    let number = |pointer: &str| message.pointer(pointer).and_then(Value::as_u64);
    let (number, request) = match event {
        "merge_request" => (number("/object_attributes/iid")?, true),
        "issue" => (number("/object_attributes/iid")?, false),
        "note" => match number("/merge_request/iid") {
            Some(number) => (number, true),
            None => (number("/issue/iid")?, false),
        },
        _ => return None,
    };
    Some(Thing { repository: Project::read(path)?, number, request }.remote(None).id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: &str = "1614265330";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn now() -> Timestamp {
        Timestamp::from_second(1_614_265_330).unwrap()
    }

    fn check(signature: &str, body: &[u8], now: Timestamp) -> Result<Heard, NotHeard> {
        let headers =
            [("webhook-id", ID), ("webhook-timestamp", AT), ("webhook-signature", signature)];
        heard(SECRET, &headers, body, now)
    }

    #[test]
    fn the_documented_example_holds_and_old_or_changed_ones_do_not() {
        // Signed and fresh, and no message of GitLab's.
        assert_eq!(check(SIGNATURE, BODY, now()), Err(NotHeard::Body("object_kind")));
        let both = format!("v1,AAAA {SIGNATURE}");
        assert_eq!(check(&both, BODY, now()), Err(NotHeard::Body("object_kind")));
        for seconds in [-301, 301, 691_200] {
            let then = now() + jiff::SignedDuration::from_secs(seconds);
            assert_eq!(check(SIGNATURE, BODY, then), Err(NotHeard::Time));
        }
        assert_eq!(check(SIGNATURE, b"{\"test\":2432232314}", now()), Err(NotHeard::Signature));
        for wrong in ["", "v1,", "v1,AAAA", SIGNATURE.split_at(3).1, &SIGNATURE.replace("v1", "v2")]
        {
            assert_eq!(check(wrong, BODY, now()), Err(NotHeard::Signature), "{wrong}");
        }
        // A plain token does not stand in for a signature.
        let plain = [("x-gitlab-token", SECRET), ("idempotency-key", "1")];
        assert_eq!(heard(SECRET, &plain, BODY, now()), Err(NotHeard::Signature));
    }

    #[test]
    fn a_token_is_compared_whole() {
        let body = br#"{"object_kind":"note","project":{"path_with_namespace":"acme/web/shop"},"merge_request":{"iid":7}}"#;
        let check = |secret: &str, token: &str| {
            let headers = [("x-gitlab-token", token), ("idempotency-key", "abc")];
            heard(secret, &headers, body, now())
        };
        let heard = check("s3cr3t-token", "s3cr3t-token").unwrap();
        assert_eq!((heard.delivery.as_str(), heard.event.as_str()), ("abc", "note"));
        assert_eq!(heard.remote.as_deref(), Some("acme/web/shop!7"));
        for token in ["", "s3cr3t-toke", "s3cr3t-token ", "S3cr3t-token"] {
            assert_eq!(check("s3cr3t-token", token), Err(NotHeard::Signature), "{token}");
        }
        assert_eq!(check("", ""), Err(NotHeard::Signature));
    }
}
