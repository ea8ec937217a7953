//! The first bytes of a segment: which it is, its key, and what stands before it.

use crate::bytes::{Fields, short};

/// What the header takes, both copies.
pub(crate) const HEADER_BYTES: u32 = 1024;
/// One copy: a sector, so that a fault in one leaves the other.
const COPY_BYTES: usize = 512;
const MAGIC: &[u8; 8] = b"QUELLINT";
/// The format that this program writes, and the newest it reads.
const VERSION: u32 = 1;

/// The key of a segment, and the bytes that each of its frames begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) secret: [u8; 32],
    pub(crate) magic: [u8; 8],
}

impl Key {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        let derived = blake3::keyed_hash(&secret, b"quell intake frame");
        Self { secret, magic: derived.as_bytes().first_chunk().copied().unwrap_or_default() }
    }

    /// By which the following segment knows this one, without telling the key.
    pub(crate) fn identity(&self) -> [u8; 16] {
        short(&blake3::keyed_hash(&self.secret, b"quell intake segment"))
    }
}

/// What stands before a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Previous {
    /// Its identity; zeros for the first one.
    pub(crate) identity: [u8; 16],
    /// Its length when it was closed.
    pub(crate) length: u32,
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) number: u32,
    pub(crate) key: Key,
    pub(crate) previous: Previous,
}

/// What the first bytes of a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFound {
    /// Both copies are whole.
    Whole(Header),
    /// One copy is damaged, at this offset.
    Half(Header, u64),
    /// Neither can be used.
    None,
    /// A later format.
    Newer(u32),
}

impl Header {
    /// Both copies.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut copy = Vec::with_capacity(COPY_BYTES);
        copy.extend_from_slice(MAGIC);
        copy.extend_from_slice(&VERSION.to_le_bytes());
        copy.extend_from_slice(&self.number.to_le_bytes());
        copy.extend_from_slice(&self.key.secret);
        copy.extend_from_slice(&self.previous.identity);
        copy.extend_from_slice(&self.previous.length.to_le_bytes());
        copy.resize(COPY_BYTES - 16, 0);
        copy.extend_from_slice(&short(&blake3::hash(&copy)));
        copy.repeat(2)
    }

    /// Reads the header of the segment with this number.
    pub(crate) fn find(bytes: &[u8], number: u32) -> HeaderFound {
        let mut copies = bytes.chunks_exact(COPY_BYTES).map(|copy| decode(copy, number));
        let (first, second) = (copies.next(), copies.next());
        match (first.unwrap_or(HeaderFound::None), second.unwrap_or(HeaderFound::None)) {
            (HeaderFound::Whole(one), HeaderFound::Whole(two)) if one == two => {
                HeaderFound::Whole(one)
            }
            (HeaderFound::Newer(version), _) | (_, HeaderFound::Newer(version)) => {
                HeaderFound::Newer(version)
            }
            (HeaderFound::Whole(header), _) => HeaderFound::Half(header, 512),
            (_, HeaderFound::Whole(header)) => HeaderFound::Half(header, 0),
            (HeaderFound::Half(..) | HeaderFound::None, _) => HeaderFound::None,
        }
    }
}

fn decode(copy: &[u8], number: u32) -> HeaderFound {
    fields(copy, number).unwrap_or(HeaderFound::None)
}

fn fields(copy: &[u8], number: u32) -> Option<HeaderFound> {
    let (checked, check) = copy.split_last_chunk::<16>()?;
    if *check != short(&blake3::hash(checked)) {
        return None;
    }
    let mut fields = Fields(checked);
    if fields.array::<8>()? != *MAGIC {
        return None;
    }
    let version = fields.u32()?;
    if version > VERSION {
        return Some(HeaderFound::Newer(version));
    }
    let found = fields.u32()?;
    let key = Key::new(fields.array()?);
    let previous = Previous { identity: fields.array()?, length: fields.u32()? };
    (found == number).then_some(HeaderFound::Whole(Header { number, key, previous }))
}
