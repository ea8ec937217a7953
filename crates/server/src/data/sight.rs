//! What each caller sees: the index with the issues of places alone that they may see.
//!
//! Lists, counts and single items are answered from it, so what somebody does not see is not there
//! for them, whatever they ask. It is made once for all who see the same, and anew when something
//! was written.

use std::sync::{Arc, Mutex};

use quell_access::{Place, Principal, Right};
use quell_pipeline::query::{IncidentCache, LabelBook, LabelSet, QueryError};
use quell_store::{Labels, Snapshot, Spot, Store};

use super::findings::locked;
use crate::access::By;

/// Sights that are kept for the next who asks.
const MOST_KEPT: usize = 16;

/// Whose sight it is, and for what.
type Of = (Vec<Principal>, Right);

/// What callers see.
#[derive(Debug, Default)]
pub(crate) struct Sights {
    /// The last used stands last.
    kept: Mutex<Vec<(Of, Arc<Sight>)>>,
    labels: Mutex<LabelBook>,
}

/// What some callers see.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    snapshot: Mutex<Snapshot>,
    /// The incidents of what they see.
    pub(crate) incidents: IncidentCache,
}

impl Sights {
    /// What somebody sees with a right; `None` where that is all.
    pub(crate) fn of(&self, by: By<'_>, right: Right) -> Option<Arc<Sight>> {
        if by.may_everywhere(right) {
            return None;
        }
        let of = (by.told_apart(), right);
        let mut kept = locked(&self.kept);
        let sight = match kept.iter().position(|(known, _)| *known == of) {
            Some(at) => kept.remove(at).1,
            None => Arc::default(),
        };
        if kept.len() >= MOST_KEPT {
            kept.remove(0);
        }
        kept.push((of, Arc::clone(&sight)));
        Some(sight)
    }

    /// The snapshot of a sight.
    pub(crate) fn snapshot(
        &self,
        (sight, by, right): (&Sight, By<'_>, Right),
        store: &Store,
        whole: &Snapshot,
    ) -> Result<Snapshot, QueryError> {
        let mut held = locked(&sight.snapshot);
        if held.is_limited() && held.is_of(whole) {
            return Ok(held.clone());
        }
        let made = if by.looks_at_labels() {
            let mut book = locked(&self.labels);
            book.refresh(store, whole, &by.named_tags())?;
            let labels = book.labels();
            whole.limited(labels, |spot| by.may_in(right, &place(spot, book.set(spot.label))))
        } else {
            whole.limited(&Labels::default(), |spot| by.may_in(right, &place(spot, None)))
        };
        *held = made.clone();
        Ok(made)
    }
}

fn place(spot: &Spot<'_>, labels: Option<&LabelSet>) -> Place {
    let labels = labels.cloned().unwrap_or_default();
    Place {
        provider: spot.provider.to_owned(),
        account: spot.account.to_owned(),
        region: spot.region.to_owned(),
        kind: spot.kind.to_owned(),
        team: spot.team.to_owned(),
        environments: labels.environments,
        tags: labels.tags,
    }
}
