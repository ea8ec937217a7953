//! Power cuts, torn and lost writes, failed flushes and full disks: what was acknowledged stays.

use std::path::Path;

use super::lazy::{Faults, LazyDisk, Seeded};
use super::world::{DIR, Ledger, World, batch};
use crate::position::Position;
use crate::retain::remove_before;
use crate::seal::seal_all;
use crate::{Origin, Record, SpoolError};

/// One thing that a process does.
fn act(world: &mut World, ledger: &mut Ledger, random: &mut Seeded) {
    match random.below(10) {
        // What cannot be sealed or removed now stays as it is.
        0 => drop(seal_all(&world.shared)),
        1 => {
            let places: Vec<Position> = ledger.promised.keys().copied().collect();
            let one = usize::try_from(random.below(100)).unwrap() * places.len() / 100;
            let floor = places.get(one).copied().unwrap_or_default();
            ledger.floor = ledger.floor.max(floor);
            drop(remove_before(&world.shared, i64::MAX, floor));
        }
        2 => world.writer.mark(),
        _ => ledger.commit(world, &batch(random)),
    }
}

fn faults(random: &mut Seeded) -> Faults {
    let mut at = |one_in, most| {
        let strikes = random.one_in(one_in);
        let when = random.below(most);
        strikes.then_some(when)
    };
    Faults {
        stop_at: at(2, 60),
        failed_flush: at(4, 12),
        full_write: at(3, 12),
        failed_create: at(6, 3),
    }
}

fn scenario(seed: u64) {
    let mut random = Seeded(seed);
    let (mut disk, mut ledger) = (LazyDisk::default(), Ledger::default());
    for _ in 0..4 {
        if random.one_in(3) {
            disk.set_faults(Faults { stop_at: Some(random.below(12)), ..Faults::default() });
        }
        if let Ok(mut world) = World::open(&disk) {
            ledger.check(&world);
            disk.set_faults(faults(&mut random));
            (0..random.below(12)).for_each(|_| act(&mut world, &mut ledger, &mut random));
        }
        disk.set_faults(Faults::default());
        // Else only the process was killed, and the system still has what it wrote.
        if random.one_in(2) {
            disk = disk.after_power_cut(&mut random);
        }
    }
    ledger.check(&World::open(&disk).unwrap());
    ledger.check(&World::open(&disk.after_power_cut(&mut random)).unwrap());
}

#[test]
fn nothing_acknowledged_is_lost_over_many_seeds() {
    for seed in 0..1500 {
        let result = std::panic::catch_unwind(|| scenario(seed));
        assert!(result.is_ok(), "seed {seed}");
    }
}

/// The same work, stopped at each single operation.
#[test]
fn nothing_acknowledged_is_lost_wherever_the_machine_stops() {
    let work = |disk: &LazyDisk, ledger: &mut Ledger| {
        let mut random = Seeded(7);
        for round in 0..3 {
            let Ok(mut world) = World::open(disk) else { return };
            ledger.check(&world);
            for _ in 0..8 {
                ledger.commit(&mut world, &batch(&mut random));
            }
            drop(seal_all(&world.shared));
            let places: Vec<Position> = ledger.promised.keys().copied().collect();
            if let (1, Some(floor)) = (round, places.get(places.len() / 2)) {
                ledger.floor = *floor;
                drop(remove_before(&world.shared, i64::MAX, *floor));
            }
            world.writer.mark();
        }
    };
    let whole = LazyDisk::default();
    work(&whole, &mut Ledger::default());
    let operations = whole.operations();
    assert!(operations > 100, "{operations}");
    for stop_at in 0..operations {
        let (disk, mut ledger) = (LazyDisk::default(), Ledger::default());
        disk.set_faults(Faults { stop_at: Some(stop_at), ..Faults::default() });
        work(&disk, &mut ledger);
        for seed in 0..4 {
            let cut = disk.after_power_cut(&mut Seeded(stop_at * 4 + seed));
            let world = World::open(&cut).unwrap();
            // Each image is one way it may have gone, so none adds to what was promised.
            let mut copy = ledger.clone();
            copy.check(&world);
        }
    }
}

fn records(count: u8, body_bytes: usize) -> Vec<Record> {
    let origin = || Origin { tenant: "t".to_owned(), source: "orca".to_owned(), delivery: None };
    (0..count).map(|n| Record::new(origin(), i64::from(n), vec![n; body_bytes]).unwrap()).collect()
}

#[test]
fn an_end_torn_at_any_sector_is_cut_off() {
    let log = Path::new(DIR).join("0000000001.log");
    let disk = LazyDisk::default();
    let mut world = World::open(&disk).unwrap();
    let (flushed, last) = (records(2, 30_000), records(90, 700));
    assert!(world.commit(&flushed).iter().all(Result::is_ok));
    let flushed_bytes = disk.bytes(&log).len();
    let segment = usize::try_from(LIMIT_OF_SEGMENT).unwrap();
    assert!(flushed_bytes > segment);
    assert!(world.commit(&last).iter().all(Result::is_ok));
    // The second batch went to a segment of its own, behind a header that was flushed.
    let log = Path::new(DIR).join("0000000002.log");
    let whole = disk.bytes(&log);
    assert!(whole.len() > 64 * 1024);
    for sector in (1024..whole.len()).step_by(512) {
        let end = (sector + 512).min(whole.len());
        let mut images = vec![whole[..sector].to_vec(), whole[..sector + 100].to_vec()];
        for fill in [0, 0xA5] {
            let (mut one, mut all) = (whole.clone(), whole.clone());
            one[sector..end].fill(fill);
            all[sector..].fill(fill);
            images.extend([one, all]);
        }
        for image in images {
            let torn = disk.copy();
            torn.put(&log, image);
            let world = World::open(&torn).unwrap();
            assert_eq!(world.recovery.damage, []);
            let end = usize::try_from(world.shared.log().end.offset()).unwrap();
            assert_eq!(torn.bytes(&log).len(), end);
            let found: Vec<Record> = world.read().into_iter().map(|(_, r)| r).collect();
            assert_eq!(found[..2], flushed);
            let kept = found.len() - 2;
            assert_eq!(found[2..], last[..kept]);
            assert!(kept < last.len() && (kept + 1) * 800 + 1024 > sector);
        }
    }
}

const LIMIT_OF_SEGMENT: u32 = super::world::LIMITS.segment_bytes;

#[test]
fn a_failed_flush_stops_the_log_and_is_never_retried() {
    let disk = LazyDisk::default();
    let mut world = World::open(&disk).unwrap();
    let all = records(30, 100);
    assert!(world.commit(&all[..10]).iter().all(Result::is_ok));
    disk.set_faults(Faults { failed_flush: Some(0), ..Faults::default() });
    let broken = |told: &Result<_, SpoolError>| matches!(told, Err(SpoolError::Broken { .. }));
    assert!(world.commit(&all[10..20]).iter().all(broken));
    // The disk would work again, but what it lost is not known.
    assert!(world.commit(&all[10..30]).iter().all(broken));
    assert_eq!(world.read().len(), 10);
    // Duplicates of what is on the disk are still known.
    assert!(world.commit(&all[..10]).iter().all(|told| told.as_ref().unwrap().known));
    // After a start the system shows bytes that it never wrote. What is read then must stay.
    let mut world = World::open(&disk).unwrap();
    let shown = world.read();
    assert_eq!(shown.len(), 20);
    assert!(world.commit(&all[20..]).iter().all(Result::is_ok));
    let cut = World::open(&disk.after_power_cut(&mut Seeded(1))).unwrap();
    assert_eq!(cut.read()[..20], shown);
    assert_eq!(cut.read().len(), 30);
}

#[test]
fn a_full_disk_refuses_and_works_again() {
    let disk = LazyDisk::default();
    let mut world = World::open(&disk).unwrap();
    let all = records(60, 300);
    let log = Path::new(DIR).join("0000000001.log");
    for (number, part) in all.chunks(3).enumerate() {
        let before = world.read().len();
        // Each second time there is no space: for the record, or for a new segment.
        if number % 2 == 1 {
            disk.set_faults(Faults { full_write: Some(0), ..Faults::default() });
            let told = world.commit(part);
            assert!(told.iter().all(|told| matches!(told, Err(SpoolError::DiskFull))));
            assert_eq!(world.read().len(), before);
            if number == 1 {
                let end = usize::try_from(world.shared.log().end.offset()).unwrap();
                assert_eq!(disk.bytes(&log).len(), end);
            }
        }
        let told = world.commit(part);
        assert!(told.iter().all(|told| !told.as_ref().unwrap().known));
    }
    let cut = World::open(&disk.after_power_cut(&mut Seeded(3))).unwrap();
    let found: Vec<Record> = cut.read().into_iter().map(|(_, record)| record).collect();
    assert_eq!((found, &cut.recovery.damage), (all, &Vec::new()));
}

#[test]
fn without_a_new_segment_nothing_is_taken_until_there_is_one() {
    let disk = LazyDisk::default();
    let mut world = World::open(&disk).unwrap();
    let all = records(20, 1000);
    disk.set_faults(Faults { failed_create: Some(0), ..Faults::default() });
    let told = world.commit(&all[..5]);
    assert!(told.iter().all(|told| matches!(told, Err(SpoolError::Io { .. }))));
    assert!(world.commit(&all[..5]).iter().all(Result::is_ok));
    disk.set_faults(Faults { failed_create: Some(0), ..Faults::default() });
    let told = world.commit(&all[5..]);
    assert!(told.iter().all(|told| matches!(told, Err(SpoolError::Io { .. }))));
    assert!(world.commit(&all[5..]).iter().all(Result::is_ok));
    assert_eq!(world.read().len(), 20);
}
