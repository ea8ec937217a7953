//! Splitting against serde_json's view, and hostile input.

use std::io::{Cursor, Read, Write};
use std::ops::ControlFlow;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::probe::Layout;
use super::split::{Wanted, split};
use super::*;

/// Gives a few bytes at a time.
struct Drip<R>(R, usize);

impl<R: Read> Read for Drip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = self.1.min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

#[derive(Debug, Default)]
struct Seen {
    records: Vec<(usize, Vec<usize>, u64, Vec<u8>)>,
    rejects: Vec<(u64, String)>,
    broke_off: Option<String>,
}

fn layout(lines: bool) -> Layout {
    if lines { Layout::Lines } else { Layout::Stream }
}

fn split_all(reader: impl Read, patterns: &[&str], lines: bool, limits: &Limits) -> Seen {
    let mut seen = Seen::default();
    let summary = split(
        reader,
        &Wanted { patterns, ..Wanted::default() },
        &layout(lines),
        limits,
        &mut |item| {
            match item {
                Item::Batch(batch) => seen.records.extend(batch.texts()),
                Item::Reject { offset_bytes, reason } => seen.rejects.push((offset_bytes, reason)),
            }
            ControlFlow::Continue(())
        },
    );
    seen.broke_off = summary.broke_off.map(|broke_off| broke_off.why);
    seen
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[\"\\\\{}\\[\\],:]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c\"\\\\]{0,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn records_are_those_that_serde_sees_at_any_chunk_size(
        records in prop::collection::vec(any_value(), 0..6), other in any_value(),
        chunk in 1usize..9, pretty: bool,
    ) {
        let document = json!({"a": other, "Findings": records, "z": other});
        let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
        let text = text.unwrap();
        let seen = split_all(Drip(text.as_bytes(), chunk), &["$.Findings[]"], false, &Limits::default());
        prop_assert_eq!(&seen.broke_off, &None);
        prop_assert_eq!(seen.records.len(), records.len());
        for (index, (record, (_, indices, offset, bytes))) in records.iter().zip(&seen.records).enumerate() {
            prop_assert_eq!(&serde_json::from_slice::<Value>(bytes).unwrap(), record);
            prop_assert_eq!(indices, &vec![index]);
            let start = usize::try_from(*offset).unwrap();
            prop_assert_eq!(&text.as_bytes()[start..start + bytes.len()], bytes.as_slice());
        }
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200), lines: bool) {
        split_all(Cursor::new(&bytes), &["$", "$[]", "$.a[].b[]"], lines, &Limits::default());
        probe::probe(&bytes, false);
    }
}

#[test]
fn a_file_cut_at_any_byte_keeps_what_was_whole_and_says_so() {
    let text = r#"{"Findings":[{"a":"é\"]"},{"b":[1,2]},{"c":null}]}"#;
    let whole = split_all(text.as_bytes(), &["$.Findings[]"], false, &Limits::default());
    assert_eq!(whole.records.len(), 3);
    for end in 1..text.len() {
        let seen = split_all(&text.as_bytes()[..end], &["$.Findings[]"], false, &Limits::default());
        assert_eq!(seen.records, whole.records[..seen.records.len()], "{end}");
        assert!(seen.broke_off.is_some() && seen.rejects.len() == 1, "{end}: {seen:?}");
    }
}

#[test]
fn depth_and_length_are_limited_and_the_rest_goes_on() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = format!("[{deep},{{\"ok\":1}}]");
    let seen = split_all(text.as_bytes(), &["$[]"], false, &Limits::default());
    assert_eq!((seen.records.len(), seen.rejects.len()), (1, 1));
    assert!(seen.rejects[0].1.contains("nested 100000 deep"), "{seen:?}");
    let limits = Limits { record_bytes: 1 << 16, ..Limits::default() };
    let long = std::io::repeat(b'x').take(100 << 20);
    let reader =
        Cursor::new(b"[\"".to_vec()).chain(long).chain(Cursor::new(b"\",{\"ok\":1}]".to_vec()));
    let seen = split_all(reader, &["$[]"], false, &limits);
    assert_eq!((seen.records.len(), seen.rejects.len()), (1, 1));
    assert_eq!(seen.broke_off, None);
}

#[test]
fn a_broken_line_is_one_reject_and_the_others_are_read() {
    let text = "{\"a\":1}\n{\"b\":\n\n{\"c\":3}\n";
    let seen = split_all(text.as_bytes(), &["$"], true, &Limits::default());
    assert_eq!((seen.records.len(), seen.rejects.len()), (2, 1));
    assert_eq!(seen.records[1].2, 15);
    assert_eq!(seen.broke_off, None);
}

/// The rejects of a text of which no record is counted here.
fn rejects_of(text: &str, patterns: &[&str], bare: &[&str]) -> (usize, Vec<String>) {
    let wanted = Wanted { patterns, keys: &[], bare };
    let (mut records, mut rejects) = (0, Vec::new());
    split(text.as_bytes(), &wanted, &layout(false), &Limits::default(), &mut |item| {
        match item {
            Item::Batch(batch) => records += batch.texts().len(),
            Item::Reject { reason, .. } => rejects.push(reason),
        }
        ControlFlow::Continue(())
    });
    (records, rejects)
}

#[test]
fn an_element_without_its_list_of_records_does_not_vanish() {
    let text = r#"[{"detail": {"findings": [1, 2]}}, {"detail": {"findings": []}}, {"detail": {}},
        {"detail": {"findings": null}}, {"detail": {"findings": {"a": 1}}}, 7, {"detail": "x"}]"#;
    let (records, rejects) = rejects_of(text, &["$[].detail.findings[]"], &[]);
    assert_eq!(records, 2);
    let expected = [
        "`$[2]` holds no list of records",
        "`$[4].detail.findings` is no list of records",
        "`$[5]` is no object that holds records",
        "`$[6].detail` is no object that holds records",
    ];
    assert_eq!(rejects, expected);
}

#[test]
fn an_element_may_be_bare_where_the_shape_says_so() {
    let text = r#"{"Results": [{"Target": "a"}, {"Target": "b", "Secrets": [1]}]}"#;
    let patterns = ["$.Results[].Vulnerabilities[]", "$.Results[].Secrets[]"];
    assert_eq!(rejects_of(text, &patterns, &["$.Results[]"]), (1, Vec::new()));
    let reject = "`$.Results[0]` holds no list of records".to_owned();
    assert_eq!(rejects_of(text, &patterns, &[]), (1, vec![reject]));
}

#[test]
fn a_document_of_another_kind_does_not_vanish() {
    for lines in [true, false] {
        let text = "{\"v\":1,\"Findings\":[{},{}]}\n{\"other\":[1]}\n7\n{\"v\":2}\n";
        let wanted = Wanted { patterns: &["$.Findings[]"], keys: &["v"], bare: &[] };
        let (mut records, mut rejects) = (0, Vec::new());
        split(text.as_bytes(), &wanted, &layout(lines), &Limits::default(), &mut |item| {
            match item {
                Item::Batch(batch) => records += batch.texts().len(),
                Item::Reject { offset_bytes, reason } => rejects.push((offset_bytes, reason)),
            }
            ControlFlow::Continue(())
        });
        assert_eq!(records, 2);
        assert_eq!(rejects.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [27, 41], "{lines}");
        assert!(rejects[0].1.contains("lacks `v`"), "{rejects:?}");
    }
}

#[test]
fn an_answer_without_records_is_empty() {
    for text in [&br#"{"data":[]}"#[..], br#"{"status":"ok","data":[],"total_items":0}"#, b"null"] {
        assert!(matches!(detected(text), Ok(Detected::Empty)));
    }
}

fn file(bytes: &[u8]) -> (tempfile::NamedTempFile, Input) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let input = walk(&[file.path().to_owned()]).remove(0).unwrap();
    (file, input)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const PROWLER: &str =
    r#"[{"class_uid":2004,"severity_id":4,"metadata":{"product":{"name":"Prowler"}}}]"#;

fn detected(bytes: &[u8]) -> Result<Detected, IntakeError> {
    let (_file, mut input) = file(bytes);
    detect(&mut input, Formats::BUILT_IN, &Limits::default())
}

#[test]
fn gzip_members_and_marks_are_seen_through() {
    let (head, tail) = PROWLER.split_at(20);
    let two = [gzip(head.as_bytes()), gzip(tail.as_bytes())].concat();
    let marked = [b"\xef\xbb\xbf", PROWLER.as_bytes()].concat();
    let packed = zstd::encode_all(PROWLER.as_bytes(), 3).unwrap();
    for bytes in [PROWLER.as_bytes().to_vec(), gzip(PROWLER.as_bytes()), two, marked, packed] {
        let mut held = Input::bytes("held".to_owned(), bytes.clone());
        let fit = detect(&mut held, Formats::BUILT_IN, &Limits::default());
        assert!(matches!(fit, Ok(Detected::Fits(fit)) if fit.format.id() == "ocsf"));
        assert!(matches!(detected(&bytes), Ok(Detected::Fits(fit)) if fit.format.id() == "ocsf"));
    }
}

#[test]
fn what_is_no_findings_is_named() {
    for (bytes, expected) in [
        (&b"<xml/>"[..], "XML"),
        (b"a,b,c\n1,2,3\n", "no format fits this table (it has `a`, `b`, `c`)"),
        (b"\x00\x01", "no text"),
        (br#"{"class_uid":1}"#, "nearest: OCSF"),
    ] {
        match detected(bytes) {
            Ok(Detected::NoFit(reason)) => assert!(reason.contains(expected), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(detected(b""), Ok(Detected::Empty)));
    assert!(matches!(detected(b" [] "), Ok(Detected::Empty)));
    assert!(matches!(detected(b"\xff\xfe{\x00"), Err(IntakeError::Encoding(_))));
}

#[test]
fn of_a_gzip_that_is_cut_off_the_first_records_are_kept() {
    let one = PROWLER.trim_matches(['[', ']']).trim_end_matches('}');
    let line = |n: u32| format!("{one}}}}},\"n\":{}}}\n", n * n);
    let lines: String = (0..2000).map(line).collect();
    let whole = gzip(lines.as_bytes());
    let (_file, mut input) = file(&whole[..whole.len() * 3 / 4]);
    let limits = Limits::default();
    let Ok(Detected::Fits(fit)) = detect(&mut input, Formats::BUILT_IN, &limits) else {
        panic!("nothing fits")
    };
    assert!(input.content_hash(&limits).is_ok());
    let detection = fit.at("2026-11-01T00:00:00Z".parse().unwrap());
    let mut records = 0;
    let summary = read(&mut input, &detection, &limits, &mut |item| {
        match item {
            Item::Batch(batch) => records += batch.len(),
            Item::Reject { .. } => {}
        }
        ControlFlow::Continue(())
    });
    assert!((100..2000).contains(&records), "{records}");
    assert!(summary.broke_off.is_some());
}

#[test]
fn what_the_system_refuses_says_nothing_of_the_bytes() {
    use std::io::{Error, ErrorKind};
    for (error, by_system) in [
        (Error::from_raw_os_error(5), true),
        (Error::from_raw_os_error(24), true),
        (Error::from(ErrorKind::OutOfMemory), true),
        (Error::other("Allocation error : not enough memory"), true),
        (Error::from_raw_os_error(2), false),
        (Error::from(ErrorKind::UnexpectedEof), false),
        (Error::other("Data corruption detected"), false),
    ] {
        assert_eq!(is_by_system(&error), by_system, "{error}");
    }
    let whole = gzip(b"{}");
    let (_file, mut input) = file(&whole[..whole.len() - 9]);
    let Err(error) = input.content_hash(&Limits::default()) else { return };
    assert!(!error.is_by_system(), "{error}");
}

#[test]
fn a_bomb_is_refused_while_it_unpacks() {
    let blanks = vec![b' '; 80 << 20];
    for bomb in [gzip(&blanks), zstd::encode_all(blanks.as_slice(), 3).unwrap()] {
        let (_file, mut input) = file(&bomb);
        let error = input.content_hash(&Limits::default()).unwrap_err();
        assert!(error.to_string().contains("unpacks to more than"), "{error}");
    }
}

#[test]
fn members_of_a_zip_are_inputs_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for name in ["one.json", "two.json"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(PROWLER.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let mut inputs = walk(&[path]);
    assert_eq!(inputs.len(), 2);
    let input = inputs[1].as_mut().unwrap();
    assert!(input.name().ends_with("a.zip!/two.json"));
    assert!(matches!(detect(input, Formats::BUILT_IN, &Limits::default()), Ok(Detected::Fits(_))));
}

#[cfg(unix)]
#[test]
fn a_loop_of_folders_ends_and_what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), "[]").unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    assert_eq!(walk(&[folder.path().to_owned()]).len(), 1);
    let missing = walk(&[folder.path().join("none")]).remove(0).unwrap_err();
    assert!(missing.reason.starts_with("cannot be read"), "{missing:?}");
}

/// Columns that some source reads beside those that its shapes ask for.
const MORE_COLUMNS: &[&str] = &[
    "STATUS",
    "PROVIDER",
    "TIMESTAMP",
    "REGION",
    "RESOURCE_UID",
    "RESOURCE_TAGS",
    "TITLE_TEXT",
    "Resource original JSON",
    "Resource Tags",
    "Title",
    "Name",
    "AssetID",
    "CVE ID",
    "Repository",
    "Hostname",
    "Labels",
    "Inventory",
    "interface-id",
    "start",
];

proptest! {
    #[test]
    fn no_row_breaks_a_source(cells in proptest::collection::vec("[\\PC]{0,24}|[\\[{\"=:.|a-z0-9 -]{0,40}", 24)) {
        let index = std::sync::OnceLock::new();
        let envelope = |shape| crate::Envelope {
            index: &index,
            document: &Value::Null,
            imported_at: "2026-11-01T00:00:00Z".parse().unwrap(),
            file_name: "x",
            shape,
        };
        let tables = crate::SOURCES.iter().flat_map(|s| s.shapes.iter().map(move |shape| (s, shape)));
        for (source, shape) in tables.filter(|(_, shape)| shape.is_table()) {
            let asked = shape.needs.iter().filter_map(|need| match need {
                crate::Need::Column(name) => Some(*name),
                crate::Need::Has(_) | crate::Need::AnyOf(_) | crate::Need::Array(_)
                | crate::Need::Is(..) | crate::Need::StartsWith(..) | crate::Need::Lacks(_)
                | crate::Need::Around(_)
                | crate::Need::Bare(_) => None,
            });
            let names = asked.chain(MORE_COLUMNS.iter().copied());
            let row = names.zip(&cells).map(|(name, cell)| (name.to_owned(), json!(cell)));
            let text = Value::Object(row.collect()).to_string();
            let raw = crate::RawRecord {
                text: &text, shape, pattern: 0, indices: &[], envelope: envelope(shape),
            };
            let mut output = crate::Output::default();
            let made = (source.normalize)(&raw, &mut output);
            prop_assert!(made.is_err() || !output.records.is_empty());
        }
    }
}

#[test]
fn a_known_hash_stands_for_what_is_read_but_not_for_a_mark() {
    let limits = Limits::default();
    let of = |bytes: &[u8]| Input::bytes("a".to_owned(), bytes.to_vec());
    let hash = |bytes: &[u8]| *blake3::hash(bytes).as_bytes();
    let plain = b"{\"a\": 1}";
    assert_eq!(of(plain).content_hash(&limits).unwrap(), hash(plain));
    assert_eq!(of(b"").with_known_hash(hash(plain)).content_hash(&limits).unwrap(), hash(plain));
    let marked = [b"\xef\xbb\xbf", plain.as_slice()].concat();
    let known = of(&marked).with_known_hash(hash(&marked));
    assert_eq!(known.renamed("b".to_owned()).content_hash(&limits).unwrap(), hash(plain));
}
