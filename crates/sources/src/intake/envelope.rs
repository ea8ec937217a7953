//! The document around the records, with every list of records emptied.

use serde_json::Value;

use super::probe::Layout;
use super::split::keep_around;
use super::{Input, IntakeError, Limits};
use crate::{Need, Shape};

/// Reads an input once to keep what stands around its records. Of a stream of documents the
/// first is kept.
pub(super) fn build_envelope(
    input: &mut Input,
    shape: &Shape,
    layout: &Layout,
    limits: &Limits,
) -> Result<Value, IntakeError> {
    let stays = |path: &str| shape.needs.iter().any(|n| matches!(n, Need::Around(p) if *p == path));
    let emptied: Vec<&str> = shape.records.iter().copied().filter(|path| !stays(path)).collect();
    let text = keep_around(input.open(limits)?, &emptied, limits).map_err(IntakeError::Envelope)?;
    let mut stream = serde_json::Deserializer::from_slice(&text).into_iter::<Value>();
    match stream.next() {
        Some(Ok(document)) => Ok(document),
        // A truncated file still has records worth keeping; what is known of the rest is little.
        Some(Err(_)) | None if *layout != Layout::Lines => Ok(super::probe::probe(&text, false)
            .documents
            .into_iter()
            .next()
            .unwrap_or(Value::Null)),
        Some(Err(_)) | None => Ok(Value::Null),
    }
}
