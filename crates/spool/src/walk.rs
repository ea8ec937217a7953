//! From frame to frame through a segment, past what is damaged.

use std::io;

use crate::bytes::{narrow, padded, size};
use crate::frame::{FIXED_BYTES, HEAD_BYTES, Head, Kind, head};
use crate::record::Record;
use crate::sealed::BLOCK_BYTES;
use crate::segment::{ReadFault, Segment};

/// What stands at an offset.
#[derive(Debug)]
pub(crate) enum Step {
    Record(Head, Record),
    Mark(Head),
    Bad(Bad),
}

/// Bytes that are no whole frame.
#[derive(Debug)]
pub(crate) struct Bad {
    pub(crate) offset: u32,
    /// Where the next frame stands, or the limit.
    pub(crate) next: u32,
    pub(crate) reason: &'static str,
    /// The head, when only the body is bad.
    pub(crate) head: Option<Head>,
}

/// Reads what stands at `offset`, which lies before `limit`.
pub(crate) fn step(segment: &mut Segment, offset: u32, limit: u32) -> io::Result<Step> {
    let Some(found) = read_head(segment, offset, limit)? else {
        let next = resync(segment, offset.saturating_add(1).next_multiple_of(8), limit)?;
        let reason = "no record's head stands here";
        return Ok(Step::Bad(Bad { offset, next, reason, head: None }));
    };
    let end = found.end();
    if end > limit {
        let reason = "the record goes on past the end";
        return Ok(Step::Bad(Bad { offset, next: limit, reason, head: Some(found) }));
    }
    let from = offset.saturating_add(narrow(found.head_bytes));
    let bytes = match segment.read(from, size(end - from), limit) {
        Ok(bytes) => bytes,
        Err(ReadFault::Io(error)) => return Err(error),
        Err(ReadFault::Damaged { .. }) => Vec::new(),
    };
    Ok(match (body(&found, bytes), found.kind) {
        (Some(_), Kind::Mark) => Step::Mark(found),
        (Some(body), Kind::Record) => {
            let (origin, at) = (found.origin.clone(), found.received_at_micros);
            let record = Record::checked(origin, at, found.hash, body);
            Step::Record(found, record)
        }
        (None, Kind::Mark | Kind::Record) => {
            let reason = "the body is not what was received";
            Step::Bad(Bad { offset, next: end, reason, head: Some(found) })
        }
    })
}

/// The body, when it and the padding behind it are what was written.
fn body(head: &Head, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let expected = padded(head.head_bytes + head.body_bytes) - head.head_bytes;
    let padding = bytes.get(head.body_bytes..)?;
    if bytes.len() != expected || padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    bytes.truncate(head.body_bytes);
    match head.kind {
        Kind::Record if *blake3::hash(&bytes).as_bytes() != head.hash => None,
        Kind::Record | Kind::Mark => Some(bytes),
    }
}

fn read_head(segment: &mut Segment, offset: u32, limit: u32) -> io::Result<Option<Head>> {
    let room = size(limit.saturating_sub(offset));
    if room < FIXED_BYTES || !offset.is_multiple_of(8) {
        return Ok(None);
    }
    match segment.read(offset, room.min(HEAD_BYTES), limit) {
        Ok(bytes) => Ok(head(&bytes, offset, &segment.key)),
        Err(ReadFault::Io(error)) => Err(error),
        Err(ReadFault::Damaged { .. }) => {
            // The damage may lie in the next block, and the head end before it.
            match segment.read(offset, room.min(size(until_block_end(offset))), limit) {
                Ok(bytes) => Ok(head(&bytes, offset, &segment.key)),
                Err(ReadFault::Io(error)) => Err(error),
                Err(ReadFault::Damaged { .. }) => Ok(None),
            }
        }
    }
}

fn until_block_end(offset: u32) -> u32 {
    BLOCK_BYTES - offset % BLOCK_BYTES
}

/// The first offset from here on where a frame's head stands, or the limit.
fn resync(segment: &mut Segment, from: u32, limit: u32) -> io::Result<u32> {
    const CHUNK: u32 = 64 * 1024;
    let mut at = from;
    while at < limit {
        let chunk = CHUNK.min(limit - at).min(until_block_end(at));
        let bytes = match segment.read(at, size(chunk), limit) {
            Ok(bytes) => bytes,
            Err(ReadFault::Io(error)) => return Err(error),
            Err(ReadFault::Damaged { until }) => {
                at = until.max(at.saturating_add(8));
                continue;
            }
        };
        if let Some(found) = candidate(segment, &bytes, at, limit)? {
            return Ok(found);
        }
        at = at.saturating_add(chunk);
    }
    Ok(limit)
}

fn candidate(segment: &mut Segment, bytes: &[u8], at: u32, limit: u32) -> io::Result<Option<u32>> {
    let magic = segment.key.magic;
    for (number, _) in bytes.chunks_exact(8).enumerate().filter(|(_, part)| **part == magic) {
        let offset = at.saturating_add(narrow(number * 8));
        if read_head(segment, offset, limit)?.is_some() {
            return Ok(Some(offset));
        }
    }
    Ok(None)
}
