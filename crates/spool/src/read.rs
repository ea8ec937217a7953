//! Reading records back, in the order in which they were acknowledged.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Damage, SpoolError};
use crate::header::HEADER_BYTES;
use crate::log::{Form, Log, RecordKey, Shared, sealed};
use crate::position::Position;
use crate::record::Record;
use crate::scan::keys_of;
use crate::segment::Segment;
use crate::walk::{Step, step};

/// A record and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it stands.
    pub position: Position,
    /// Where to go on reading after it.
    pub next: Position,
    /// What was received, whole: its hash was checked.
    pub record: Record,
}

/// Goes through records that are on the disk.
///
/// `None` means that there is no more yet; a later call sees what came since. A damaged part comes
/// as one [`SpoolError::Damaged`], and reading goes on behind it. After any other error it ends.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    next: Position,
    segment: Option<(u32, Segment)>,
    failed: bool,
}

/// What the reader does next.
enum Turn {
    Read { number: u32, offset: u32, limit: u32 },
    Skip(Damage),
    Again,
    End,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, next: Position) -> Self {
        Self { shared, next, segment: None, failed: false }
    }

    /// Where reading goes on.
    #[must_use]
    pub fn position(&self) -> Position {
        self.next
    }

    /// Looks where the next record is, and moves over the end of a segment.
    fn turn(&mut self) -> Turn {
        let log = self.shared.log();
        if self.next >= log.end {
            return Turn::End;
        }
        let number = self.next.segment();
        if let Some(info) = log.segments.get(&number) {
            let offset = self.next.offset().max(HEADER_BYTES);
            if info.header.is_none() && offset < info.end {
                let file = self.shared.path(number, info.form);
                self.next = Position::new(number, info.end);
                let reason = "the segment cannot be read";
                return Turn::Skip(Damage { file, offset: 0, length: info.stored_bytes, reason });
            }
            if offset < info.end {
                return Turn::Read { number, offset, limit: info.end };
            }
        }
        let Some(after) = log.after(number) else { return Turn::End };
        self.next = Position::new(after, HEADER_BYTES);
        match missing(&log, number, after) {
            Some(lost) => Turn::Skip(Damage {
                file: self.shared.path(lost, Form::Closed),
                offset: 0,
                length: 0,
                reason: "the segment is missing",
            }),
            None => Turn::Again,
        }
    }

    fn read(&mut self, number: u32, offset: u32, limit: u32) -> Result<Option<Stored>, SpoolError> {
        if self.segment.as_ref().is_none_or(|(open, _)| *open != number) {
            self.segment = self.shared.segment(number)?.map(|segment| (number, segment));
        }
        let Some((_, segment)) = &mut self.segment else {
            // It was removed since.
            self.next = Position::new(number, limit);
            return Ok(None);
        };
        let found = step(segment, offset, limit)
            .map_err(|error| SpoolError::io(&self.shared.path(number, Form::Closed), &error))?;
        let position = Position::new(number, offset);
        match found {
            Step::Record(head, record) => {
                self.next = Position::new(number, head.end());
                Ok(Some(Stored { position, next: self.next, record }))
            }
            Step::Mark(head) => {
                self.next = Position::new(number, head.end());
                Ok(None)
            }
            Step::Bad(bad) => {
                self.next = Position::new(number, bad.next);
                let file = path_of(&self.shared, number);
                let length = (bad.next - bad.offset).into();
                let damage = Damage { file, offset: bad.offset.into(), length, reason: bad.reason };
                Err(SpoolError::Damaged { damage, next: self.next })
            }
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Stored, SpoolError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            match self.turn() {
                Turn::Read { number, offset, limit } => match self.read(number, offset, limit) {
                    Ok(Some(stored)) => return Some(Ok(stored)),
                    Ok(None) => {}
                    Err(error) => {
                        self.failed = !matches!(error, SpoolError::Damaged { .. });
                        return Some(Err(error));
                    }
                },
                Turn::Skip(damage) => {
                    return Some(Err(SpoolError::Damaged { damage, next: self.next }));
                }
                Turn::Again => {}
                Turn::End => return None,
            }
        }
        None
    }
}

/// The record at a position.
pub(crate) fn get(shared: &Shared, position: Position) -> Result<Record, SpoolError> {
    let missing = SpoolError::Missing { position };
    let number = position.segment();
    let limit = shared.log().segments.get(&number).map(|info| info.end);
    let inside = |limit: &u32| position.offset() >= HEADER_BYTES && position.offset() < *limit;
    let Some(limit) = limit.filter(inside) else { return Err(missing) };
    let Some(mut segment) = shared.segment(number)? else { return Err(missing) };
    let found = step(&mut segment, position.offset(), limit)
        .map_err(|error| SpoolError::io(&path_of(shared, number), &error))?;
    match found {
        Step::Record(_, record) => Ok(record),
        Step::Mark(_) => Err(missing),
        Step::Bad(bad) => {
            let (offset, length) = (bad.offset.into(), (bad.next - bad.offset).into());
            let damage =
                Damage { file: path_of(shared, number), offset, length, reason: bad.reason };
            Err(SpoolError::Damaged { damage, next: Position::new(number, bad.next) })
        }
    }
}

/// The newest record with this content.
pub(crate) fn find(shared: &Shared, hash: &[u8; 32]) -> Result<Option<Position>, SpoolError> {
    let numbers: Vec<u32> = shared.log().segments.keys().rev().copied().collect();
    let prefix = hash.first_chunk::<8>().copied().unwrap_or_default();
    for number in numbers {
        let keys = keys(shared, number)?;
        for key in keys.iter().rev().filter(|key| key.hash == prefix) {
            let position = Position::new(number, key.offset);
            match get(shared, position) {
                Ok(record) if record.hash() == hash => return Ok(Some(position)),
                Ok(_) | Err(SpoolError::Damaged { .. } | SpoolError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(None)
}

/// The keys of a segment's records, in their order.
fn keys(shared: &Shared, number: u32) -> Result<Vec<RecordKey>, SpoolError> {
    let path = shared.path(number, Form::Sealed);
    let end = match shared.log().segments.get(&number) {
        Some(info) if info.form == Form::Sealed && info.header.is_some() => info.end,
        Some(info) => return Ok(info.keys.clone()),
        None => return Ok(Vec::new()),
    };
    let io_error = |error: io::Error| SpoolError::io(&path, &error);
    let file = match shared.disk.open(&path) {
        // It was removed since.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened.map_err(io_error)?,
    };
    match sealed(file, number).map_err(io_error)? {
        Some(sealed) => keys_of(sealed, end).map_err(io_error),
        None => Ok(Vec::new()),
    }
}

/// The first segment that should stand between two and does not. Those before the first one were
/// removed on purpose.
fn missing(log: &Log, number: u32, after: u32) -> Option<u32> {
    let first = *log.segments.first_key_value()?.0;
    let next = number.saturating_add(1);
    (number >= first && next < after).then_some(next)
}

fn path_of(shared: &Shared, number: u32) -> PathBuf {
    let form = shared.log().segments.get(&number).map_or(Form::Closed, |info| info.form);
    shared.path(number, form)
}
