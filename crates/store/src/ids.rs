//! Sets of row numbers.

/// A set of row numbers, one bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdSet {
    words: Vec<u64>,
    len: usize,
}

fn place(id: i64) -> Option<(usize, u64)> {
    let id = usize::try_from(id).ok()?;
    Some((id / 64, 1 << (id % 64)))
}

impl IdSet {
    /// Adds a number. Says whether it is new.
    pub fn insert(&mut self, id: i64) -> bool {
        let Some((word, bit)) = place(id) else { return false };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        self.len += usize::from(new);
        new
    }

    /// Adds numbers.
    pub fn extend(&mut self, ids: impl IntoIterator<Item = i64>) {
        for id in ids {
            self.insert(id);
        }
    }

    /// Takes a number out. Says whether it was there.
    pub fn remove(&mut self, id: i64) -> bool {
        let found = place(id).and_then(|(word, bit)| Some((self.words.get_mut(word)?, bit)));
        let Some((word, bit)) = found.filter(|(word, bit)| **word & bit != 0) else { return false };
        *word &= !bit;
        self.len -= 1;
        true
    }

    /// Whether a number is in it.
    #[must_use]
    pub fn contains(&self, id: i64) -> bool {
        place(id).and_then(|(word, bit)| Some(self.words.get(word)? & bit != 0)).unwrap_or_default()
    }

    /// Adds all numbers of another set.
    pub fn add_all(&mut self, other: &Self) {
        for id in other.iter() {
            self.insert(id);
        }
    }

    /// Whether it has a number in common with another set.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// How many numbers it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its numbers, smallest first.
    pub fn iter(&self) -> impl Iterator<Item = i64> {
        let bits = |(at, word): (i64, &u64)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(at * 64 + i64::from(bit))
            })
        };
        (0_i64..).zip(&self.words).flat_map(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_once_and_in_order() {
        let mut set = IdSet::default();
        let new: Vec<bool> = [700, 1, 63, 64, 700, -1].map(|id| set.insert(id)).into();
        assert_eq!(new, [true, true, true, true, false, false]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 63, 64, 700]);
        assert!(set.remove(63) && !set.remove(63) && !set.contains(63) && set.contains(64));
        assert_eq!(set.len(), 3);
        let mut other = IdSet::default();
        other.insert(2);
        assert!(!other.overlaps(&set));
        other.add_all(&set);
        assert!(other.overlaps(&set) && other.len() == 4);
    }
}
