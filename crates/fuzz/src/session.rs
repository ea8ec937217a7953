//! One target for some time: make an input, check it, keep what is new, shrink what breaks.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Bench, Fault, Pages, Seen, run_all};
use crate::corpus::{is_format, is_text};
use crate::mutate::{Kind, mutate};
use crate::{Random, shrink, skeletons};

/// Inputs that go through the store together.
const RUN_TOGETHER: usize = 40;
/// Seeds kept of one target, made ones included.
const MOST_SEEDS: usize = 4000;

/// Something broken, with the smallest input found that shows it.
#[derive(Debug, Clone)]
pub struct Found {
    /// What is broken.
    pub fault: Fault,
    /// The input, or the inputs where it takes several.
    pub inputs: Vec<Vec<u8>>,
}

/// What a session came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    /// Inputs made and checked.
    pub inputs: u64,
    /// Inputs that also went through the store and the writers.
    pub stored: u64,
    /// Records and rejects in them.
    pub items: u64,
    /// Inputs that brought something new and became seeds.
    pub kept: u64,
}

/// One target being fuzzed.
#[derive(Debug)]
pub struct Session<'b> {
    bench: &'b Bench,
    pages: &'b Pages,
    target: String,
    seeds: Vec<Vec<u8>>,
    others: Vec<Vec<u8>>,
    random: Random,
    traits: BTreeSet<String>,
    waiting: Vec<(Vec<u8>, Seen)>,
    known: BTreeSet<String>,
    /// What it came to so far.
    pub sums: Sums,
}

impl<'b> Session<'b> {
    /// A session for a target with the seeds of all; the same seed number makes the same inputs.
    #[must_use]
    pub fn new(
        (bench, pages): (&'b Bench, &'b Pages),
        target: &str,
        corpus: &BTreeMap<String, Vec<Vec<u8>>>,
        seed: u64,
    ) -> Self {
        let mut seeds = corpus.get(target).cloned().unwrap_or_default();
        seeds.extend(skeletons(target));
        let foreign = corpus.iter().filter(|(name, _)| *name != target);
        // Parts come from the same target more often than not.
        let mut others: Vec<Vec<u8>> = foreign.filter_map(|(_, s)| s.first().cloned()).collect();
        others.extend(seeds.iter().cloned());
        others.extend(seeds.iter().cloned());
        Self {
            bench,
            pages,
            target: target.to_owned(),
            seeds,
            others,
            random: Random::new(seed),
            traits: BTreeSet::new(),
            waiting: Vec::new(),
            known: BTreeSet::new(),
            sums: Sums::default(),
        }
    }

    /// Checks the seeds as they are.
    pub fn replay(&mut self) -> Vec<Found> {
        let seeds = self.seeds.clone();
        seeds.into_iter().filter_map(|seed| self.take(seed)).collect()
    }

    /// Makes and checks one input.
    pub fn step(&mut self) -> Option<Found> {
        let input = self.next_input();
        self.take(input)
    }

    /// Whether enough inputs wait to be sent through the store.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.waiting.len() >= RUN_TOGETHER
    }

    /// The inputs that wait, each with what its reading saw.
    pub fn take_waiting(&mut self) -> Vec<(Vec<u8>, Seen)> {
        std::mem::take(&mut self.waiting)
    }

    fn next_input(&mut self) -> Vec<u8> {
        let code = is_text(&self.target);
        let kind = match (code, self.target.as_str()) {
            (true, _) => Kind::Code,
            (false, "captured") => Kind::Captured,
            (false, _) => Kind::Findings,
        };
        let seed = self.random.pick(&self.seeds).cloned().unwrap_or_default();
        mutate(&seed, &self.others, kind, &mut self.random)
    }

    fn take(&mut self, input: Vec<u8>) -> Option<Found> {
        self.sums.inputs += 1;
        let seen = match self.bench.check(&self.target, &input) {
            Ok(seen) => seen,
            Err(fault) => return self.broken(fault, &input),
        };
        self.sums.items += u64::try_from(seen.items).unwrap_or(u64::MAX);
        let new = seen.traits.iter().any(|one| !self.traits.contains(one));
        if new && self.seeds.len() < MOST_SEEDS {
            self.traits.extend(seen.traits.iter().cloned());
            if self.sums.inputs > u64::try_from(self.seeds.len()).unwrap_or(0) {
                self.sums.kept += 1;
                self.seeds.push(input.clone());
            }
        }
        if is_format(&self.target) {
            self.waiting.push((input, seen));
        }
        None
    }

    /// A fault of which the cause is not known yet, made small.
    fn broken(&mut self, fault: Fault, input: &[u8]) -> Option<Found> {
        let cause = fault.cause();
        if !self.known.insert(cause.clone()) {
            return None;
        }
        let (bench, target) = (self.bench, self.target.clone());
        let mut fails =
            |text: &[u8]| bench.check(&target, text).is_err_and(|other| other.cause() == cause);
        let small = shrink(input, &mut fails);
        Some(Found { fault, inputs: vec![small] })
    }

    /// Sends what waits through the store; a fault is traced to as few inputs as show it.
    pub fn flush(&mut self) -> Option<Found> {
        let mut inputs = self.take_waiting();
        if inputs.is_empty() {
            return None;
        }
        self.sums.stored += u64::try_from(inputs.len()).unwrap_or(0);
        let fault = run_all(self.bench, self.pages, &inputs).err()?;
        let cause = fault.cause();
        if !self.known.insert(cause.clone()) {
            return None;
        }
        let (bench, pages) = (self.bench, self.pages);
        let fails = |inputs: &[(Vec<u8>, Seen)]| {
            run_all(bench, pages, inputs).is_err_and(|other| other.cause() == cause)
        };
        let mut at = 0;
        while at < inputs.len() && inputs.len() > 1 {
            let mut without = inputs.clone();
            without.remove(at);
            if fails(&without) { inputs = without } else { at += 1 }
        }
        let target = self.target.clone();
        if let [only] = inputs.as_mut_slice() {
            let mut alone = |text: &[u8]| {
                bench.check(&target, text).is_ok_and(|seen| fails(&[(text.to_vec(), seen)]))
            };
            only.0 = shrink(&only.0, &mut alone);
        }
        Some(Found { fault, inputs: inputs.into_iter().map(|(text, _)| text).collect() })
    }
}
