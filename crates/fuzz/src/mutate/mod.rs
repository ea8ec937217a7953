//! Making inputs from seeds: their structure is changed, then the bytes, then the wrapping.

mod bytes;
mod json;
mod words;

use serde_json::Value;

use crate::Random;

/// Longest input that is made.
pub const MOST_BYTES: usize = 256 << 10;
/// One input in so many is wrapped in another encoding.
const ENCODED_ONCE_IN: usize = 24;

/// What a text is, for the choice of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Findings in JSON or a table, whatever the seed is.
    Findings,
    /// The same in a file of Event Hub Capture.
    Captured,
    /// Source code or configuration.
    Code,
}

/// Makes an input from a seed; `others` are seeds to take parts from.
#[must_use]
pub fn mutate(seed: &[u8], others: &[Vec<u8>], kind: Kind, random: &mut Random) -> Vec<u8> {
    let mut made = match documents(seed).filter(|_| kind != Kind::Code) {
        // One in eight is broken as text, so that the splitter has its share.
        Some(documents) if !random.once_in(8) => json::mutate(documents, others, random),
        Some(_) | None => bytes::mutate(seed, others, random),
    };
    made.truncate(MOST_BYTES);
    if kind == Kind::Captured {
        return bytes::captured(made, random);
    }
    if random.once_in(ENCODED_ONCE_IN) { bytes::encode(made, random) } else { made }
}

/// The JSON documents of a text; `None` where it holds anything else.
pub(crate) fn documents(text: &[u8]) -> Option<Vec<Value>> {
    let stream = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
    let documents: Vec<Value> = stream.collect::<Result<_, _>>().ok()?;
    let held = documents.iter().any(|d| d.is_object() || d.is_array());
    held.then_some(documents)
}
