//! A snapshot in which the issues that exceptions hide are suppressed, as those are that a tool
//! hides: every list, count and facet then agrees.

use std::sync::Arc;

use quell_model::Status;

use super::Snapshot;
use super::columns::IssuePage;
use crate::Suppression;
use crate::brief::status_number;

impl Snapshot {
    /// The same with hidden issues suppressed. Pages without any are shared.
    #[must_use]
    pub fn hiding(&self, suppression: &Suppression) -> Self {
        let mut hidden = suppression.slots().peekable();
        if hidden.peek().is_none() {
            return self.clone();
        }
        let mut inner = self.0.copy();
        inner.hidden = suppression.mark();
        for (page, hits) in hidden {
            let at = usize::try_from(page).unwrap_or(usize::MAX);
            if let Some(page) = inner.issues.get_mut(at) {
                suppress(Arc::make_mut(page), hits.iter().map(|(slot, _)| *slot));
            }
        }
        Self(Arc::new(inner))
    }
}

fn suppress(page: &mut IssuePage, slots: impl Iterator<Item = u32>) {
    let suppressed = status_number(Status::Suppressed);
    for slot in slots.filter_map(|slot| usize::try_from(slot).ok()) {
        if let Some(state) = page.state.get_mut(slot).filter(|state| **state & 7 != 0) {
            *state = *state & !7 | suppressed;
        }
    }
}
