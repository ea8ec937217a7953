//! The log on a real file system.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use crate::{Appended, Limits, Origin, Position, Record, Spool, SpoolError};

pub(crate) fn record(number: u64, body: &[u8]) -> Record {
    let origin = Origin {
        tenant: format!("t{}", number % 3),
        source: "falco".to_owned(),
        delivery: number.is_multiple_of(2).then(|| format!("d-{number}")),
    };
    Record::new(origin, i64::try_from(number).unwrap(), body).unwrap()
}

fn body(number: u64) -> Vec<u8> {
    format!("body {number} ").repeat(usize::try_from(number % 50 + 1).unwrap()).into_bytes()
}

fn append(spool: &Spool, record: Record) -> Result<Appended, SpoolError> {
    let (sender, receiver) = mpsc::channel();
    spool.append(record, move |result| sender.send(result).unwrap())?;
    receiver.recv().unwrap()
}

fn open(dir: &Path) -> Spool {
    Spool::open(dir, Limits { segment_bytes: 16 * 1024, ..Limits::default() }).unwrap()
}

fn all(spool: &Spool) -> Vec<Record> {
    spool.read_from(Position::START).map(|stored| stored.unwrap().record).collect()
}

fn sealed_all_but_one(spool: &Spool) {
    // Each look waits a little for a change, so this ends as soon as all is sealed.
    for _ in 0..3000 {
        let status = spool.status();
        if status.sealed + 1 == status.segments {
            return;
        }
        assert!(!spool.wait_beyond(status.end, Duration::from_millis(10)));
    }
    panic!("not sealed: {:?}", spool.status());
}

#[test]
fn records_come_back_in_order_by_position_and_by_hash() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    let records: Vec<Record> = (0..400).map(|n| record(n, &body(n))).collect();
    let places: Vec<_> = records.iter().map(|r| append(&spool, r.clone()).unwrap()).collect();
    assert!(places.iter().all(|place| !place.known));
    assert!(places.is_sorted_by(|a, b| a.position < b.position));
    for _ in 0..3 {
        assert_eq!(all(&spool), records);
        for (record, place) in records.iter().zip(&places) {
            assert_eq!(spool.get(place.position).unwrap(), *record);
            assert_eq!(spool.find(record.hash()).unwrap(), Some(place.position));
        }
        assert_eq!(spool.find(&[0; 32]).unwrap(), None);
        sealed_all_but_one(&spool);
        spool.close();
        spool = open(dir.path());
        assert_eq!((&spool.recovery().damage, &spool.recovery().torn), (&Vec::new(), &None));
    }
    assert!(spool.status().sealed > 5);
}

#[test]
fn reading_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    let mut reader = spool.read_from(Position::START);
    let mut cursor = Position::START;
    for number in 0..100 {
        assert!(reader.next().is_none());
        let record = record(number, &body(number));
        append(&spool, record.clone()).unwrap();
        assert!(spool.wait_beyond(cursor, Duration::from_secs(60)));
        let mut fresh = spool.read_from(cursor).map(Result::unwrap);
        let stored = fresh.next().unwrap();
        assert_eq!(stored.record, record);
        assert_eq!(reader.next().unwrap().unwrap(), stored);
        assert_eq!(Position::from_i64(stored.next.to_i64()), stored.next);
        cursor = stored.next;
    }
    assert_eq!(cursor, spool.durable_end());
    spool.require(cursor).unwrap();
    let beyond = Position::from_i64(cursor.to_i64() + 1);
    assert!(matches!(spool.require(beyond), Err(SpoolError::RolledBack { .. })));
}

#[test]
fn the_same_content_is_written_once_for_a_source() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    let first = append(&spool, record(3, b"same")).unwrap();
    let again = append(&spool, record(6, b"same")).unwrap();
    assert_eq!((first.known, again.known), (false, true));
    assert_eq!(again.position, first.position);
    let other_tenant = append(&spool, record(4, b"same")).unwrap();
    assert!(!other_tenant.known);
    assert!((0..200).all(|n| append(&spool, record(n, &body(n))).is_ok()));
    sealed_all_but_one(&spool);
    spool.close();
    let spool = open(dir.path());
    let later = append(&spool, record(9, b"same")).unwrap();
    assert_eq!(later, Appended { position: first.position, known: true });
}

#[test]
fn the_oldest_are_forgotten_first() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { recent: 2, ..Limits::default() };
    let spool = Spool::open(dir.path(), limits).unwrap();
    let known = |body: &[u8]| append(&spool, record(0, body)).unwrap().known;
    assert_eq!([known(b"a"), known(b"b"), known(b"a"), known(b"c")], [false, false, true, false]);
    assert_eq!([known(b"b"), known(b"a"), known(b"c")], [true, false, true]);
}

#[test]
fn what_is_too_large_is_refused() {
    let record = |tenant: &str, source: &str, delivery: &str, body: usize| {
        let origin = Origin {
            tenant: tenant.to_owned(),
            source: source.to_owned(),
            delivery: Some(delivery.to_owned()),
        };
        Record::new(origin, 0, vec![0; body])
    };
    let most = 8 * 1024 * 1024;
    let (tenant, source, delivery) = ("t".repeat(64), "s".repeat(128), "d".repeat(256));
    let largest = record(&tenant, &source, &delivery, most).unwrap();
    for refused in [
        record("", "s", "d", 0),
        record("t", "", "d", 0),
        record(&"t".repeat(65), "s", "d", 0),
        record("t", &"s".repeat(129), "d", 0),
        record("t", "s", &"d".repeat(257), 0),
        record("t", "s", "d", most + 1),
    ] {
        assert!(matches!(refused, Err(SpoolError::Refused { .. })));
    }
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    let place = append(&spool, largest.clone()).unwrap();
    append(&spool, record("t", "s", "", 0).unwrap()).unwrap();
    sealed_all_but_one(&spool);
    assert_eq!(spool.get(place.position).unwrap(), largest);
    assert_eq!(all(&spool).len(), 2);
}

#[test]
fn a_full_queue_refuses_and_empties_again() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { queue_bytes: 10_000, ..Limits::default() };
    let spool = Spool::open(dir.path(), limits).unwrap();
    let (hold, held) = mpsc::channel::<()>();
    let (sender, told) = mpsc::channel();
    // The first callback keeps the writer, so that what follows waits.
    let first = sender.clone();
    let keep = move |result: Result<Appended, SpoolError>| {
        first.send(result.map(|_| 0)).unwrap();
        held.recv().unwrap();
    };
    spool.append(record(0, b"first"), keep).unwrap();
    assert_eq!(told.recv().unwrap().unwrap(), 0);
    let results: Vec<Result<(), SpoolError>> = (0..20)
        .map(|number| {
            let sender = sender.clone();
            let done = move |result: Result<Appended, _>| sender.send(result.map(|_| 1)).unwrap();
            spool.append(record(number, &[7; 1000]), done)
        })
        .collect();
    let taken = results.iter().filter(|result| result.is_ok()).count();
    let full = |result: &Result<(), SpoolError>| {
        matches!(result, Err(SpoolError::Full { queued_bytes: 8_000..=10_000 }))
    };
    assert!((6..20).contains(&taken) && results[taken..].iter().all(full), "{taken}");
    hold.send(()).unwrap();
    (0..taken).for_each(|_| assert_eq!(told.recv().unwrap().unwrap(), 1));
    append(&spool, record(0, b"room again")).unwrap();
}

#[test]
fn closing_writes_what_waits_and_calls_back() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    let (sender, told) = mpsc::channel();
    for number in 0..500 {
        let sender = sender.clone();
        let done = move |result: Result<Appended, _>| sender.send(result.is_ok()).unwrap();
        spool.append(record(number, &body(number)), done).unwrap();
    }
    drop(sender);
    spool.close();
    assert_eq!(told.iter().filter(|ok| *ok).count(), 500);
    assert_eq!(all(&open(dir.path())).len(), 500);
}

#[test]
fn a_callback_that_panics_or_holds_the_log_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let spool = std::sync::Arc::new(open(dir.path()));
    spool.append(record(0, b"a"), |_| panic!("not the log's")).unwrap();
    append(&spool, record(0, b"b")).unwrap();
    let (sender, told) = mpsc::channel();
    let last = std::sync::Arc::clone(&spool);
    let done = move |result: Result<Appended, _>| {
        sender.send(result.is_ok()).unwrap();
        drop(last);
    };
    spool.append(record(0, b"c"), done).unwrap();
    drop(spool);
    assert!(told.recv().unwrap());
}

#[test]
fn old_segments_go_up_to_the_floor() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    let places: Vec<_> =
        (0..300).map(|n| append(&spool, record(n, &body(n))).unwrap().position).collect();
    assert_eq!(spool.remove_before(i64::MAX, Position::START).unwrap().segments, 0);
    assert_eq!(spool.remove_before(0, spool.durable_end()).unwrap().segments, 0);
    let floor = places[150];
    assert!(spool.remove_before(i64::MAX, floor).unwrap().segments > 1);
    assert!(matches!(spool.get(places[0]), Err(SpoolError::Missing { .. })));
    assert!(spool.get(floor).is_ok());
    let first = spool.read_from(Position::START).next().unwrap().unwrap();
    assert!(first.position <= floor && first.position > places[0]);
    let left = all(&spool).len();
    spool.close();
    let spool = open(dir.path());
    assert_eq!((all(&spool).len(), &spool.recovery().damage), (left, &Vec::new()));
    // The open segment goes too, once a new one is begun.
    let end = spool.durable_end();
    spool.remove_before(i64::MAX, end).unwrap();
    assert!(spool.wait_beyond(end, Duration::from_secs(60)));
    assert_eq!(spool.remove_before(i64::MAX, end).unwrap().segments, 1);
    assert_eq!(all(&spool).len(), 0);
    assert!(append(&spool, record(1, b"new")).unwrap().position > end);
}

#[test]
fn a_newer_format_is_refused_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    append(&spool, record(1, b"one")).unwrap();
    spool.close();
    let path = dir.path().join("0000000001.log");
    let mut bytes = fs::read(&path).unwrap();
    for copy in [0, 512] {
        bytes[copy + 8] = 2;
        let check = blake3::hash(&bytes[copy..copy + 496]);
        bytes[copy + 496..copy + 512].copy_from_slice(&check.as_bytes()[..16]);
    }
    fs::write(&path, &bytes).unwrap();
    let refused = Spool::open(dir.path(), Limits::default());
    assert!(matches!(refused, Err(SpoolError::Newer { version: 2, .. })));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
