//! What a writer knows of the log: the leaves that no full tile holds yet, and the right edge.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::checkpoint::Checkpoint;
use crate::edge::{Edge, TILE_WIDTH, Tile};
use crate::entries;
use crate::error::AuditError;
use crate::files::{Unflushed, read, read_either, replace};
use crate::hash::{Hash, leaf_hash};
use crate::journal::{self, FRAME_BYTES, HEADER_BYTES};
use crate::key::{PublicKey, SigningKey, random};
use crate::layout;
use crate::leaf::Leaf;
use crate::personal;
use crate::rotate;

/// Leaves or bytes in the journal at which it begins anew.
const ROLL_LEAVES: usize = 1024;
const ROLL_BYTES: usize = 4 << 20;

/// What a leaf came to: its number and its hash.
pub(crate) type Written = Result<(u64, Hash), AuditError>;

/// The log as its writer knows it, while it holds the lock or nobody else wrote.
#[derive(Debug)]
pub(crate) struct State {
    folder: PathBuf,
    pub(crate) key: SigningKey,
    journal: File,
    /// The journal's inode and length, so that another process's writing shows.
    identity: (u64, u64),
    first: u64,
    leaves: Vec<Vec<u8>>,
    edge: Edge,
    /// Full tiles that are not on the disk yet.
    full: Vec<Tile>,
    /// How many leaves the newest checkpoint has.
    published: u64,
    newest: Option<Timestamp>,
}

impl State {
    /// Reads what is on the disk, and checks it against the newest checkpoint.
    pub(crate) fn load(folder: &Path, key_path: &Path) -> Result<Self, AuditError> {
        let checkpoint = stored_checkpoint(folder)?;
        let key = own_key(folder, key_path, &checkpoint.origin)?;
        let path = folder.join(layout::JOURNAL);
        let bytes = read(&path)?.ok_or_else(|| damaged("its journal is missing"))?;
        let found = journal::parse(&bytes).ok_or_else(|| damaged("its journal has no head"))?;
        let journal = journal::open(&path)?;
        let (end, length) = (found.end, bytes.len());
        let above = above(folder, found.first, checkpoint.size)?;
        let mut state = Self {
            folder: folder.to_owned(),
            key,
            journal,
            identity: (0, 0),
            first: found.first,
            leaves: Vec::new(),
            edge: Edge::resume(found.first, above),
            full: Vec::new(),
            published: checkpoint.size,
            newest: None,
        };
        state.take(found.leaves, &checkpoint)?;
        state.settle_journal(end, length)?;
        personal::forget_from(folder, state.size())?;
        let last = state.last_leaf()?;
        let time = last.as_ref().and_then(|last| last.get("time")?.as_str()?.parse().ok());
        state.newest = time;
        rotate::recover(&mut state, key_path, last.as_ref())?;
        Ok(state)
    }

    /// Cuts off what a crash tore, now that all that was signed is known to be there.
    fn settle_journal(&mut self, end: usize, length: usize) -> Result<(), AuditError> {
        let path = self.folder.join(layout::JOURNAL);
        if end < length {
            let end = u64::try_from(end).unwrap_or(u64::MAX);
            self.journal.set_len(end).map_err(AuditError::io(&path))?;
        }
        // What another process wrote may not be on the disk yet.
        self.journal.sync_data().map_err(AuditError::io(&path))?;
        let identity = journal::identity(&path);
        self.identity = identity.ok_or_else(|| damaged("its journal is missing"))?;
        Ok(())
    }

    /// Adds the journal's leaves, and holds the root at the checkpoint's size against it.
    fn take(
        &mut self,
        leaves: Vec<(Hash, Vec<u8>)>,
        checkpoint: &Checkpoint,
    ) -> Result<(), AuditError> {
        let mut same = checkpoint.size == self.first && self.edge.root() == checkpoint.root;
        for (hash, leaf) in leaves {
            self.edge.push(hash, &mut self.full);
            self.leaves.push(leaf);
            same |= self.edge.size() == checkpoint.size && self.edge.root() == checkpoint.root;
        }
        if self.edge.size() < checkpoint.size {
            let (from, to) = (self.edge.size(), checkpoint.size);
            return Err(damaged(&format!("records {from} to {} are missing", to - 1)));
        }
        if !same {
            return Err(damaged("its records are not those that were signed"));
        }
        // Full tiles of the last checkpoint are on the disk.
        self.full.retain(|tile| {
            let end = (tile.index + 1) << (8 * (u32::from(tile.level) + 1));
            end > checkpoint.size
        });
        Ok(())
    }

    fn last_leaf(&self) -> Result<Option<Value>, AuditError> {
        let stored;
        let last = match self.leaves.last() {
            Some(leaf) => leaf.as_slice(),
            None if self.first == 0 => return Ok(None),
            None => {
                let bundle = layout::entries(&self.folder, self.first / 256 - 1, TILE_WIDTH);
                let bytes = read(&bundle)?.ok_or_else(|| damaged("its last bundle is missing"))?;
                stored = entries::parse(&bytes).pop().unwrap_or_default();
                &stored
            }
        };
        Ok(serde_json::from_slice(last).ok())
    }

    pub(crate) const fn size(&self) -> u64 {
        self.edge.size()
    }

    pub(crate) const fn published(&self) -> u64 {
        self.published
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether nobody wrote since this was read.
    pub(crate) fn is_current(&self) -> bool {
        journal::identity(&self.folder.join(layout::JOURNAL)) == Some(self.identity)
    }

    /// Writes leaves and flushes them. What each came to, in their order.
    ///
    /// # Errors
    /// When nothing was written; then the log is as before.
    pub(crate) fn append(&mut self, leaves: &[&Leaf]) -> Result<Vec<Written>, AuditError> {
        let (mut told, mut written, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        let (mut index, mut newest, mut bytes) = (self.size(), self.newest, Vec::new());
        for leaf in leaves {
            let back = newest.is_some_and(|newest| leaf.time < newest);
            match leaf.write((index, back), &mut random) {
                Ok((text, beside)) => {
                    let hash = leaf_hash(&text);
                    journal::frame(&hash, &text, &mut bytes);
                    told.push(Ok((index, hash)));
                    written.push((hash, text));
                    kept.extend(beside);
                    index += 1;
                    newest = newest.max(Some(leaf.time));
                }
                Err(error) => told.push(Err(error)),
            }
        }
        personal::add(&self.folder, &kept)?;
        self.flush(&bytes)?;
        self.newest = newest;
        for (hash, text) in written {
            self.edge.push(hash, &mut self.full);
            self.leaves.push(text);
        }
        Ok(told)
    }

    fn flush(&mut self, bytes: &[u8]) -> Result<(), AuditError> {
        let path = self.folder.join(layout::JOURNAL);
        let end = self.identity.1;
        let written =
            self.journal.seek(SeekFrom::Start(end)).and_then(|_| self.journal.write_all(bytes));
        if let Err(error) = written {
            // What stands there is torn, and is read as if it were not there.
            self.journal.set_len(end).map_err(AuditError::io(&path))?;
            return Err(AuditError::io(&path)(error));
        }
        self.journal.sync_data().map_err(|error| {
            AuditError::Broken(Arc::from(format!("a flush failed: {error}").as_str()))
        })?;
        self.identity.1 = end.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Writes all tiles and signs the tree as it is; nothing where that is signed already.
    pub(crate) fn publish(&mut self, also: Option<&SigningKey>) -> Result<(), AuditError> {
        let size = self.size();
        if size == self.published && also.is_none() {
            return Ok(());
        }
        self.write_tiles()?;
        let keys: Vec<&SigningKey> = std::iter::once(&self.key).chain(also).collect();
        let origin = &self.key.public().name;
        let checkpoint = Checkpoint::sign(origin, (size, self.edge.root()), &keys);
        replace(&self.folder.join(layout::CHECKPOINT), checkpoint.note.as_bytes())?;
        let before = std::mem::replace(&mut self.published, size);
        self.full.clear();
        remove_partial(&self.folder, before, size);
        let bytes: usize = self.leaves.iter().map(Vec::len).sum();
        if self.leaves.len() >= ROLL_LEAVES || bytes >= ROLL_BYTES {
            self.roll()?;
        }
        Ok(())
    }

    fn write_tiles(&self) -> Result<(), AuditError> {
        let mut written = Unflushed::default();
        for tile in self.full.iter().cloned().chain(self.edge.partial()) {
            // What a checkpoint tells of is not written again: a crash could tear it.
            if edge_of(self.published, tile.level) == (tile.index, tile.hashes.len()) {
                continue;
            }
            let path = layout::tile(&self.folder, tile.level, tile.index, tile.hashes.len());
            written.write(path, &tile.hashes.concat())?;
        }
        let bundles = (self.first / 256..).zip(self.leaves.chunks(TILE_WIDTH));
        for (bundle, leaves) in bundles {
            let width = leaves.len();
            let is_signed = width == TILE_WIDTH && (bundle + 1) * 256 <= self.published;
            if is_signed || edge_of(self.published, 0) == (bundle, width) {
                continue;
            }
            let path = layout::entries(&self.folder, bundle, width);
            written.write(path, &entries::write(leaves))?;
        }
        written.flush()
    }

    /// Begins the journal anew with the leaves that no full bundle holds.
    fn roll(&mut self) -> Result<(), AuditError> {
        let first = self.size() / 256 * 256;
        let gone = usize::try_from(first - self.first).unwrap_or(usize::MAX);
        let left = self.leaves.split_off(gone.min(self.leaves.len()));
        let mut bytes = journal::header(first);
        for leaf in &left {
            journal::frame(&leaf_hash(leaf), leaf, &mut bytes);
        }
        let path = self.folder.join(layout::JOURNAL);
        let rolled = replace(&path, &bytes).and_then(|()| journal::open(&path));
        // Whatever failed, the next one reads the disk again.
        self.identity = (0, 0);
        self.journal = rolled?;
        (self.first, self.leaves) = (first, left);
        self.identity = journal::identity(&path).unwrap_or_default();
        Ok(())
    }
}

/// Makes a log where there is none; whether there was none.
pub(crate) fn create(folder: &Path, key_path: &Path, name: &str) -> Result<bool, AuditError> {
    if folder.join(layout::CHECKPOINT).exists() {
        return Ok(false);
    }
    if let Some(bytes) = read(&folder.join(layout::JOURNAL))?
        && bytes.len() > HEADER_BYTES + FRAME_BYTES
    {
        return Err(damaged("its checkpoint is missing"));
    }
    if folder.join("tile").exists() {
        return Err(damaged("its checkpoint is missing"));
    }
    let fresh = random::<8>()?;
    let origin = format!("quell-audit/{}/{name}", crate::hash::hex(&fresh));
    let key = SigningKey::make(&origin)?;
    key.save(key_path)?;
    replace(&folder.join(layout::PUBLIC_KEYS), format!("{}\n", key.public().text()).as_bytes())?;
    replace(&folder.join(layout::JOURNAL), &journal::header(0))?;
    let empty = Checkpoint::sign(&origin, (0, Edge::default().root()), &[&key]);
    replace(&folder.join(layout::CHECKPOINT), empty.note.as_bytes())?;
    Ok(true)
}

/// The newest checkpoint on the disk, signed by a key of the log.
pub(crate) fn stored_checkpoint(folder: &Path) -> Result<Checkpoint, AuditError> {
    let bytes = read(&folder.join(layout::CHECKPOINT))?;
    let bytes = bytes.ok_or_else(|| AuditError::NoLog(folder.to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| damaged("its checkpoint is no text"))?;
    let checkpoint =
        Checkpoint::parse(&text).ok_or_else(|| damaged("its checkpoint cannot be read"))?;
    if checkpoint.is_signed_by(&public_keys(folder)?) {
        Ok(checkpoint)
    } else {
        Err(damaged("its checkpoint is not signed by its key"))
    }
}

/// The keys that signed a log, the first first.
///
/// # Errors
/// When they cannot be read.
pub fn public_keys(folder: &Path) -> Result<Vec<PublicKey>, AuditError> {
    let bytes = read(&folder.join(layout::PUBLIC_KEYS))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let keys = text.lines().map(|line| PublicKey::parse(line).ok_or(line));
    keys.collect::<Result<_, _>>().map_err(|_| damaged("its public key cannot be read"))
}

/// The key of a log.
pub(crate) fn own_key(
    folder: &Path,
    key_path: &Path,
    origin: &str,
) -> Result<SigningKey, AuditError> {
    let key = SigningKey::load(key_path)?;
    if key.public().name == origin && public_keys(folder)?.contains(&key.public()) {
        return Ok(key);
    }
    let reason = "it is not the key of this log".into();
    Err(AuditError::Key { path: key_path.to_owned(), reason })
}

/// The rows above the leaves of a tree of a size, from tiles that a larger tree published.
fn above(folder: &Path, size: u64, published: u64) -> Result<Vec<Vec<Hash>>, AuditError> {
    if !size.is_multiple_of(256) || size > published {
        return Err(damaged("its journal begins at an odd place"));
    }
    let mut rows = Vec::new();
    for level in 1..8_u8 {
        let (tile, wanted) = edge_of(size, level);
        if tile == 0 && wanted == 0 {
            break;
        }
        if wanted == 0 {
            rows.push(Vec::new());
            continue;
        }
        let there = (published >> (8 * u32::from(level))).saturating_sub(tile * 256).min(256);
        let width = usize::try_from(there).unwrap_or(0);
        let bytes = read_either(width, |width| layout::tile(folder, level, tile, width))?;
        let row: Vec<Hash> = bytes.as_chunks::<32>().0.iter().take(wanted).copied().collect();
        if row.len() < wanted {
            return Err(damaged("a tile is too short"));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The tile at the right edge of a level of a tree, and its width; none where that is 0.
fn edge_of(size: u64, level: u8) -> (u64, usize) {
    let known = size >> (8 * u32::from(level));
    (known / 256, usize::try_from(known % 256).unwrap_or(0))
}

/// Removes the partial tiles of an older checkpoint. That they stay would harm nobody.
fn remove_partial(folder: &Path, before: u64, now: u64) {
    for level in 0..8_u8 {
        let (old, new) = (edge_of(before, level), edge_of(now, level));
        if old == new || old.1 == 0 {
            continue;
        }
        let mut stale = vec![layout::tile(folder, level, old.0, old.1)];
        if level == 0 {
            stale.push(layout::entries(folder, old.0, old.1));
        }
        for path in stale {
            drop(fs::remove_file(&path));
            if let Some(parent) = path.parent().filter(|_| old.0 != new.0) {
                drop(fs::remove_dir(parent));
            }
        }
    }
}

fn damaged(what: &str) -> AuditError {
    AuditError::Damaged(what.into())
}
