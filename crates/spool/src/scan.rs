//! All frames of a segment at once, for opening the log.

use std::io;

use crate::frame::Head;
use crate::header::HEADER_BYTES;
use crate::log::RecordKey;
use crate::sealed::Sealed;
use crate::segment::{Segment, Source};
use crate::walk::{Bad, Step, step};

/// The frames of a segment, each with whether it is a record, and what is bad between them.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) heads: Vec<(Head, bool)>,
    pub(crate) bad: Vec<Bad>,
}

impl Scan {
    /// Up to where the segment was certainly flushed.
    pub(crate) fn flushed(&self) -> u32 {
        let heads = self.heads.iter().map(|(head, _)| head);
        let heads = heads.chain(self.bad.iter().filter_map(|bad| bad.head.as_ref()));
        heads.map(|head| head.place.flushed).max().unwrap_or(HEADER_BYTES)
    }

    /// Whether the last frame before the end is a mark.
    pub(crate) fn marked(&self, end: u32) -> bool {
        let last = self.heads.iter().rev().find(|(head, _)| head.place.offset < end);
        last.is_none_or(|(head, is_record)| !is_record && head.end() == end)
    }
}

/// The keys of a sealed segment: from its own list, or from its records when that is damaged.
pub(crate) fn keys_of(sealed: Sealed, end: u32) -> io::Result<Vec<RecordKey>> {
    if let Some(keys) = sealed.keys()? {
        return Ok(keys);
    }
    let key = sealed.header.key;
    let scan = scan(&mut Segment::new(Source::Sealed(sealed), key), end)?;
    Ok(scan.heads.iter().filter(|(_, is_record)| *is_record).map(|(h, _)| key_of(h)).collect())
}

pub(crate) fn key_of(head: &Head) -> RecordKey {
    let hash = head.hash.first_chunk().copied().unwrap_or_default();
    RecordKey { hash, likeness: head.likeness(), offset: head.place.offset }
}

/// Goes through a segment up to a limit.
pub(crate) fn scan(segment: &mut Segment, limit: u32) -> io::Result<Scan> {
    let mut scan = Scan::default();
    let mut at = HEADER_BYTES;
    while at < limit {
        match step(segment, at, limit)? {
            Step::Record(head, _) => {
                at = head.end();
                scan.heads.push((head, true));
            }
            Step::Mark(head) => {
                at = head.end();
                scan.heads.push((head, false));
            }
            Step::Bad(bad) => {
                at = bad.next;
                scan.bad.push(bad);
            }
        }
    }
    Ok(scan)
}
