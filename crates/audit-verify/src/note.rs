//! Signed tree heads, read strictly: a byte more or less is another note.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::keys::Key;
use crate::tree::Hash;

/// Longest note and most signatures.
const MOST_BYTES: usize = 64 << 10;
const MOST_SIGNATURES: usize = 64;

/// A tree head with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which log.
    pub origin: String,
    /// How many records.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// All of it as it was given.
    pub note: String,
    text: String,
    signatures: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// Reads a head.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(note: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("the checkpoint {what}");
        if note.len() > MOST_BYTES {
            return Err(wrong("is too long"));
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(wrong("holds control characters"));
        }
        let (text, signed) = note.rsplit_once("\n\n").ok_or_else(|| wrong("has no signature"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(wrong("does not have three lines"));
        };
        let number: u64 = size.parse().map_err(|_| wrong("has no size"))?;
        let bytes = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok());
        let root = bytes.ok_or_else(|| wrong("has no root"))?;
        if number.to_string() != size || origin.is_empty() {
            return Err(wrong("is not written as it is to be"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root,
            note: note.to_owned(),
            text: format!("{text}\n"),
            signatures: signatures(signed).ok_or_else(|| wrong("has a damaged signature"))?,
        })
    }

    /// Whether a key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &Key) -> bool {
        self.signatures.iter().any(|(name, bytes)| key.checks(&self.text, name, bytes))
    }

    /// Whether every signature is by one of these keys; a log keeps no other.
    pub(crate) fn is_signed_only_by(&self, keys: &[&Key]) -> bool {
        self.signatures
            .iter()
            .all(|(name, bytes)| keys.iter().any(|key| key.checks(&self.text, name, bytes)))
    }
}

fn signatures(signed: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let lines = signed.strip_suffix('\n')?.split('\n');
    let parsed: Option<Vec<_>> = lines
        .take(MOST_SIGNATURES)
        .map(|line| {
            let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
            Some((name.to_owned(), STANDARD.decode(encoded).ok()?))
        })
        .collect();
    parsed.filter(|all| !all.is_empty())
}
