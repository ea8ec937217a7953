//! One server a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// The file that is locked.
const NAME: &str = "server.lock";
/// How often a server tries, a millisecond apart, while others look whether one runs.
const MOST_TRIES: u32 = 2_000;
/// How often where it seems to be taken: a process that another program just started may hold
/// what that program let go of, until it runs by itself.
const MOST_TAKEN: u32 = 250;

/// Held while a server runs on a data directory; the system lets go of it when the process ends,
/// however that happens.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Takes the lock; `None` where another server has it.
    pub(crate) fn take(data: &Path) -> io::Result<Option<Self>> {
        std::fs::create_dir_all(data)?;
        let path = data.join(NAME);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        let mut taken = 0;
        for _ in 0..MOST_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self(file))),
                Err(TryLockError::WouldBlock) if is_only_looked_at(&file)? => {}
                Err(TryLockError::WouldBlock) if taken < MOST_TAKEN => taken += 1,
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Ok(None)
    }

    /// Whether a server has the lock. A server that starts meanwhile starts.
    pub(crate) fn is_taken(data: &Path) -> io::Result<bool> {
        match File::open(data.join(NAME)) {
            Ok(file) => Ok(!is_only_looked_at(&file)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether no server has the lock: those who look share it, for a moment.
fn is_only_looked_at(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_second_server_finds_it_taken() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        assert!(first.is_some());
        assert!(Lock::take(folder.path()).unwrap().is_none());
        drop(first);
        assert!(Lock::take(folder.path()).unwrap().is_some());
    }

    fn look(folder: &Path, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            Lock::is_taken(folder).unwrap();
        }
    }

    #[test]
    fn whoever_looks_keeps_no_server_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Lock::is_taken(folder.path()).unwrap());
        drop(Lock::take(folder.path()).unwrap());
        let stop = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| look(folder.path(), &stop));
            threads.spawn(|| look(folder.path(), &stop));
            let started = (0..200).filter(|_| Lock::take(folder.path()).unwrap().is_some()).count();
            stop.store(true, Ordering::Relaxed);
            assert_eq!(started, 200);
        });
        let server = Lock::take(folder.path()).unwrap();
        assert!(server.is_some() && Lock::is_taken(folder.path()).unwrap());
    }
}
