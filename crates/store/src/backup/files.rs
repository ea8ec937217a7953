//! The files of a data directory, copied with their hashes and flushed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::manifest::BackupFile;
use super::{BackupError, about};
use crate::open::make_directory;

/// Bytes that are copied at a time.
const CHUNK_BYTES: usize = 256 * 1024;
/// How deep folders are followed.
const MOST_DEPTH: usize = 8;
/// How often a listing is made anew when files go while they are copied.
const MOST_LISTINGS: usize = 20;
/// Folders of a data directory that hold plain files.
const PLAIN: &[&str] = &[super::audit::AUDIT, "intake", "raw"];
/// The folder with a folder for each tenant.
const TENANTS: &str = "tenants";

/// Every database of a data directory, by its path below it.
pub(super) fn databases(data: &Path) -> Result<Vec<String>, BackupError> {
    let mut found = Vec::new();
    for folder in folders(data)? {
        found.extend(list(&data.join(&folder))?.into_iter().filter_map(|(name, kind)| {
            (kind == Kind::File && name.ends_with(".db")).then(|| join(&folder, &name))
        }));
    }
    found.sort();
    Ok(found)
}

/// The data directory itself and the folder of each tenant.
fn folders(data: &Path) -> Result<Vec<String>, BackupError> {
    let mut folders = vec![String::new()];
    let tenants = list(&data.join(TENANTS))?.into_iter();
    folders.extend(
        tenants.filter(|(_, kind)| *kind == Kind::Folder).map(|(name, _)| join(TENANTS, &name)),
    );
    Ok(folders)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

/// What a folder holds, without links and what has no plain name; nothing where it is missing.
fn list(folder: &Path) -> Result<Vec<(String, Kind)>, BackupError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(about(folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(about(folder))?;
        let kind = match entry.file_type().map_err(about(folder))? {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Folder,
            _ => continue,
        };
        found.extend(entry.file_name().into_string().ok().map(|name| (name, kind)));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Copies all that is no database. Files may come and go meanwhile: a segment of the intake log
/// is sealed, old payloads are removed.
pub(super) fn copy_others(data: &Path, to: &Path) -> Result<Vec<BackupFile>, BackupError> {
    let mut copied: BTreeMap<String, BackupFile> = BTreeMap::new();
    for _ in 0..MOST_LISTINGS {
        let mut gone = false;
        let listed = others(data)?;
        for path in listed.iter().filter(|path| !copied.contains_key(*path)).collect::<Vec<_>>() {
            match copy(&data.join(path), &below(to, path)?)? {
                Some((bytes, blake3)) => {
                    let path = path.clone();
                    let file = BackupFile { path, bytes, blake3, schema: None, rows: None };
                    copied.insert(file.path.clone(), file);
                }
                None => gone = true,
            }
        }
        if !gone {
            break;
        }
    }
    drop_unsealed(&mut copied, to)?;
    Ok(copied.into_values().collect())
}

/// Where a segment of the intake log was sealed meanwhile, the sealed one is the whole one.
fn drop_unsealed(copied: &mut BTreeMap<String, BackupFile>, to: &Path) -> Result<(), BackupError> {
    let sealed: Vec<String> = copied
        .keys()
        .filter_map(|path| path.strip_suffix(".seal").map(|begin| format!("{begin}.log")))
        .collect();
    for path in sealed {
        if copied.remove(&path).is_some() {
            remove_file(&to.join(path))?;
        }
    }
    Ok(())
}

fn others(data: &Path) -> Result<BTreeSet<String>, BackupError> {
    let mut found = BTreeSet::new();
    for folder in folders(data)? {
        for (name, kind) in list(&data.join(&folder))? {
            let path = join(&folder, &name);
            if kind == Kind::File && is_kept(&name) && !is_of_database(&name) {
                found.insert(path);
            } else if kind == Kind::Folder && PLAIN.contains(&name.as_str()) {
                walk(data, path, &mut found)?;
            }
        }
    }
    Ok(found)
}

fn walk(data: &Path, folder: String, found: &mut BTreeSet<String>) -> Result<(), BackupError> {
    let mut waiting = vec![(folder, 0)];
    while let Some((folder, depth)) = waiting.pop() {
        for (name, kind) in list(&data.join(&folder))? {
            let path = join(&folder, &name);
            if kind == Kind::File && is_kept(&name) {
                found.insert(path);
            } else if kind == Kind::Folder && depth < MOST_DEPTH {
                waiting.push((path, depth + 1));
            }
        }
    }
    Ok(())
}

/// Locks and what is half written stay behind.
fn is_kept(name: &str) -> bool {
    let half = [".tmp", ".part", ".lock"].iter().any(|end| name.ends_with(end));
    !half && name != "lock" && !name.starts_with('.')
}

/// A database, its log, and copies that were made before a migration.
fn is_of_database(name: &str) -> bool {
    name.ends_with(".db") || name.contains(".db-") || name.contains(".db.")
}

/// Copies a file as long as it is now; nothing where it is gone.
fn copy(from: &Path, to: &Path) -> Result<Option<(u64, String)>, BackupError> {
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(about(from)(error)),
    };
    let bytes = source.metadata().map_err(about(from))?.len();
    let mut target = create(to)?;
    let sums = pour((&mut source, from), bytes, Some((&mut target, to)))?;
    target.sync_all().map_err(about(to))?;
    Ok(Some(sums))
}

/// Copies a file that must be what the manifest says.
pub(super) fn copy_known(from: &Path, to: &Path, file: &BackupFile) -> Result<(), BackupError> {
    let found = copy(from, to)?;
    match found {
        Some((bytes, hash)) if bytes == file.bytes && hash == file.blake3 => Ok(()),
        Some(_) => Err(file.damaged("is not what was written")),
        None => Err(file.damaged("is missing")),
    }
}

/// The length and the hash of a file.
pub(super) fn hash(path: &Path) -> Result<(u64, String), BackupError> {
    let mut source = File::open(path).map_err(about(path))?;
    pour((&mut source, path), u64::MAX, None)
}

fn pour(
    (source, from): (&mut File, &Path),
    most: u64,
    mut target: Option<(&mut File, &Path)>,
) -> Result<(u64, String), BackupError> {
    let (mut hasher, mut done) = (blake3::Hasher::new(), 0_u64);
    let mut source = source.take(most);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = source.read(&mut chunk).map_err(about(from))?;
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        done += u64::try_from(count).unwrap_or_default();
        if let Some((file, path)) = &mut target {
            file.write_all(bytes).map_err(about(path))?;
        }
    }
    Ok((done, hasher.finalize().to_hex().to_string()))
}

/// A new file that only its owner reads.
pub(super) fn create(path: &Path) -> Result<File, BackupError> {
    let mut how = OpenOptions::new();
    how.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
    how.open(path).map_err(about(path))
}

/// Makes a folder, with those above it, that only its owner enters.
pub(super) fn make_folder(path: &Path) -> Result<(), BackupError> {
    Ok(make_directory(path)?)
}

/// The place of a path below a folder, with the folders on the way made.
pub(super) fn below(folder: &Path, path: &str) -> Result<PathBuf, BackupError> {
    let place = folder.join(path);
    if let Some(above) = place.parent() {
        make_folder(above)?;
    }
    Ok(place)
}

/// The same name with an ending: `backup.part`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}

/// Flushes a file.
pub(super) fn sync(path: &Path) -> Result<(), BackupError> {
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(about(path))?;
    file.sync_all().map_err(about(path))
}

/// Flushes the entries of a folder, where the system can.
pub(super) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    File::open(path).and_then(|folder| folder.sync_all()).map_err(about(path))
}

/// Flushes the entries of a folder and of those below it.
pub(super) fn sync_folders(path: &Path) -> Result<(), BackupError> {
    let mut waiting = vec![path.to_owned()];
    while let Some(folder) = waiting.pop() {
        let inner = list(&folder)?.into_iter().filter(|(_, kind)| *kind == Kind::Folder);
        waiting.extend(inner.map(|(name, _)| folder.join(name)));
        sync_folder(&folder)?;
    }
    Ok(())
}

/// Renames what is whole to its name, and flushes that.
pub(super) fn move_into_place(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::rename(from, to).map_err(about(to))?;
    sync_folder(above(to))
}

fn above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes a file that may be missing.
pub(super) fn remove_file(path: &Path) -> Result<(), BackupError> {
    unless_missing(fs::remove_file(path), path)
}

/// Removes a folder that may be missing.
pub(super) fn remove_folder(path: &Path) -> Result<(), BackupError> {
    unless_missing(fs::remove_dir_all(path), path)
}

fn unless_missing(done: io::Result<()>, path: &Path) -> Result<(), BackupError> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(about(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A lock that ends with the process.
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

/// Takes a lock, so that two backups do not fill the same folder.
pub(super) fn lock(path: &Path) -> Result<Lock, BackupError> {
    make_folder(above(path))?;
    let file = create(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { file, path: path.to_owned() }),
        Err(fs::TryLockError::WouldBlock) => Err(BackupError::Making(path.with_extension(""))),
        Err(fs::TryLockError::Error(error)) => Err(about(path)(error)),
    }
}

impl Lock {
    pub(super) fn release(self) {
        // The lock is what counts; a file that stays harms nobody.
        drop(fs::remove_file(&self.path));
        drop(self.file);
    }
}

/// Whether a process holds the lock of a file that may be missing.
pub(super) fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}
