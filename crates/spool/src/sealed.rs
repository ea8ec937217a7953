//! A sealed segment: the bytes of a segment in zstd blocks, with an index.
//!
//! Blocks come first, each with a head of its own; then the keys of its records, the index and a
//! footer. The footer tells where all stands. When it or the index is damaged, the blocks' heads
//! still do.

use std::io;
use std::sync::Arc;

use crate::bytes::{Fields, narrow, short, size, wide};
use crate::disk::{DiskFile, read_full};
use crate::header::{HEADER_BYTES, Header, HeaderFound, Key, Previous};
use crate::log::{RecordKey, Times};

/// Unpacked bytes of a block.
pub(crate) const BLOCK_BYTES: u32 = 256 * 1024;
const MAGIC: &[u8; 8] = b"QUELLSEA";
const BLOCK_MAGIC: &[u8; 4] = b"QBLK";
const VERSION: u32 = 1;
const BLOCK_HEAD_BYTES: usize = 32;
const ENTRY_BYTES: usize = 32;
const FOOTER_BYTES: usize = 176;
const KEY_BYTES: usize = 28;
const LEVEL: i32 = 3;
/// Most blocks of a segment, so that a made-up footer cannot ask for much memory.
const MOST_BLOCKS: usize = 16 * 1024;

/// A sealed segment that is open for reading.
#[derive(Debug)]
pub(crate) struct Sealed {
    file: Arc<dyn DiskFile>,
    pub(crate) header: Header,
    /// Unpacked bytes.
    pub(crate) length: u32,
    /// When its records came; unknown when the footer is damaged.
    pub(crate) times: Option<Times>,
    blocks: Vec<Block>,
    keys: Option<Section>,
}

/// Where a block stands, and what it must be.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    at: u64,
    packed: u32,
    unpacked: u32,
    check: [u8; 16],
}

/// A checked part of the file.
#[derive(Clone, Copy, Debug)]
struct Section {
    at: u64,
    length: u32,
    check: [u8; 16],
}

/// What opening a file came to.
#[derive(Debug)]
pub(crate) enum SealedFound {
    Whole(Sealed),
    /// The footer or index is damaged, and was made up from the blocks.
    Rebuilt(Sealed),
    None,
    Newer(u32),
}

/// Writes a sealed segment, block by block.
#[derive(Debug)]
pub(crate) struct SealedWriter {
    file: Arc<dyn DiskFile>,
    at: u64,
    length: u32,
    blocks: Vec<Block>,
}

impl SealedWriter {
    pub(crate) fn new(file: Arc<dyn DiskFile>) -> io::Result<Self> {
        file.write_all_at(MAGIC, 0)?;
        Ok(Self { file, at: wide(MAGIC.len()), length: 0, blocks: Vec::new() })
    }

    /// Packs the next bytes; every block but the last has [`BLOCK_BYTES`].
    pub(crate) fn block(&mut self, bytes: &[u8]) -> io::Result<()> {
        let packed = zstd::bulk::compress(bytes, LEVEL)?;
        let mut block = Block {
            at: self.at,
            packed: narrow(packed.len()),
            unpacked: narrow(bytes.len()),
            check: [0; 16],
        };
        block.check = block.expected(narrow(self.blocks.len()), &packed);
        let mut out = Vec::with_capacity(BLOCK_HEAD_BYTES + packed.len());
        out.extend_from_slice(BLOCK_MAGIC);
        for number in [narrow(self.blocks.len()), block.packed, block.unpacked] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&block.check);
        out.extend_from_slice(&packed);
        self.blocks.push(block);
        self.length = self.length.saturating_add(block.unpacked);
        self.write(&out)
    }

    /// Writes keys, index and footer, and flushes. How long the file is.
    pub(crate) fn finish(
        mut self,
        header: &Header,
        keys: &[RecordKey],
        times: Times,
    ) -> io::Result<u64> {
        let keys: Vec<u8> = keys.iter().flat_map(encode_key).collect();
        let keys = self.section(&keys)?;
        let index: Vec<u8> = self.blocks.iter().flat_map(Block::encode).collect();
        let index = self.section(&index)?;
        let mut footer = Vec::with_capacity(FOOTER_BYTES);
        footer.extend_from_slice(MAGIC);
        for number in [VERSION, header.number, header.previous.length, self.length] {
            footer.extend_from_slice(&number.to_le_bytes());
        }
        footer.extend_from_slice(&header.key.secret);
        footer.extend_from_slice(&header.previous.identity);
        footer.extend_from_slice(&times.oldest.to_le_bytes());
        footer.extend_from_slice(&times.newest.to_le_bytes());
        for section in [keys, index] {
            footer.extend_from_slice(&section.at.to_le_bytes());
            footer.extend_from_slice(&section.length.to_le_bytes());
            footer.extend_from_slice(&section.check);
        }
        footer.resize(FOOTER_BYTES - 16, 0);
        footer.extend_from_slice(&short(&blake3::hash(&footer)));
        self.write(&footer)?;
        self.file.sync()?;
        Ok(self.at)
    }

    fn section(&mut self, bytes: &[u8]) -> io::Result<Section> {
        let check = short(&blake3::hash(bytes));
        let section = Section { at: self.at, length: narrow(bytes.len()), check };
        self.write(bytes)?;
        Ok(section)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.at)?;
        self.at = self.at.saturating_add(wide(bytes.len()));
        Ok(())
    }
}

impl Sealed {
    /// Opens the sealed segment with this number.
    pub(crate) fn open(file: Arc<dyn DiskFile>, number: u32) -> io::Result<SealedFound> {
        let length = file.len()?;
        let at = length.saturating_sub(wide(FOOTER_BYTES));
        match footer(&read(&*file, at, FOOTER_BYTES)?) {
            Some(Err(version)) => return Ok(SealedFound::Newer(version)),
            Some(Ok(footer)) if footer.header.number == number => {
                if let Some(blocks) = footer.index(&*file, length)? {
                    return Ok(SealedFound::Whole(Self {
                        file,
                        header: footer.header,
                        length: footer.length,
                        times: Some(footer.times),
                        blocks,
                        keys: Some(footer.keys),
                    }));
                }
            }
            Some(Ok(_)) | None => {}
        }
        Self::rebuild(file, number)
    }

    /// Finds the blocks one after another, for a file whose footer or index is damaged.
    fn rebuild(file: Arc<dyn DiskFile>, number: u32) -> io::Result<SealedFound> {
        let (mut blocks, mut at) = (Vec::new(), wide(MAGIC.len()));
        while blocks.len() < MOST_BLOCKS {
            let head = read(&*file, at, BLOCK_HEAD_BYTES)?;
            let Some(block) = Block::from_head(&head, at, narrow(blocks.len())) else { break };
            at = at.saturating_add(wide(BLOCK_HEAD_BYTES)).saturating_add(block.packed.into());
            blocks.push(block);
        }
        let Some(first) = blocks.first().copied() else { return Ok(SealedFound::None) };
        let Some(bytes) = unpack(&*file, first, 0)? else { return Ok(SealedFound::None) };
        let head = bytes.get(..size(HEADER_BYTES)).unwrap_or_default();
        let header = match Header::find(head, number) {
            HeaderFound::Whole(header) | HeaderFound::Half(header, _) => header,
            HeaderFound::Newer(version) => return Ok(SealedFound::Newer(version)),
            HeaderFound::None => return Ok(SealedFound::None),
        };
        let length = blocks.iter().fold(0_u32, |sum, block| sum.saturating_add(block.unpacked));
        Ok(SealedFound::Rebuilt(Self { file, header, length, times: None, blocks, keys: None }))
    }

    /// The unpacked block that holds this offset; `None` when it is damaged or not there.
    pub(crate) fn block(&self, offset: u32) -> io::Result<Option<Vec<u8>>> {
        let number = offset / BLOCK_BYTES;
        match self.blocks.get(size(number)) {
            Some(block) => unpack(&*self.file, *block, number),
            None => Ok(None),
        }
    }

    /// The keys of its records in their order; `None` when that part is damaged.
    pub(crate) fn keys(&self) -> io::Result<Option<Vec<RecordKey>>> {
        let Some(section) = self.keys else { return Ok(None) };
        let bytes = read(&*self.file, section.at, size(section.length))?;
        let whole = short(&blake3::hash(&bytes)) == section.check;
        let keys: Option<Vec<_>> = bytes.chunks_exact(KEY_BYTES).map(decode_key).collect();
        Ok(keys.filter(|_| whole))
    }

    /// Whether each block is what was written.
    pub(crate) fn is_whole(&self) -> io::Result<bool> {
        for number in 0..narrow(self.blocks.len()) {
            if self.block(number.saturating_mul(BLOCK_BYTES))?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Block {
    /// The check of this block, which covers its number and lengths too.
    fn expected(&self, number: u32, packed: &[u8]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        for part in [number, self.packed, self.unpacked] {
            hasher.update(&part.to_le_bytes());
        }
        short(&hasher.update(packed).finalize())
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(ENTRY_BYTES);
        out.extend_from_slice(&self.at.to_le_bytes());
        out.extend_from_slice(&self.packed.to_le_bytes());
        out.extend_from_slice(&self.unpacked.to_le_bytes());
        out.extend_from_slice(&self.check);
        out
    }

    fn decode(entry: &[u8]) -> Option<Self> {
        let mut fields = Fields(entry);
        let (at, packed, unpacked) = (fields.u64()?, fields.u32()?, fields.u32()?);
        Some(Self { at, packed, unpacked, check: fields.array()? })
    }

    fn from_head(head: &[u8], at: u64, number: u32) -> Option<Self> {
        let mut fields = Fields(head);
        if fields.array::<4>()? != *BLOCK_MAGIC || fields.u32()? != number {
            return None;
        }
        let (packed, unpacked) = (fields.u32()?, fields.u32()?);
        Some(Self { at, packed, unpacked, check: fields.array()? })
    }
}

struct Footer {
    header: Header,
    length: u32,
    times: Times,
    keys: Section,
    index: Section,
}

impl Footer {
    fn index(&self, file: &dyn DiskFile, file_bytes: u64) -> io::Result<Option<Vec<Block>>> {
        let Section { at, length, check } = self.index;
        if wide(size(length)) > file_bytes || size(length) > MOST_BLOCKS * ENTRY_BYTES {
            return Ok(None);
        }
        let bytes = read(file, at, size(length))?;
        if short(&blake3::hash(&bytes)) != check {
            return Ok(None);
        }
        Ok(bytes.chunks_exact(ENTRY_BYTES).map(Block::decode).collect())
    }
}

/// The footer, or the version of a later format.
fn footer(bytes: &[u8]) -> Option<Result<Footer, u32>> {
    let (checked, check) = bytes.split_last_chunk::<16>()?;
    let mut fields = Fields(checked);
    if *check != short(&blake3::hash(checked)) || fields.array::<8>()? != *MAGIC {
        return None;
    }
    let version = fields.u32()?;
    if version > VERSION {
        return Some(Err(version));
    }
    let (number, before, length) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let key = Key::new(fields.array()?);
    let previous = Previous { identity: fields.array()?, length: before };
    let times = Times { oldest: fields.i64()?, newest: fields.i64()? };
    let mut section =
        || Some(Section { at: fields.u64()?, length: fields.u32()?, check: fields.array()? });
    let (keys, index) = (section()?, section()?);
    Some(Ok(Footer { header: Header { number, key, previous }, length, times, keys, index }))
}

fn unpack(file: &dyn DiskFile, block: Block, number: u32) -> io::Result<Option<Vec<u8>>> {
    let most = zstd::zstd_safe::compress_bound(size(BLOCK_BYTES));
    if block.unpacked > BLOCK_BYTES || size(block.packed) > most {
        return Ok(None);
    }
    let at = block.at.saturating_add(wide(BLOCK_HEAD_BYTES));
    let packed = read(file, at, size(block.packed))?;
    if block.expected(number, &packed) != block.check {
        return Ok(None);
    }
    let bytes = zstd::bulk::decompress(&packed, size(block.unpacked)).ok();
    Ok(bytes.filter(|bytes| bytes.len() == size(block.unpacked)))
}

/// Reads that many bytes, or what there is.
fn read(file: &dyn DiskFile, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let read = read_full(file, &mut bytes, at)?;
    bytes.truncate(read);
    Ok(bytes)
}

fn encode_key(key: &RecordKey) -> Vec<u8> {
    let mut out = Vec::with_capacity(KEY_BYTES);
    out.extend_from_slice(&key.hash);
    out.extend_from_slice(&key.likeness);
    out.extend_from_slice(&key.offset.to_le_bytes());
    out
}

fn decode_key(bytes: &[u8]) -> Option<RecordKey> {
    let mut fields = Fields(bytes);
    Some(RecordKey { hash: fields.array()?, likeness: fields.array()?, offset: fields.u32()? })
}
