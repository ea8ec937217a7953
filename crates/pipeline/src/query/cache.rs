//! The incidents of a store, made once for all who ask.
//!
//! They are kept until the store changes, and then follow it: made by one reader while the others
//! wait, or look at what was kept before.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use quell_model::{Date, Incident, IncidentKey, IssueKey, Timestamp};
use quell_store::{Snapshot, Store};

use super::parameters::keys_that_begin;
use super::{QueryError, View};
use crate::follow::{Following, One, Surroundings};
use crate::govern::{Happened, Standing, TimesChange, follow};
use crate::incidents::{join, judgement, reset, split};
use crate::marks::day_of;
use crate::priority::Around;
use crate::report::Open;
use crate::{Marking, PipelineError, Setup, intel};

/// Incidents, kept until the store changes. One for each store, shared by all its readers.
#[derive(Debug, Default)]
pub struct IncidentCache {
    kept: Mutex<Option<Arc<Kept>>>,
    /// What they are made from, with whoever makes them.
    making: Mutex<Option<Box<Following>>>,
}

/// Of which state of the store incidents were made, and on which day: what is late, and how old
/// things are, is another answer tomorrow.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    changes: i64,
    day: Date,
    /// What exceptions hide.
    hidden: u64,
    /// The state of the index that says what is shown; 0 where all is.
    shown: i64,
}

/// The incidents of one state of the store.
#[derive(Debug)]
pub(crate) struct Kept {
    stamp: Stamp,
    /// In the order of their keys.
    pub(crate) all: Arc<Vec<Arc<One>>>,
    surroundings: Surroundings,
}

impl IncidentCache {
    /// Makes the incidents of what the store says now, unless they are made already. A server
    /// calls this after an import, so that no reader waits.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn make(&self, view: &View<'_>) -> Result<(), QueryError> {
        self.get(view)?;
        Ok(())
    }

    /// What is to be written of the times of incidents; `None` where another reader makes them
    /// just now.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn times(
        &self,
        view: &View<'_>,
        happened: &Happened,
    ) -> Result<Option<TimesChange>, QueryError> {
        let (kept, true) = self.get(view)? else { return Ok(None) };
        let all = kept.all.iter().map(|one| Standing {
            key: one.incident.key,
            severity: one.incident.severity,
            issues: &one.incident.issues,
            rows: Cow::Borrowed(&one.rows),
        });
        let standing: Vec<Standing<'_>> = all.collect();
        Ok(Some(follow(view.store, &standing, happened, view.now)?))
    }

    fn kept(&self) -> Option<Arc<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The incidents of what a view shows, and whether they are of what the store says now. Views
    /// that do not show the same have a cache each.
    pub(crate) fn get(&self, view: &View<'_>) -> Result<(Arc<Kept>, bool), PipelineError> {
        let shown = Some(view.index).filter(|index| index.is_limited());
        self.of(view.store, (view.setup, view.now), shown)
    }

    /// The rows of an incident's issues; `None` where there is no such incident.
    pub(super) fn rows(
        &self,
        view: &View<'_>,
        id: &str,
    ) -> Result<Option<Vec<i64>>, PipelineError> {
        let (kept, _) = self.get(view)?;
        Ok(kept.find(id).map(|one| one.rows.iter().copied().map(i64::from).collect()))
    }

    fn of(
        &self,
        store: &Store,
        (setup, now): (&Setup, Timestamp),
        shown: Option<&Snapshot>,
    ) -> Result<(Arc<Kept>, bool), PipelineError> {
        let is_now = |kept: &Arc<Kept>| -> Result<bool, PipelineError> {
            Ok(kept.stamp == Stamp::of(store, now, shown)?)
        };
        let kept = self.kept();
        if let Some(kept) = &kept
            && is_now(kept)?
        {
            return Ok((Arc::clone(kept), true));
        }
        let mut making = match (self.making.try_lock(), kept) {
            (Ok(making), _) => making,
            (Err(TryLockError::Poisoned(poisoned)), _) => {
                let mut making = poisoned.into_inner();
                // Whoever made them stopped halfway.
                *making = None;
                making
            }
            (Err(TryLockError::WouldBlock), Some(kept)) => return Ok((kept, false)),
            (Err(TryLockError::WouldBlock), None) => {
                self.making.lock().unwrap_or_else(PoisonError::into_inner)
            }
        };
        // Another reader may have made them while this one waited.
        if let Some(kept) = self.kept()
            && is_now(&kept)?
        {
            return Ok((kept, true));
        }
        let made = Arc::new(Kept::make(store, (setup, now), shown, &mut making)?);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        drop(making);
        Ok((made, true))
    }
}

impl Stamp {
    fn of(store: &Store, now: Timestamp, shown: Option<&Snapshot>) -> Result<Self, PipelineError> {
        let (hidden, shown) = (store.suppression(now)?.mark(), shown.map_or(0, Snapshot::version));
        Ok(Self { changes: store.changes()?, day: day_of(now), hidden, shown })
    }
}

impl Kept {
    /// Follows the store from what is known. Where that fails, nothing is known any more.
    fn make(
        store: &Store,
        (setup, now): (&Setup, Timestamp),
        shown: Option<&Snapshot>,
        known: &mut Option<Box<Following>>,
    ) -> Result<Self, PipelineError> {
        let _moment = store.moment()?;
        let stamp = Stamp::of(store, now, shown)?;
        let intel = intel::load(store, setup.catalog().intel())?;
        let before = known.take().map(|known| *known);
        let by = judgement(setup, &intel, now);
        let among = shown.and_then(Snapshot::shown).map(|(issues, _)| issues);
        let following = Following::follow(before, store, by, among)?;
        let following = known.insert(Box::new(following));
        let (all, surroundings) = (following.all(), following.surroundings());
        Ok(Self { stamp, all, surroundings })
    }

    /// The incident whose id begins so, or that holds the issue whose id does.
    pub(super) fn find(&self, id: &str) -> Option<&One> {
        let keys = keys_that_begin::<IncidentKey>(id)?;
        let from = self.all.partition_point(|one| one.incident.key < *keys.start());
        let mut named = self.all.iter().skip(from).take(2);
        let mut named = named.by_ref().filter(|one| keys.contains(&one.incident.key));
        match (named.next(), named.next()) {
            (Some(one), None) => return Some(one),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
        let keys = keys_that_begin::<IssueKey>(id)?;
        let issues = |one: &&Arc<One>| one.incident.issues.iter().any(|key| keys.contains(key));
        let mut holding = self.all.iter().filter(issues);
        holding.next().filter(|_| holding.next().is_none()).map(|one| &**one)
    }

    /// What is known of the assets of some issues.
    pub(super) fn around(&self, open: &[Open]) -> BTreeMap<String, Around> {
        let known = |open: &Open| {
            let asset = open.candidate.asset();
            Some((asset.to_owned(), self.surroundings.of(asset)?.clone()))
        };
        open.iter().filter_map(known).collect()
    }
}

/// A decision of a person: on what, when, and whose.
pub type Decider<'a> = (&'a Setup, Timestamp, &'a str);

/// What people decide of incidents, found among those that are kept: a decision holds the writer,
/// and to build all of them for it would take too long.
impl IncidentCache {
    fn find(
        &self,
        store: &Store,
        of: (&Setup, Timestamp),
        id: &str,
    ) -> Result<Incident, PipelineError> {
        let (mut kept, mut is_now) = self.of(store, of, None)?;
        while !is_now {
            // Another reader makes them just now.
            drop(self.making.lock().unwrap_or_else(PoisonError::into_inner));
            (kept, is_now) = self.of(store, of, None)?;
        }
        let not_found = || PipelineError::NotFound { kind: "incident", id: id.to_owned() };
        Ok(kept.find(id).ok_or_else(not_found)?.incident.clone())
    }

    /// As [`crate::split_incident`].
    ///
    /// # Errors
    /// When an id is not found, or nothing would be left.
    pub fn split(
        &self,
        store: &mut Store,
        (id, issues): (&str, &[String]),
        (setup, now, by): Decider<'_>,
    ) -> Result<IncidentKey, PipelineError> {
        let from = self.find(store, (setup, now), id)?;
        split(store, &from, issues, (now, by))
    }

    /// As [`crate::join_incidents`].
    ///
    /// # Errors
    /// When an id is not found, or an incident would join itself.
    pub fn join(
        &self,
        store: &mut Store,
        (id, others): (&str, &[String]),
        (setup, now, by): Decider<'_>,
    ) -> Result<IncidentKey, PipelineError> {
        let into = self.find(store, (setup, now), id)?;
        let others = others.iter().map(|other| self.find(store, (setup, now), other));
        let others: Vec<Incident> = others.collect::<Result<_, _>>()?;
        join(store, &into, &others.iter().collect::<Vec<_>>(), (now, by))
    }

    /// As [`crate::reset_incident`].
    ///
    /// # Errors
    /// When the id is not found, or nothing was decided about it.
    pub fn reset(
        &self,
        store: &mut Store,
        id: &str,
        (setup, now): (&Setup, Timestamp),
    ) -> Result<usize, PipelineError> {
        let key = match id.trim().parse::<IncidentKey>() {
            Ok(key) => key,
            Err(_) => self.find(store, (setup, now), id)?.key,
        };
        reset(store, key)
    }

    /// As [`crate::mark_incident`].
    ///
    /// # Errors
    /// When the id is not found, the reason is empty, or the last day is over.
    pub fn mark(
        &self,
        store: &mut Store,
        (id, marking): (&str, &Marking),
        (setup, now, by): Decider<'_>,
    ) -> Result<usize, PipelineError> {
        let mark = marking.mark((now, by))?;
        let issues = self.find(store, (setup, now), id)?.issues;
        store.mark_save(&issues, &mark)?;
        Ok(issues.len())
    }

    /// As [`crate::unmark_incident`].
    ///
    /// # Errors
    /// When the id is not found, or the store refuses.
    pub fn unmark(
        &self,
        store: &mut Store,
        id: &str,
        of: (&Setup, Timestamp),
    ) -> Result<usize, PipelineError> {
        let issues = self.find(store, of, id)?.issues;
        Ok(store.mark_remove(&issues)?)
    }
}
