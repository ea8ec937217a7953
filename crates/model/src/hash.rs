//! Stable keys: 128 bits of BLAKE3 over length-prefixed parts, with the version of the scheme.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The version of the key scheme. It is part of every key, so a new scheme never collides with
/// an old one, and both can be valid while the store re-keys.
pub const KEY_VERSION: u8 = 1;

/// A 128-bit key for one kind of thing, shown as 26 characters of lower-case Crockford base 32.
pub struct Key<K> {
    bytes: [u8; 16],
    kind: PhantomData<fn() -> K>,
}

/// Marks the key of a finding.
#[derive(Debug)]
pub enum FindingKind {}
/// Marks the key of an issue.
#[derive(Debug)]
pub enum IssueKind {}
/// Marks the key of an incident.
#[derive(Debug)]
pub enum IncidentKind {}

/// Marks the key of a job.
#[derive(Debug)]
pub enum JobKind {}

/// The identity of a finding: tool, native id, rule and asset.
pub type FindingKey = Key<FindingKind>;
/// The identity of an issue: what is wrong and on which asset.
pub type IssueKey = Key<IssueKind>;
/// The identity of an incident: the story that holds its issues together.
pub type IncidentKey = Key<IncidentKind>;
/// The identity of a job of a server.
pub type JobKey = Key<JobKind>;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl<K> Key<K> {
    /// A key from its bytes, as the store keeps them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self { bytes, kind: PhantomData }
    }

    /// The bytes, as the store keeps them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// The first ten characters: enough to tell keys apart on a screen.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

/// Builds a key from parts; the same parts in the same order give the same key for ever.
#[derive(Debug)]
pub struct KeyHasher(blake3::Hasher);

impl KeyHasher {
    /// Starts a key in a namespace such as `issue`.
    #[must_use]
    pub fn new(namespace: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[KEY_VERSION]);
        Self(hasher).part(namespace)
    }

    /// Adds one part. Its length is hashed too, so `("ab","c")` and `("a","bc")` differ.
    #[must_use]
    pub fn part(mut self, part: &str) -> Self {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
        self
    }

    /// The finished key.
    #[must_use]
    pub fn finish<K>(&self) -> Key<K> {
        let hash = self.0.finalize();
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        Key::from_bytes(bytes)
    }
}

/// Longest id that is kept whole; those of all clouds are shorter.
const MOST_ID_BYTES: usize = 2048;

/// An id as it is kept: one that is very long has the hash of the whole in place of its end, so
/// that different ids stay apart.
#[must_use]
pub fn short_id(id: &str) -> Cow<'_, str> {
    if id.len() <= MOST_ID_BYTES {
        return Cow::Borrowed(id);
    }
    let hash = KeyHasher::new("long id").part(id).finish::<()>();
    let end = id.floor_char_boundary(MOST_ID_BYTES / 2);
    Cow::Owned(format!("{}…{hash}", id.get(..end).unwrap_or_default()))
}

impl<K> fmt::Display for Key<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from_be_bytes(self.bytes);
        let mut letters = [b'0'; 26];
        for (digit, letter) in (0..26).rev().zip(&mut letters) {
            let index = usize::try_from((number >> (digit * 5)) & 31).unwrap_or_default();
            *letter = ALPHABET.get(index).copied().unwrap_or(b'0');
        }
        f.write_str(std::str::from_utf8(&letters).unwrap_or_default())
    }
}

/// Text that is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is 26 letters and digits, without `i`, `l`, `o` and `u`")]
pub struct InvalidKey;

impl<K> FromStr for Key<K> {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        if text.len() != 26 {
            return Err(InvalidKey);
        }
        let mut number: u128 = 0;
        for byte in text.bytes() {
            let lower = byte.to_ascii_lowercase();
            let digit = ALPHABET.iter().position(|a| *a == lower).ok_or(InvalidKey)?;
            number = (number << 5) | digit as u128;
        }
        Ok(Self::from_bytes(number.to_be_bytes()))
    }
}

impl<K> Clone for Key<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Key<K> {}
impl<K> PartialEq for Key<K> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}
impl<K> Eq for Key<K> {}
impl<K> PartialOrd for Key<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Key<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes.cmp(&other.bytes)
    }
}
impl<K> std::hash::Hash for Key<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}
impl<K> fmt::Debug for Key<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}
impl<K> Serialize for Key<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K> Deserialize<'de> for Key<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<K> PartialSchema for Key<K> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-7][0-9a-hjkmnp-tv-z]{25}$"))
            .description(Some("A stable id."))
            .into()
    }
}
impl<K> ToSchema for Key<K> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ids_are_cut_and_stay_apart() {
        let long = |end: &str| format!("{}{end}", "é".repeat(50_000));
        let (a, b) = (long("a"), long("b"));
        assert!(short_id(&a).len() <= MOST_ID_BYTES);
        assert_ne!(short_id(&a), short_id(&b));
        assert_eq!(short_id(&a), short_id(&long("a")));
        let whole = "x".repeat(MOST_ID_BYTES);
        assert_eq!(short_id(&whole), whole);
    }

    #[test]
    fn text_form_round_trips() {
        let key: IssueKey = KeyHasher::new("issue").part("a").finish();
        assert_eq!(key.to_string().parse::<IssueKey>(), Ok(key));
        assert_eq!(key.to_string().len(), 26);
        assert_eq!("i".repeat(26).parse::<IssueKey>(), Err(InvalidKey));
    }

    #[test]
    fn part_borders_matter() {
        let a: IssueKey = KeyHasher::new("issue").part("ab").part("c").finish();
        let b: IssueKey = KeyHasher::new("issue").part("a").part("bc").finish();
        assert_ne!(a, b);
    }

    #[test]
    fn version_one_keys_never_change() {
        let key: IssueKey = KeyHasher::new("issue").part("x").finish();
        assert_eq!(key.to_string(), key.to_string().to_ascii_lowercase());
        let again: IssueKey = KeyHasher::new("issue").part("x").finish();
        assert_eq!(key, again);
    }
}
