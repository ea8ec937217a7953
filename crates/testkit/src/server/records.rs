//! Deliveries of webhooks, each with one finding of its own.

use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::random::Random;

/// The tool's id of a delivery's finding.
#[must_use]
pub fn uid(run: &str, number: u64) -> String {
    format!("made-up-{run}-{number}")
}

/// One OCSF finding of about so many bytes; equal numbers are equal bytes.
#[must_use]
pub fn delivery(run: &str, number: u64, bytes: usize) -> Vec<u8> {
    let uid = uid(run, number);
    let mut record = json!({
        "class_uid": 2004, "severity_id": 4, "status_id": 1, "time": 1_790_000_000_u64 + number / 1000,
        "metadata": {"event_code": "made_up_check", "product": {"name": "Made-up Scanner"}},
        "finding_info": {"uid": uid, "title": "A made-up fault", "desc": ""},
        "resources": [{"uid": format!("arn:aws:s3:::{uid}"), "type": "AwsS3Bucket", "region": "eu-west-1"}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}
    });
    let short = record.to_string().len();
    if let Some(text) = record.pointer_mut("/finding_info/desc") {
        let mut random = Random::of(7, number);
        let missing = bytes.saturating_sub(short);
        let mut words = random.words(missing as u64 / 9 + 1);
        words.truncate(missing);
        *text = json!(words);
    }
    record.to_string().into_bytes()
}

/// The HMAC-SHA-256 of a body, in hexadecimal.
#[must_use]
pub fn signature(secret: &[u8], body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(body);
    let mut text = String::new();
    for byte in mac.finalize().into_bytes() {
        // Writing to a string cannot fail.
        let _written = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_has_the_size_that_was_asked_for_and_is_signed() {
        for bytes in [1024, 2048] {
            let made = delivery("a", 7, bytes);
            assert_eq!(made, delivery("a", 7, bytes));
            assert!((bytes - 64..=bytes + 8).contains(&made.len()), "{}", made.len());
        }
        // RFC 4231, test case 2.
        let known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature(b"Jefe", b"what do ya want for nothing?"), known);
    }
}
