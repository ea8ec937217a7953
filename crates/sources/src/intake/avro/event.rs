//! Values of an Avro file passed over, and bodies of events written as lines.

use std::io::{self, Read};

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::damaged;
use super::schema::Kind;

/// Items of one value that are passed over.
const MOST_ITEMS: u64 = 1 << 20;
/// Letters of a body that is no JSON which are shown.
const MOST_SHOWN: usize = 200;

/// A number as Avro writes it: seven bits a byte, the lowest first, signs folded in.
pub(super) fn long(of: &mut (impl Read + ?Sized)) -> io::Result<i64> {
    let mut folded: u64 = 0;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        of.read_exact(&mut byte)?;
        let [byte] = byte;
        folded |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        if byte & 0x80 == 0 {
            let magnitude = i64::try_from(folded >> 1).unwrap_or(i64::MAX);
            return Ok(if folded & 1 == 0 { magnitude } else { !magnitude });
        }
    }
    Err(damaged("a number has no end"))
}

/// How many bytes follow.
pub(super) fn length(of: &mut (impl Read + ?Sized)) -> io::Result<u64> {
    u64::try_from(long(of)?).map_err(|_| damaged("a value is shorter than nothing"))
}

/// So many bytes. Memory is taken as they come.
pub(super) fn exactly(of: &mut (impl Read + ?Sized), bytes: u64) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    of.take(bytes).read_to_end(&mut read)?;
    if read.len() as u64 == bytes { Ok(read) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Passes over so many bytes.
pub(super) fn skip_bytes(of: &mut dyn Read, bytes: u64) -> io::Result<()> {
    let passed = io::copy(&mut of.take(bytes), &mut io::sink())?;
    if passed == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Which of several kinds stands there.
pub(super) fn chosen<'k>(of: &mut dyn Read, kinds: &'k [Kind]) -> io::Result<&'k Kind> {
    let number = usize::try_from(long(of)?).ok();
    let kind = number.and_then(|number| kinds.get(number));
    kind.ok_or_else(|| damaged("a value is of no kind that the schema has"))
}

/// Passes over a value. Its schema bounds how deep this goes.
pub(super) fn skip(of: &mut dyn Read, kind: &Kind) -> io::Result<()> {
    let mut left = MOST_ITEMS;
    skip_counted(of, kind, &mut left)
}

fn skip_counted(of: &mut dyn Read, kind: &Kind, left: &mut u64) -> io::Result<()> {
    match kind {
        Kind::Null => Ok(()),
        Kind::Fixed(bytes) => skip_bytes(of, *bytes),
        Kind::Number => long(of).map(drop),
        Kind::Bytes => skip_text(of),
        Kind::Fields(kinds) => kinds.iter().try_for_each(|kind| skip_counted(of, kind, left)),
        Kind::Items(kind) => skip_blocks(of, (kind, false), left),
        Kind::Pairs(kind) => skip_blocks(of, (kind, true), left),
        Kind::OneOf(kinds) => {
            let kind = chosen(of, kinds)?;
            skip_counted(of, kind, left)
        }
    }
}

fn skip_text(of: &mut dyn Read) -> io::Result<()> {
    let bytes = length(of)?;
    skip_bytes(of, bytes)
}

/// Blocks of items, of which the last is empty. A count below nothing has the bytes beside it.
fn skip_blocks(
    of: &mut dyn Read,
    (kind, has_keys): (&Kind, bool),
    left: &mut u64,
) -> io::Result<()> {
    loop {
        let count = long(of)?;
        if count == 0 {
            return Ok(());
        }
        let items = count.unsigned_abs();
        *left = left.checked_sub(items).ok_or_else(|| damaged("a list has too many items"))?;
        if count < 0 {
            skip_text(of)?;
            continue;
        }
        // Else a few bytes could ask for a million turns, again and again.
        if !has_keys && kind.takes_no_byte() {
            continue;
        }
        for _ in 0..items {
            if has_keys {
                skip_text(of)?;
            }
            skip_counted(of, kind, left)?;
        }
    }
}

/// Bodies as lines, of which some part was handed on.
#[derive(Debug, Default)]
pub(super) struct Line {
    bytes: Vec<u8>,
    at: usize,
}

impl Line {
    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.len() == self.at
    }

    /// Hands on as much as there is room for.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.at += count;
        if self.is_empty() {
            self.bytes.clear();
            self.at = 0;
        }
        count
    }

    /// A body: a record, a list of them, or a list of them by the name `records`. Each is a line.
    pub(super) fn add(&mut self, body: &[u8]) {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
        if body.is_empty() {
            return;
        }
        let before = self.bytes.len();
        let mut reader = serde_json::Deserializer::from_slice(body);
        if reader.deserialize_any(Lists(self)).is_ok() && reader.end().is_ok() {
            return;
        }
        self.bytes.truncate(before);
        match serde_json::from_slice::<&RawValue>(body) {
            Ok(whole) => self.push(whole.get()),
            Err(error) => {
                let shown = String::from_utf8_lossy(body);
                let shown: String = shown.chars().take(MOST_SHOWN).collect();
                self.refuse(&format!("a body is no JSON ({error}): {shown}"));
            }
        }
    }

    /// What cannot be taken is a record that nothing reads, so that it is told as a reject.
    pub(super) fn refuse(&mut self, why: &str) {
        let told = serde_json::json!({"eventHubCapture": why});
        self.push(&told.to_string());
    }

    fn push(&mut self, record: &str) {
        // Within JSON a line ends between two values only.
        let lines =
            record.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte });
        self.bytes.extend(lines);
        self.bytes.push(b'\n');
    }
}

/// Takes a body that is a list, or an object with nothing but `records`; refuses any other.
struct Lists<'l>(&'l mut Line);

impl<'de> Visitor<'de> for Lists<'_> {
    type Value = ();

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<&RawValue>()? {
            self.0.push(record.get());
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if map.next_key::<&str>()? != Some("records") {
            return Err(A::Error::custom("is no list"));
        }
        map.next_value_seed(Elements(self.0))?;
        match map.next_key::<&str>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::custom("says more than its records")),
        }
    }
}

/// The elements of a list.
struct Elements<'l>(&'l mut Line);

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, of: D) -> Result<(), D::Error> {
        of.deserialize_seq(Lists(self.0))
    }
}
