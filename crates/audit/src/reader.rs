//! Reading: leaves, proofs, and what stands beside the tree. It needs no key and no lock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::checkpoint::Checkpoint;
use crate::entries;
use crate::error::AuditError;
use crate::files::read_either;
use crate::hash::{Hash, leaf_hash};
use crate::layout;
use crate::personal::{Kept, of_leaf};
use crate::state::stored_checkpoint;
use crate::tree::{Tiles, Tree};

/// Tiles that are kept in memory while proofs are made.
const MOST_TILES: usize = 4096;

/// A log as its newest checkpoint has it.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    checkpoint: Checkpoint,
    tiles: Folder,
}

/// What shows that a leaf is in the log.
#[derive(Debug, Clone)]
pub struct Inclusion {
    /// Its number.
    pub index: u64,
    /// The leaf itself.
    pub leaf: Vec<u8>,
    /// The hashes beside its way to the root, the lowest first.
    pub path: Vec<Hash>,
    /// The signed root.
    pub checkpoint: Checkpoint,
}

impl Inclusion {
    /// The proof as text (C2SP tlog-proof).
    #[must_use]
    pub fn text(&self) -> String {
        let path: String = self.path.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        format!("c2sp.org/tlog-proof@v1\nindex {}\n{path}\n{}", self.index, self.checkpoint.note)
    }
}

impl Reader {
    /// Opens a log as its newest checkpoint has it.
    ///
    /// # Errors
    /// When there is none, or its checkpoint is not its own.
    pub fn open(folder: &Path) -> Result<Self, AuditError> {
        let checkpoint = stored_checkpoint(folder)?;
        let folder = folder.to_owned();
        let tiles = Folder { folder: folder.clone(), known: BTreeMap::new() };
        Ok(Self { folder, checkpoint, tiles })
    }

    /// The newest checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// A leaf as it stands in the log.
    ///
    /// # Errors
    /// When there is none of that number, or it is damaged.
    pub fn leaf(&mut self, index: u64) -> Result<Vec<u8>, AuditError> {
        let missing = AuditError::NoSuchLeaf { index, size: self.size() };
        self.leaves(index, 1)?.into_iter().next().map(|(_, leaf)| leaf).ok_or(missing)
    }

    /// Leaves from a number on, at most so many, each checked against its hash in the tree.
    ///
    /// # Errors
    /// When they cannot be read, or are not those of the tree.
    pub fn leaves(&mut self, from: u64, most: usize) -> Result<Vec<(u64, Vec<u8>)>, AuditError> {
        let mut found = Vec::new();
        let mut index = from;
        while index < self.size() && found.len() < most {
            let bundle = index / 256;
            let (leaves, hashes) = (self.bundle(bundle)?, self.row(bundle)?);
            let skipped = usize::try_from(index % 256).unwrap_or(0);
            let both = leaves.into_iter().zip(hashes).skip(skipped).take(most - found.len());
            let before = found.len();
            for (leaf, hash) in both {
                found.push((index, checked(index, leaf, &hash)?));
                index += 1;
            }
            if found.len() == before {
                return Err(AuditError::Damaged(format!("record {index} is missing").into()));
            }
        }
        Ok(found)
    }

    /// What shows that a leaf is in the log.
    ///
    /// # Errors
    /// When there is none of that number, or a tile is damaged.
    pub fn inclusion(&mut self, index: u64) -> Result<Inclusion, AuditError> {
        let leaf = self.leaf(index)?;
        let path = self.tree(self.size()).inclusion(index)?;
        Ok(Inclusion { index, leaf, path, checkpoint: self.checkpoint.clone() })
    }

    /// What shows that the log only grew since it had so many leaves.
    ///
    /// # Errors
    /// When it never had so many, or a tile is damaged.
    pub fn consistency(&mut self, old: u64) -> Result<Vec<Hash>, AuditError> {
        self.tree(self.size()).consistency(old)
    }

    /// The root when it had so many leaves.
    ///
    /// # Errors
    /// When it never had so many, or a tile is damaged.
    pub fn root_at(&mut self, size: u64) -> Result<Hash, AuditError> {
        if size > self.size() {
            return Err(AuditError::NoSuchLeaf { index: size, size: self.size() });
        }
        // Tiles are those of the whole tree; a smaller one uses their beginnings.
        let whole = self.size();
        let mut tiles = Older { tiles: &mut self.tiles, whole };
        Tree { size, tiles: &mut tiles }.root()
    }

    /// The texts beside the tree that a leaf commits to, those that are not erased.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn personal(&self, leaf: &Value) -> Result<Vec<Kept>, AuditError> {
        of_leaf(&self.folder, leaf)
    }

    fn tree(&mut self, size: u64) -> Tree<'_, Folder> {
        Tree { size, tiles: &mut self.tiles }
    }

    fn width(&self, bundle: u64) -> usize {
        usize::try_from(self.size().saturating_sub(bundle * 256).min(256)).unwrap_or(0)
    }

    fn bundle(&self, bundle: u64) -> Result<Vec<Vec<u8>>, AuditError> {
        let bytes =
            read_either(self.width(bundle), |width| layout::entries(&self.folder, bundle, width))?;
        Ok(entries::parse(&bytes))
    }

    fn row(&mut self, bundle: u64) -> Result<Vec<Hash>, AuditError> {
        let width = self.width(bundle);
        self.tiles.tile(0, bundle, width)
    }
}

fn checked(index: u64, leaf: Vec<u8>, hash: &Hash) -> Result<Vec<u8>, AuditError> {
    if leaf_hash(&leaf) == *hash {
        return Ok(leaf);
    }
    Err(AuditError::Damaged(format!("record {index} was changed").into()))
}

/// The tiles of a folder.
#[derive(Debug)]
struct Folder {
    folder: PathBuf,
    known: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Tiles for Folder {
    fn tile(&mut self, level: u8, index: u64, width: usize) -> Result<Vec<Hash>, AuditError> {
        if let Some(known) = self.known.get(&(level, index)) {
            return Ok(known.clone());
        }
        let bytes = read_either(width, |width| layout::tile(&self.folder, level, index, width))?;
        let hashes: Vec<Hash> = bytes.as_chunks::<32>().0.to_vec();
        if self.known.len() >= MOST_TILES {
            self.known.clear();
        }
        self.known.insert((level, index), hashes.clone());
        Ok(hashes)
    }
}

/// The tiles of a tree that has grown since.
#[derive(Debug)]
struct Older<'a> {
    tiles: &'a mut Folder,
    whole: u64,
}

impl Tiles for Older<'_> {
    fn tile(&mut self, level: u8, index: u64, _: usize) -> Result<Vec<Hash>, AuditError> {
        let known = (self.whole >> (8 * u32::from(level))).saturating_sub(index * 256).min(256);
        self.tiles.tile(level, index, usize::try_from(known).unwrap_or(0))
    }
}
