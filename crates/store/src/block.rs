//! Bodies that came together, packed together: an issue repeats its finding, and a finding the
//! ones beside it, so a block takes a third of what its bodies take alone.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use rusqlite::{Connection, OptionalExtension, params};

use crate::{NewBody, Packed, StoreError};

/// Bytes after which a block is full. One body is read by unpacking all of its block.
const FULL_BYTES: usize = 96 << 10;
/// A longer body stands alone.
const MOST_BODY_BYTES: usize = 256 << 10;
/// Unpacked blocks that are kept for the next body.
const MOST_KEPT: usize = 32;

/// Bodies that are to be packed together.
#[derive(Debug, Default)]
pub struct BlockBuilder {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

/// Where a body went.
#[derive(Debug)]
pub enum Added {
    /// To this place of the block.
    InBlock(u32),
    /// Nowhere: it is too long for a block.
    Alone(Packed),
}

impl Added {
    /// The body as it is to be stored.
    #[must_use]
    pub const fn as_new(&self) -> NewBody<'_> {
        match self {
            Self::InBlock(slot) => NewBody::InBlock(*slot),
            Self::Alone(packed) => NewBody::Alone(packed),
        }
    }
}

/// Bodies packed together.
#[derive(Debug)]
pub struct Block {
    pub(crate) packed: Packed,
    pub(crate) count: usize,
}

impl BlockBuilder {
    /// Adds a body that is written straight into the block, and has it looked at. One that is
    /// too long for a block is packed alone.
    ///
    /// # Errors
    /// What writing it says; nothing is added then.
    pub fn write<E, T>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
        look: impl FnOnce(&[u8]) -> T,
    ) -> Result<(Added, T), E> {
        let begin = self.bytes.len();
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(begin);
            return Err(error);
        }
        let body = self.bytes.get(begin..).unwrap_or_default();
        let seen = look(body);
        let places = (u32::try_from(self.ends.len()), u32::try_from(self.bytes.len()));
        match places {
            (Ok(slot), Ok(end)) if body.len() <= MOST_BODY_BYTES => {
                self.ends.push(end);
                Ok((Added::InBlock(slot), seen))
            }
            _ => {
                let alone = Packed::of(body);
                self.bytes.truncate(begin);
                Ok((Added::Alone(alone), seen))
            }
        }
    }

    /// Whether the block is to be packed now.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES
    }

    /// Packs what was added; `None` where that is nothing.
    #[must_use]
    pub fn pack(&mut self) -> Option<Block> {
        let ends = std::mem::take(&mut self.ends);
        let bytes = std::mem::take(&mut self.bytes);
        let count = u32::try_from(ends.len()).ok().filter(|count| *count > 0)?;
        let mut all = Vec::with_capacity(4 + 4 * ends.len() + bytes.len());
        all.extend_from_slice(&count.to_le_bytes());
        ends.iter().for_each(|end| all.extend_from_slice(&end.to_le_bytes()));
        all.extend_from_slice(&bytes);
        Some(Block { packed: Packed::of(&all), count: ends.len() })
    }
}

impl Block {
    /// The block with these bodies alone. They stay in their places; those between are empty.
    fn with_only(&self, slots: impl Iterator<Item = u32>) -> Result<Packed, StoreError> {
        let all = self.packed.unpack()?;
        let wanted: BTreeSet<u32> = slots.collect();
        let mut fewer = BlockBuilder::default();
        for slot in 0..u32::try_from(self.count).map_err(|_| damaged())? {
            if wanted.contains(&slot) {
                fewer.bytes.extend_from_slice(item(&all, slot).ok_or_else(damaged)?);
            }
            fewer.ends.push(u32::try_from(fewer.bytes.len()).map_err(|_| damaged())?);
        }
        fewer.pack().map(|block| block.packed).ok_or_else(damaged)
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged("a stored block cannot be unpacked".to_owned())
}

/// The bytes of one body within an unpacked block.
fn item(block: &[u8], slot: u32) -> Option<&[u8]> {
    let number = |at: usize| {
        let bytes = block.get(at * 4..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let slot = usize::try_from(slot).ok()?;
    let count = number(0).filter(|count| slot < *count)?;
    let begin = if slot == 0 { 0 } else { number(slot)? };
    let end = number(slot + 1)?;
    block.get((count + 1).checked_mul(4)?..)?.get(begin..end)
}

/// A stored body, still packed: unpacking takes time, and callers do it on threads of their own.
#[derive(Debug, Clone)]
pub struct Body(Inner);

#[derive(Debug, Clone)]
enum Inner {
    Alone(Packed),
    InBlock(Arc<Shared>, u32),
}

#[derive(Debug)]
struct Shared {
    packed: Packed,
    unpacked: OnceLock<Option<Vec<u8>>>,
}

impl Body {
    /// The body.
    ///
    /// # Errors
    /// When the stored bytes are no body.
    pub fn unpack(&self) -> Result<Vec<u8>, StoreError> {
        match &self.0 {
            Inner::Alone(packed) => packed.unpack(),
            Inner::InBlock(shared, slot) => {
                let unpacked = shared.unpacked.get_or_init(|| shared.packed.unpack().ok());
                let bytes = unpacked.as_deref().and_then(|block| item(block, *slot));
                Ok(bytes.ok_or_else(damaged)?.to_vec())
            }
        }
    }
}

/// Where a row says that its body is: a block and a place in it, or its own bytes.
pub(crate) type Place = (Option<i64>, Option<u32>, Option<Vec<u8>>);

/// Blocks that were read last.
#[derive(Debug, Default)]
pub(crate) struct Cache(RefCell<VecDeque<(i64, Arc<Shared>)>>);

impl Cache {
    /// The body at a place; `None` where the row has none.
    pub(crate) fn body(
        &self,
        connection: &Connection,
        place: Place,
    ) -> Result<Option<Body>, StoreError> {
        let (block, slot) = match place {
            (_, _, Some(own)) => return Ok(Some(Body(Inner::Alone(Packed::from_stored(own))))),
            (Some(block), Some(slot), None) => (block, slot),
            (_, _, None) => return Ok(None),
        };
        let mut kept = self.0.borrow_mut();
        if let Some((_, shared)) = kept.iter().find(|(id, _)| *id == block) {
            return Ok(Some(Body(Inner::InBlock(Arc::clone(shared), slot))));
        }
        let mut select = connection.prepare_cached("SELECT body FROM blocks WHERE id = ?1")?;
        let packed: Option<Vec<u8>> =
            select.query_row(params![block], |row| row.get(0)).optional()?;
        let packed = Packed::from_stored(packed.ok_or_else(damaged)?);
        let shared = Arc::new(Shared { packed, unpacked: OnceLock::new() });
        if kept.len() >= MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back((block, Arc::clone(&shared)));
        Ok(Some(Body(Inner::InBlock(shared, slot))))
    }

    /// Forgets all: block numbers of an import that was given up are used again.
    pub(crate) fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

/// The row that a body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Finding(i64),
    Issue(i64),
}

/// What a row keeps of where its body is.
pub(crate) type Placed<'a> = (Option<i64>, Option<u32>, Option<&'a [u8]>);

/// The blocks that one transaction writes and empties.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// The number that the next block gets.
    next: i64,
    /// Rows that name a place in the next block.
    waiting: Vec<(Owner, u32)>,
    /// Bodies that rows no longer name, by block.
    released: HashMap<i64, i64>,
}

impl Blocks {
    pub(crate) fn open(connection: &Connection) -> Result<Self, StoreError> {
        let last: Option<i64> = connection
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'blocks'", [], |r| r.get(0))
            .optional()?;
        Ok(Self {
            next: last.unwrap_or_default() + 1,
            waiting: Vec::new(),
            released: HashMap::new(),
        })
    }

    /// Says what a row is to keep for its body.
    pub(crate) fn place<'a>(&mut self, owner: Owner, body: NewBody<'a>) -> Placed<'a> {
        match body {
            NewBody::InBlock(slot) => {
                self.waiting.push((owner, slot));
                (Some(self.next), Some(slot), None)
            }
            NewBody::Alone(packed) => (None, None, Some(packed.as_stored())),
        }
    }

    /// Notes that a row no longer names its body in a block.
    pub(crate) fn release(&mut self, owner: Owner, block: Option<i64>) {
        let Some(block) = block else { return };
        if block == self.next {
            self.waiting.retain(|(waiting, _)| *waiting != owner);
        } else {
            *self.released.entry(block).or_default() += 1;
        }
    }

    /// Writes the block that rows wait for, without the bodies that none of them names where those
    /// are many.
    pub(crate) fn take(
        &mut self,
        connection: &Connection,
        block: &Block,
    ) -> Result<(), StoreError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let fewer = if waiting.len() * 4 < block.count * 3 {
            Some(block.with_only(waiting.iter().map(|(_, slot)| *slot))?)
        } else {
            None
        };
        let packed = fewer.as_ref().unwrap_or(&block.packed);
        connection
            .prepare_cached("INSERT INTO blocks (id, body) VALUES (?1, ?2)")?
            .execute(params![self.next, packed.as_stored()])?;
        connection
            .prepare_cached("INSERT INTO block_uses (block, bodies) VALUES (?1, ?2)")?
            .execute(params![self.next, i64::try_from(waiting.len()).unwrap_or(i64::MAX)])?;
        self.next += 1;
        // Its memory serves the next block.
        waiting.clear();
        self.waiting = waiting;
        Ok(())
    }

    /// Removes the blocks that no row names any more.
    pub(crate) fn finish(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let mut released: Vec<(i64, i64)> = self.released.drain().collect();
        released.sort_unstable();
        for (block, bodies) in released {
            let left: Option<i64> = connection
                .prepare_cached(
                    "UPDATE block_uses SET bodies = bodies - ?2 WHERE block = ?1 RETURNING bodies",
                )?
                .query_row(params![block, bodies], |row| row.get(0))
                .optional()?;
            if left.is_some_and(|left| left <= 0) {
                connection
                    .prepare_cached("DELETE FROM blocks WHERE id = ?1")?
                    .execute(params![block])?;
                connection
                    .prepare_cached("DELETE FROM block_uses WHERE block = ?1")?
                    .execute(params![block])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_back_from_their_places() {
        let mut builder = BlockBuilder::default();
        assert!(builder.pack().is_none());
        let bodies = ["{}", "", "{\"a\":1}"];
        let mut push = |body: &[u8]| {
            let write = |to: &mut Vec<u8>| -> Result<(), ()> {
                to.extend_from_slice(body);
                Ok(())
            };
            let (added, length) = builder.write(write, <[u8]>::len).unwrap();
            assert_eq!(length, body.len());
            added
        };
        let slots: Vec<_> = bodies
            .iter()
            .map(|body| match push(body.as_bytes()) {
                Added::InBlock(slot) => slot,
                Added::Alone(_) => panic!("{body} is short"),
            })
            .collect();
        assert!(matches!(push(&vec![b' '; MOST_BODY_BYTES + 1]), Added::Alone(_)));
        let refused = builder.write(
            |to| {
                to.push(b'x');
                Err("no")
            },
            |_| (),
        );
        assert_eq!(refused.unwrap_err(), "no");
        let block = builder.pack().unwrap();
        let all = block.packed.unpack().unwrap();
        for (slot, body) in slots.iter().zip(bodies) {
            assert_eq!(item(&all, *slot), Some(body.as_bytes()));
        }
        assert_eq!(item(&all, 3), None);
        let of = |fewer: Packed, slot| item(&fewer.unpack().unwrap(), slot).map(<[u8]>::to_vec);
        for (wanted, left) in [(&[2, 0][..], ["{}", "", "{\"a\":1}"]), (&[0], ["{}", "", ""])] {
            for (slot, body) in slots.iter().zip(left) {
                let fewer = block.with_only(wanted.iter().copied()).unwrap();
                assert_eq!(of(fewer, *slot), Some(body.as_bytes().to_vec()));
            }
        }
    }

    #[test]
    fn lying_blocks_are_damaged() {
        for bytes in [&b""[..], &[255, 255, 255, 255], &[1, 0, 0, 0, 9, 0, 0, 0, b'x']] {
            assert_eq!(item(bytes, 0), None);
        }
    }
}
