//! Whether a database is, byte for byte, what it was when it was last closed in order.
//!
//! `SQLite` keeps no checksums of its pages. So a server that ends in order folds its log, and
//! writes down a checksum of every 64 KiB beside the database. Who opens it next to write compares
//! them and removes the list, since from then on it changes. Where a process was killed there is
//! no list; then only what bodies and indexes say of themselves can tell.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::StoreError;

/// Bytes under one checksum.
const CHUNK_BYTES: usize = 64 << 10;
/// Bytes of a checksum.
const SUM_BYTES: usize = 8;
/// What a list begins with, with the version of its form.
const MAGIC: &[u8; 8] = b"qsums\0\0\x01";

type Sum = [u8; SUM_BYTES];

fn list_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".sums");
    name.into()
}

/// Writes the list of a database that nobody writes to any more. Where somebody still reads, or
/// the log cannot be folded, there is none.
pub(crate) fn seal(connection: &Connection) -> Result<(), StoreError> {
    let Some(path) = connection.path().map(PathBuf::from) else { return Ok(()) };
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Ok(());
    }
    let about = |source| StoreError::Directory { path: path.clone(), source };
    let sums = sums(&path).map_err(about)?;
    let end = blake3::hash(sums.as_flattened());
    let list = list_of(&path);
    let part = list.with_extension("part");
    let write = || -> io::Result<()> {
        let mut file = File::create(&part)?;
        file.write_all(MAGIC)?;
        file.write_all(sums.as_flattened())?;
        file.write_all(end.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, &list)?;
        sync_folder(&list)
    };
    write().map_err(about)
}

/// Compares a database with its list, where it has one that still counts. Whether it had.
pub(crate) fn check(database: &Path) -> Result<bool, StoreError> {
    let Some(kept) = read(database) else { return Ok(false) };
    let found = sums(database);
    let found =
        found.map_err(|source| StoreError::Directory { path: database.to_owned(), source })?;
    let first = kept.iter().zip(&found).position(|(kept, found)| kept != found);
    let at = first.unwrap_or_else(|| kept.len().min(found.len()));
    if first.is_none() && kept.len() == found.len() {
        return Ok(true);
    }
    Err(StoreError::Damaged(format!(
        "`{}` is not what was written, from byte {} on; where it was changed on purpose, remove `{}`",
        database.display(),
        at * CHUNK_BYTES,
        list_of(database).display()
    )))
}

/// Removes the list of a database that is going to change.
pub(crate) fn open(database: &Path) -> Result<(), StoreError> {
    let list = list_of(database);
    // A list that came back behind a crash would say of every later write that it is damage.
    match fs::remove_file(&list).and_then(|()| sync_folder(&list)) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::Directory { path: list, source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes the names in a file's folder last.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The list, unless somebody wrote since, or it is none.
fn read(database: &Path) -> Option<Vec<Sum>> {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    if fs::metadata(PathBuf::from(log)).is_ok_and(|log| log.len() > 0) {
        return None;
    }
    let bytes = fs::read(list_of(database)).ok()?;
    let rest = bytes.strip_prefix(MAGIC)?;
    let (sums, end) = rest.split_last_chunk::<32>()?;
    let (sums, odd) = sums.as_chunks::<SUM_BYTES>();
    let whole = odd.is_empty() && blake3::hash(sums.as_flattened()).as_bytes() == end;
    whole.then(|| sums.to_vec())
}

fn sums(database: &Path) -> io::Result<Vec<Sum>> {
    let mut file = File::open(database)?;
    let mut sums = Vec::new();
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        chunk.clear();
        (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Ok(sums);
        }
        let hash = blake3::hash(&chunk);
        sums.extend(hash.as_bytes().first_chunk::<SUM_BYTES>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    fn sealed() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        store.mark_set("a", &vec![7; 100_000]).unwrap();
        store.seal().unwrap();
        drop(store);
        let path = dir.path().join("quell.db");
        assert!(check(&path).unwrap());
        (dir, path)
    }

    #[test]
    fn a_changed_bit_anywhere_is_told_with_the_file_and_the_place() {
        let (dir, path) = sealed();
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(997).chain([whole.len() - 1]) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, &bytes).unwrap();
            let error = Store::open(dir.path()).unwrap_err().to_string();
            let begins = format!("from byte {} on", at / CHUNK_BYTES * CHUNK_BYTES);
            assert!(error.contains("quell.db") && error.contains(&begins), "{at}: {error}");
        }
        for length in [0, 1, CHUNK_BYTES, whole.len() - 1, whole.len() + 1] {
            let mut bytes = whole.clone();
            bytes.resize(length, 0);
            fs::write(&path, &bytes).unwrap();
            let error = Store::open(dir.path()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged(_)), "{length}: {error}");
        }
        fs::write(&path, &whole).unwrap();
        Store::open(dir.path()).unwrap();
    }

    #[test]
    fn who_opens_it_to_write_removes_the_list_and_a_list_that_is_none_is_not_believed() {
        let (dir, path) = sealed();
        drop(Store::open(dir.path()).unwrap());
        assert!(!check(&path).unwrap(), "it may have changed");
        for bytes in [&b""[..], b"qsums", &[7; 100]] {
            fs::write(list_of(&path), bytes).unwrap();
            assert!(!check(&path).unwrap());
        }
    }
}
