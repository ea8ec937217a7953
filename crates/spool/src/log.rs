//! What all threads know of the log: its segments and how far it is on the disk.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile};
use crate::error::SpoolError;
use crate::header::{HEADER_BYTES, Header, Previous};
use crate::limits::Limits;
use crate::position::Position;
use crate::queue::Queue;
use crate::sealed::{Sealed, SealedFound};
use crate::segment::{Segment, Source};

/// What the threads of a log share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) queue: Queue,
    log: Mutex<Log>,
    /// Told when records become durable, when a segment is closed and when the log closes.
    pub(crate) changed: Condvar,
    /// Held while files are replaced or removed.
    pub(crate) maintenance: Mutex<()>,
}

/// The segments by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) segments: BTreeMap<u32, SegmentInfo>,
    /// Behind the last record that is on the disk.
    pub(crate) end: Position,
    pub(crate) closing: bool,
    /// Why the last sealing failed.
    pub(crate) seal_fault: Option<Arc<str>>,
}

/// What is known of a segment.
#[derive(Clone, Debug)]
pub(crate) struct SegmentInfo {
    /// `None` when it cannot be read at all.
    pub(crate) header: Option<Header>,
    pub(crate) form: Form,
    /// How far it is on the disk, unpacked.
    pub(crate) end: u32,
    pub(crate) times: Times,
    /// What the file takes.
    pub(crate) stored_bytes: u64,
    /// The keys of its records; of a sealed one they are in its file.
    pub(crate) keys: Vec<RecordKey>,
}

/// How a segment is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Records are added to it.
    Open,
    /// It is complete and waits to be sealed.
    Closed,
    Sealed,
}

/// By what a record is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordKey {
    /// The beginning of its content's hash.
    pub(crate) hash: [u8; 8],
    pub(crate) likeness: [u8; 16],
    pub(crate) offset: u32,
}

/// When the oldest and the newest record of a segment were received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) oldest: i64,
    pub(crate) newest: i64,
}

impl Times {
    pub(crate) const NONE: Self = Self { oldest: i64::MAX, newest: i64::MIN };

    pub(crate) fn include(&mut self, at: i64) {
        self.oldest = self.oldest.min(at);
        self.newest = self.newest.max(at);
    }
}

impl SegmentInfo {
    pub(crate) fn open(header: Header) -> Self {
        Self {
            header: Some(header),
            form: Form::Open,
            end: HEADER_BYTES,
            times: Times::NONE,
            stored_bytes: HEADER_BYTES.into(),
            keys: Vec::new(),
        }
    }

    /// What the header of the next segment says of this one.
    pub(crate) fn as_previous(&self) -> Previous {
        let header = self.header.as_ref();
        let previous =
            |header: &Header| Previous { identity: header.key.identity(), length: self.end };
        header.map(previous).unwrap_or_default()
    }
}

impl Log {
    /// Where the segment after this one begins.
    pub(crate) fn after(&self, segment: u32) -> Option<u32> {
        self.segments.range(segment.checked_add(1)?..).next().map(|(number, _)| *number)
    }
}

impl Shared {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: PathBuf, limits: Limits, log: Log) -> Self {
        Self {
            disk,
            dir,
            limits,
            queue: Queue::default(),
            log: Mutex::new(log),
            changed: Condvar::new(),
            maintenance: Mutex::new(()),
        }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn path(&self, number: u32, form: Form) -> PathBuf {
        self.dir.join(file_name(number, form))
    }

    /// Opens a segment for reading. `None` when it is not kept any more.
    pub(crate) fn segment(&self, number: u32) -> Result<Option<Segment>, SpoolError> {
        // Between the look-up and the opening it may be sealed once, and then removed.
        for _ in 0..3 {
            let Some((form, header)) =
                self.log().segments.get(&number).map(|info| (info.form, info.header))
            else {
                return Ok(None);
            };
            let Some(header) = header else { return Ok(None) };
            match self.open_form(number, form) {
                Ok(Some(source)) => return Ok(Some(Segment::new(source, header.key))),
                Ok(None) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(SpoolError::io(&self.path(number, form), &error)),
            }
        }
        let error = io::Error::from(io::ErrorKind::NotFound);
        Err(SpoolError::io(&self.path(number, Form::Sealed), &error))
    }

    fn open_form(&self, number: u32, form: Form) -> io::Result<Option<Source>> {
        let file: Arc<dyn DiskFile> = self.disk.open(&self.path(number, form))?;
        match form {
            Form::Open | Form::Closed => Ok(Some(Source::Plain(file))),
            Form::Sealed => Ok(sealed(file, number)?.map(Source::Sealed)),
        }
    }
}

/// The sealed segment, when it can be read at all.
pub(crate) fn sealed(file: Arc<dyn DiskFile>, number: u32) -> io::Result<Option<Sealed>> {
    Ok(match Sealed::open(file, number)? {
        SealedFound::Whole(sealed) | SealedFound::Rebuilt(sealed) => Some(sealed),
        SealedFound::None | SealedFound::Newer(_) => None,
    })
}

/// The name of a segment's file.
pub(crate) fn file_name(number: u32, form: Form) -> String {
    match form {
        Form::Open | Form::Closed => format!("{number:010}.log"),
        Form::Sealed => format!("{number:010}.seal"),
    }
}
