//! The one thread that writes: all that waits goes to the disk with one flush.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::bytes::{narrow, size, wide};
use crate::disk::DiskFile;
use crate::error::{SpoolError, is_full};
use crate::frame::{Place, encode, encode_mark};
use crate::header::{HEADER_BYTES, Header, Key, Previous};
use crate::log::{Form, RecordKey, SegmentInfo, Shared};
use crate::position::{Appended, Position};
use crate::queue::{Batch, Done, Waiting, tell};
use crate::record::Record;
use crate::window::Window;

/// Largest buffer that is kept between batches.
const KEPT_BUFFER_BYTES: usize = 1024 * 1024;

/// Writes batches into the open segment.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
    window: Window,
    open: Option<OpenSegment>,
    buffer: Vec<u8>,
    /// Kept until the last write, which may come after the log's handle is gone.
    _lock: Option<Arc<File>>,
}

/// The segment that records are added to.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    pub(crate) number: u32,
    pub(crate) key: Key,
    pub(crate) file: Arc<dyn DiskFile>,
    /// How far it is written and flushed.
    pub(crate) end: u32,
    /// Its last frame is a mark, or it has none.
    pub(crate) marked: bool,
}

/// The records of a batch that are new, and who waits for which.
#[derive(Default)]
struct Plan {
    records: Vec<(Record, [u8; 16])>,
    waiting: Vec<(Done, usize, bool)>,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        window: Window,
        open: Option<OpenSegment>,
        lock: Option<Arc<File>>,
    ) -> Self {
        Self { shared, window, open, buffer: Vec::new(), _lock: lock }
    }

    /// Writes until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while let Some(batch) = shared.queue.take(&shared.limits) {
            self.commit(batch);
        }
        self.mark();
    }

    /// Writes a batch, flushes, and tells everyone who waits for it.
    pub(crate) fn commit(&mut self, batch: Batch) {
        let plan = self.plan(batch.waiting);
        let result = match self.shared.queue.broken() {
            Some(reason) => Err(SpoolError::Broken { reason }),
            None => self.write(&plan.records),
        };
        if let Err(SpoolError::Broken { reason }) = &result {
            self.shared.queue.stop(reason);
        }
        for (done, number, known) in plan.waiting {
            let place = |positions: &Vec<Position>| positions.get(number).copied();
            let told = match &result {
                Ok(positions) => place(positions)
                    .map(|position| Appended { position, known })
                    .ok_or(SpoolError::Closed),
                Err(error) => Err(error.clone()),
            };
            tell(done, told);
        }
        if batch.roll && self.shared.queue.broken().is_none() {
            self.close_segment();
        }
    }

    /// Sorts out duplicates. Those of records that are on the disk are told at once.
    fn plan(&self, waiting: Vec<Waiting>) -> Plan {
        let mut plan = Plan::default();
        let mut places: HashMap<[u8; 16], usize> = HashMap::new();
        for Waiting { record, done } in waiting {
            let likeness = record.likeness();
            if let Some(position) = self.window.get(&likeness) {
                tell(done, Ok(Appended { position, known: true }));
            } else if let Some(number) = places.get(&likeness) {
                plan.waiting.push((done, *number, true));
            } else {
                let number = plan.records.len();
                places.insert(likeness, number);
                plan.waiting.push((done, number, false));
                plan.records.push((record, likeness));
            }
        }
        plan
    }

    fn write(&mut self, records: &[(Record, [u8; 16])]) -> Result<Vec<Position>, SpoolError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let bytes: usize = records.iter().map(|(record, _)| record.frame_bytes()).sum();
        let Some(mut open) = self.segment_for(bytes)? else { return Err(SpoolError::Closed) };
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut keys = Vec::with_capacity(records.len());
        for (record, likeness) in records {
            let offset = open.end.saturating_add(narrow(buffer.len()));
            encode(record, Place { offset, flushed: open.end }, &open.key, &mut buffer);
            let hash = record.hash().first_chunk().copied().unwrap_or_default();
            keys.push(RecordKey { hash, likeness: *likeness, offset });
        }
        let flushed = flush(&mut open, &buffer);
        open.marked = false;
        buffer.clear();
        buffer.shrink_to(KEPT_BUFFER_BYTES);
        self.buffer = buffer;
        let (number, end) = (open.number, open.end);
        self.open = Some(open);
        flushed?;
        self.publish(number, end, &keys, records);
        Ok(keys.iter().map(|key| Position::new(number, key.offset)).collect())
    }

    /// Lets readers see what is on the disk now, and remembers it to tell duplicates.
    fn publish(
        &mut self,
        number: u32,
        end: u32,
        keys: &[RecordKey],
        records: &[(Record, [u8; 16])],
    ) {
        for key in keys {
            self.window.insert(key.likeness, Position::new(number, key.offset));
        }
        let mut log = self.shared.log();
        if let Some(info) = log.segments.get_mut(&number) {
            info.end = end;
            info.stored_bytes = end.into();
            info.keys.extend_from_slice(keys);
            records.iter().for_each(|(record, _)| info.times.include(record.received_at_micros()));
        }
        log.end = Position::new(number, end);
        self.shared.changed.notify_all();
    }

    /// The open segment when this much fits into it, else a new one.
    fn segment_for(&mut self, bytes: usize) -> Result<Option<OpenSegment>, SpoolError> {
        let most = size(self.shared.limits.segment_bytes);
        let fits = |open: &OpenSegment| {
            open.end <= HEADER_BYTES || size(open.end).saturating_add(bytes) <= most
        };
        if !self.open.as_ref().is_some_and(fits) {
            self.open = Some(self.create()?);
        }
        Ok(self.open.take())
    }

    /// Begins a segment. The former one stays open when there is no room for it.
    fn create(&self) -> Result<OpenSegment, SpoolError> {
        let shared = &self.shared;
        let last = shared.log().segments.last_key_value().map(|(n, info)| (*n, info.as_previous()));
        let (last, previous) = last.unwrap_or((0, Previous::default()));
        let Some(number) = last.checked_add(1).filter(|number| *number <= u32::MAX >> 1) else {
            return Err(SpoolError::Broken { reason: "segment numbers are used up".into() });
        };
        let header = Header { number, key: Key::new(shared.disk.salt()), previous };
        let path = shared.path(number, Form::Open);
        let file = shared.disk.create(&path).map_err(|error| SpoolError::io(&path, &error))?;
        if let Err(error) = file.write_all_at(&header.encode(), 0) {
            // What is left of it is replaced by the next attempt, or removed at the next start.
            let _left = shared.disk.remove(&path);
            return Err(SpoolError::io(&path, &error));
        }
        let stop = |error: io::Error| SpoolError::broken("a new segment was not flushed", &error);
        file.sync().map_err(stop)?;
        shared.disk.sync_folder(&shared.dir).map_err(stop)?;
        let mut log = shared.log();
        if let Some(before) = log.segments.get_mut(&last)
            && before.form == Form::Open
        {
            before.form = Form::Closed;
        }
        log.segments.insert(number, SegmentInfo::open(header));
        log.end = Position::new(number, HEADER_BYTES);
        shared.changed.notify_all();
        Ok(OpenSegment { number, key: header.key, file, end: HEADER_BYTES, marked: true })
    }

    /// Begins a new segment, unless the open one is empty.
    fn close_segment(&mut self) {
        if self.open.as_ref().is_none_or(|open| open.end <= HEADER_BYTES) {
            return;
        }
        match self.create() {
            Ok(open) => self.open = Some(open),
            Err(SpoolError::Broken { reason }) => self.shared.queue.stop(&reason),
            // It is asked for again.
            Err(_) => {}
        }
    }

    /// Notes at the end that all was flushed, so that a later fault is told from a torn end.
    pub(crate) fn mark(&mut self) {
        let Some(open) = self.open.as_mut().filter(|open| !open.marked) else { return };
        if self.shared.queue.broken().is_some() {
            return;
        }
        let mut mark = Vec::new();
        encode_mark(open.end, &open.key, &mut mark);
        if flush(open, &mark).is_ok() {
            open.marked = true;
            let mut log = self.shared.log();
            log.end = Position::new(open.number, open.end);
            if let Some(info) = log.segments.get_mut(&open.number) {
                info.end = open.end;
                info.stored_bytes = open.end.into();
            }
        }
    }
}

/// Writes behind the segment's end and flushes. When there is no space, the segment is as before.
fn flush(open: &mut OpenSegment, bytes: &[u8]) -> Result<(), SpoolError> {
    let at = wide(size(open.end));
    if let Err(error) = open.file.write_all_at(bytes, at) {
        if !is_full(&error) {
            return Err(SpoolError::broken("a write failed", &error));
        }
        let cut = open.file.set_len(at);
        return Err(match cut {
            Ok(()) => SpoolError::DiskFull,
            Err(error) => SpoolError::broken("a segment could not be cut back", &error),
        });
    }
    open.file.sync().map_err(|error| SpoolError::broken("a flush failed", &error))?;
    open.end = open.end.saturating_add(narrow(bytes.len()));
    Ok(())
}
