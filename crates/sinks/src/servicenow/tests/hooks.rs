//! What an instance tells of its own accord.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::super::heard;
use crate::NotHeard;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SECRET: &str = "a secret of the sink";
const BODY: &str = r#"{"table":"incident","sys_id":"0000000000000000000000000000abcd","sys_mod_count":"5","sys_updated_on":"2026-03-01 10:00:00"}"#;

fn mac(secret: &str, body: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.chain_update(body).finalize().into_bytes().to_vec()
}

fn signed(secret: &str, body: &str) -> String {
    format!("sha256={}", STANDARD.encode(mac(secret, body.as_bytes())))
}

#[test]
fn a_message_is_heard_in_both_spellings_of_its_signature() {
    let hex: String =
        mac(SECRET, BODY.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    for header in [signed(SECRET, BODY), format!("sha256={hex}")] {
        let told = heard(SECRET, &[("x-quell-signature", &header)], BODY.as_bytes()).unwrap();
        assert_eq!(told.remote, "incident/0000000000000000000000000000abcd");
        assert_eq!((told.changes, told.at.to_string().as_str()), (5, "2026-03-01T10:00:00Z"));
    }
}

#[test]
fn what_is_not_signed_with_the_secret_is_not_heard() {
    let good = signed(SECRET, BODY);
    let name = "x-quell-signature";
    let wrong = |headers: &[(&str, &str)], body: &str| {
        assert_eq!(
            heard(SECRET, headers, body.as_bytes()),
            Err(NotHeard::Signature),
            "{headers:?}"
        );
    };
    wrong(&[], BODY);
    wrong(&[(name, &good), (name, &good)], BODY);
    wrong(&[(name, &signed("another", BODY))], BODY);
    wrong(&[(name, &good)], &BODY.replace(':', ": "));
    wrong(&[(name, good.strip_prefix("sha256=").unwrap())], BODY);
    wrong(&[(name, &good.to_uppercase())], BODY);
    wrong(&[(name, "sha256=")], BODY);
    assert_eq!(heard("", &[(name, &signed("", BODY))], BODY.as_bytes()), Err(NotHeard::Signature));
    // Every bit counts.
    for at in 0..BODY.len() {
        for bit in 0..8 {
            let mut body = BODY.as_bytes().to_vec();
            body[at] ^= 1 << bit;
            assert!(heard(SECRET, &[(name, &good)], &body).is_err());
        }
    }
}

#[test]
fn what_is_signed_and_no_message_is_told() {
    for (from, to, path) in [
        ("\"incident\"", "\"a/b\"", "table"),
        ("abcd\"", "ab^d\"", "sys_id"),
        ("\"5\"", "\"x\"", "sys_mod_count"),
        ("2026-03-01 10:00:00", "2026-03-01T10:00:00Z", "sys_updated_on"),
        ("\"table\":", "\"tables\":", "$"),
    ] {
        let body = BODY.replace(from, to);
        let header = signed(SECRET, &body);
        let told = heard(SECRET, &[("x-quell-signature", &header)], body.as_bytes());
        assert_eq!(told, Err(NotHeard::Body(path)), "{body}");
    }
}
