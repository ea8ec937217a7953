//! Secrets and signatures of Standard Webhooks.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{SinkError, common::mac};

const PREFIX: &str = "whsec_";
/// How many bytes a secret has.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Secrets that count at once.
const MOST: usize = 2;

/// The secrets that count: one, or two while they are changed.
pub(super) struct Secrets(Vec<Vec<u8>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Reads them, with blanks between.
    pub(super) fn read(text: &str) -> Result<Self, SinkError> {
        let wrong = |why: &str| SinkError::Login(format!("`secret` {why}"));
        let read = |word: &str| {
            let bytes = word.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
            bytes.filter(|bytes| BYTES.contains(&bytes.len()))
        };
        let all: Option<Vec<Vec<u8>>> = text.split_whitespace().map(read).collect();
        match all {
            None => Err(wrong("is not `whsec_` and Base64 of 24 to 64 bytes")),
            Some(all) if all.is_empty() || all.len() > MOST => {
                Err(wrong("holds neither one secret nor two"))
            }
            Some(all) => Ok(Self(all)),
        }
    }

    /// The value of `webhook-signature`: one for each secret.
    pub(super) fn sign(&self, id: &str, seconds: &str, body: &[u8]) -> String {
        let pieces = [id.as_bytes(), b".", seconds.as_bytes(), b".", body];
        let signatures = self.0.iter().filter_map(|secret| mac::sign(secret, &pieces));
        let signatures: Vec<String> =
            signatures.map(|bytes| format!("v1,{}", STANDARD.encode(bytes))).collect();
        signatures.join(" ")
    }
}
