//! Personal data, beside the tree: a leaf holds a salted commitment, and the text stands in files
//! of its own. When the text and its salt are erased, the leaf and every proof stay as they are,
//! and nobody can guess the text from what is left.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::AuditError;
use crate::files::{make_folders, private, read, replace, sync_folder};
use crate::hash::{Hash, hex};
use crate::layout;

/// What a commitment begins with, so that it is no other hash.
const PREFIX: &[u8] = b"quell audit personal data 1\n";

/// A text that stands beside the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The leaf that commits to it.
    pub index: u64,
    /// The field of the leaf.
    pub field: String,
    /// Whose it is: erased together.
    pub subject: String,
    /// What makes the commitment one that cannot be guessed.
    pub salt: [u8; 32],
    /// The text.
    pub value: String,
}

/// The commitment to a text.
#[must_use]
pub fn commit(salt: &[u8; 32], (field, subject): (&str, &str), value: &str) -> Hash {
    Sha256::new()
        .chain_update(PREFIX)
        .chain_update(salt)
        .chain_update(field.as_bytes())
        .chain_update(b"\n")
        .chain_update(subject.as_bytes())
        .chain_update(b"\n")
        .chain_update(value.as_bytes())
        .finalize()
        .into()
}

/// Writes texts to the files of their bundles, and flushes.
pub(crate) fn add(folder: &Path, kept: &[Kept]) -> Result<(), AuditError> {
    let mut rest = kept;
    while let Some(first) = rest.first() {
        let bundle = first.index / 256;
        let same = rest.iter().take_while(|one| one.index / 256 == bundle).count();
        let (now, later) = rest.split_at(same);
        append(folder, bundle, now)?;
        rest = later;
    }
    Ok(())
}

fn append(folder: &Path, bundle: u64, kept: &[Kept]) -> Result<(), AuditError> {
    let path = layout::personal(folder, bundle);
    let is_new = !path.exists();
    if let Some(parent) = path.parent().filter(|_| is_new) {
        make_folders(parent)?;
    }
    let mut file = private(OpenOptions::new().append(true).create(true))
        .open(&path)
        .map_err(AuditError::io(&path))?;
    let mut text = Vec::new();
    for one in kept {
        line(one, &mut text);
    }
    file.write_all(&text).map_err(AuditError::io(&path))?;
    file.sync_data().map_err(AuditError::io(&path))?;
    if is_new {
        sync_folder(path.parent().unwrap_or(folder))?;
    }
    Ok(())
}

fn line(one: &Kept, out: &mut Vec<u8>) {
    let value = json!({"index": one.index, "field": one.field, "subject": one.subject,
        "salt": STANDARD.encode(one.salt), "value": one.value});
    out.extend(value.to_string().as_bytes());
    out.push(b'\n');
}

fn parse(line: &str) -> Option<Kept> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    Some(Kept {
        index: value.get("index")?.as_u64()?,
        field: text("field")?,
        subject: text("subject")?,
        salt: STANDARD.decode(text("salt")?).ok()?.try_into().ok()?,
        value: text("value")?,
    })
}

/// The texts of a leaf that are still there. One that the leaf does not commit to is left out: it
/// was written by a process that ended before its leaf was.
pub(crate) fn of_leaf(folder: &Path, leaf: &Value) -> Result<Vec<Kept>, AuditError> {
    let (Some(index), Some(commitments)) = (
        leaf.get("index").and_then(Value::as_u64),
        leaf.get("personal").and_then(Value::as_object),
    ) else {
        return Ok(Vec::new());
    };
    let path = layout::personal(folder, index / 256);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(AuditError::io(&path)(error)),
    };
    let mut found = Vec::new();
    for text in BufReader::new(file).lines() {
        let text = text.map_err(AuditError::io(&path))?;
        let Some(one) = parse(&text).filter(|one| one.index == index) else { continue };
        let commitment = hex(&commit(&one.salt, (&one.field, &one.subject), &one.value));
        if commitments.get(&one.field).and_then(Value::as_str) == Some(commitment.as_str()) {
            found.push(one);
        }
    }
    Ok(found)
}

/// Takes away texts whose leaves were never written: a process ended in between.
pub(crate) fn forget_from(folder: &Path, size: u64) -> Result<(), AuditError> {
    for bundle in size / 256.. {
        let path = layout::personal(folder, bundle);
        let Some(bytes) = read(&path)? else { return Ok(()) };
        let text = String::from_utf8_lossy(&bytes);
        // A torn line is one of them.
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let left: String =
            whole.filter(|line| parse(line).is_none_or(|one| one.index < size)).collect();
        if left.len() != bytes.len() {
            replace(&path, left.as_bytes())?;
        }
    }
    Ok(())
}

/// Erases all texts of a subject; how many there were.
pub(crate) fn erase(folder: &Path, subject: &str) -> Result<u64, AuditError> {
    let mut erased = 0;
    for path in files(&folder.join(layout::PERSONAL))? {
        let text = fs::read_to_string(&path).map_err(AuditError::io(&path))?;
        let mut left = String::with_capacity(text.len());
        let mut gone = 0_u64;
        for line in text.lines() {
            match parse(line) {
                Some(one) if one.subject == subject => gone += 1,
                Some(_) | None => left.extend([line, "\n"]),
            }
        }
        if gone > 0 {
            replace(&path, left.as_bytes())?;
            erased += gone;
        }
    }
    Ok(erased)
}

/// Every file below a folder of numbers; its depth is that of the numbers.
fn files(folder: &Path) -> Result<Vec<PathBuf>, AuditError> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(AuditError::io(&next)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(AuditError::io(&next))?;
            let kind = entry.file_type().map_err(AuditError::io(&next))?;
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
