//! The journal: leaves in the order in which they came, flushed before anybody is told.
//!
//! A header names the first leaf. Each frame has a length, the leaf's own hash, and the leaf; so
//! a frame that was torn by a crash is told from one that is whole.

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::error::AuditError;
use crate::files::private;
use crate::hash::{Hash, leaf_hash, sha256};
use crate::leaf::MOST_LEAF_BYTES;

/// How a journal begins.
const MAGIC: &[u8; 22] = b"quell audit journal 1\n";
/// Bytes of the header: the magic, the number of the first leaf, and a hash over both.
pub(crate) const HEADER_BYTES: usize = 22 + 8 + 8;
/// Bytes of a frame before its leaf.
pub(crate) const FRAME_BYTES: usize = 4 + 32;

/// What a journal holds.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The number of the first leaf.
    pub(crate) first: u64,
    pub(crate) leaves: Vec<(Hash, Vec<u8>)>,
    /// How far it is whole.
    pub(crate) end: usize,
}

/// The header of a journal.
pub(crate) fn header(first: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(first.to_be_bytes());
    let check = sha256(&bytes);
    bytes.extend(check.iter().take(8));
    bytes
}

/// Adds a frame.
pub(crate) fn frame(hash: &Hash, leaf: &[u8], out: &mut Vec<u8>) {
    out.extend(u32::try_from(leaf.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(hash);
    out.extend(leaf);
}

/// Reads a journal up to where it is whole; `None` where not even its header is.
pub(crate) fn parse(bytes: &[u8]) -> Option<Contents> {
    let first = u64::from_be_bytes(bytes.get(22..30)?.try_into().ok()?);
    if bytes.get(..HEADER_BYTES)? != header(first) {
        return None;
    }
    let (mut leaves, mut end) = (Vec::new(), HEADER_BYTES);
    while let Some((hash, leaf)) = bytes.get(end..).and_then(next) {
        end += FRAME_BYTES + leaf.len();
        leaves.push((hash, leaf.to_vec()));
    }
    Some(Contents { first, leaves, end })
}

fn next(bytes: &[u8]) -> Option<(Hash, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let leaf = rest.get(..length).filter(|_| length <= MOST_LEAF_BYTES)?;
    (leaf_hash(leaf) == *hash).then_some((*hash, leaf))
}

/// Opens a journal to write to it.
pub(crate) fn open(path: &Path) -> Result<File, AuditError> {
    private(OpenOptions::new().read(true).write(true)).open(path).map_err(AuditError::io(path))
}

/// What tells whether a journal is the one that was looked at, as it was then.
pub(crate) fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some((inode, metadata.len()))
}
