//! Webhooks: `X-Hub-Signature-256` over the raw bytes, `X-GitHub-Delivery` to know one again.

use serde_json::Value;

use super::place::{Repository, Thing};
use crate::common::mac::{holds, only, unhex};
use crate::forge::Repository as _;
use crate::forge::hook::{Heard, MOST_BYTES, read};
use crate::{Hook, NotHeard, NotTaken};

/// Reads a message, once its signature over the raw bytes holds. Names of headers are in lower
/// case. A message that is delivered again bears the same id.
///
/// # Errors
/// It is not signed with the secret, or is no message.
pub fn heard(secret: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Heard, NotHeard> {
    let given = only(headers, "x-hub-signature-256").and_then(|text| text.strip_prefix("sha256="));
    let given = given.and_then(unhex).ok_or(NotHeard::Signature)?;
    if body.len() > MOST_BYTES || !holds(secret.as_bytes(), body, &given) {
        return Err(NotHeard::Signature);
    }
    let delivery =
        only(headers, "x-github-delivery").filter(|id| !id.is_empty() && id.len() <= 100);
    let event = only(headers, "x-github-event").filter(|event| event.len() <= 100);
    let message = read(body)?;
    Ok(Heard {
        delivery: delivery.ok_or(NotHeard::Body("X-GitHub-Delivery"))?.to_owned(),
        event: event.ok_or(NotHeard::Body("X-GitHub-Event"))?.to_owned(),
        remote: remote(&message),
    })
}

/// As a kind of sink hears it.
pub(super) fn hear(hook: &Hook<'_>) -> Result<Option<String>, NotTaken> {
    Ok(heard(hook.secret, hook.headers, hook.body)?.remote)
}

fn remote(message: &Value) -> Option<String> {
    let full = message.pointer("/repository/full_name")?.as_str()?;
    let (number, request) = match message.pointer("/pull_request/number") {
        Some(number) => (number, true),
        None => {
            let pull = message.pointer("/issue/pull_request").is_some();
            (message.pointer("/issue/number")?, pull)
        }
    };
    let thing = Thing { repository: Repository::read(full)?, number: number.as_u64()?, request };
    Some(thing.remote(None).id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vendor's own example: its secret, its body, its signature.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn sign(body: &[u8]) -> String {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = ring::hmac::sign(&key, body);
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256={hex}")
    }

    fn check(body: &[u8], signature: &str) -> Result<Heard, NotHeard> {
        let headers = [
            ("x-hub-signature-256", signature),
            ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ("x-github-event", "pull_request"),
        ];
        heard(SECRET, &headers, body)
    }

    #[test]
    fn the_documented_example_holds_and_no_other_bit_does() {
        // Signed, and then no JSON.
        assert_eq!(check(BODY, SIGNATURE), Err(NotHeard::Body("$")));
        for at in 0..BODY.len() * 8 {
            let mut body = BODY.to_vec();
            body[at / 8] ^= 1 << (at % 8);
            assert_eq!(check(&body, SIGNATURE), Err(NotHeard::Signature));
        }
        for wrong in [
            "",
            "sha256=",
            SIGNATURE.split_at(70).0,
            &SIGNATURE.to_uppercase(),
            &SIGNATURE.replace("sha256", "sha1"),
            &format!("{SIGNATURE}00"),
            SIGNATURE.split_at(7).1,
        ] {
            assert_eq!(check(BODY, wrong), Err(NotHeard::Signature), "{wrong}");
        }
    }

    #[test]
    fn a_header_twice_or_no_secret_is_no_signature() {
        let twice = [("x-hub-signature-256", SIGNATURE), ("x-hub-signature-256", SIGNATURE)];
        assert_eq!(heard(SECRET, &twice, BODY), Err(NotHeard::Signature));
        assert_eq!(heard("", &twice[..1], BODY), Err(NotHeard::Signature));
    }

    #[test]
    fn it_is_told_what_changed() {
        for (body, remote) in [
            (
                r#"{"pull_request":{"number":7},"repository":{"full_name":"acme/shop"}}"#,
                Some("acme/shop/pull/7"),
            ),
            (
                r#"{"issue":{"number":7},"repository":{"full_name":"acme/shop"}}"#,
                Some("acme/shop/issues/7"),
            ),
            (
                r#"{"issue":{"number":7,"pull_request":{}},"repository":{"full_name":"acme/shop"}}"#,
                Some("acme/shop/pull/7"),
            ),
            (r#"{"issue":{"number":7},"repository":{"full_name":"../.."}}"#, None),
            (r#"{"zen":"Keep it logically awesome."}"#, None),
        ] {
            let heard = check(body.as_bytes(), &sign(body.as_bytes())).unwrap();
            assert_eq!(heard.remote.as_deref(), remote);
            assert_eq!(heard.delivery, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
        }
    }
}
