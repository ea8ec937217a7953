//! Records on their way to a parser thread: one buffer, many records.

use quell_model::{Record, Teller};

use super::Detection;
use super::place::placed;
use crate::Output;

/// Bytes of a batch, about. Some dozens of batches are in memory at a time, with what becomes of
/// them.
const FULL_BYTES: usize = 384 << 10;
/// Records of a batch, at most.
const FULL_RECORDS: usize = 512;

/// Records on their way to a parser thread.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) bytes: Vec<u8>,
    /// Added to every offset: where the line begins that is being read.
    pub(super) base: u64,
    records: Vec<Place>,
    indices: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Place {
    pattern: usize,
    offset_bytes: u64,
    start: usize,
    end: usize,
    first_index: usize,
    last_index: usize,
}

impl Batch {
    pub(super) fn begin(&mut self, pattern: usize, indices: &[usize], offset: u64) -> Place {
        let first_index = self.indices.len();
        self.indices.extend_from_slice(indices);
        Place {
            pattern,
            offset_bytes: offset + self.base,
            start: self.bytes.len(),
            end: 0,
            first_index,
            last_index: self.indices.len(),
        }
    }

    pub(super) fn end(&mut self, mut place: Place) {
        place.end = self.bytes.len();
        self.records.push(place);
    }

    #[expect(clippy::needless_pass_by_value, reason = "an abandoned place must not be used again")]
    pub(super) fn abandon(&mut self, place: Place) {
        self.bytes.truncate(place.start);
        self.indices.truncate(place.first_index);
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES || self.records.len() >= FULL_RECORDS
    }

    /// How many records it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// The text of each record.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.records.iter().filter_map(|place| self.bytes.get(place.start..place.end))
    }

    /// The text of each record with its offset.
    #[cfg(test)]
    pub(super) fn texts(&self) -> Vec<(usize, Vec<usize>, u64, Vec<u8>)> {
        let text = |p: &Place| {
            let indices = self.indices[p.first_index..p.last_index].to_vec();
            (p.pattern, indices, p.offset_bytes, self.bytes[p.start..p.end].to_vec())
        };
        self.records.iter().map(text).collect()
    }
}

/// What a normalizer made of one record.
#[derive(Debug)]
pub struct Normalized {
    /// Where the record begins, decompressed.
    pub offset_bytes: u64,
    /// What it became, or why it was not taken.
    pub result: Result<Vec<Record>, String>,
    /// What it tells all of.
    pub tellers: Vec<Teller>,
}

/// Normalizes a batch, record by record as they are asked for: what a record becomes takes several
/// times the memory of its text.
pub fn normalize_batch(batch: &Batch, detection: &Detection) -> impl Iterator<Item = Normalized> {
    batch.records.iter().map(|place| normalize(batch, place, detection))
}

fn normalize(batch: &Batch, place: &Place, detection: &Detection) -> Normalized {
    let bytes = batch.bytes.get(place.start..place.end).unwrap_or_default();
    let indices = batch.indices.get(place.first_index..place.last_index).unwrap_or_default();
    let mut tellers = Vec::new();
    let result = match std::str::from_utf8(bytes) {
        Err(error) => {
            Err(format!("not UTF-8 text from byte {} of the record", error.valid_up_to()))
        }
        Ok(text) => {
            let mut output = Output::default();
            let record = (text, place.pattern, indices);
            match detection.format.normalize(record, detection, &mut output) {
                Err(rejection) => Err(placed(&rejection.0, text)),
                Ok(()) if output.records.is_empty() => {
                    let title = detection.format.title();
                    Err(placed(&format!("nothing in this record that {title} findings have"), text))
                }
                Ok(()) => {
                    output.records.iter_mut().for_each(Record::shorten_ids);
                    tellers = output.tellers;
                    Ok(output.records)
                }
            }
        }
    };
    Normalized { offset_bytes: place.offset_bytes, result: result.map_err(short), tellers }
}

/// Bytes of a reason, at most: it may quote a value of any length.
const MOST_REASON_BYTES: usize = 600;

/// A reason with its middle left out where it is long; the place stands at its end.
fn short(reason: String) -> String {
    if reason.len() <= MOST_REASON_BYTES {
        return reason;
    }
    let head = reason.floor_char_boundary(MOST_REASON_BYTES / 2);
    let tail = reason.ceil_char_boundary(reason.len() - MOST_REASON_BYTES / 4);
    let part = |from, to| reason.get(from..to).unwrap_or_default();
    format!("{} … {}", part(0, head), part(tail, reason.len()))
}
