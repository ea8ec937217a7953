//! Imports: every way to send a file, and every way to send it wrongly.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use quell_testkit::server::{Answer, Request};

use crate::bench::{Bench, lines, uids, until};

const IMPORTS: &str = "/api/v1/imports";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, body) in files {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(body).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn chunked(body: &[u8], end: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in body.chunks(1000) {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(end);
    out
}

fn created(answer: &Answer) -> u64 {
    let accounting = &answer.json()["result"]["accounting"];
    let of = |name: &str| accounting[name].as_u64().unwrap_or_default();
    let parts = ["created", "updated", "merged", "unchanged", "rejected"];
    assert_eq!(of("records"), parts.iter().map(|part| of(part)).sum::<u64>(), "{accounting}");
    of("created")
}

#[test]
fn an_import_that_waits_is_answered_with_its_accounting_and_one_that_does_not_with_a_job() {
    let bench = Bench::new();
    let waited = bench.post(&format!("{IMPORTS}?wait=true&name=a.json"), lines("a", 7));
    assert_eq!((waited.status, created(&waited)), (200, 7), "{}", waited.text());
    let accepted = bench.post(IMPORTS, lines("b", 5));
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let id = accepted.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(accepted.header("location").unwrap(), format!("/api/v1/jobs/{id}"));
    let job = bench.until_job(&id, "done");
    assert_eq!(job["result"]["accounting"]["created"], 5, "{job}");
    bench.until_found("default", &[uids("a", 7), uids("b", 5)].concat());
}

#[test]
fn a_packed_body_is_read_whether_a_header_says_so_or_not() {
    let bench = Bench::new();
    let wait = format!("{IMPORTS}?wait=true");
    let said = Request::post(&wait, gzip(&lines("said", 3))).with("Content-Encoding", "gzip");
    let said = bench.admin.send(&said).unwrap();
    assert_eq!((said.status, created(&said)), (200, 3), "{}", said.text());
    let unsaid = bench.post(&wait, gzip(&lines("unsaid", 4)));
    assert_eq!((unsaid.status, created(&unsaid)), (200, 4), "{}", unsaid.text());
    let zipped = zip(&[("a.json", &lines("za", 2)), ("deep/b.json", &lines("zb", 3))]);
    let zipped = bench.post(&wait, zipped);
    assert_eq!((zipped.status, created(&zipped)), (200, 5), "{}", zipped.text());
    let body = chunked(&lines("chunks", 6), b"0\r\n\r\n");
    let chunks = Request::post(&wait, body).with("Transfer-Encoding", "chunked");
    let chunks = bench.admin.send(&chunks).unwrap();
    assert_eq!((chunks.status, created(&chunks)), (200, 6), "{}", chunks.text());
}

#[test]
fn what_cannot_be_taken_is_refused_and_leaves_nothing() {
    let bench = Bench::new();
    let send = |request: Request| bench.admin.send(&request).unwrap();
    let large = vec![b'x'; 1_100_000];
    let bomb = gzip(&vec![b' '; 20 << 20]);
    assert!(bomb.len() < 1 << 20);
    let cases: Vec<(&str, Request, u16)> = vec![
        ("empty", Request::post(IMPORTS, ""), 400),
        ("too large", Request::post(IMPORTS, large.clone()), 413),
        (
            "too large in chunks",
            Request::post(IMPORTS, chunked(&large, b"0\r\n\r\n"))
                .with("Transfer-Encoding", "chunked"),
            413,
        ),
        ("a bomb", Request::post(IMPORTS, bomb).with("Content-Encoding", "gzip"), 413),
        ("no gzip", Request::post(IMPORTS, lines("x", 1)).with("Content-Encoding", "gzip"), 400),
        (
            "half a gzip",
            Request::post(IMPORTS, &gzip(&lines("x", 9))[..200]).with("Content-Encoding", "gzip"),
            400,
        ),
        ("brotli", Request::post(IMPORTS, "x").with("Content-Encoding", "br"), 415),
        ("twice packed", Request::post(IMPORTS, "x").with("Content-Encoding", "gzip, gzip"), 415),
        ("an odd format", Request::post(&format!("{IMPORTS}?format=nothing"), "x"), 400),
        ("an odd name", Request::post(&format!("{IMPORTS}?name=%0a"), "x"), 400),
        ("an odd key", Request::post(&format!("{IMPORTS}?tenant=other"), "x"), 400),
    ];
    for (name, request, status) in cases {
        let answer = send(request);
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
    }
    assert_eq!(bench.get("/api/v1/jobs").json()["items"].as_array().unwrap().len(), 0);
    assert!(bench.found("default").is_empty());
}

#[test]
fn a_body_that_breaks_off_or_stands_still_leaves_nothing() {
    let bench = Bench::new();
    let head = |length: &str| {
        let token = bench.admin.token.as_deref().unwrap();
        let host = bench.admin.address;
        format!(
            "POST {IMPORTS} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{length}\r\n\r\n"
        )
    };
    let part = [head("Content-Length: 100000").as_bytes(), &lines("x", 3)].concat();
    let still = bench.admin.raw(&part, Duration::from_secs(20)).unwrap();
    assert_eq!(still.statuses(), [408], "{}", String::from_utf8_lossy(&still.bytes));
    // A short quiet time: the client goes before the server loses patience.
    let gone = bench.admin.raw(&part, Duration::from_millis(50)).unwrap();
    assert!(gone.statuses().is_empty());
    let broken = chunked(&lines("x", 3), b"zz\r\n");
    let broken = [head("Transfer-Encoding: chunked").as_bytes(), &broken].concat();
    let broken = bench.admin.raw(&broken, Duration::from_secs(20)).unwrap();
    assert_eq!(broken.statuses(), [400], "{}", String::from_utf8_lossy(&broken.bytes));
    assert_eq!(bench.get("/api/v1/jobs").json()["items"].as_array().unwrap().len(), 0);
    until("nothing of it is left", || files(&bench.data().join("raw")) == 0);
    assert!(bench.found("default").is_empty());
}

/// How many files lie below a folder.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[test]
fn a_file_of_another_format_becomes_a_dead_job_with_the_reason() {
    let bench = Bench::new();
    let answer = bench.post(&format!("{IMPORTS}?wait=true"), "no findings at all\n");
    let job = answer.json();
    assert_eq!((answer.status, job["state"].as_str()), (200, Some("dead")), "{job}");
    assert!(!job["reason"].as_str().unwrap().is_empty());
    let said = bench.post(&format!("{IMPORTS}?wait=true&format=trivy"), lines("x", 2));
    assert_eq!(said.json()["state"], "dead", "{}", said.text());
}

#[test]
fn the_same_key_and_body_are_imported_once_and_another_body_is_refused() {
    let bench = Bench::new();
    let send = |body: Vec<u8>| {
        let request = Request::post(IMPORTS, body).with("Idempotency-Key", "a-key");
        bench.admin.send(&request).unwrap()
    };
    let first = send(lines("a", 3));
    let again = send(lines("a", 3));
    assert_eq!(first.json()["id"], again.json()["id"]);
    let other = send(lines("b", 3));
    assert_eq!(other.status, 422, "{}", other.text());
    bench.until_job(first.json()["id"].as_str().unwrap(), "done");
    bench.until_found("default", &uids("a", 3));
    assert_eq!(bench.get("/api/v1/jobs").json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_key_is_1_to_255_bytes() {
    let bench = Bench::new();
    for (length, status) in [(0, 400), (1, 202), (255, 202), (256, 400)] {
        let key = "k".repeat(length);
        let request = Request::post(IMPORTS, lines("keyed", 1)).with("Idempotency-Key", &key);
        let answer = bench.admin.send(&request).unwrap();
        assert_eq!(answer.status, status, "{length}: {}", answer.text());
    }
}
