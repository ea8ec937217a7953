//! Files as Event Hub Capture writes them, whole, damaged and hostile.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;

use super::*;
use crate::intake::{Input, IntakeError};
use crate::testing::normalize_text;

/// The schema that Event Hub Capture writes.
const SCHEMA: &str = r#"{"type":"record","name":"EventData","namespace":"Microsoft.ServiceBus.Messaging","fields":[
    {"name":"SequenceNumber","type":"long"},{"name":"Offset","type":"string"},
    {"name":"EnqueuedTimeUtc","type":"string"},
    {"name":"SystemProperties","type":{"type":"map","values":["long","double","string","bytes"]}},
    {"name":"Properties","type":{"type":"map","values":["long","double","string","bytes","null"]}},
    {"name":"Body","type":["null","bytes"]}]}"#;

fn number(to: &mut Vec<u8>, value: i64) {
    let mut folded = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while folded >= 0x80 {
        to.push(u8::try_from(folded & 0x7f).unwrap() | 0x80);
        folded >>= 7;
    }
    to.push(u8::try_from(folded).unwrap());
}

fn text(to: &mut Vec<u8>, text: &[u8]) {
    number(to, i64::try_from(text.len()).unwrap());
    to.extend(text);
}

fn event_of(body: &[u8]) -> Vec<u8> {
    let mut to = Vec::new();
    number(&mut to, -7);
    text(&mut to, b"4294967296");
    text(&mut to, b"11/21/2026 12:00:00 PM");
    number(&mut to, 2);
    text(&mut to, b"x-opt-sequence-number");
    number(&mut to, 0);
    number(&mut to, 7);
    text(&mut to, b"x-opt-partition-key");
    number(&mut to, 2);
    text(&mut to, b"one");
    number(&mut to, 0);
    // A map of which the bytes are told.
    let mut pairs = Vec::new();
    text(&mut pairs, b"share");
    number(&mut pairs, 1);
    pairs.extend(0.5_f64.to_le_bytes());
    number(&mut to, -1);
    number(&mut to, i64::try_from(pairs.len()).unwrap());
    to.extend(pairs);
    number(&mut to, 0);
    number(&mut to, 1);
    text(&mut to, body);
    to
}

fn begin(codec: Option<&str>, schema: &str) -> Vec<u8> {
    let mut to = MAGIC.to_vec();
    number(&mut to, 1 + i64::from(codec.is_some()));
    text(&mut to, b"avro.schema");
    text(&mut to, schema.as_bytes());
    if let Some(codec) = codec {
        text(&mut to, b"avro.codec");
        text(&mut to, codec.as_bytes());
    }
    number(&mut to, 0);
    to.extend([7; MARK]);
    to
}

fn packed(codec: Option<&str>, block: &[u8]) -> Vec<u8> {
    match codec {
        Some("deflate") => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(block).unwrap();
            encoder.finish().unwrap()
        }
        Some("zstandard") => zstd::encode_all(block, 3).unwrap(),
        _ => block.to_vec(),
    }
}

fn file(codec: Option<&str>, blocks: &[&[&[u8]]]) -> Vec<u8> {
    let mut to = begin(codec, SCHEMA);
    for bodies in blocks {
        let block: Vec<u8> = bodies.iter().flat_map(|body| event_of(body)).collect();
        let block = packed(codec, &block);
        number(&mut to, i64::try_from(bodies.len()).unwrap());
        text(&mut to, &block);
        to.extend([7; MARK]);
    }
    to
}

fn lines(file: Vec<u8>) -> (String, Result<(), String>) {
    let mut input = Input::bytes("capture.avro".to_owned(), file);
    let mut reader = match input.open(&Limits::default()) {
        Ok(reader) => reader,
        Err(error) => return (String::new(), Err(error.to_string())),
    };
    let mut read = Vec::new();
    let end = reader.read_to_end(&mut read).map(drop).map_err(|error| error.to_string());
    (String::from_utf8(read).unwrap(), end)
}

#[test]
fn bodies_are_lines_whatever_packs_them_and_lists_are_taken_apart() {
    let blocks: &[&[&[u8]]] = &[
        &[br#"{"a":1}"#, b"", b"{\n \"b\": \"x\\ny\"\r\n}"],
        &[],
        &[b"[{\"c\":1},\n2]", br#"{"records":[{"d":1},{"e":[1]}]}"#],
        &[br#"{"records":[{"d":1}],"more":true}"#, b"\xef\xbb\xbf[]"],
    ];
    let expected = concat!(
        "{\"a\":1}\n",
        "{  \"b\": \"x\\ny\"  }\n",
        "{\"c\":1}\n2\n{\"d\":1}\n{\"e\":[1]}\n",
        "{\"records\":[{\"d\":1}],\"more\":true}\n"
    );
    for codec in [None, Some("null"), Some("deflate"), Some("zstandard")] {
        assert_eq!(lines(file(codec, blocks)), (expected.to_owned(), Ok(())), "{codec:?}");
    }
}

#[test]
fn a_capture_of_defender_is_read_as_its_events_are() {
    let alert = |id: &str| {
        serde_json::json!({"SystemAlertId": id, "AlertType": "VM_Suspicious", "Severity": "High",
            "AlertDisplayName": "Suspicious process", "Status": "New",
            "StartTimeUtc": "2026-11-20T10:00:00Z", "TimeGeneratedUtc": "2026-11-20T10:01:00Z",
            "AzureResourceId": "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/shop/providers/Microsoft.Compute/virtualMachines/web",
            "ResourceIdentifiers": []})
        .to_string()
    };
    let one = normalize_text(&alert("one"));
    assert!(one.iter().all(Result::is_ok), "{one:?}");
    let both = format!("[{},{}]", alert("two"), alert("three"));
    let (text, end) =
        lines(file(Some("deflate"), &[&[alert("one").as_bytes(), b"no JSON {", both.as_bytes()]]));
    assert_eq!(end, Ok(()));
    let read = normalize_text(&text);
    let taken = read.iter().filter(|record| record.is_ok()).count();
    assert_eq!((taken, read.len()), (3, 4), "{read:?}");
    assert_eq!(read.first(), one.first());
}

#[test]
fn what_is_before_the_damage_counts() {
    let whole = file(None, &[&[br#"{"a":1}"#], &[br#"{"b":2}"#]]);
    let header = begin(None, SCHEMA).len();
    for cut in MAGIC.len()..whole.len() {
        let (text, end) = lines(whole[..cut].to_vec());
        assert!(["", "{\"a\":1}\n", "{\"a\":1}\n{\"b\":2}\n"].contains(&text.as_str()), "{cut}");
        assert!(end.is_err() || cut == header || text.ends_with('\n'), "{cut}");
    }
    // One event of two is told.
    for codec in [None, Some("deflate"), Some("zstandard")] {
        let mut short = begin(codec, SCHEMA);
        number(&mut short, 1);
        let block = [event_of(br#"{"a":1}"#), event_of(br#"{"b":2}"#)].concat();
        text(&mut short, &packed(codec, &block));
        short.extend([7; MARK]);
        let (text, end) = lines(short);
        assert_eq!(text, "{\"a\":1}\n", "{codec:?}");
        assert!(end.unwrap_err().contains("longer than its events"), "{codec:?}");
    }
    let mut marked = whole;
    let last = marked.len() - 1;
    marked[last] = 9;
    let (text, end) = lines(marked);
    assert_eq!(text, "{\"a\":1}\n{\"b\":2}\n");
    assert!(end.unwrap_err().contains("mark"));
}

#[test]
fn other_avro_files_are_refused_with_what_they_lack() {
    let other = r#"{"type":"record","name":"User","fields":[{"name":"name","type":"string"}]}"#;
    for (file, said) in [
        (begin(None, other), "`Body`"),
        (begin(Some("snappy"), SCHEMA), "`snappy`"),
        (MAGIC.to_vec(), "header"),
        ([&MAGIC[..], &[0xff; 40]].concat(), "header"),
        ([&MAGIC[..], &[0xfe, 0xff, 0xff, 0xff, 0x0f]].concat(), "header"),
    ] {
        let (text, end) = lines(file);
        assert_eq!(text, "");
        assert!(end.clone().unwrap_err().contains(said), "{end:?}");
    }
    let mut input = Input::bytes("x".to_owned(), begin(None, other));
    let refused = input.open(&Limits::default()).map(drop).unwrap_err();
    assert!(matches!(refused, IntakeError::Envelope(_)), "{refused:?}");
}

#[test]
fn a_bomb_stops_and_promises_cost_nothing() {
    // A body as long as promised, of which nothing follows.
    let mut promised = begin(None, SCHEMA);
    number(&mut promised, i64::MAX);
    number(&mut promised, i64::MAX);
    let event = event_of(b"{}");
    promised.extend(&event[..event.len() - 3]);
    number(&mut promised, i64::MAX);
    assert!(lines(promised).1.is_err());
    // Gigabytes of a property that is passed over.
    let mut block = event_of(b"{}");
    block.truncate(1);
    let mut long_offset = block;
    number(&mut long_offset, 2 << 30);
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&long_offset).unwrap();
    let zeros = vec![b'0'; 1 << 20];
    (0..200).for_each(|_| encoder.write_all(&zeros).unwrap());
    let packed = encoder.finish().unwrap();
    let mut bomb = begin(Some("deflate"), SCHEMA);
    number(&mut bomb, 1);
    text(&mut bomb, &packed);
    bomb.extend([7; MARK]);
    let (read, end) = lines(bomb);
    assert_eq!(read, "");
    assert!(end.unwrap_err().contains("unpacks to more than"));
    // A list of items that take no byte.
    let schema = r#"{"type":"record","name":"E","fields":[
        {"name":"Many","type":{"type":"array","items":"null"}},{"name":"Body","type":"bytes"}]}"#;
    let mut many = begin(None, schema);
    let mut block = Vec::new();
    number(&mut block, i64::MAX);
    number(&mut many, 1);
    text(&mut many, &block);
    assert!(lines(many).1.unwrap_err().contains("too many items"));
    // As many as may be, ten thousand times over, in some bytes each.
    let mut many = begin(None, schema);
    let mut block = Vec::new();
    for _ in 0..10_000 {
        number(&mut block, 1 << 20);
        number(&mut block, 0);
        text(&mut block, b"1");
    }
    number(&mut many, 10_000);
    text(&mut many, &block);
    many.extend([7; MARK]);
    assert_eq!(lines(many), ("1\n".repeat(10_000), Ok(())));
}

#[test]
fn a_body_that_is_too_long_is_told_and_the_next_is_read() {
    let long = vec![b' '; usize::try_from(MOST_BODY_BYTES).unwrap() + 1];
    let (text, end) = lines(file(Some("zstandard"), &[&[&long, br#"{"a":1}"#]]));
    assert_eq!(end, Ok(()));
    let (told, next) = text.split_once('\n').unwrap();
    assert!(told.contains("eventHubCapture") && told.contains("longer"), "{told}");
    assert_eq!(next, "{\"a\":1}\n");
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        at in 0_usize..2000,
        turned in any::<u8>(),
    ) {
        let mut noise = MAGIC.to_vec();
        noise.extend(&bytes);
        drop(lines(noise));
        let mut known = file(Some("deflate"), &[&[&bytes, br#"{"a":1}"#]]);
        // Without its beginning it is no file of Avro.
        let place = MAGIC.len() + at % (known.len() - MAGIC.len());
        known[place] = turned;
        drop(lines(known));
    }

    #[test]
    fn every_json_body_comes_back(
        bodies in proptest::collection::vec("[a-z0-9 ]{0,40}", 0..12),
        cut in 0_usize..12,
    ) {
        let bodies: Vec<String> =
            bodies.iter().map(|text| serde_json::json!({"text": text}).to_string()).collect();
        let of: Vec<&[u8]> = bodies.iter().map(String::as_bytes).collect();
        let (first, second) = of.split_at(cut.min(of.len()));
        for codec in [None, Some("deflate"), Some("zstandard")] {
            let (text, end) = lines(file(codec, &[first, second]));
            prop_assert_eq!(end, Ok(()));
            prop_assert_eq!(text.lines().collect::<Vec<_>>(), bodies.clone());
        }
    }
}
