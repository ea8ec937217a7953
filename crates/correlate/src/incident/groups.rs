//! Sets that grow together (union-find), in nearly linear time.

/// Sets of numbers from 0.
#[derive(Debug)]
pub(super) struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    /// As many sets of one number each.
    pub(super) fn new(count: usize) -> Self {
        Self { parents: (0..count).collect() }
    }

    /// The number that stands for the set of `of`: the smallest in it.
    pub(super) fn root(&mut self, of: usize) -> usize {
        let mut at = of;
        while let Some(parent) = self.parents.get(at).copied().filter(|parent| *parent != at) {
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(at) {
                *slot = above;
            }
            at = parent;
        }
        at
    }

    /// Makes two sets one.
    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.parents.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_has_one_root() {
        let mut groups = Groups::new(6);
        for (a, b) in [(4, 5), (0, 4), (2, 3)] {
            groups.join(a, b);
        }
        let roots: Vec<usize> = (0..6).map(|n| groups.root(n)).collect();
        assert_eq!(roots, [0, 1, 2, 2, 0, 0]);
    }
}
