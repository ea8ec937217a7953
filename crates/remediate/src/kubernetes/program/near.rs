//! Which members are likely applied together: asked by what they are called or have, so that nobody
//! is compared with everybody.

use std::collections::HashMap;
use std::hash::Hash;

use super::super::judge::together;
use super::Member;

/// Members by a key, and by where they stand.
pub(super) struct Near<'m, K> {
    in_folder: HashMap<(K, &'m str), Vec<usize>>,
    built: HashMap<(K, usize), Vec<usize>>,
    /// Those that have no twin.
    unique: HashMap<K, Vec<usize>>,
}

impl<K> Default for Near<'_, K> {
    fn default() -> Self {
        Self { in_folder: HashMap::new(), built: HashMap::new(), unique: HashMap::new() }
    }
}

impl<'m, K: Copy + Eq + Hash> Near<'m, K> {
    /// Keeps a member under a key.
    pub(super) fn add(&mut self, key: K, (at, one): (usize, &Member<'m>)) {
        self.in_folder.entry((key, one.file.folder())).or_default().push(at);
        for by in &one.built {
            self.built.entry((key, *by)).or_default().push(at);
        }
        if one.unique {
            self.unique.entry(key).or_default().push(at);
        }
    }

    /// The members of a key that are likely applied together with one; some may come twice. What
    /// has a twin elsewhere belongs to what stands in its own folder.
    pub(super) fn of(&self, key: K, one: &Member<'m>, members: &[Member<'m>]) -> Vec<usize> {
        let in_folder = self.in_folder.get(&(key, one.file.folder())).into_iter();
        let built = one.built.iter().filter_map(|by| self.built.get(&(key, *by)));
        let unique = self.unique.get(&key).filter(|_| one.unique).into_iter().flatten();
        let unique = unique
            .filter(|at| members.get(**at).is_some_and(|other| together(one.file, other.file)));
        in_folder.chain(built).flatten().chain(unique).copied().collect()
    }
}
