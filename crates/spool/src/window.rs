//! The newest records, to tell duplicates.

use std::collections::{HashMap, VecDeque};

use crate::position::Position;

/// Remembers a bounded number of records, the newest ones.
#[derive(Debug)]
pub(crate) struct Window {
    places: HashMap<[u8; 16], Position>,
    order: VecDeque<[u8; 16]>,
    most: usize,
}

impl Window {
    pub(crate) fn new(most: usize) -> Self {
        Self { places: HashMap::new(), order: VecDeque::new(), most }
    }

    /// Where the first record of this likeness stands.
    pub(crate) fn get(&self, likeness: &[u8; 16]) -> Option<Position> {
        self.places.get(likeness).copied()
    }

    /// Remembers a record that is on the disk; the oldest is forgotten for it.
    pub(crate) fn insert(&mut self, likeness: [u8; 16], position: Position) {
        if self.most == 0 || self.places.contains_key(&likeness) {
            return;
        }
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
        self.places.insert(likeness, position);
        self.order.push_back(likeness);
    }
}
