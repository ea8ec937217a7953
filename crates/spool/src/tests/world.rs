//! A log without threads on the double, and what it must keep.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::lazy::{LazyDisk, Seeded};
use crate::log::Shared;
use crate::queue::{Batch, Waiting};
use crate::read::Reader;
use crate::recover::Recovery;
use crate::spool::assemble;
use crate::writer::Writer;
use crate::{Appended, Limits, Origin, Position, Record, SpoolError};

pub(crate) const DIR: &str = "/log";
pub(crate) const LIMITS: Limits =
    Limits { segment_bytes: 8 * 1024, queue_bytes: 1 << 20, batch_bytes: 1 << 20, recent: 10_000 };

pub(crate) type Told = Vec<Result<Appended, SpoolError>>;

/// An open log whose steps the test takes.
pub(crate) struct World {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: Writer,
    pub(crate) recovery: Recovery,
}

impl World {
    pub(crate) fn open(disk: &LazyDisk) -> Result<Self, SpoolError> {
        let disk = Arc::new(disk.clone());
        let (shared, writer, recovery, _) = assemble(disk, Path::new(DIR), LIMITS)?;
        Ok(Self { shared, writer, recovery })
    }

    /// Writes the records as one batch; what each was told.
    pub(crate) fn commit(&mut self, records: &[Record]) -> Told {
        let told = Arc::new(Mutex::new(vec![None; records.len()]));
        let waiting = records.iter().enumerate().map(|(number, record)| {
            let told = Arc::clone(&told);
            let done = Box::new(move |result| {
                assert!(told.lock().unwrap()[number].replace(result).is_none(), "told twice");
            });
            Waiting { record: record.clone(), done }
        });
        self.writer.commit(Batch { waiting: waiting.collect(), roll: false });
        let told = std::mem::take(&mut *told.lock().unwrap());
        told.into_iter().map(|told| told.expect("not told")).collect()
    }

    /// Begins a new segment.
    pub(crate) fn roll(&mut self) {
        self.writer.commit(Batch { waiting: Vec::new(), roll: true });
    }

    pub(crate) fn read(&self) -> Vec<(Position, Record)> {
        let reader = Reader::new(Arc::clone(&self.shared), Position::START);
        reader.map(Result::unwrap).map(|stored| (stored.position, stored.record)).collect()
    }
}

/// What a log was given and what it said.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    sent: BTreeMap<[u8; 32], Record>,
    /// Acknowledged, or read from the log.
    pub(crate) promised: BTreeMap<Position, Record>,
    /// What was being written when it failed, in its order.
    in_flight: Vec<Vec<[u8; 32]>>,
    /// All before this may have been removed.
    pub(crate) floor: Position,
    broken: bool,
}

impl Ledger {
    /// Commits the records and notes what was promised.
    pub(crate) fn commit(&mut self, world: &mut World, records: &[Record]) {
        for record in records {
            self.sent.insert(*record.hash(), record.clone());
        }
        let told = world.commit(records);
        let mut flight = Vec::new();
        for (record, told) in records.iter().zip(told) {
            match told {
                Ok(Appended { position, known }) => {
                    assert!(known || !self.broken, "written after a failed flush");
                    let first = self.promised.entry(position).or_insert_with(|| record.clone());
                    assert_eq!((known, &*first), (known, record));
                }
                Err(SpoolError::Broken { .. }) => {
                    self.broken = true;
                    flight.push(*record.hash());
                }
                Err(SpoolError::DiskFull | SpoolError::Io { .. }) => assert!(!self.broken),
                Err(other) => panic!("{other}"),
            }
        }
        self.in_flight.push(flight);
    }

    /// Holds a log that was opened again against what was promised.
    pub(crate) fn check(&mut self, world: &World) {
        assert_eq!(world.recovery.damage, []);
        let found = world.read();
        let mut likenesses = BTreeSet::new();
        for (position, record) in &found {
            assert_eq!(self.sent.get(record.hash()), Some(record), "never sent");
            assert!(likenesses.insert(record.likeness()), "{position} is there twice");
        }
        let found: BTreeMap<Position, Record> = found.into_iter().collect();
        for (position, record) in self.promised.range(self.floor..) {
            assert_eq!(found.get(position), Some(record), "{position} was promised");
        }
        let hashes: BTreeSet<&[u8; 32]> = found.values().map(Record::hash).collect();
        for flight in self.in_flight.drain(..) {
            let there = flight.iter().map(|hash| hashes.contains(hash));
            assert!(there.is_sorted_by(|a, b| a >= b), "not the beginning of a batch");
        }
        self.promised.extend(found);
        self.broken = false;
    }
}

/// Some records that nothing else made, most of them small.
pub(crate) fn batch(random: &mut Seeded) -> Vec<Record> {
    let count = random.below(6) + 1;
    (0..count).map(|_| fresh(random)).collect()
}

fn fresh(random: &mut Seeded) -> Record {
    let length = if random.one_in(12) { random.below(20_000) } else { random.below(1500) };
    let mut body = random.next().to_le_bytes().to_vec();
    body.resize(8 + usize::try_from(length).unwrap(), u8::try_from(random.below(256)).unwrap());
    let origin = Origin {
        tenant: format!("tenant-{}", random.below(3)),
        source: "wiz".to_owned(),
        delivery: random.one_in(2).then(|| format!("{:x}", random.next())),
    };
    Record::new(origin, i64::try_from(random.below(1000)).unwrap(), body).unwrap()
}
