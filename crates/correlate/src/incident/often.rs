//! What more than one detection has: everything else need not be put together.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// Things by their hashes, with the detection that has each; none where several have it.
#[derive(Debug, Default)]
pub(super) struct Often {
    hasher: RandomState,
    seen: HashMap<u64, Option<usize>>,
}

impl Often {
    /// A detection has this.
    pub(super) fn count(&mut self, what: &impl Hash, detection: usize) {
        let by = self.seen.entry(self.hasher.hash_one(what)).or_insert(Some(detection));
        if *by != Some(detection) {
            *by = None;
        }
    }

    /// Whether several detections have it, or something with the same hash.
    pub(super) fn holds(&self, what: &impl Hash) -> bool {
        matches!(self.seen.get(&self.hasher.hash_one(what)), Some(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_detection_has_twice_is_not_often() {
        let mut often = Often::default();
        for (what, detection) in [("a", 1), ("a", 1), ("b", 1), ("b", 2), ("b", 1)] {
            often.count(&what, detection);
        }
        assert!(often.holds(&"b") && !often.holds(&"a") && !often.holds(&"c"));
    }
}
