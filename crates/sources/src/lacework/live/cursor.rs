//! Where a reading goes on: windows that are still to be searched, and pages of the present one.

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::live::LiveError;

/// The longest window that the vendor searches.
const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Nothing older is kept by the vendor.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Windows are not made shorter than this, however many rows they have.
const SHORTEST: SignedDuration = SignedDuration::from_mins(10);

/// A place in a reading.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Searches to come; the first is the present one.
    pub(super) todo: Vec<Leg>,
    /// The next page of the present one, as a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// Alerts whose scopes are still to be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) queue: Vec<Queued>,
    /// Alerts of the last page. That it is asked for what follows tells that they are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) done: Vec<Queued>,
}

/// One search: a part of the stream (a cloud, a query) within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leg {
    pub(super) part: usize,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// An alert, and a hash of what its list says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Queued(pub(super) u64, pub(super) u64);

impl Cursor {
    /// The windows from `start` to `end` for each part, oldest first.
    pub(super) fn new(parts: usize, start: Timestamp, end: Timestamp) -> Self {
        let oldest = end.checked_sub(KEPT).unwrap_or(end);
        let mut todo = Vec::new();
        for part in 0..parts {
            let mut from = start.max(oldest);
            while from < end {
                let until = from.checked_add(WINDOW).map_or(end, |until| until.min(end));
                todo.push(Leg { part, start: from, end: until });
                from = until;
            }
        }
        Self { todo, ..Self::default() }
    }

    pub(super) fn read(value: &Value) -> Result<Self, LiveError> {
        Self::deserialize(value).map_err(|error| LiveError::Cursor(error.to_string()))
    }

    /// As a value, unless the reading is at its end.
    pub(super) fn write(&self) -> Result<Option<Value>, LiveError> {
        let ended = self.todo.is_empty()
            && self.next.is_none()
            && self.queue.is_empty()
            && self.done.is_empty();
        if ended {
            return Ok(None);
        }
        let value = serde_json::to_value(self);
        value.map(Some).map_err(|error| LiveError::Cursor(error.to_string()))
    }

    /// Goes on behind a page: to the next one, or to the next search.
    pub(super) fn go_on(&mut self, next: Option<String>) {
        self.next = next;
        if self.next.is_none() && !self.todo.is_empty() {
            self.todo.remove(0);
        }
    }

    /// Goes on behind all searches of the present part.
    pub(super) fn skip_part(&mut self) {
        if let Some(part) = self.todo.first().map(|leg| leg.part) {
            self.todo.retain(|leg| leg.part != part);
        }
        self.next = None;
    }

    /// Makes two searches of the present one, where it can be shorter.
    pub(super) fn split(&mut self) -> bool {
        let Some(leg) = self.todo.first().copied() else { return false };
        let half = leg.end.duration_since(leg.start) / 2;
        let Some(middle) = leg.start.checked_add(half).ok().filter(|_| half >= SHORTEST) else {
            return false;
        };
        self.todo.splice(0..1, [Leg { end: middle, ..leg }, Leg { start: middle, ..leg }]);
        true
    }
}

/// A moment as the vendor wants it.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn windows_touch_and_none_is_longer_than_seven_days() {
        let (start, end) = (at("2026-09-01T05:06:07Z"), at("2026-11-21T00:00:00Z"));
        let cursor = Cursor::new(2, start, end);
        let first: Vec<&Leg> = cursor.todo.iter().filter(|leg| leg.part == 0).collect();
        assert_eq!((first[0].start, first.last().unwrap().end), (start, end));
        assert!(first.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(first.iter().all(|leg| leg.end.duration_since(leg.start) <= WINDOW));
        assert_eq!(cursor.todo.len(), 2 * first.len());
    }

    #[test]
    fn nothing_is_asked_from_before_the_vendor_keeps_it() {
        let end = at("2026-11-21T00:00:00Z");
        let cursor = Cursor::new(1, at("2001-01-01T00:00:00Z"), end);
        assert_eq!(cursor.todo.len(), 13, "90 days are 13 windows");
        assert!(Cursor::new(1, end, end).todo.is_empty());
    }

    #[test]
    fn a_window_with_too_many_rows_becomes_two() {
        let (start, end) = (at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"));
        let mut cursor = Cursor::new(1, start, end);
        assert!(cursor.split());
        assert_eq!(cursor.todo.len(), 2);
        assert_eq!(cursor.todo[0].end, cursor.todo[1].start);
        while cursor.split() {}
        assert!(cursor.todo[0].end.duration_since(cursor.todo[0].start) >= SHORTEST);
    }
}
