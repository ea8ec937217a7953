//! Changes of a text that know nothing of its structure but lines and fields.

use std::io::Write;

use super::words::{SCRAPS, TEXTS};
use crate::Random;

/// Makes a text from a seed.
pub(super) fn mutate(seed: &[u8], others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut text = seed.to_vec();
    for _ in 0..=random.below(4) {
        text = once(text, others, random);
    }
    text
}

fn once(mut text: Vec<u8>, others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let at = random.below(text.len() + 1);
    match random.below(12) {
        0 => text.truncate(at),
        1 => insert(&mut text, at, random.word(SCRAPS).as_bytes()),
        2 => insert(&mut text, at, random.word(TEXTS).as_bytes()),
        3 => {
            let byte = u8::try_from(random.below(256)).unwrap_or(0);
            if let Some(target) = text.get_mut(at) {
                *target = byte;
            }
        }
        4 => {
            let end = (at + random.below(40)).min(text.len());
            text.drain(at..end);
        }
        5 => {
            let end = (at + random.below(2000)).min(text.len());
            let piece: Vec<u8> = text.get(at..end).unwrap_or_default().to_vec();
            let times = [1, 1, 2, 64].get(random.below(4)).copied().unwrap_or(1);
            insert(&mut text, at, &piece.repeat(times));
        }
        6 => {
            let other = random.pick(others).cloned().unwrap_or_default();
            let start = random.below(other.len());
            text.truncate(at);
            text.extend_from_slice(other.get(start..).unwrap_or_default());
        }
        7 | 8 => text = lines(&text, random),
        9 | 10 => text = field(&text, random),
        _ => {
            let (from, to) = *random
                .pick(&[(b',', b';'), (b',', b'\t'), (b'\n', b'\r'), (b'"', b'\''), (b'{', b'[')])
                .unwrap_or(&(b',', b'|'));
            text.iter_mut().filter(|b| **b == from).for_each(|b| *b = to);
        }
    }
    text
}

fn insert(text: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let at = at.min(text.len());
    text.splice(at..at, piece.iter().copied());
}

/// Drops, repeats or swaps a line.
fn lines(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
    let (at, other) = (random.below(lines.len()), random.below(lines.len()));
    if lines.is_empty() {
        return Vec::new();
    }
    match random.below(4) {
        0 => drop(lines.remove(at)),
        1 => lines.swap(at, other),
        2 => {
            let line = lines.get(at).copied().unwrap_or_default();
            for _ in 0..random.below(12) {
                lines.insert(other, line);
            }
        }
        _ => lines.insert(at, b"\n"),
    }
    lines.concat()
}

/// Puts another text between two separators.
fn field(text: &[u8], random: &mut Random) -> Vec<u8> {
    let separates = |b: &u8| matches!(b, b',' | b';' | b'\t' | b'|' | b'\n' | b'=' | b':' | b'"');
    let places: Vec<usize> =
        text.iter().enumerate().filter(|(_, b)| separates(b)).map(|(at, _)| at).collect();
    let number = random.below(places.len());
    let (Some(start), Some(end)) = (places.get(number), places.get(number + 1)) else {
        return text.to_vec();
    };
    let mut made = text.get(..=*start).unwrap_or_default().to_vec();
    if random.once_in(20) {
        made.extend(std::iter::repeat_n(b'x', 100_000));
    } else {
        made.extend_from_slice(random.word(TEXTS).as_bytes());
    }
    made.extend_from_slice(text.get(*end..).unwrap_or_default());
    made
}

/// The schema of Event Hub Capture, or another in which events are found.
const SCHEMAS: [&str; 3] = [
    r#"{"type":"record","name":"EventData","fields":[{"name":"SequenceNumber","type":"long"},{"name":"Properties","type":{"type":"map","values":["long","double","string","bytes"]}},{"name":"Body","type":["null","bytes"]}]}"#,
    r#"{"fields":[{"name":"Body","type":"bytes"},{"name":"Kind","type":{"type":"enum","symbols":["a"]}}]}"#,
    r#"{"fields":[{"name":"Many","type":{"type":"array","items":"null"}},{"name":"Body","type":["null","bytes"]}]}"#,
];

/// A file of Event Hub Capture with a text's lines as its events, now and then damaged. What is
/// such a file already is only damaged.
pub(super) fn captured(text: Vec<u8>, random: &mut Random) -> Vec<u8> {
    if text.starts_with(b"Obj") {
        return once(text, &[], random);
    }
    let which = random.below(SCHEMAS.len());
    let deflated = random.once_in(2);
    let mut file = b"Obj\x01".to_vec();
    number(&mut file, 2);
    for entry in ["avro.schema", SCHEMAS.get(which).copied().unwrap_or_default(), "avro.codec"] {
        sized(&mut file, entry.as_bytes());
    }
    sized(&mut file, if deflated { b"deflate" } else { b"null" });
    number(&mut file, 0);
    file.extend([5; 16]);
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    for lines in lines.chunks(1 + random.below(4)) {
        let mut block = Vec::new();
        lines.iter().for_each(|line| event(&mut block, line, which));
        if deflated {
            let mut encoder =
                flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            let written = encoder.write_all(&block).and_then(|()| encoder.finish());
            block = written.unwrap_or_default();
        }
        number(&mut file, i64::try_from(lines.len()).unwrap_or(0));
        sized(&mut file, &block);
        file.extend([5; 16]);
    }
    if random.once_in(3) { once(file, &[], random) } else { file }
}

fn event(to: &mut Vec<u8>, body: &[u8], which: usize) {
    match which {
        0 => [9, 0, 1].into_iter().for_each(|value| number(to, value)),
        1 => {}
        _ => [3, 0, 1].into_iter().for_each(|value| number(to, value)),
    }
    sized(to, body);
    if which == 1 {
        number(to, 0);
    }
}

fn sized(to: &mut Vec<u8>, bytes: &[u8]) {
    number(to, i64::try_from(bytes.len()).unwrap_or(0));
    to.extend_from_slice(bytes);
}

/// A number as Avro writes it.
fn number(to: &mut Vec<u8>, value: i64) {
    let mut folded = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while folded >= 0x80 {
        to.push(u8::try_from(folded & 0x7f).unwrap_or(0) | 0x80);
        folded >>= 7;
    }
    to.push(u8::try_from(folded).unwrap_or(0));
}

/// Wraps a text in another encoding, or breaks its encoding.
pub(super) fn encode(text: Vec<u8>, random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => [b"\xef\xbb\xbf".as_slice(), &text].concat(),
        1 => utf16(&text, u16::to_le_bytes, b"\xff\xfe"),
        2 => utf16(&text, u16::to_be_bytes, b"\xfe\xff"),
        3 => zipped(&text, random),
        4 => text.into_iter().map(|b| if b == b'a' { 0xe4 } else { b }).collect(),
        _ => text
            .into_iter()
            .flat_map(|b| if b == b'\n' { vec![b'\r', b'\n'] } else { vec![b] })
            .collect(),
    }
}

fn utf16(text: &[u8], to_bytes: fn(u16) -> [u8; 2], mark: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let units = text.encode_utf16().flat_map(to_bytes);
    mark.iter().copied().chain(units).collect()
}

/// Gzip, now and then with its end cut off.
fn zipped(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let written = encoder.write_all(text).and_then(|()| encoder.finish());
    let mut bytes = written.unwrap_or_default();
    if random.once_in(4) {
        bytes.truncate(random.below(bytes.len()));
    }
    bytes
}
