//! A list that only grows, in chunks that copies share until one of them adds to the last.

use std::sync::Arc;

/// Items of a chunk.
const CHUNK: usize = 4096;

/// A list that only grows; a copy costs little.
#[derive(Debug, Clone)]
pub(super) struct Chunked<T>(Vec<Arc<Vec<T>>>);

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Chunked<T> {
    /// Adds an item, and says its number.
    pub(super) fn push(&mut self, item: T) -> u32 {
        let number = self.len();
        match self.0.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            Some(chunk) => Arc::make_mut(chunk).push(item),
            None => self.0.push(Arc::new(vec![item])),
        }
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len().saturating_sub(1) * CHUNK + self.0.last().map_or(0, |chunk| chunk.len())
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        let number = usize::try_from(number).ok()?;
        self.0.get(number / CHUNK)?.get(number % CHUNK)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(|chunk| chunk.iter())
    }
}
