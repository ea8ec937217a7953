//! Signed tree heads (C2SP tlog-checkpoint).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;
use crate::key::{PublicKey, SigningKey};

/// Longest note that is looked at.
const MOST_BYTES: usize = 64 << 10;

/// A signed tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// All of it, with its signatures.
    pub note: String,
}

impl Checkpoint {
    /// Signs a tree head, by one key or, where a key follows another, by both.
    pub(crate) fn sign(origin: &str, (size, root): (u64, Hash), keys: &[&SigningKey]) -> Self {
        let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root));
        let lines: String = keys.iter().map(|key| key.sign(&text)).collect();
        Self { origin: origin.to_owned(), size, root, note: format!("{text}\n{lines}") }
    }

    /// Reads one. Its signatures are not looked at.
    #[must_use]
    pub fn parse(note: &str) -> Option<Self> {
        if note.len() > MOST_BYTES {
            return None;
        }
        let (text, _) = note.rsplit_once("\n\n")?;
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        (number.to_string() == size && !origin.is_empty()).then(|| Self {
            origin: origin.to_owned(),
            size: number,
            root,
            note: note.to_owned(),
        })
    }

    /// Whether one of the keys signed it.
    #[must_use]
    pub fn is_signed_by(&self, keys: &[PublicKey]) -> bool {
        let Some((text, lines)) = self.note.rsplit_once("\n\n") else { return false };
        let text = format!("{text}\n");
        lines.lines().any(|line| keys.iter().any(|key| key.signed(&text, line)))
    }
}
