//! Configurations that were resolved already. Each block keeps its own, by what it depends on: a
//! change of a resource leaves the others as they are, any other change asks its modules anew.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Config;

/// How many states of the modules around a block keeps its configuration for.
const MAX_STATES: usize = 4;

/// One state of modules that call each other, as far as others than resources go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u64);

impl State {
    /// One that was not there before.
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a block is as a whole, and each of its instances.
#[derive(Debug, Clone)]
struct Found {
    state: State,
    whole: Option<Arc<Config>>,
    instances: Option<Arc<Vec<Config>>>,
}

/// The configurations of a block, those asked for last first.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Vec<Found>>);

impl Known {
    /// The block as a whole, resolved where that was not done yet.
    pub(super) fn whole(&self, state: State, resolve: impl FnOnce() -> Config) -> Arc<Config> {
        if let Some(known) = self.with(state, |found| found.whole.clone()) {
            return known;
        }
        let made = Arc::new(resolve());
        self.with(state, |found| found.whole = Some(Arc::clone(&made)));
        made
    }

    /// The block's instances, resolved where that was not done yet.
    pub(super) fn instances(
        &self,
        state: State,
        resolve: impl FnOnce() -> Vec<Config>,
    ) -> Arc<Vec<Config>> {
        if let Some(known) = self.with(state, |found| found.instances.clone()) {
            return known;
        }
        let made = Arc::new(resolve());
        self.with(state, |found| found.instances = Some(Arc::clone(&made)));
        made
    }

    fn with<T>(&self, state: State, look: impl FnOnce(&mut Found) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = match all.iter().position(|found| found.state == state) {
            Some(place) => all.remove(place),
            None => Found { state, whole: None, instances: None },
        };
        let told = look(&mut found);
        all.truncate(MAX_STATES - 1);
        all.insert(0, found);
        told
    }
}

/// Groups of folders that are tied to each other.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<String, usize>);

impl Groups {
    /// Groups folders by pairs that belong together.
    pub(super) fn of<'f>(
        folders: impl Iterator<Item = &'f String>,
        ties: &[(String, String)],
    ) -> Self {
        let mut beside: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (one, other) in ties {
            beside.entry(one).or_default().push(other);
            beside.entry(other).or_default().push(one);
        }
        let mut groups = Self::default();
        for folder in folders {
            groups.grow(folder, &beside);
        }
        groups
    }

    /// Puts a folder, and all that are tied to it, into one group.
    fn grow(&mut self, folder: &str, beside: &BTreeMap<&str, Vec<&str>>) {
        let group = self.0.len();
        let mut open = vec![folder];
        while let Some(folder) = open.pop() {
            if !self.0.contains_key(folder) {
                self.0.insert(folder.to_owned(), group);
                open.extend(beside.get(folder).into_iter().flatten());
            }
        }
    }

    /// The group of a folder.
    pub(super) fn get(&self, folder: &str) -> Option<usize> {
        self.0.get(folder).copied()
    }
}
