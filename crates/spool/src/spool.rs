//! The log as its users see it.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::disk::{Disk, LocalDisk, make_folder};
use crate::error::SpoolError;
use crate::limits::Limits;
use crate::log::{Form, Shared};
use crate::position::{Appended, Position};
use crate::queue::Waiting;
use crate::read::{Reader, find, get};
use crate::record::Record;
use crate::recover::{self, Recovery};
use crate::retain::{Removed, remove_before};
use crate::seal;
use crate::writer::Writer;

/// An append-only log of deliveries in a folder. One process at a time has it open; its methods
/// may be called by many threads.
#[derive(Debug)]
pub struct Spool {
    shared: Arc<Shared>,
    recovery: Recovery,
    threads: Vec<JoinHandle<()>>,
    /// Keeps other processes out.
    _lock: Option<Arc<File>>,
}

/// How the log stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Segments in all forms.
    pub segments: usize,
    /// Those that are packed.
    pub sealed: usize,
    /// What all files take.
    pub stored_bytes: u64,
    /// Where the oldest segment begins.
    pub first: Position,
    /// Behind the last record that is on the disk.
    pub end: Position,
    /// Bytes that wait to be written.
    pub queued_bytes: usize,
    /// Why nothing is taken any more.
    pub broken: Option<Arc<str>>,
    /// Why the last packing failed. It is tried again.
    pub seal_fault: Option<Arc<str>>,
}

impl Spool {
    /// Opens the log in a folder, which is made where it is missing.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Locked`] when another process has it, [`SpoolError::Newer`] when a newer
    /// program wrote it, [`SpoolError::Io`] when the file system refuses. Damage is no error; see
    /// [`Spool::recovery`].
    pub fn open(dir: &Path, limits: Limits) -> Result<Self, SpoolError> {
        Self::open_on(Arc::new(LocalDisk), dir, limits)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        limits: Limits,
    ) -> Result<Self, SpoolError> {
        let (shared, writer, recovery, lock) = assemble(disk, dir, limits)?;
        let mut spool = Self { shared, recovery, threads: Vec::new(), _lock: lock };
        let shared = Arc::clone(&spool.shared);
        spool.start("intake-writer", move || {
            if catch_unwind(AssertUnwindSafe(|| writer.run())).is_err() {
                shared.queue.abandon(&"the writer has ended".into());
            }
        })?;
        let shared = Arc::clone(&spool.shared);
        spool.start("intake-sealer", move || seal::run(&shared))?;
        Ok(spool)
    }

    fn start(
        &mut self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), SpoolError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        let thread = thread.map_err(|error| SpoolError::io(&self.shared.dir, &error))?;
        self.threads.push(thread);
        Ok(())
    }

    /// What was found at the opening.
    #[must_use]
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Adds a record and returns at once. `done` is called once, by the writing thread, when the
    /// record is on the disk or will not be; it should be short. When this returns an error, `done`
    /// is not called.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Full`] when too much waits, [`SpoolError::Broken`] after a failed flush. To
    /// `done` also [`SpoolError::DiskFull`], after which the log still works, and
    /// [`SpoolError::Io`] when no new segment could be made.
    pub fn append(
        &self,
        record: Record,
        done: impl FnOnce(Result<Appended, SpoolError>) + Send + 'static,
    ) -> Result<(), SpoolError> {
        let waiting = Waiting { record, done: Box::new(done) };
        self.shared.queue.push(waiting, &self.shared.limits)
    }

    /// Behind the last record that is on the disk.
    #[must_use]
    pub fn durable_end(&self) -> Position {
        self.shared.log().end
    }

    /// Checks that the log goes at least as far as what was read from it before. A log that does
    /// not has lost files or was put back to an older state; new records would then get positions
    /// that count as read.
    ///
    /// # Errors
    ///
    /// [`SpoolError::RolledBack`].
    pub fn require(&self, seen: Position) -> Result<(), SpoolError> {
        let end = self.durable_end();
        if seen > end { Err(SpoolError::RolledBack { seen, end }) } else { Ok(()) }
    }

    /// Goes through the records from a position on: [`Position::START`], or the
    /// [`Stored::next`](crate::Stored::next) of the last one that was read.
    #[must_use]
    pub fn read_from(&self, position: Position) -> Reader {
        Reader::new(Arc::clone(&self.shared), position)
    }

    /// Waits until something stands behind the position, the log closes or the time is over.
    /// Whether something does.
    #[must_use]
    pub fn wait_beyond(&self, position: Position, most: Duration) -> bool {
        let log = self.shared.log();
        let (log, _) = self
            .shared
            .changed
            .wait_timeout_while(log, most, |log| log.end <= position && !log.closing)
            .unwrap_or_else(PoisonError::into_inner);
        log.end > position
    }

    /// The record at a position.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Missing`] when none begins there or it was removed, [`SpoolError::Damaged`]
    /// when it is not what was written.
    pub fn get(&self, position: Position) -> Result<Record, SpoolError> {
        get(&self.shared, position)
    }

    /// The newest record whose body has this BLAKE3 hash. It reads the keys of each segment, so it
    /// takes some milliseconds a gigabyte.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`] when a segment cannot be read.
    pub fn find(&self, hash: &[u8; 32]) -> Result<Option<Position>, SpoolError> {
        find(&self.shared, hash)
    }

    /// Removes segments from the oldest on whose records were all received before a time, and
    /// stand before the floor. The segment that is being written stays; when it is the oldest and
    /// its first record is old, a new one is begun, so that a later call can remove it.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`] when a file cannot be removed; it is then still there.
    pub fn remove_before(
        &self,
        received_at_micros: i64,
        floor: Position,
    ) -> Result<Removed, SpoolError> {
        remove_before(&self.shared, received_at_micros, floor)
    }

    /// How the log stands.
    #[must_use]
    pub fn status(&self) -> Status {
        let log = self.shared.log();
        let first = log.segments.first_key_value();
        Status {
            segments: log.segments.len(),
            sealed: log.segments.values().filter(|info| info.form == Form::Sealed).count(),
            stored_bytes: log.segments.values().map(|info| info.stored_bytes).sum(),
            first: first.map_or(Position::START, |(number, _)| Position::new(*number, 0)),
            end: log.end,
            queued_bytes: self.shared.queue.queued_bytes(),
            broken: self.shared.queue.broken(),
            seal_fault: log.seal_fault.clone(),
        }
    }

    /// Takes nothing more from now on. What waits is still written and called back for.
    pub fn stop(&self) {
        self.shared.queue.close();
    }

    /// Takes nothing more, writes what waits, calls back for all of it, and waits until that is
    /// done. Dropping does the same.
    pub fn close(self) {}
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.shared.queue.close();
        self.shared.log().closing = true;
        self.shared.changed.notify_all();
        let own = thread::current().id();
        // A callback may hold the last handle; a thread cannot wait for itself.
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != own) {
            let _panicked = thread.join();
        }
    }
}

/// A log without its threads, which is what tests drive step by step.
pub(crate) type Assembled = (Arc<Shared>, Writer, Recovery, Option<Arc<File>>);

pub(crate) fn assemble(
    disk: Arc<dyn Disk>,
    dir: &Path,
    limits: Limits,
) -> Result<Assembled, SpoolError> {
    let limits = limits.clamped();
    let io = |error: io::Error| SpoolError::io(dir, &error);
    make_folder(&*disk, dir).map_err(io)?;
    let locked = |error: io::Error| {
        if error.kind() == io::ErrorKind::WouldBlock {
            return SpoolError::Locked { dir: dir.to_owned() };
        }
        SpoolError::io(dir, &error)
    };
    let lock = disk.lock(&dir.join("lock")).map_err(locked)?.map(Arc::new);
    let found = recover::open(&*disk, dir, &limits)?;
    let shared = Arc::new(Shared::new(disk, dir.to_owned(), limits, found.log));
    let writer = Writer::new(Arc::clone(&shared), found.window, found.open, lock.clone());
    Ok((shared, writer, found.recovery, lock))
}
