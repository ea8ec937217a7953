//! One record as it stands in a segment.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the segment's magic |
//! | 16 | check: keyed hash of the rest of the head, texts included |
//! | 1, 1, 1, 1 | kind, length of tenant, length of source, 1 when there is a delivery id |
//! | 2, 2 | length of the delivery id, zeros |
//! | 4, 4, 4, 4 | own offset, flushed up to, length of the body, zeros |
//! | 8 | received at, in microseconds |
//! | 32 | hash of the body |
//! | … | tenant, source, delivery id, body, zeros up to a multiple of 8 |

use crate::bytes::{Fields, narrow, padded, short, size};
use crate::header::Key;
use crate::limits::BODY_BYTES;
use crate::record::{DELIVERY_BYTES, Origin, Record, SOURCE_BYTES, TENANT_BYTES, likeness};

/// What a head takes without its texts.
pub(crate) const FIXED_BYTES: usize = 88;
/// What a head takes at most.
pub(crate) const HEAD_BYTES: usize = FIXED_BYTES + TENANT_BYTES + SOURCE_BYTES + DELIVERY_BYTES;
/// Where the checked part of the head begins.
const CHECKED: usize = 24;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Record,
    /// Nothing; it says that all before it was flushed.
    Mark,
}

/// The place of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u32,
    /// All before this was on the disk when the frame was written.
    pub(crate) flushed: u32,
}

/// The head of a frame, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    pub(crate) origin: Origin,
    pub(crate) received_at_micros: i64,
    pub(crate) hash: [u8; 32],
    pub(crate) head_bytes: usize,
    pub(crate) body_bytes: usize,
}

impl Head {
    /// Where the next frame begins.
    pub(crate) fn end(&self) -> u32 {
        self.place.offset.saturating_add(narrow(padded(self.head_bytes + self.body_bytes)))
    }

    pub(crate) fn likeness(&self) -> [u8; 16] {
        likeness(&self.origin, &self.hash)
    }
}

/// Writes a record's frame behind what `out` holds.
pub(crate) fn encode(record: &Record, place: Place, key: &Key, out: &mut Vec<u8>) {
    let origin = record.origin();
    let delivery = origin.delivery.as_deref().unwrap_or_default();
    let head = Fixed {
        lengths: [byte(origin.tenant.len()), byte(origin.source.len())],
        kind: 0,
        has_delivery: u8::from(origin.delivery.is_some()),
        delivery: u16::try_from(delivery.len()).unwrap_or(u16::MAX),
        body: narrow(record.body().len()),
        received_at_micros: record.received_at_micros(),
        hash: *record.hash(),
    };
    let texts = [origin.tenant.as_str(), origin.source.as_str(), delivery];
    write(&head, place, key, &texts, out);
    out.extend_from_slice(record.body());
    out.resize(padded(out.len()), 0);
}

/// Writes a frame that only marks what was flushed.
pub(crate) fn encode_mark(offset: u32, key: &Key, out: &mut Vec<u8>) {
    let head = Fixed { kind: 1, ..Fixed::default() };
    write(&head, Place { offset, flushed: offset }, key, &[], out);
}

/// Reads and checks the head of the frame at `offset`; `bytes` may hold more than it.
pub(crate) fn head(bytes: &[u8], offset: u32, key: &Key) -> Option<Head> {
    let mut fields = Fields(bytes);
    if fields.array::<8>()? != key.magic {
        return None;
    }
    let check = fields.array::<16>()?;
    let kind = match fields.u8()? {
        0 => Kind::Record,
        1 => Kind::Mark,
        _ => return None,
    };
    let lengths = [fields.u8()?, fields.u8()?].map(usize::from);
    let has_delivery = fields.u8()? == 1;
    let delivery = usize::from(fields.u16()?);
    fields.u16()?;
    let place = Place { offset: fields.u32()?, flushed: fields.u32()? };
    let body_bytes = size(fields.u32()?);
    fields.u32()?;
    let received_at_micros = fields.i64()?;
    let hash = fields.array::<32>()?;
    let head_bytes = FIXED_BYTES + lengths.iter().sum::<usize>() + delivery;
    let fits = place.offset == offset && place.flushed <= offset && body_bytes <= BODY_BYTES;
    let checked = bytes.get(CHECKED..head_bytes).filter(|_| fits && head_bytes <= HEAD_BYTES)?;
    if short(&blake3::keyed_hash(&key.secret, checked)) != check {
        return None;
    }
    let [tenant, source] = lengths;
    let origin = Origin {
        tenant: fields.text(tenant)?.to_owned(),
        source: fields.text(source)?.to_owned(),
        delivery: Some(fields.text(delivery)?.to_owned()).filter(|_| has_delivery),
    };
    Some(Head { kind, place, origin, received_at_micros, hash, head_bytes, body_bytes })
}

/// The parts of a head that have a fixed length.
#[derive(Default)]
struct Fixed {
    kind: u8,
    lengths: [u8; 2],
    has_delivery: u8,
    delivery: u16,
    body: u32,
    received_at_micros: i64,
    hash: [u8; 32],
}

fn write(head: &Fixed, place: Place, key: &Key, texts: &[&str], out: &mut Vec<u8>) {
    out.extend_from_slice(&key.magic);
    let check_at = out.len();
    out.extend_from_slice(&[0; 16]);
    let checked_at = out.len();
    out.push(head.kind);
    out.extend_from_slice(&head.lengths);
    out.push(head.has_delivery);
    out.extend_from_slice(&head.delivery.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    for number in [place.offset, place.flushed, head.body, 0] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&head.received_at_micros.to_le_bytes());
    out.extend_from_slice(&head.hash);
    texts.iter().for_each(|text| out.extend_from_slice(text.as_bytes()));
    let check = short(&blake3::keyed_hash(&key.secret, out.get(checked_at..).unwrap_or_default()));
    if let Some(place) = out.get_mut(check_at..checked_at) {
        place.copy_from_slice(&check);
    }
}

fn byte(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}
