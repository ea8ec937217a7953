//! Opening a log: what is whole is kept, what is torn is cut off, what is damaged is told.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bytes::{size, wide};
use crate::disk::{Disk, DiskFile, read_full};
use crate::error::{Damage, SpoolError};
use crate::header::{HEADER_BYTES, Header, HeaderFound, Previous};
use crate::limits::Limits;
use crate::log::{Form, Log, RecordKey, SegmentInfo, Times, file_name};
use crate::position::Position;
use crate::scan::{Scan, key_of, keys_of, scan};
use crate::sealed::{Sealed, SealedFound};
use crate::segment::{Segment, Source};
use crate::window::Window;
use crate::writer::OpenSegment;

/// How many faults are told one by one.
const MOST_FAULTS: usize = 1000;

/// What opening the log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// What is not as it was written, at most 1,000 of them.
    pub damage: Vec<Damage>,
    /// The end that was cut off, since it was being written when the process or machine stopped.
    /// Nothing in it had been acknowledged.
    pub torn: Option<Damage>,
    /// Records in segments that are not sealed; those of sealed ones are not counted.
    pub records: u64,
}

/// A log as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) log: Log,
    pub(crate) window: Window,
    pub(crate) open: Option<OpenSegment>,
    pub(crate) recovery: Recovery,
}

struct Opener<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    recovery: Recovery,
    log: Log,
}

/// Opens what the folder holds.
pub(crate) fn open(disk: &dyn Disk, dir: &Path, limits: &Limits) -> Result<Found, SpoolError> {
    let mut opener = Opener { disk, dir, recovery: Recovery::default(), log: Log::default() };
    let files = opener.files()?;
    let last_plain = files
        .last_key_value()
        .and_then(|(number, form)| (*form != Form::Sealed).then_some(*number));
    // From the last to the first, since each segment tells how long the one before it was.
    let mut following: Option<(u32, Previous)> = None;
    let mut open = None;
    for (number, form) in files.iter().rev() {
        let expected = following.filter(|(next, _)| number.checked_add(1) == Some(*next));
        if following.is_some() && expected.is_none() {
            opener.gap(*number);
        }
        let previous = match form {
            Form::Sealed => opener.sealed(*number, expected)?,
            Form::Open | Form::Closed if last_plain == Some(*number) => {
                open = opener.last(*number)?;
                opener.previous(*number)
            }
            Form::Open | Form::Closed => opener.plain(*number, expected)?,
        };
        following = Some((*number, previous));
    }
    let end = opener.log.segments.last_key_value();
    let end = end.map_or(Position::START, |(number, info)| Position::new(*number, info.end));
    opener.log.end = end;
    let window = opener.window(limits)?;
    Ok(Found { log: opener.log, window, open, recovery: opener.recovery })
}

impl Opener<'_> {
    /// The segments that there are. What an interrupted sealing or creation left is removed.
    fn files(&self) -> Result<BTreeMap<u32, Form>, SpoolError> {
        let mut files: BTreeMap<u32, Form> = BTreeMap::new();
        let mut removed = false;
        let listed = self.disk.list(self.dir).map_err(|error| SpoolError::io(self.dir, &error))?;
        for (name, _) in listed.iter().filter(|(name, _)| name.ends_with(".tmp")) {
            self.remove(name)?;
            removed = true;
        }
        for (number, form) in listed.iter().filter_map(|(name, _)| parse_name(name)) {
            // The log sorts before the seal, so a seal meets its log here.
            let both = files.get(&number).is_some_and(|found| *found != form);
            removed |= both;
            files.insert(number, if both { self.one_of_two(number)? } else { form });
        }
        if let Some((last, Form::Open)) = files.last_key_value().map(|(n, form)| (*n, *form))
            && self.is_unborn(last)?
        {
            self.remove(&file_name(last, Form::Open))?;
            files.remove(&last);
            removed = true;
        }
        if removed {
            self.disk.sync_folder(self.dir).map_err(|error| SpoolError::io(self.dir, &error))?;
        }
        Ok(files)
    }

    /// A crash came between the renaming of a sealed segment and the removal of its plain form.
    fn one_of_two(&self, number: u32) -> Result<Form, SpoolError> {
        self.disk.sync_folder(self.dir).map_err(|error| SpoolError::io(self.dir, &error))?;
        let path = self.path(number, Form::Sealed);
        let io = |error: io::Error| SpoolError::io(&path, &error);
        let file = self.disk.open(&path).map_err(io)?;
        let whole = match Sealed::open(file, number).map_err(io)? {
            SealedFound::Whole(sealed) => sealed.is_whole().map_err(io)?,
            SealedFound::Rebuilt(_) | SealedFound::None => false,
            SealedFound::Newer(version) => {
                return Err(SpoolError::Newer { file: path.clone(), version });
            }
        };
        let (kept, other) =
            if whole { (Form::Sealed, Form::Closed) } else { (Form::Open, Form::Sealed) };
        self.remove(&file_name(number, other))?;
        Ok(kept)
    }

    /// Whether a segment was being created: records are only written behind a flushed header.
    fn is_unborn(&self, number: u32) -> Result<bool, SpoolError> {
        let (file, length) = self.open_plain(number)?;
        if length > HEADER_BYTES.into() {
            return Ok(false);
        }
        Ok(matches!(self.header(&*file, number)?, HeaderFound::None | HeaderFound::Half(..)))
    }

    /// The last plain segment: its end may be torn, and records are added to it.
    fn last(&mut self, number: u32) -> Result<Option<OpenSegment>, SpoolError> {
        let path = self.path(number, Form::Open);
        let io = |error: io::Error| SpoolError::io(&path, &error);
        let Some(header) = self.plain_header(number)? else { return Ok(None) };
        let length = self.plain_length(number)?;
        let file = self.disk.open_to_write(&path).map_err(io)?;
        let source = Source::Plain(Arc::clone(&file));
        let mut segment = Segment::new(source, header.key);
        let scan = scan(&mut segment, length).map_err(io)?;
        let flushed = scan.flushed();
        let torn = scan.bad.iter().find(|bad| bad.offset >= flushed).map(|bad| bad.offset);
        let end = torn.unwrap_or(length.max(HEADER_BYTES));
        if torn.is_some() {
            self.recovery.torn = Some(Damage {
                file: path.clone(),
                offset: end.into(),
                length: length.saturating_sub(end).into(),
                reason: "the end was not written whole",
            });
            file.set_len(wide(size(end))).map_err(io)?;
        }
        // Where nothing tells that the header was flushed, it is written once more too.
        let from = if flushed <= HEADER_BYTES { 0 } else { flushed };
        rewrite(&*file, from.min(end), end).map_err(io)?;
        self.disk.sync_folder(self.dir).map_err(io)?;
        let marked = scan.marked(end);
        self.keep(header, &scan, end, Form::Open);
        Ok(Some(OpenSegment { number, key: header.key, file, end, marked }))
    }

    /// A plain segment that is complete; the one after it tells how long it was.
    fn plain(
        &mut self,
        number: u32,
        following: Option<(u32, Previous)>,
    ) -> Result<Previous, SpoolError> {
        let path = self.path(number, Form::Closed);
        let Some(header) = self.plain_header(number)? else { return Ok(Previous::default()) };
        let length = self.plain_length(number)?;
        let file = self.disk.open(&path).map_err(|error| SpoolError::io(&path, &error))?;
        let end = self.checked_length(number, Form::Closed, &header, (length, following));
        let mut segment = Segment::new(Source::Plain(file), header.key);
        let scan = scan(&mut segment, end).map_err(|error| SpoolError::io(&path, &error))?;
        self.keep(header, &scan, end, Form::Closed);
        Ok(header.previous)
    }

    fn sealed(
        &mut self,
        number: u32,
        following: Option<(u32, Previous)>,
    ) -> Result<Previous, SpoolError> {
        let path = self.path(number, Form::Sealed);
        let io = |error: io::Error| SpoolError::io(&path, &error);
        let file = self.disk.open(&path).map_err(io)?;
        let stored_bytes = file.len().map_err(io)?;
        let sealed = match Sealed::open(file, number).map_err(io)? {
            SealedFound::Whole(sealed) => sealed,
            SealedFound::Rebuilt(sealed) => {
                self.damaged(&path, 0, stored_bytes, "its index is damaged; its blocks are used");
                sealed
            }
            SealedFound::None => {
                self.damaged(&path, 0, stored_bytes, "neither its index nor its blocks are whole");
                self.lost(number, Form::Sealed, stored_bytes);
                return Ok(Previous::default());
            }
            SealedFound::Newer(version) => {
                return Err(SpoolError::Newer { file: path.clone(), version });
            }
        };
        let header = sealed.header;
        let length = (sealed.length, following);
        let end = self.checked_length(number, Form::Sealed, &header, length);
        let times = sealed.times.unwrap_or(Times { oldest: i64::MIN, newest: i64::MAX });
        let (form, keys) = (Form::Sealed, Vec::new());
        let info = SegmentInfo { header: Some(header), form, end, times, stored_bytes, keys };
        self.log.segments.insert(number, info);
        Ok(header.previous)
    }

    /// How long a complete segment is, held against what the next one says of it.
    fn checked_length(
        &mut self,
        number: u32,
        form: Form,
        header: &Header,
        (length, following): (u32, Option<(u32, Previous)>),
    ) -> u32 {
        let Some((_, told)) = following.filter(|(_, told)| *told != Previous::default()) else {
            return length;
        };
        let path = self.path(number, form);
        if told.identity != header.key.identity() {
            self.damaged(&path, 0, length.into(), "it is not the segment that stood here");
            return length;
        }
        if length < told.length {
            let missing = told.length - length;
            self.damaged(&path, length.into(), missing.into(), "its end is missing");
        }
        length.min(told.length)
    }

    /// The header of a plain segment; without one the whole segment counts as damaged.
    fn plain_header(&mut self, number: u32) -> Result<Option<Header>, SpoolError> {
        let (file, length) = self.open_plain(number)?;
        let path = self.path(number, Form::Open);
        match self.header(&*file, number)? {
            HeaderFound::Whole(header) => Ok(Some(header)),
            HeaderFound::Half(header, at) => {
                self.damaged(&path, at, 512, "one copy of its header is damaged");
                Ok(Some(header))
            }
            HeaderFound::None => {
                self.damaged(&path, 0, length, "both copies of its header are damaged");
                self.lost(number, Form::Closed, length);
                Ok(None)
            }
            HeaderFound::Newer(version) => Err(SpoolError::Newer { file: path, version }),
        }
    }

    fn header(&self, file: &dyn DiskFile, number: u32) -> Result<HeaderFound, SpoolError> {
        let mut bytes = vec![0; size(HEADER_BYTES)];
        let read = read_full(file, &mut bytes, 0);
        let read = read.map_err(|e| SpoolError::io(&self.path(number, Form::Open), &e))?;
        bytes.truncate(read);
        Ok(Header::find(&bytes, number))
    }

    fn open_plain(&self, number: u32) -> Result<(Arc<dyn DiskFile>, u64), SpoolError> {
        let path = self.path(number, Form::Open);
        let io = |error: io::Error| SpoolError::io(&path, &error);
        let file = self.disk.open(&path).map_err(io)?;
        let length = file.len().map_err(io)?;
        Ok((file, length))
    }

    fn plain_length(&self, number: u32) -> Result<u32, SpoolError> {
        let (_, length) = self.open_plain(number)?;
        Ok(u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// Notes a segment's records and its damage.
    fn keep(&mut self, header: Header, scan: &Scan, end: u32, form: Form) {
        let path = self.path(header.number, form);
        let mut info = SegmentInfo { end, form, ..SegmentInfo::open(header) };
        info.stored_bytes = end.into();
        for (head, is_record) in scan.heads.iter().filter(|(head, _)| head.place.offset < end) {
            if *is_record {
                info.times.include(head.received_at_micros);
                info.keys.push(key_of(head));
            }
        }
        self.recovery.records += wide(info.keys.len());
        for bad in scan.bad.iter().filter(|bad| bad.offset < end) {
            let length = bad.next.min(end) - bad.offset;
            self.damaged(&path, bad.offset.into(), length.into(), bad.reason);
        }
        self.log.segments.insert(header.number, info);
    }

    fn previous(&self, number: u32) -> Previous {
        let header = self.log.segments.get(&number).and_then(|info| info.header);
        header.map(|header| header.previous).unwrap_or_default()
    }

    /// A segment of which nothing can be read keeps its place, so that positions stay in order.
    fn lost(&mut self, number: u32, form: Form, stored_bytes: u64) {
        let times = Times { oldest: i64::MIN, newest: i64::MAX };
        let end = u32::try_from(stored_bytes).unwrap_or(u32::MAX).max(HEADER_BYTES);
        let info = SegmentInfo { header: None, form, end, times, stored_bytes, keys: Vec::new() };
        self.log.segments.insert(number, info);
    }

    fn gap(&mut self, before: u32) {
        let path = self.path(before.saturating_add(1), Form::Closed);
        self.damaged(&path, 0, 0, "the segment is missing");
    }

    fn damaged(&mut self, file: &Path, offset: u64, length: u64, reason: &'static str) {
        if self.recovery.damage.len() < MOST_FAULTS {
            self.recovery.damage.push(Damage { file: file.to_owned(), offset, length, reason });
        }
    }

    /// The newest records, from the keys of the newest segments.
    fn window(&self, limits: &Limits) -> Result<Window, SpoolError> {
        let mut newest: Vec<([u8; 16], Position)> = Vec::new();
        for (number, info) in self.log.segments.iter().rev() {
            if newest.len() >= limits.recent {
                break;
            }
            let keys = match info.form {
                Form::Open | Form::Closed => info.keys.clone(),
                Form::Sealed => self.sealed_keys(*number, info)?,
            };
            let keys = keys.iter().rev();
            newest.extend(keys.map(|key| (key.likeness, Position::new(*number, key.offset))));
        }
        newest.truncate(limits.recent);
        let mut window = Window::new(limits.recent);
        newest.iter().rev().for_each(|(likeness, position)| window.insert(*likeness, *position));
        Ok(window)
    }

    fn sealed_keys(&self, number: u32, info: &SegmentInfo) -> Result<Vec<RecordKey>, SpoolError> {
        let path = self.path(number, Form::Sealed);
        let io = |error: io::Error| SpoolError::io(&path, &error);
        if info.header.is_none() {
            return Ok(Vec::new());
        }
        let file = self.disk.open(&path).map_err(io)?;
        match crate::log::sealed(file, number).map_err(io)? {
            Some(sealed) => keys_of(sealed, info.end).map_err(io),
            None => Ok(Vec::new()),
        }
    }

    fn remove(&self, name: &str) -> Result<(), SpoolError> {
        let path = self.dir.join(name);
        self.disk.remove(&path).map_err(|error| SpoolError::io(&path, &error))
    }

    fn path(&self, number: u32, form: Form) -> PathBuf {
        self.dir.join(file_name(number, form))
    }
}

/// Writes the last batch once more and flushes. After a failed flush the system may show bytes
/// that it never wrote; this makes it write them.
fn rewrite(file: &dyn DiskFile, from: u32, end: u32) -> io::Result<()> {
    let mut bytes = vec![0; size(end.saturating_sub(from))];
    let read = read_full(file, &mut bytes, wide(size(from)))?;
    if read != bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if !bytes.is_empty() {
        file.write_all_at(&bytes, wide(size(from)))?;
    }
    file.sync()
}

fn parse_name(name: &str) -> Option<(u32, Form)> {
    let (number, form) = match name.split_once('.')? {
        (number, "log") => (number, Form::Open),
        (number, "seal") => (number, Form::Sealed),
        _ => return None,
    };
    let parsed = number.parse().ok().filter(|_| number.len() == 10)?;
    Some((parsed, form))
}
