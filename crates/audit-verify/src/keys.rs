//! Public keys of C2SP signed notes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::tree::sha256;

/// A key that checks Ed25519 signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// As it is written: name, id and key.
    pub text: String,
    /// Its name, which is that of the log.
    pub name: String,
    id: [u8; 4],
    point: [u8; 32],
}

impl Key {
    /// Reads a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, rest) = text.split_once('+')?;
        let (id, encoded) = rest.split_once('+')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let [1, point @ ..] = bytes.as_slice() else { return None };
        let point: [u8; 32] = point.try_into().ok()?;
        let full = sha256(&[name.as_bytes(), b"\n", &[1], &point]);
        let (own, _) = full.split_first_chunk::<4>()?;
        let written = u32::from_str_radix(id, 16).ok().filter(|_| id.len() == 8)?;
        let same = written.to_be_bytes() == *own && id.bytes().all(|b| !b.is_ascii_uppercase());
        same.then(|| Self { text: text.to_owned(), name: name.to_owned(), id: *own, point })
    }

    /// Whether a signature, its key's id before it, is this key's over a text.
    pub(crate) fn checks(&self, text: &str, name: &str, signature: &[u8]) -> bool {
        let Some((id, signature)) = signature.split_first_chunk::<4>() else { return false };
        name == self.name
            && *id == self.id
            && UnparsedPublicKey::new(&ED25519, self.point)
                .verify(text.as_bytes(), signature)
                .is_ok()
    }
}
