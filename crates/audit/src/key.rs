//! The key that signs tree heads, in the forms that tools for C2SP signed notes read.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::error::AuditError;
use crate::files::{read, replace};
use crate::hash::{hex, sha256};

/// The type of an Ed25519 signature in a signed note.
const ED25519_TYPE: u8 = 1;
/// How a private key begins.
const PRIVATE: &str = "PRIVATE+KEY+";

/// A key that signs.
pub(crate) struct SigningKey {
    name: String,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key for a log.
    pub(crate) fn make(name: &str) -> Result<Self, AuditError> {
        Self::from_seed(name, random()?).ok_or_else(|| AuditError::Random("no key".into()))
    }

    fn from_seed(name: &str, seed: [u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        Some(Self { name: name.to_owned(), seed, pair })
    }

    /// Reads a key.
    pub(crate) fn load(path: &Path) -> Result<Self, AuditError> {
        let refused =
            |reason: &str| AuditError::Key { path: path.to_owned(), reason: reason.into() };
        let bytes = match read(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(refused("it is not there")),
            Err(error) => return Err(refused(&error.to_string())),
        };
        let text = String::from_utf8(bytes).map_err(|_| refused("it is damaged"))?;
        Self::parse(text.trim_end()).ok_or_else(|| refused("it is damaged"))
    }

    fn parse(text: &str) -> Option<Self> {
        let (rest, seed) = text.strip_prefix(PRIVATE)?.rsplit_once('+')?;
        // Base64 may hold a `+` itself; a name may not.
        let (name, rest) = match rest.split_once('+')? {
            (name, id) if id.len() == 8 => (name, seed.to_owned()),
            (name, more) => (name, format!("{}+{seed}", more.split_once('+')?.1)),
        };
        let bytes = STANDARD.decode(rest).ok()?;
        let (kind, seed) = bytes.split_first()?;
        let key = Self::from_seed(name, seed.try_into().ok()?)?;
        let id = text.strip_prefix(PRIVATE)?.strip_prefix(name)?.get(1..9)?;
        (*kind == ED25519_TYPE && id == hex(&key.public().id)).then_some(key)
    }

    /// Writes it for its owner only.
    pub(crate) fn save(&self, path: &Path) -> Result<(), AuditError> {
        let mut bytes = vec![ED25519_TYPE];
        bytes.extend(self.seed);
        let id = hex(&self.public().id);
        let text = format!("{PRIVATE}{}+{id}+{}\n", self.name, STANDARD.encode(bytes));
        replace(path, text.as_bytes())
    }

    /// What its signatures are checked with.
    pub(crate) fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(self.pair.public_key().as_ref()).for_each(|(to, from)| *to = *from);
        PublicKey::new(&self.name, bytes)
    }

    /// The line of its signature under a text.
    pub(crate) fn sign(&self, text: &str) -> String {
        let mut bytes = self.public().id.to_vec();
        bytes.extend(self.pair.sign(text.as_bytes()).as_ref());
        format!("— {} {}\n", self.name, STANDARD.encode(bytes))
    }
}

/// What signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) name: String,
    id: [u8; 4],
    bytes: [u8; 32],
}

impl PublicKey {
    fn new(name: &str, bytes: [u8; 32]) -> Self {
        let mut text = name.as_bytes().to_vec();
        text.extend([b'\n', ED25519_TYPE]);
        text.extend(bytes);
        let mut id = [0; 4];
        id.iter_mut().zip(sha256(&text)).for_each(|(to, from)| *to = from);
        Self { name: name.to_owned(), id, bytes }
    }

    /// As others write it: name, id and key.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = vec![ED25519_TYPE];
        bytes.extend(self.bytes);
        format!("{}+{}+{}", self.name, hex(&self.id), STANDARD.encode(bytes))
    }

    /// Reads what [`Self::text`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = STANDARD.decode(key).ok()?;
        let (kind, bytes) = bytes.split_first()?;
        let key = Self::new(name, bytes.try_into().ok()?);
        (*kind == ED25519_TYPE && hex(&key.id) == id).then_some(key)
    }

    /// Whether a signature line of a note is this key's over its text.
    pub(crate) fn signed(&self, text: &str, line: &str) -> bool {
        let signature = line
            .strip_prefix("— ")
            .and_then(|rest| rest.strip_prefix(self.name.as_str())?.strip_prefix(' '))
            .and_then(|encoded| STANDARD.decode(encoded).ok());
        let Some(signature) = signature else { return false };
        let Some(signature) = signature.strip_prefix(&self.id) else { return false };
        UnparsedPublicKey::new(&ED25519, self.bytes).verify(text.as_bytes(), signature).is_ok()
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], AuditError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| AuditError::Random(Arc::from(error.to_string().as_str())))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for _ in 0..200 {
            let key = SigningKey::make("quell-audit/x").unwrap();
            key.save(&path).unwrap();
            let again = SigningKey::load(&path).unwrap();
            assert_eq!(again.public(), key.public());
            assert_eq!(PublicKey::parse(&key.public().text()), Some(key.public()));
            let line = again.sign("text\n");
            assert!(key.public().signed("text\n", line.trim_end()));
            assert!(!key.public().signed("texts\n", line.trim_end()));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
    }

    #[test]
    fn the_example_of_the_specification_is_checked() {
        // The key of the signed note in golang.org/x/mod/sumdb/note's documentation.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = PublicKey::parse(key).unwrap();
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        assert!(key.signed(text, line));
        assert!(!key.signed(text, &line.replace("ZJku", "ZJkv")));
    }
}
