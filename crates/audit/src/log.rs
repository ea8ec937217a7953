//! The log as a program holds it: one thread writes for all, in groups with one flush each.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::checkpoint::Checkpoint;
use crate::error::AuditError;
use crate::files::make_folders;
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::leaf::Leaf;
use crate::reader::Reader;
use crate::state::{State, create, public_keys};
use crate::writer::{Keeper, run};
use crate::{layout, lock};

/// Records that may wait for the writer.
const QUEUE: usize = 4096;
/// Longest that somebody waits for a record to be on the disk.
const MOST_WAIT: Duration = Duration::from_secs(30);

/// Where a log is and whose.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder of the log.
    pub folder: PathBuf,
    /// The tenant, for the name of the log.
    pub name: String,
}

impl Place {
    /// The file of the key. It may be a link to where the key is kept.
    pub(crate) fn key_path(&self) -> PathBuf {
        let path = self.folder.join(layout::KEY);
        std::fs::canonicalize(&path).unwrap_or(path)
    }
}

/// A record that is on the disk, at its place for good. Only the log makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    index: u64,
    hash: Hash,
}

impl Committed {
    /// Its number.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The hash of its leaf.
    #[must_use]
    pub const fn hash(&self) -> &Hash {
        &self.hash
    }
}

/// What somebody waits for.
pub(crate) type Reply<T> = SyncSender<Result<T, AuditError>>;

/// What the writer is asked to do.
pub(crate) enum Message {
    Append(Box<Leaf>, Option<Reply<Committed>>),
    Settle(Reply<u64>),
    Rotate(Box<Leaf>, Reply<Committed>),
    Erase(String, Reply<u64>),
}

/// A log that can be written to.
pub struct Log {
    place: Place,
    queue: Mutex<Option<SyncSender<Message>>>,
    refused: Mutex<Option<Arc<str>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Log {
    /// Opens a log, or makes it where there is none. Several processes may have it open; each
    /// writes while the others wait.
    ///
    /// # Errors
    /// When it is damaged, its key is missing, or the system refuses.
    pub fn open(place: &Place) -> Result<Self, AuditError> {
        make_folders(&place.folder)?;
        let keeper = {
            let _held = lock::take(&place.folder)?;
            create(&place.folder, &place.key_path(), &place.name)?;
            Keeper::new(place.clone(), State::load(&place.folder, &place.key_path())?)
        };
        let (queue, waiting) = sync_channel(QUEUE);
        Ok(Self {
            place: place.clone(),
            queue: Mutex::new(Some(queue)),
            refused: Mutex::default(),
            writer: Mutex::new(Some(start(keeper, waiting)?)),
        })
    }

    /// Writes a record. It is on the disk when this returns.
    ///
    /// # Errors
    /// When it is not on the disk; then what it says must not be done.
    pub fn append(&self, leaf: Leaf) -> Result<Committed, AuditError> {
        self.ask(|reply| Message::Append(Box::new(leaf), Some(reply)))
    }

    /// Writes several records, with as few flushes as it can. Their order is kept.
    ///
    /// # Errors
    /// As [`Self::append`], for the first that failed.
    pub fn append_all(&self, leaves: Vec<Leaf>) -> Result<Vec<Committed>, AuditError> {
        let mut replies = VecDeque::new();
        for leaf in leaves {
            let (reply, told) = sync_channel(1);
            self.send(Message::Append(Box::new(leaf), Some(reply)))?;
            replies.push_back(told);
        }
        replies.into_iter().map(|told| wait(&told)).collect()
    }

    /// Writes a record that nobody waits for, such as what came of something.
    ///
    /// # Errors
    /// When the log takes nothing.
    pub fn append_later(&self, leaf: Leaf) -> Result<(), AuditError> {
        self.send(Message::Append(Box::new(leaf), None))
    }

    /// Signs all that was asked for until now, so that readers see it; how many records it has.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn settle(&self) -> Result<u64, AuditError> {
        self.ask(Message::Settle)
    }

    /// Makes another key sign from now on, and says so in a record.
    ///
    /// # Errors
    /// When nothing was written, or the new key cannot be kept.
    pub fn rotate(&self, leaf: Leaf) -> Result<Committed, AuditError> {
        self.ask(|reply| Message::Rotate(Box::new(leaf), reply))
    }

    /// Erases the personal data of a subject; how many texts there were. Write a record first.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn erase(&self, subject: &str) -> Result<u64, AuditError> {
        self.ask(|reply| Message::Erase(subject.to_owned(), reply))
    }

    /// Takes nothing more, for a reason: the log is older than what is known outside.
    pub fn refuse(&self, reason: &str) {
        *held(&self.refused) = Some(reason.into());
    }

    /// Why it takes nothing, where it does not.
    #[must_use]
    pub fn refusal(&self) -> Option<Arc<str>> {
        held(&self.refused).clone()
    }

    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The keys that signed it, the newest last.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn keys(&self) -> Result<Vec<PublicKey>, AuditError> {
        public_keys(&self.place.folder)
    }

    /// Writes what waits, signs it, and lets go.
    pub fn close(&self) {
        drop(held(&self.queue).take());
        if let Some(writer) = held(&self.writer).take() {
            drop(writer.join());
        }
    }

    fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, AuditError> {
        let (reply, told) = sync_channel(1);
        self.send(message(reply))?;
        wait(&told)
    }

    fn send(&self, message: Message) -> Result<(), AuditError> {
        if let Some(reason) = self.refusal() {
            return Err(AuditError::Refused(reason));
        }
        let queue = held(&self.queue).clone().ok_or(AuditError::Closed)?;
        let mut message = message;
        for _ in 0..MOST_WAIT.as_millis() {
            match queue.try_send(message) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => message = back,
                Err(TrySendError::Disconnected(_)) => return Err(AuditError::Closed),
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Err(AuditError::Slow(MOST_WAIT.as_secs()))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}

pub(crate) const fn committed((index, hash): (u64, Hash)) -> Committed {
    Committed { index, hash }
}

fn start(keeper: Keeper, waiting: Receiver<Message>) -> Result<JoinHandle<()>, AuditError> {
    let folder = keeper.place.folder.clone();
    std::thread::Builder::new()
        .name("audit".to_owned())
        .spawn(move || run(keeper, &waiting))
        .map_err(AuditError::io(&folder))
}

fn wait<T>(told: &Receiver<Result<T, AuditError>>) -> Result<T, AuditError> {
    match told.recv_timeout(MOST_WAIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(AuditError::Slow(MOST_WAIT.as_secs())),
        Err(RecvTimeoutError::Disconnected) => Err(AuditError::Closed),
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a log aside that cannot go on, and begins a new one in its place. Where it went.
///
/// # Errors
/// When the system refuses, or somebody else holds it.
pub fn put_aside(place: &Place) -> Result<PathBuf, AuditError> {
    let folder = &place.folder;
    let _held = lock::take(folder)?;
    for number in 1..10_000 {
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(format!(".ended-{number}"));
        let aside = folder.with_file_name(name);
        if aside.exists() {
            continue;
        }
        std::fs::rename(folder, &aside).map_err(AuditError::io(folder))?;
        crate::files::sync_folder(folder.parent().unwrap_or(Path::new(".")))?;
        return Ok(aside);
    }
    Err(AuditError::Held)
}

/// The checkpoint that readers see.
///
/// # Errors
/// When there is no log, or it is damaged.
pub fn checkpoint(folder: &Path) -> Result<Checkpoint, AuditError> {
    crate::state::stored_checkpoint(folder)
}

/// Looks whether a log could be written to, and changes nothing; how many records are signed.
///
/// # Errors
/// When it could not, or there is none.
pub fn look(place: &Place) -> Result<u64, AuditError> {
    let mut reader = Reader::open(&place.folder)?;
    let (size, root) = (reader.size(), reader.checkpoint().root);
    crate::state::own_key(&place.folder, &place.key_path(), &reader.checkpoint().origin)?;
    if reader.root_at(size)? != root {
        return Err(AuditError::Damaged("its hashes are not those that were signed".into()));
    }
    Ok(size)
}
