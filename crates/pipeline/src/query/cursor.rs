//! Where the next page of a list begins, as a text that says nothing to who holds it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::QueryError;

/// The version of the text. Cursors of another one are damaged.
const VERSION: u8 = 1;
/// Bytes of the hash of a question.
const HASH_BYTES: usize = 8;
/// Most bytes of a place in a list.
const MOST_PLACE_BYTES: usize = 200;

/// A question that is asked page by page. Its hash keeps cursors of other questions out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked([u8; HASH_BYTES]);

impl Asked {
    /// A list and its question, of which filters and order count.
    pub(super) fn of(list: &str, question: &impl Serialize) -> Result<Self, QueryError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(list.as_bytes()).update(&[0]).update(&serde_json::to_vec(question)?);
        let first = hasher.finalize().as_bytes().first_chunk::<HASH_BYTES>().copied();
        Ok(Self(first.unwrap_or_default()))
    }

    /// A place in the list as a cursor.
    pub(super) fn cursor(self, place: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&[VERSION], &self.0[..], place].concat())
    }

    /// The place that a cursor of this question names.
    pub(super) fn place(self, cursor: &str) -> Result<Vec<u8>, QueryError> {
        let damaged = || QueryError::DamagedCursor;
        if cursor.len() > 2 * (1 + HASH_BYTES + MOST_PLACE_BYTES) {
            return Err(damaged());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| damaged())?;
        let (version, rest) = bytes.split_first().ok_or_else(damaged)?;
        let (hash, place) = rest.split_first_chunk::<HASH_BYTES>().ok_or_else(damaged)?;
        if *version != VERSION {
            return Err(damaged());
        }
        if *hash != self.0 {
            return Err(QueryError::OtherCursor);
        }
        Ok(place.to_vec())
    }

    /// The same where places have a known length.
    pub(super) fn place_of<const N: usize>(
        self,
        cursor: Option<&str>,
    ) -> Result<Option<[u8; N]>, QueryError> {
        let Some(cursor) = cursor else { return Ok(None) };
        let place = self.place(cursor)?.try_into();
        place.map(Some).map_err(|_| QueryError::DamagedCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_no_other_does() {
        let asked = Asked::of("issues", &["high"]).unwrap();
        let cursor = asked.cursor(&[7; 16]);
        assert_eq!(asked.place_of(Some(&cursor)).unwrap(), Some([7_u8; 16]));
        assert_eq!(asked.place_of::<16>(None).unwrap(), None);
        for other in [Asked::of("findings", &["high"]), Asked::of("issues", &["low"])] {
            let error = other.unwrap().place_of::<16>(Some(&cursor)).unwrap_err();
            assert!(matches!(error, QueryError::OtherCursor), "{error}");
        }
        let long = "A".repeat(100_000);
        let short = asked.cursor(&[7; 15]);
        let newer = URL_SAFE_NO_PAD.encode([2; 25]);
        for bad in ["", "x", "é", "====", &short, &newer, &long] {
            let error = asked.place_of::<16>(Some(bad)).unwrap_err();
            let named = matches!(error, QueryError::DamagedCursor | QueryError::OtherCursor);
            assert!(named, "{bad}: {error}");
        }
    }
}
