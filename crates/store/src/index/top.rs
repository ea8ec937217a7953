//! The first rows of many, without sorting all.

use super::answer::Position;

/// Keeps the first rows behind a place.
#[derive(Debug)]
pub(super) struct Top {
    after: Option<Position>,
    /// One more than is asked for, to tell whether there is a next page.
    most: usize,
    kept: Vec<(Position, u32)>,
    /// What stands behind this is not among the first.
    last: Option<Position>,
}

impl Top {
    pub(super) fn new(after: Option<Position>, limit: usize) -> Self {
        Self { after, most: limit.saturating_add(1), kept: Vec::new(), last: None }
    }

    /// Whether rows with that value stand behind all that are kept.
    pub(super) fn is_full_before(&self, value: u32, descending: bool) -> bool {
        self.last.is_some_and(|last| Position::new(value, 0, 0, descending) > last)
    }

    pub(super) fn offer(&mut self, position: Position, row: u32) {
        let behind = self.after.is_none_or(|after| position > after);
        if !behind || self.last.is_some_and(|last| position >= last) {
            return;
        }
        self.kept.push((position, row));
        if self.kept.len() >= self.most.saturating_mul(2).max(64) {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        if self.kept.len() <= self.most {
            return;
        }
        let (_, (last, _), _) = self.kept.select_nth_unstable(self.most);
        self.last = Some(*last);
        self.kept.truncate(self.most);
    }

    /// The rows, and where the next page begins.
    pub(super) fn finish(mut self) -> (Vec<u32>, Option<Position>) {
        self.shorten();
        self.kept.sort_unstable();
        let more = self.kept.len() == self.most;
        if more {
            self.kept.pop();
        }
        let next = self.kept.last().filter(|_| more).map(|(position, _)| *position);
        (self.kept.into_iter().map(|(_, row)| row).collect(), next)
    }
}
