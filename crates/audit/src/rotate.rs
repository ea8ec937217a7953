//! Another key signs from a record on. A crash at any step leaves the old key or the new one.
//!
//! The new key is kept first, then the record is written, then both keys sign a tree that holds
//! it, then the new key takes the old one's place.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::action::Action;
use crate::error::AuditError;
use crate::files::{replace, sync_folder};
use crate::hash::Hash;
use crate::key::{PublicKey, SigningKey};
use crate::layout;
use crate::leaf::Leaf;
use crate::state::{State, public_keys};

/// Makes another key sign. The record says so itself.
pub(crate) fn rotate(
    state: &mut State,
    key_path: &Path,
    leaf: Leaf,
) -> Result<(u64, Hash), AuditError> {
    let next = SigningKey::make(&state.key.public().name)?;
    next.save(&next_path(key_path))?;
    let leaf =
        leaf.word("old_key", &state.key.public().text()).word("new_key", &next.public().text());
    let told = state.append(&[&leaf])?.pop().unwrap_or(Err(AuditError::Closed))?;
    finish(state, key_path, next)?;
    Ok(told)
}

/// Ends a rotation that was cut off, or takes it back where no record tells of it.
pub(crate) fn recover(
    state: &mut State,
    key_path: &Path,
    last: Option<&Value>,
) -> Result<(), AuditError> {
    let path = next_path(key_path);
    if !path.exists() {
        return Ok(());
    }
    let text = |name: &str| last.and_then(|last| last.get(name)?.as_str());
    let told = text("new_key").filter(|_| text("action") == Some(Action::KeyRotate.as_str()));
    match SigningKey::load(&path) {
        Ok(next) if told.and_then(PublicKey::parse) == Some(next.public()) => {
            finish(state, key_path, next)
        }
        Ok(_) | Err(_) => fs::remove_file(&path).map_err(AuditError::io(&path)),
    }
}

fn finish(state: &mut State, key_path: &Path, next: SigningKey) -> Result<(), AuditError> {
    let mut keys = public_keys(state.folder())?;
    if !keys.contains(&next.public()) {
        keys.push(next.public());
        let text: String = keys.iter().map(|key| format!("{}\n", key.text())).collect();
        replace(&state.folder().join(layout::PUBLIC_KEYS), text.as_bytes())?;
    }
    state.publish(Some(&next))?;
    let path = next_path(key_path);
    fs::rename(&path, key_path).map_err(AuditError::io(&path))?;
    sync_folder(key_path.parent().unwrap_or(Path::new(".")))?;
    state.key = next;
    Ok(())
}

fn next_path(key_path: &Path) -> PathBuf {
    key_path.with_file_name(layout::NEXT_KEY)
}
