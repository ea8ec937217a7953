//! A value that is not shown, and is wiped when nobody holds it any more.

use std::fmt;
use std::sync::Arc;

use ring::digest;
use secrecy::{ExposeSecret as _, SecretSlice};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

/// A secret value. It has no `Display`, and its `Debug` shows nothing.
#[derive(Clone)]
pub struct Secret(Arc<SecretSlice<u8>>);

impl Secret {
    /// Takes over a value.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        // Giving back spare room copies the value, so the first copy is wiped here.
        let mut bytes = bytes;
        let exact: Box<[u8]> = bytes.as_slice().into();
        bytes.zeroize();
        Self(Arc::new(SecretSlice::from(exact)))
    }

    /// The value, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The value as text, if it is UTF-8.
    #[must_use]
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(self.expose()).ok()
    }

    /// Whether a candidate is the value, in a time that depends on neither.
    #[must_use]
    pub fn matches(&self, candidate: &[u8]) -> bool {
        // Digests are of one length, so that not even the length can be measured.
        let own = digest::digest(&digest::SHA256, self.expose());
        let other = digest::digest(&digest::SHA256, candidate);
        own.as_ref().ct_eq(other.as_ref()).into()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([hidden])")
    }
}

/// A value, and the one before it while it is being replaced.
#[derive(Debug, Clone)]
pub struct Values {
    /// The value to use.
    pub current: Secret,
    /// The value before, which others may still use.
    pub previous: Option<Secret>,
}

impl Values {
    /// A value that replaces none.
    #[must_use]
    pub const fn single(current: Secret) -> Self {
        Self { current, previous: None }
    }

    /// Whether a candidate is one of the values. Both are always compared.
    #[must_use]
    pub fn accept(&self, candidate: &[u8]) -> bool {
        let current = self.current.matches(candidate);
        let previous = self.previous.as_ref().is_some_and(|p| p.matches(candidate));
        current | previous
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_match() {
        let secret = Secret::from("correct horse".to_owned());
        assert!(secret.matches(b"correct horse"));
        for other in ["", "correct hors", "correct horse ", "Correct horse", "correct horsf"] {
            assert!(!secret.matches(other.as_bytes()), "{other}");
        }
        let values = Values { current: secret, previous: Some(Secret::from("old".to_owned())) };
        assert!(values.accept(b"old") && values.accept(b"correct horse") && !values.accept(b"x"));
    }

    #[test]
    fn debug_shows_nothing() {
        let values = Values::single(Secret::from("correct horse".to_owned()));
        assert_eq!(format!("{values:?}"), "Values { current: Secret([hidden]), previous: None }");
    }
}
