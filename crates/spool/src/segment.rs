//! A segment that is open for reading, in either of its forms.

use std::io;
use std::sync::Arc;

use crate::bytes::{size, wide};
use crate::disk::{DiskFile, read_full};
use crate::header::Key;
use crate::sealed::{BLOCK_BYTES, Sealed};

/// Where the bytes of a segment come from.
#[derive(Debug)]
pub(crate) enum Source {
    Plain(Arc<dyn DiskFile>),
    Sealed(Sealed),
}

/// Reads a segment by its offsets, a block at a time.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) key: Key,
    source: Source,
    block: Vec<u8>,
    block_at: u32,
}

/// Why bytes could not be read.
#[derive(Debug)]
pub(crate) enum ReadFault {
    Io(io::Error),
    /// Nothing up to this offset can be used.
    Damaged {
        until: u32,
    },
}

impl Segment {
    pub(crate) fn new(source: Source, key: Key) -> Self {
        Self { key, source, block: Vec::new(), block_at: 0 }
    }

    /// The bytes of a range that lies before `limit`, which is how far the segment is written.
    pub(crate) fn read(
        &mut self,
        offset: u32,
        length: usize,
        limit: u32,
    ) -> Result<Vec<u8>, ReadFault> {
        let mut out = Vec::with_capacity(length);
        let mut at = offset;
        while out.len() < length {
            let part = self.part(at, limit)?;
            let part = part.get(..part.len().min(length - out.len())).unwrap_or(part);
            out.extend_from_slice(part);
            at = at.saturating_add(crate::bytes::narrow(part.len()));
        }
        Ok(out)
    }

    /// What the block holds from this offset on; never empty.
    fn part(&mut self, at: u32, limit: u32) -> Result<&[u8], ReadFault> {
        let until = self.block_at.saturating_add(crate::bytes::narrow(self.block.len()));
        if at < self.block_at || at >= until {
            self.load(at, limit)?;
        }
        let from = size(at.saturating_sub(self.block_at));
        let part = self.block.get(from..).unwrap_or_default();
        if part.is_empty() {
            let until = (at / BLOCK_BYTES).saturating_add(1).saturating_mul(BLOCK_BYTES);
            return Err(ReadFault::Damaged { until: until.min(limit) });
        }
        Ok(part)
    }

    fn load(&mut self, at: u32, limit: u32) -> Result<(), ReadFault> {
        let start = at - at % BLOCK_BYTES;
        self.block.clear();
        self.block_at = start;
        match &self.source {
            Source::Plain(file) => {
                self.block.resize(size(BLOCK_BYTES.min(limit.saturating_sub(start))), 0);
                let read = read_full(&**file, &mut self.block, wide(size(start)));
                let read = read.map_err(ReadFault::Io)?;
                self.block.truncate(read);
            }
            Source::Sealed(sealed) => {
                if let Some(block) = sealed.block(at).map_err(ReadFault::Io)? {
                    self.block = block;
                }
            }
        }
        Ok(())
    }
}
