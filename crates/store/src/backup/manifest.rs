//! What a backup holds, with the hash of each file and of the list itself.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::{BackupError, about, files, known_schema};

/// The list.
const NAME: &str = "manifest.json";
/// The hash of the list.
const HASH: &str = "manifest.blake3";
/// The form of the list that this program writes.
const FORMAT: u32 = 1;
/// Longest list.
const MOST_BYTES: u64 = 256 << 20;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this list.
    format: u32,
    /// The version of the program that made the backup.
    pub program: String,
    /// When it was made.
    pub made_at: String,
    /// Its files, in order.
    pub files: Vec<BackupFile>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its path below the data directory.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its hash, in hexadecimal.
    pub blake3: String,
    /// Of a database, its schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<u32>,
    /// Of a database, its rows by table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<BTreeMap<String, u64>>,
}

impl BackupFile {
    pub(super) fn damaged(&self, reason: &str) -> BackupError {
        BackupError::Damaged { path: self.path.clone(), reason: reason.to_owned() }
    }
}

impl Manifest {
    pub(super) fn new(program: &str, made_at: &str, mut files: Vec<BackupFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { format: FORMAT, program: program.to_owned(), made_at: made_at.to_owned(), files }
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(crate::StoreError::from)?;
        text.push(b'\n');
        let hash = format!("{}\n", blake3::hash(&text).to_hex());
        for (name, bytes) in [(NAME, text.as_slice()), (HASH, hash.as_bytes())] {
            let path = folder.join(name);
            let mut file = files::create(&path)?;
            file.write_all(bytes).and_then(|()| file.sync_all()).map_err(about(&path))?;
        }
        Ok(())
    }

    /// Reads the list of a backup, and refuses one that was changed.
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let none = |reason| BackupError::NoBackup { path: folder.to_owned(), reason };
        let damaged = |reason: &str| BackupError::Damaged {
            path: NAME.to_owned(),
            reason: reason.to_owned(),
        };
        let path = folder.join(NAME);
        let about_file = fs::metadata(&path).map_err(|_| none("it has no `manifest.json`"))?;
        if about_file.len() > MOST_BYTES {
            return Err(none("its `manifest.json` is too long"));
        }
        let text = fs::read(&path).map_err(about(&path))?;
        let hash_path = folder.join(HASH);
        let hash = fs::read(&hash_path).map_err(about(&hash_path))?;
        if hash != format!("{}\n", blake3::hash(&text).to_hex()).as_bytes() {
            return Err(damaged("is not what was written"));
        }
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|_| damaged("cannot be read by this quell"))?;
        if manifest.format != FORMAT {
            let path = NAME.to_owned();
            return Err(BackupError::Newer { path, found: manifest.format, known: FORMAT });
        }
        match manifest.files.iter().find(|file| !is_plain(&file.path)) {
            Some(file) => Err(file.damaged("leads out of the backup")),
            None => Ok(manifest),
        }
    }

    /// Refuses what this program cannot read, and every file that is not what was written.
    pub(super) fn check(&self, folder: &Path) -> Result<(), BackupError> {
        for file in &self.files {
            let known = known_schema(&file.path);
            if let (Some(found), Some(known)) = (file.schema, known)
                && found > known
            {
                return Err(BackupError::Newer { path: file.path.clone(), found, known });
            }
        }
        self.files.iter().try_for_each(|file| {
            let path = folder.join(&file.path);
            let about_file = fs::symlink_metadata(&path).map_err(|_| file.damaged("is missing"))?;
            if !about_file.is_file() || about_file.len() != file.bytes {
                return Err(file.damaged("is not as long as it was"));
            }
            let (_, hash) = files::hash(&path)?;
            if hash == file.blake3 { Ok(()) } else { Err(file.damaged("is not what was written")) }
        })
    }
}

/// A path that stays below its folder, whoever wrote it.
fn is_plain(path: &str) -> bool {
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    inside && !path.is_empty() && !path.contains(['\\', ':', '\0'])
}

/// Checks every hash of a backup.
///
/// # Errors
/// When a file is missing or is not what was written, or a newer program made it.
pub fn verify_backup(from: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(from)?;
    manifest.check(from)?;
    Ok(manifest)
}
