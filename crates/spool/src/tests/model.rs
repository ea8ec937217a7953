//! Whatever is done to a log in whatever order, it holds what a plain list would.

use std::sync::Arc;

use proptest::prelude::*;

use super::lazy::{Faults, LazyDisk, Seeded};
use super::world::World;
use crate::read::{Reader, find, get};
use crate::retain::remove_before;
use crate::seal::seal_all;
use crate::{Appended, Origin, Position, Record, SpoolError};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Act {
    /// Records by their numbers; the same number is the same content.
    Append(Vec<u8>),
    /// An append while the machine stops at this operation; then the power is cut.
    AppendAndCut(Vec<u8>, u64, u64),
    /// An append without space, which comes back.
    AppendWhenFull(Vec<u8>),
    Seal,
    Roll,
    /// Everything before the record at this hundredth is to go.
    Remove(usize),
    Close,
    Kill,
    PowerCut(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let numbers = || prop::collection::vec(0..40_u8, 1..7);
    prop_oneof![
        6 => numbers().prop_map(Act::Append),
        2 => (numbers(), 0..6_u64, any::<u64>()).prop_map(|(n, at, seed)| Act::AppendAndCut(n, at, seed)),
        1 => numbers().prop_map(Act::AppendWhenFull),
        1 => Just(Act::Seal),
        1 => Just(Act::Roll),
        1 => (0..100_usize).prop_map(Act::Remove),
        1 => Just(Act::Close),
        1 => Just(Act::Kill),
        1 => any::<u64>().prop_map(Act::PowerCut),
    ]
}

fn record(number: u8) -> Record {
    let origin =
        Origin { tenant: format!("t{}", number % 2), source: "s".to_owned(), delivery: None };
    let body = vec![number; 1 + usize::from(number) * 61 % 2000];
    Record::new(origin, i64::from(number), body).unwrap()
}

/// The log and the list that it should be.
struct Model {
    disk: LazyDisk,
    world: Option<World>,
    list: Vec<(Position, Record)>,
    /// Refused for want of space. The power may go before it is gone from the disk.
    refused: Vec<Record>,
}

impl Model {
    fn world(&mut self) -> &mut World {
        self.world.get_or_insert_with(|| World::open(&self.disk).unwrap())
    }

    /// Puts away the handles without a proper end, and opens again.
    fn reopen(&mut self, disk: LazyDisk) {
        disk.set_faults(Faults::default());
        self.disk = disk;
        self.world = None;
        assert_eq!(self.world().recovery.damage, []);
    }

    fn append(&mut self, numbers: &[u8]) {
        let records: Vec<Record> = numbers.iter().map(|number| record(*number)).collect();
        let told = self.world().commit(&records);
        for (record, told) in records.into_iter().zip(told) {
            self.append_told(record, &told.unwrap());
        }
    }

    /// A record that the list holds is known; one that was removed may be.
    fn append_told(&mut self, record: Record, told: &Appended) {
        let listed = self.list.iter().find(|(_, listed)| *listed == record);
        match listed {
            Some((position, _)) => {
                assert_eq!(*told, Appended { position: *position, known: true });
            }
            None if told.known => {
                let first = self.list.first().map_or(Position::START, |(position, _)| *position);
                assert!(self.list.is_empty() || told.position < first);
            }
            None => {
                let last = self.list.last().map_or(Position::START, |(position, _)| *position);
                assert!(told.position > last);
                self.list.push((told.position, record));
            }
        }
    }

    /// What was being written may be there or not, from its beginning on.
    fn append_and_cut(&mut self, numbers: &[u8], stop_at: u64, seed: u64) {
        let records: Vec<Record> = numbers.iter().map(|number| record(*number)).collect();
        self.world();
        self.disk.set_faults(Faults { stop_at: Some(stop_at), ..Faults::default() });
        let told = self.world().commit(&records);
        for (record, told) in records.iter().zip(&told) {
            match told {
                Ok(appended) => self.append_told(record.clone(), appended),
                Err(error) => assert!(!matches!(error, SpoolError::DiskFull), "{error}"),
            }
        }
        self.power_cut(seed, &records);
    }

    fn power_cut(&mut self, seed: u64, in_flight: &[Record]) {
        let cut = self.disk.after_power_cut(&mut Seeded(seed));
        self.reopen(cut);
        let found = self.world().read();
        let (kept, more) = found.split_at(self.list.len().min(found.len()));
        assert_eq!(kept, self.list);
        let mut asked = in_flight.iter();
        let beginning = more.iter().all(|(_, record)| asked.any(|asked| asked == record));
        let refused =
            |(_, record): &(_, Record)| self.refused.contains(record) || in_flight.contains(record);
        assert!(beginning || more.iter().all(refused));
        self.list = found;
        self.refused.clear();
    }

    fn step(&mut self, act: &Act) {
        match act {
            Act::Append(numbers) => self.append(numbers),
            Act::AppendAndCut(numbers, stop_at, seed) => {
                self.append_and_cut(numbers, *stop_at, *seed);
            }
            Act::AppendWhenFull(numbers) => {
                self.world();
                self.disk.set_faults(Faults { full_write: Some(0), ..Faults::default() });
                let records: Vec<Record> = numbers.iter().map(|number| record(*number)).collect();
                let told = self.world().commit(&records);
                self.disk.set_faults(Faults::default());
                let fine = |told: &Result<Appended, SpoolError>| match told {
                    Ok(appended) => appended.known,
                    Err(error) => matches!(error, SpoolError::DiskFull),
                };
                assert!(told.iter().all(fine));
                self.refused.extend(records);
            }
            Act::Seal => seal_all(&self.world().shared).unwrap(),
            Act::Roll => self.world().roll(),
            Act::Remove(hundredth) => self.remove(*hundredth),
            Act::Close => {
                self.world().writer.mark();
                self.reopen(self.disk.clone());
                assert_eq!(self.world().recovery.torn, None);
            }
            Act::Kill => self.reopen(self.disk.clone()),
            Act::PowerCut(seed) => self.power_cut(*seed, &[]),
        }
    }

    /// Whole segments go, so more may stay than was asked; what stays is the end of the list.
    fn remove(&mut self, hundredth: usize) {
        let at = self.list.len() * hundredth / 100;
        let floor = self.list.get(at).map_or(Position::START, |(position, _)| *position);
        remove_before(&self.world().shared, i64::MAX, floor).unwrap();
        let found = self.world().read();
        assert!(self.list.ends_with(&found));
        assert!(found.len() >= self.list.len() - at);
        self.list = found;
    }

    fn check(&mut self) {
        let list = self.list.clone();
        let shared = Arc::clone(&self.world().shared);
        assert_eq!(self.world().read(), list);
        for (number, (position, record)) in list.iter().enumerate() {
            assert_eq!(get(&shared, *position).unwrap(), *record);
            let mut rest = Reader::new(Arc::clone(&shared), *position).map(Result::unwrap);
            let next = rest.next().unwrap().next;
            let after = Reader::new(Arc::clone(&shared), next).map(Result::unwrap).next();
            let after = after.map(|stored| (stored.position, stored.record));
            assert_eq!(after.as_ref(), list.get(number + 1));
        }
        if let Some((position, record)) = list.first() {
            assert_eq!(find(&shared, record.hash()).unwrap(), Some(*position));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_what_a_list_would_be(acts in prop::collection::vec(act(), 1..25)) {
        let mut model = Model { disk: LazyDisk::default(), world: None, list: Vec::new(), refused: Vec::new() };
        for act in &acts {
            model.step(act);
            model.check();
        }
    }
}
