//! Numbers that look random and are the same on every machine.

/// A small generator (xorshift64*): enough for made-up data, the same on every machine.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// One for a seed. Near seeds give far sequences.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// What one of many things is made from: the same in whatever order they are made.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let mixed =
            (seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Self((mixed ^ (mixed >> 29)) | 1)
    }

    /// Words of hexadecimal digits.
    pub(crate) fn words(&mut self, count: u64) -> String {
        (0..count).map(|_| format!("{:08x} ", self.next())).collect()
    }

    /// The next number of 32 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of a list.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(index)
    }

    /// Puts a list into another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            let other = usize::try_from(self.below(end as u64 + 1)).unwrap_or(0);
            list.swap(end, other);
        }
    }
}
