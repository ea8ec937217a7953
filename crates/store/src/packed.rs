//! Bodies as they are stored: JSON, compressed with Zstandard where that pays.

use std::cell::RefCell;

use crate::StoreError;

/// Shorter bodies are kept as they are.
const LEAST_BYTES: usize = 256;
/// The fastest level; a higher one takes longer than the disk that it saves.
const LEVEL: i32 = 1;
/// Longest body that is unpacked: no record may be longer.
const MOST_BYTES: usize = 64 << 20;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

/// A body ready to be stored, or as it was read. Packing and unpacking take most of the time
/// that storing takes, so callers do both on threads of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed(Vec<u8>);

// Making these takes longer than packing a body.
thread_local! {
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(compressor());
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        RefCell::new(zstd::bulk::Decompressor::new().ok());
}

/// A packer that adds a checksum, so that a body that changed on the disk is not read back.
fn compressor() -> Option<zstd::bulk::Compressor<'static>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL).ok()?;
    compressor.include_checksum(true).ok()?;
    Some(compressor)
}

impl Packed {
    /// Packs a body.
    #[must_use]
    pub fn of(json: &[u8]) -> Self {
        let small = json.len() < LEAST_BYTES;
        let packed = if small { None } else { compressed(json) };
        Self(packed.unwrap_or_else(|| [&[PLAIN], json].concat()))
    }

    pub(crate) fn as_stored(&self) -> &[u8] {
        &self.0
    }

    pub(crate) const fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The body.
    ///
    /// # Errors
    /// When the stored bytes are no body.
    pub fn unpack(&self) -> Result<Vec<u8>, StoreError> {
        let damaged = || StoreError::Damaged("a stored body cannot be unpacked".to_owned());
        match self.0.split_first() {
            Some((&PLAIN, json)) => Ok(json.to_vec()),
            Some((&ZSTD, rest)) => {
                let (length, frame) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
                let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
                if length > MOST_BYTES {
                    return Err(damaged());
                }
                let json = DECOMPRESSOR.with(|decompressor| {
                    decompressor.borrow_mut().as_mut()?.decompress(frame, length).ok()
                });
                json.filter(|json| json.len() == length).ok_or_else(damaged)
            }
            _ => Err(damaged()),
        }
    }
}

/// The packed form, unless it would be longer.
fn compressed(json: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(json.len()).ok()?;
    let frame =
        COMPRESSOR.with(|compressor| compressor.borrow_mut().as_mut()?.compress(json).ok())?;
    (frame.len() + 4 < json.len()).then(|| [&[ZSTD][..], &length.to_le_bytes(), &frame].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let long = "{\"a\":\"words and words\"}".repeat(1000);
        for body in ["", "{}", &long] {
            let packed = Packed::of(body.as_bytes());
            assert_eq!(packed.unpack().unwrap(), body.as_bytes());
        }
        assert!(Packed::of(long.as_bytes()).as_stored().len() < long.len() / 10);
    }

    #[test]
    fn a_changed_bit_of_a_packed_body_is_damage() {
        let long = "{\"a\":\"words and words\"}".repeat(100);
        let packed = Packed::of(long.as_bytes());
        for at in 0..packed.0.len() {
            for bit in 0..8 {
                let mut bytes = packed.0.clone();
                bytes[at] ^= 1 << bit;
                let read = Packed(bytes).unpack();
                // The first byte says that it is not packed at all; the row's checks see to that.
                // A bit of the frame's head means nothing.
                let same = read.as_ref().is_ok_and(|json| json == long.as_bytes());
                assert!(read.is_err() || same || at == 0, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn damaged_bodies_are_named() {
        let lying = [&[ZSTD][..], &u32::MAX.to_le_bytes(), b"xx"].concat();
        for bytes in [vec![], vec![7], vec![ZSTD, 1], lying] {
            assert!(matches!(Packed(bytes).unpack(), Err(StoreError::Damaged(_))));
        }
    }
}
