//! The right edge of the tree: what has to be known to add a leaf and to tell the root.

use crate::hash::{Hash, empty_root, node_hash, perfect};

/// Hashes of a full tile (C2SP tlog-tiles).
pub(crate) const TILE_WIDTH: usize = 256;

/// Hashes that stand side by side at a level of tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u8,
    pub(crate) index: u64,
    pub(crate) hashes: Vec<Hash>,
}

/// The tiles that are not full yet, one a level, the lowest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edge {
    levels: Vec<Vec<Hash>>,
    size: u64,
}

impl Edge {
    /// The edge of a tree of a size that is a multiple of a tile; levels above the leaves are given.
    pub(crate) fn resume(size: u64, above: Vec<Vec<Hash>>) -> Self {
        let mut levels = vec![Vec::new()];
        levels.extend(above);
        Self { levels, size }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash. Tiles that it fills are handed out.
    pub(crate) fn push(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        self.size += 1;
        let mut hash = leaf;
        let mut above = self.size;
        for level in 0..8_u8 {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(usize::from(level)) else { return };
            row.push(hash);
            if row.len() < TILE_WIDTH {
                return;
            }
            let hashes = std::mem::take(row);
            above /= 256;
            let Some(root) = perfect(&hashes) else { return };
            hash = root;
            full.push(Tile { level, index: above.saturating_sub(1), hashes });
        }
    }

    /// The root of RFC 6962.
    pub(crate) fn root(&self) -> Hash {
        let mut peaks = Vec::new();
        for row in self.levels.iter().rev() {
            let mut rest = row.as_slice();
            while let Some(bit) = rest.len().checked_ilog2() {
                let (perfectly, behind) = rest.split_at(1 << bit);
                peaks.extend(perfect(perfectly));
                rest = behind;
            }
        }
        let mut peaks = peaks.into_iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(last, |right, left| node_hash(&left, &right))
    }

    /// The tiles that are not full.
    pub(crate) fn partial(&self) -> impl Iterator<Item = Tile> {
        let rows = self.levels.iter().zip(0_u8..).filter(|(row, _)| !row.is_empty());
        rows.map(|(row, level)| Tile {
            level,
            index: (self.size >> (8 * u32::from(level))) / 256,
            hashes: row.clone(),
        })
    }
}
