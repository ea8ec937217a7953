//! Numbers that look random and are the same on every machine.

/// A small generator: what a run is made of follows from its number alone.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of one run.
    pub(crate) fn of(seed: u64, run: u64) -> Self {
        let mixed = (seed ^ run.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Self((mixed ^ (mixed >> 29)) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }

    /// One of a list.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(from.len()).unwrap_or(1).max(1);
        from.get(usize::try_from(self.next() % count).unwrap_or(0))
    }
}
