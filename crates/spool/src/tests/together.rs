//! Many threads at once: appending, reading, sealing and removing.

use std::collections::BTreeMap;
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::{Appended, Limits, Origin, Position, Record, Spool, SpoolError};

fn append(spool: &Spool, record: Record) -> Appended {
    let (sender, told) = mpsc::channel();
    spool.append(record, move |result| sender.send(result).unwrap()).unwrap();
    told.recv().unwrap().unwrap()
}

fn record(number: u64) -> Record {
    let origin = Origin { tenant: "t".to_owned(), source: "s".to_owned(), delivery: None };
    let body = number.to_string().repeat(usize::try_from(number % 100).unwrap() + 1);
    Record::new(origin, i64::try_from(number).unwrap(), body).unwrap()
}

fn open(dir: &std::path::Path) -> Spool {
    Spool::open(dir, Limits { segment_bytes: 8 * 1024, ..Limits::default() }).unwrap()
}

#[test]
fn a_reader_sees_each_record_once_while_segments_are_sealed_and_removed() {
    const THREADS: u64 = 4;
    const EACH: u64 = 300;
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    let told: Mutex<BTreeMap<Position, Record>> = Mutex::default();
    let write = |thread: u64| {
        for number in thread * EACH..(thread + 1) * EACH {
            let record = record(number);
            let place = append(&spool, record.clone()).position;
            assert!(told.lock().unwrap().insert(place, record).is_none());
        }
    };
    let read = || {
        let (mut seen, mut cursor) = (BTreeMap::new(), Position::START);
        while seen.len() < usize::try_from(THREADS * EACH).unwrap() {
            assert!(spool.wait_beyond(cursor, Duration::from_secs(60)));
            for stored in spool.read_from(cursor).take(50).map(Result::unwrap) {
                assert!(stored.position >= cursor);
                cursor = stored.next;
                assert!(seen.insert(stored.position, stored.record).is_none());
            }
            spool.remove_before(i64::MAX, cursor).unwrap();
        }
        seen
    };
    let seen = thread::scope(|scope| {
        (0..THREADS).for_each(|thread| drop(scope.spawn(move || write(thread))));
        scope.spawn(read).join().unwrap()
    });
    assert_eq!(seen, told.into_inner().unwrap());
    assert!(spool.status().first > Position::from_i64(5 << 32));
    spool.close();
    assert_eq!(open(dir.path()).recovery().damage, []);
}

#[test]
fn of_many_equal_records_at_once_one_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    let start = Barrier::new(32);
    let told: Vec<Appended> = thread::scope(|scope| {
        let send = || {
            start.wait();
            append(&spool, record(7))
        };
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(told.iter().filter(|appended| !appended.known).count(), 1);
    assert!(told.iter().all(|appended| appended.position == told[0].position));
    assert_eq!(spool.read_from(Position::START).count(), 1);
}

#[test]
fn a_stopped_log_takes_nothing_and_its_reader_reads_on() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    append(&spool, record(1));
    let reader = spool.read_from(Position::START);
    spool.stop();
    let refused = spool.append(record(2), |_| panic!("it was refused"));
    assert!(matches!(refused, Err(SpoolError::Closed)));
    spool.close();
    // The reader does not keep the folder locked.
    let spool = open(dir.path());
    append(&spool, record(2));
    assert_eq!(reader.map(Result::unwrap).count(), 1);
}
