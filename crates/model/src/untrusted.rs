//! Text that came from outside and has not been escaped for any sink yet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Text from a scanner, a tag or a file name: hostile until a sink's own escaper has seen it.
///
/// It has no `Display`, so that `format!("{text}")` does not compile. A sink calls
/// [`Untrusted::raw`] inside its escaper and nowhere else.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// The text as it came. Only escapers and engines that compare text call this.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text cut to at most `limit_bytes`, at a character border, with `…` where it was cut.
    #[must_use]
    pub fn capped(mut self, limit_bytes: usize) -> Self {
        if self.0.len() > limit_bytes {
            let end = self.0.floor_char_boundary(limit_bytes);
            self.0.truncate(end);
            self.0.push('…');
        }
        self
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capping_never_splits_a_character() {
        for limit in 0..8 {
            let text = Untrusted::from("aé漢z").capped(limit);
            assert!(text.raw().chars().count() <= 5, "{limit}: {text:?}");
        }
        assert_eq!(Untrusted::from("short").capped(10).raw(), "short");
    }
}
