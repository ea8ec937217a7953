//! Changed bytes and lost files: told with their place, and never given out as what was received.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lazy::LazyDisk;
use super::world::{DIR, LIMITS, World};
use crate::read::{Reader, find, get};
use crate::seal::seal_all;
use crate::{Damage, Origin, Position, Record, Spool, SpoolError};

/// Some batches in two segments, then a proper end.
fn log() -> (LazyDisk, Vec<(Position, Record)>) {
    log_on(LazyDisk::default())
}

fn log_on(disk: LazyDisk) -> (LazyDisk, Vec<(Position, Record)>) {
    let mut world = World::open(&disk).unwrap();
    let records: Vec<Record> = (0..14).map(|n| record(n, usize::from(n) * 9)).collect();
    for batch in records.chunks(5) {
        assert!(world.commit(batch).iter().all(Result::is_ok));
        if batch.contains(&records[7]) {
            world.roll();
        }
    }
    world.writer.mark();
    let all = world.read();
    assert_eq!((all.len(), world.shared.log().segments.len()), (14, 2));
    (disk, all)
}

fn record(number: u8, body_bytes: usize) -> Record {
    let delivery = number.is_multiple_of(2).then(|| format!("d{number}"));
    let origin = Origin { tenant: "acme".to_owned(), source: "wiz".to_owned(), delivery };
    Record::new(origin, i64::from(number), vec![number; body_bytes]).unwrap()
}

fn path(name: &str) -> PathBuf {
    Path::new(DIR).join(name)
}

fn seal(disk: &LazyDisk) {
    seal_all(&World::open(disk).unwrap().shared).unwrap();
}

/// What an opened log tells: faults at its opening and while reading.
struct Told {
    damage: Vec<Damage>,
    cut_off: bool,
    read: Vec<(Position, Record)>,
}

fn look(disk: &LazyDisk) -> Told {
    let world = World::open(disk).unwrap();
    let mut told = Told {
        damage: world.recovery.damage.clone(),
        cut_off: world.recovery.torn.is_some(),
        read: Vec::new(),
    };
    for found in Reader::new(Arc::clone(&world.shared), Position::START) {
        match found {
            Ok(stored) => {
                assert_eq!(get(&world.shared, stored.position).unwrap(), stored.record);
                told.read.push((stored.position, stored.record));
            }
            Err(SpoolError::Damaged { damage, .. }) => told.damage.push(damage),
            Err(other) => panic!("{other}"),
        }
    }
    told
}

/// Opens a copy with one file changed. Nothing that was not written is given out, and what is
/// missing is told.
fn changed(disk: &LazyDisk, all: &[(Position, Record)], name: &str, bytes: Vec<u8>) -> Told {
    let copy = disk.copy();
    copy.put(&path(name), bytes);
    let told = look(&copy);
    assert!(told.read.iter().all(|found| all.contains(found)));
    assert!(told.read.len() == all.len() || !told.damage.is_empty());
    told
}

#[test]
fn each_changed_byte_of_a_segment_is_told() {
    let (disk, all) = log();
    for name in ["0000000001.log", "0000000002.log"] {
        let bytes = disk.bytes(&path(name));
        for at in 0..bytes.len() {
            for change in [0x01, 0xFF] {
                let mut bytes = bytes.clone();
                bytes[at] ^= change;
                let told = changed(&disk, &all, name, bytes);
                assert!(told.read.len() + 1 >= all.len(), "{name} {at}: more than one is lost");
                // A change of the last mark looks like an end that was not written whole.
                assert!(!told.damage.is_empty() || told.cut_off, "{name} {at}");
                let there = |damage: &Damage| damage.file == path(name);
                assert!(told.cut_off || told.damage.iter().any(there), "{name} {at}");
            }
        }
    }
}

#[test]
fn a_changed_byte_of_a_sealed_segment_is_told_or_changes_nothing() {
    let (disk, all) = log();
    seal(&disk);
    let name = "0000000001.seal";
    let bytes = disk.bytes(&path(name));
    for at in 0..bytes.len() {
        for change in [0x01, 0xFF] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            let told = changed(&disk, &all, name, bytes);
            // One block holds all of this small segment.
            assert!([all.len(), 4].contains(&told.read.len()), "{at}: {}", told.read.len());
        }
    }
}

#[test]
fn damage_in_one_block_of_a_sealed_segment_leaves_the_others() {
    let disk = LazyDisk::default();
    let mut world = World::open(&disk).unwrap();
    let origin = || Origin { tenant: "t".to_owned(), source: "s".to_owned(), delivery: None };
    let random = |number: u64| {
        let mut body = vec![0; 3000];
        blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut body);
        Record::new(origin(), 1, body).unwrap()
    };
    // One batch may be larger than a segment should be.
    let all: Vec<Record> = (0..400).map(random).collect();
    assert!(world.commit(&all).iter().all(Result::is_ok));
    assert!(world.commit(&[random(1000)]).iter().all(Result::is_ok));
    let all = world.read();
    seal_all(&world.shared).unwrap();
    world.writer.mark();
    let bytes = disk.bytes(&path("0000000001.seal"));
    assert!(bytes.len() > 4 * 256 * 1024);
    for at in (0..bytes.len()).step_by(50_021) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        let told = changed(&disk, &all, "0000000001.seal", bytes);
        // 256 KiB hold some 85 records, and two more reach into them.
        assert!(told.read.len() >= all.len() - 88, "{at}: {}", told.read.len());
        let copy = disk.copy();
        let (position, record) = &all[all.len() - 2];
        let world = World::open(&copy).unwrap();
        assert_eq!(find(&world.shared, record.hash()).unwrap(), Some(*position));
    }
}

#[test]
fn a_cut_segment_is_told_when_another_follows() {
    let (disk, all) = log();
    for sealed in [false, true] {
        let disk = disk.copy();
        let name = if sealed { "0000000001.seal" } else { "0000000001.log" };
        if sealed {
            seal(&disk);
        }
        let bytes = disk.bytes(&path(name));
        // Between two records a cut segment looks whole.
        let between = all.iter().map(|(position, _)| usize::try_from(position.offset()).unwrap());
        for length in (0..bytes.len()).step_by(61).chain(between.filter(|at| *at < bytes.len())) {
            let told = changed(&disk, &all, name, bytes[..length].to_vec());
            assert!(told.damage.iter().any(|damage| damage.file == path(name)), "{length}");
            assert!(told.read.contains(all.last().unwrap()));
            let mut zeros = bytes.clone();
            zeros[length..].fill(0);
            let told = changed(&disk, &all, name, zeros);
            assert!(told.damage.iter().any(|damage| damage.file == path(name)), "{length}");
        }
    }
}

#[test]
fn a_damaged_sealed_form_gives_way_to_the_plain_one() {
    let (disk, all) = log();
    let (plain, name) = (disk.bytes(&path("0000000001.log")), "0000000001.seal");
    seal(&disk);
    disk.put(&path("0000000001.log"), plain);
    let bytes = disk.bytes(&path(name));
    for at in (0..bytes.len()).step_by(37) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0xFF;
        let told = changed(&disk, &all, name, bytes);
        assert_eq!((told.read.len(), &told.damage), (all.len(), &Vec::new()), "{at}");
    }
}

#[test]
fn a_lost_or_exchanged_segment_is_told() {
    let (disk, all) = log();
    // A third segment, so that the second can be missing between two.
    let mut world = World::open(&disk).unwrap();
    world.roll();
    assert!(world.commit(&[record(99, 10)]).iter().all(Result::is_ok));
    world.writer.mark();
    let lost = disk.copy();
    lost.delete(&path("0000000002.log"));
    let told = look(&lost);
    assert_eq!(told.damage[0].file, path("0000000002.log"));
    // It is told at the opening and by the reader.
    assert_eq!((told.damage.len(), told.read.len()), (2, all.len() - 3));
    let (other, _) = log_on(LazyDisk::default().copy());
    for name in ["0000000001.log", "0000000002.log"] {
        let exchanged = disk.copy();
        exchanged.put(&path(name), other.bytes(&path(name)));
        let damage = look(&exchanged).damage;
        assert!(damage.iter().any(|damage| damage.file == path(name)), "{name}");
    }
}

#[test]
fn an_older_copy_of_the_last_segment_ends_before_what_was_seen() {
    let (disk, _) = log();
    let older = disk.bytes(&path("0000000002.log"));
    let mut world = World::open(&disk).unwrap();
    assert!(world.commit(&[record(99, 10)]).iter().all(Result::is_ok));
    let seen = world.shared.log().end;
    disk.put(&path("0000000002.log"), older);
    let spool = Spool::open_on(Arc::new(disk), Path::new(DIR), LIMITS).unwrap();
    assert!(matches!(spool.require(seen), Err(SpoolError::RolledBack { .. })));
    spool.require(spool.durable_end()).unwrap();
}

#[test]
fn a_body_that_looks_like_frames_is_never_read_as_some() {
    let (disk, all) = log();
    let bytes = disk.bytes(&path("0000000001.log"));
    // The sender has seen the whole first segment and sends it as one body.
    let mut world = World::open(&disk).unwrap();
    let forged = Record::new(all[0].1.origin().clone(), 1, bytes.repeat(9)).unwrap();
    let place = world.commit(std::slice::from_ref(&forged))[0].clone().unwrap().position;
    assert!(world.commit(&[all[1].1.clone()])[0].as_ref().unwrap().known);
    world.writer.mark();
    assert_eq!(place.segment(), 3, "{place}");
    // With its head damaged, the search for the next frame goes through the body.
    let mut segment = disk.bytes(&path("0000000003.log"));
    segment[1024 + 30] ^= 1;
    disk.put(&path("0000000003.log"), segment);
    let told = look(&disk);
    assert_eq!(told.read, all);
    assert!(told.damage.iter().any(|damage| damage.offset == 1024));
}
