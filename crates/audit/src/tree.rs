//! Proofs of RFC 6962 from tiles on the disk.

use crate::error::AuditError;
use crate::hash::{Hash, empty_root, node_hash, perfect};

/// Gives tiles of a tree: a level, a number, and how wide it is in this tree.
pub(crate) trait Tiles {
    fn tile(&mut self, level: u8, index: u64, width: usize) -> Result<Vec<Hash>, AuditError>;
}

/// A tree of a size over its tiles.
#[derive(Debug)]
pub(crate) struct Tree<'a, T> {
    pub(crate) size: u64,
    pub(crate) tiles: &'a mut T,
}

/// Leaves from one number to before another.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: u64,
    to: u64,
}

impl Span {
    const fn len(self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// At the largest power of two that is smaller than its length.
    const fn split(self) -> (Self, Self) {
        let half = 1 << (self.len() - 1).ilog2();
        let middle = self.from + half;
        (Self { from: self.from, to: middle }, Self { from: middle, to: self.to })
    }
}

impl<T: Tiles> Tree<'_, T> {
    /// The root.
    pub(crate) fn root(&mut self) -> Result<Hash, AuditError> {
        if self.size == 0 {
            return Ok(empty_root());
        }
        self.over(Span { from: 0, to: self.size })
    }

    /// The hashes beside the way from a leaf to the root, the lowest first.
    pub(crate) fn inclusion(&mut self, index: u64) -> Result<Vec<Hash>, AuditError> {
        let mut span = Span { from: 0, to: self.size };
        if index >= self.size {
            return Err(AuditError::NoSuchLeaf { index, size: self.size });
        }
        let mut path = Vec::new();
        while span.len() > 1 {
            let (left, right) = span.split();
            let (beside, next) = if index < right.from { (right, left) } else { (left, right) };
            path.push(self.over(beside)?);
            span = next;
        }
        path.reverse();
        Ok(path)
    }

    /// What shows that this tree grew from the one of its first leaves.
    pub(crate) fn consistency(&mut self, old: u64) -> Result<Vec<Hash>, AuditError> {
        if old > self.size {
            return Err(AuditError::NoSuchLeaf { index: old, size: self.size });
        }
        if old == 0 || old == self.size {
            return Ok(Vec::new());
        }
        let mut span = Span { from: 0, to: self.size };
        let mut path = Vec::new();
        while span.to != old {
            let (left, right) = span.split();
            let (beside, next) = if old <= right.from { (right, left) } else { (left, right) };
            path.push(self.over(beside)?);
            span = next;
        }
        if span.from > 0 {
            path.push(self.over(span)?);
        }
        path.reverse();
        Ok(path)
    }

    /// The hash over a span that begins where the tree splits. Each step halves it.
    fn over(&mut self, span: Span) -> Result<Hash, AuditError> {
        let mut peaks = Vec::new();
        let mut rest = span;
        while rest.len() > 0 {
            let height = rest.len().ilog2();
            let peak = Span { from: rest.from, to: rest.from + (1 << height) };
            peaks.push(self.node(height, peak.from >> height)?);
            rest.from = peak.to;
        }
        let mut peaks = peaks.into_iter().rev();
        let last =
            peaks.next().ok_or(AuditError::NoSuchLeaf { index: span.from, size: self.size })?;
        Ok(peaks.fold(last, |right, left| node_hash(&left, &right)))
    }

    /// A node over 2^height leaves, all of them there.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, AuditError> {
        let damaged = || AuditError::Damaged("a tile is too short".into());
        let level = u8::try_from(height / 8).map_err(|_| damaged())?;
        let within = height % 8;
        let first = index << within;
        let tile = first / 256;
        let known = self.size >> (8 * u32::from(level));
        let width = usize::try_from((known - tile * 256).min(256)).map_err(|_| damaged())?;
        let hashes = self.tiles.tile(level, tile, width)?;
        let from = usize::try_from(first % 256).map_err(|_| damaged())?;
        let part = hashes.get(from..from + (1 << within)).ok_or_else(damaged)?;
        perfect(part).ok_or_else(damaged)
    }
}
