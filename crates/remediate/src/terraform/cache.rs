//! Configurations that were resolved already. Modules that call each other share one cache, so
//! that a change of a file forgets only what it can reach.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Config;

/// A file's place in the repository and a block's place in its text.
type Key = (usize, usize);

/// What a block is as a whole, and each of its instances.
#[derive(Debug, Clone, Default)]
struct Known {
    whole: Option<Arc<Config>>,
    instances: Option<Arc<Vec<Config>>>,
}

/// Configurations of the blocks of modules that call each other.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<BTreeMap<Key, Known>>);

impl Cache {
    /// The block as a whole, resolved where that was not done yet.
    pub(super) fn whole(&self, key: Key, resolve: impl FnOnce() -> Config) -> Arc<Config> {
        if let Some(known) = self.known(key).whole {
            return known;
        }
        let made = Arc::new(resolve());
        self.put(key, |known| known.whole = Some(Arc::clone(&made)));
        made
    }

    /// The block's instances, resolved where that was not done yet.
    pub(super) fn instances(
        &self,
        key: Key,
        resolve: impl FnOnce() -> Vec<Config>,
    ) -> Arc<Vec<Config>> {
        if let Some(known) = self.known(key).instances {
            return known;
        }
        let made = Arc::new(resolve());
        self.put(key, |known| known.instances = Some(Arc::clone(&made)));
        made
    }

    fn known(&self, key: Key) -> Known {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key).cloned().unwrap_or_default()
    }

    fn put(&self, key: Key, change: impl FnOnce(&mut Known)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(known.entry(key).or_default());
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
