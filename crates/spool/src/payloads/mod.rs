//! Raw files by the hash of their content: `ab/<hash>.zst`, written beside and renamed.
//!
//! A file is there whole or not at all. Receiving the same content again puts the same file in its
//! place, which also heals one that was damaged.

mod error;
mod read;
mod write;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::{Disk, LocalDisk, make_folder};

pub use error::PayloadError;
pub use read::PayloadReader;
pub use write::PayloadWriter;

/// The folder of what is being written.
const TEMPORARY: &str = "tmp";

/// The raw files below a folder. Its methods may be called by many threads.
#[derive(Clone, Debug)]
pub struct Payloads {
    store: Arc<Store>,
}

/// A file that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Payload {
    /// The BLAKE3 hash of the content.
    pub hash: [u8; 32],
    /// Bytes of the content.
    pub bytes: u64,
    /// Bytes that it takes packed.
    pub stored_bytes: u64,
}

/// A file that was found by listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The BLAKE3 hash of the content, as the name says.
    pub hash: [u8; 32],
    /// Bytes that it takes packed.
    pub stored_bytes: u64,
}

#[derive(Debug)]
struct Store {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// Bytes of all files. Held while a file comes or goes.
    total: Mutex<u64>,
    /// Makes the names of temporary files differ from those of other processes.
    salt: String,
    next: AtomicU64,
}

impl Payloads {
    /// Opens the store in a folder, which is made where it is missing, and adds up what is there.
    ///
    /// # Errors
    ///
    /// [`PayloadError::Io`] when the file system refuses.
    pub fn open(dir: &Path) -> Result<Self, PayloadError> {
        Self::open_on(Arc::new(LocalDisk), dir)
    }

    pub(crate) fn open_on(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, PayloadError> {
        let temporary = dir.join(TEMPORARY);
        let io = |error: io::Error| PayloadError::io(dir, &error);
        make_folder(&*disk, &temporary).map_err(io)?;
        for first in 0..=u8::MAX {
            disk.create_folder(&dir.join(hex(&[first]))).map_err(io)?;
        }
        disk.sync_folder(dir).map_err(io)?;
        let salt = hex(disk.salt().first_chunk::<8>().map_or(&[], |salt| salt.as_slice()));
        let (total, next) = (Mutex::new(0), AtomicU64::new(0));
        let store = Store { disk, dir: dir.to_owned(), total, salt, next };
        let payloads = Self { store: Arc::new(store) };
        let mut total = 0_u64;
        for listed in payloads.list() {
            total = total.saturating_add(listed?.stored_bytes);
        }
        *payloads.store.total() = total;
        Ok(payloads)
    }

    /// Removes what writers left that did not come to an end; how many. For the start of the one
    /// process that writes, since it would take the file from under a writer.
    ///
    /// # Errors
    ///
    /// [`PayloadError::Io`] when the file system refuses.
    pub fn sweep_temporary(&self) -> Result<u64, PayloadError> {
        let dir = self.store.dir.join(TEMPORARY);
        let io = |error: io::Error| PayloadError::io(&dir, &error);
        let mut swept = 0;
        for (name, _) in self.store.disk.list(&dir).map_err(io)? {
            self.store.disk.remove(&dir.join(name)).map_err(io)?;
            swept += 1;
        }
        Ok(swept)
    }

    /// Begins a file of at most this many bytes. Dropping the writer forgets it.
    ///
    /// # Errors
    ///
    /// [`PayloadError::DiskFull`] or [`PayloadError::Io`] when no file can be made.
    pub fn writer(&self, most_bytes: u64) -> Result<PayloadWriter, PayloadError> {
        PayloadWriter::new(Arc::clone(&self.store), most_bytes)
    }

    /// Opens a file. Its content is whole only when reading came to the end without an error.
    ///
    /// # Errors
    ///
    /// [`PayloadError::Missing`] when it is not stored.
    pub fn reader(&self, hash: &[u8; 32]) -> Result<PayloadReader, PayloadError> {
        PayloadReader::new(&*self.store.disk, self.store.path(hash), *hash)
    }

    /// Where a file stands, if it is stored: a Zstandard frame that others can read too.
    #[must_use]
    pub fn path(&self, hash: &[u8; 32]) -> PathBuf {
        self.store.path(hash)
    }

    /// When a file was last received, in microseconds since 1970.
    #[must_use]
    pub fn received_at_micros(&self, hash: &[u8; 32]) -> Option<i64> {
        let changed = std::fs::metadata(self.store.path(hash)).ok()?.modified().ok()?;
        let since = changed.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_micros()).ok()
    }

    /// Whether there is a file for this content.
    #[must_use]
    pub fn contains(&self, hash: &[u8; 32]) -> bool {
        self.store.disk.open(&self.store.path(hash)).is_ok()
    }

    /// All files in the order of their hashes, a folder at a time.
    pub fn list(&self) -> impl Iterator<Item = Result<Listed, PayloadError>> + use<> {
        let store = Arc::clone(&self.store);
        (0..=u8::MAX).flat_map(move |first| match store.folder(first) {
            Ok(listed) => listed.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    /// Removes a file; whether there was one.
    ///
    /// # Errors
    ///
    /// [`PayloadError::Io`] when the file system refuses.
    pub fn remove(&self, hash: &[u8; 32]) -> Result<bool, PayloadError> {
        let path = self.store.path(hash);
        let io = |error: io::Error| PayloadError::io(&path, &error);
        {
            let mut total = self.store.total();
            let length = match self.store.disk.open(&path) {
                Ok(file) => file.len().map_err(io)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(io(error)),
            };
            self.store.disk.remove(&path).map_err(io)?;
            *total = total.saturating_sub(length);
        }
        self.store.disk.sync_folder(&self.store.folder_of(hash)).map_err(io)?;
        Ok(true)
    }

    /// Bytes that all files take.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        *self.store.total()
    }
}

impl Store {
    fn total(&self) -> std::sync::MutexGuard<'_, u64> {
        self.total.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn temporary(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.dir.join(TEMPORARY).join(format!("{}-{number}", self.salt))
    }

    fn folder_of(&self, hash: &[u8; 32]) -> PathBuf {
        self.dir.join(hex(hash.first_chunk::<1>().map_or(&[], |first| first.as_slice())))
    }

    fn path(&self, hash: &[u8; 32]) -> PathBuf {
        self.folder_of(hash).join(format!("{}.zst", hex(hash)))
    }

    /// Puts a flushed temporary file in its place and flushes the place.
    fn place(&self, temporary: &Path, hash: &[u8; 32], length: u64) -> Result<(), PayloadError> {
        let (folder, path) = (self.folder_of(hash), self.path(hash));
        let io = |error: io::Error| PayloadError::io(&path, &error);
        {
            let mut total = self.total();
            let former = self.disk.open(&path).and_then(|file| file.len()).unwrap_or(0);
            self.disk.rename(temporary, &path).map_err(io)?;
            *total = total.saturating_sub(former).saturating_add(length);
        }
        self.disk.sync_folder(&folder).map_err(io)
    }

    /// The files whose hashes begin with this byte.
    fn folder(&self, first: u8) -> Result<Vec<Listed>, PayloadError> {
        let folder = self.dir.join(hex(&[first]));
        let found = match self.disk.list(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.map_err(|error| PayloadError::io(&folder, &error))?,
        };
        let listed = found.into_iter().filter_map(|(name, stored_bytes)| {
            let hash = blake3::Hash::from_hex(name.strip_suffix(".zst")?).ok()?;
            Some(Listed { hash: *hash.as_bytes(), stored_bytes })
        });
        Ok(listed.filter(|listed| listed.hash.first() == Some(&first)).collect())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
