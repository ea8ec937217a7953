//! The incidents of a store that changes: what they are built from is kept in memory, some bytes
//! an issue, and follows the store. Only what changed is read, and only the incidents that a change
//! can touch are made again.
//!
//! | what an incident depends on | how it is followed |
//! |---|---|
//! | its issues | pages are numbered when they are written, and each issue in them is stamped |
//! | what other issues say of an asset | an asset of which an issue changed is put together again |
//! | relations of assets that carry facts | kept whole; their pages are numbered when they are written |
//! | detections, and what stands near them | kept whole; the attacks are found anew when one changes |
//! | findings of those | a digest of their rows, looked at where their pages were written |
//! | decisions of people | read whole; where they differ, every issue is looked at |
//! | statements of suppliers | counted; where they changed, every weakness is looked at |
//! | the newest sighting, hidden findings | every issue is looked at: a comparison each |
//! | the day, and which exceptions hold | all is made anew |

mod cells;
mod learn;
mod one;
mod surround;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::hash::RandomState;
use std::sync::Arc;

use quell_correlate::{Gathered, Standing, Ways};
use quell_model::{Decision, IncidentKey, IssueKey, Timestamp};
use quell_store::{IdSet, NewsPage, Store, Suppression};
use rayon::prelude::*;

use crate::PipelineError;
use crate::assess::Judgement;
use crate::links::Links;
use crate::marks::day_of;
use crate::priority::{Estate, Once};
use crate::report::{Open, decisions};
use cells::Cells;
use one::By;
pub(crate) use one::One;
pub(crate) use surround::Surroundings;

/// Issues of a page of the store.
const PAGE: usize = 4096;
/// Pages of issues that are read at once.
const PAGES: usize = 16;

/// What incidents are built from, and the incidents.
#[derive(Debug)]
pub(crate) struct Following {
    day: quell_model::Date,
    /// Which exceptions hold.
    exceptions: u64,
    /// What had been written when the store was looked at.
    version: i64,
    standing: Standing,
    cells: Cells,
    surroundings: Surroundings,
    links: Links,
    /// What relations tell of assets, by their numbers.
    ways: HashMap<u64, Ways>,
    /// Digests of the findings of issues that were learned.
    learned: HashMap<u32, u64>,
    hidden: HashSet<IssueKey>,
    statements: i64,
    /// The decisions on issues that a statement excuses.
    excused: HashMap<u32, Decision>,
    /// In the order of their keys.
    all: Arc<Vec<Arc<One>>>,
    /// The issues that are looked at, where those are not all.
    among: Option<IdSet>,
}

/// What changed since the store was looked at.
#[derive(Default)]
struct Changed {
    /// Whether everything did.
    all: bool,
    rows: IdSet,
    assets: HashSet<u64>,
    /// Issues that others made be judged again.
    settled: Vec<u32>,
}

/// An issue that changed.
struct Fresh {
    row: u32,
    /// The numbers of who owns its asset, and of the tools that see it.
    names: (u32, u32),
    open: Option<Open>,
}

impl Following {
    fn new(day: quell_model::Date, exceptions: u64) -> Self {
        let hasher = RandomState::new();
        Self {
            day,
            exceptions,
            version: 0,
            standing: Standing::new(hasher.clone()),
            cells: Cells::default(),
            surroundings: Surroundings::new(hasher.clone()),
            links: Links::new(hasher),
            ways: HashMap::new(),
            learned: HashMap::new(),
            hidden: HashSet::new(),
            statements: 0,
            excused: HashMap::new(),
            all: Arc::default(),
            among: None,
        }
    }

    /// The incidents of what the store says now, from what was known before. The store must be
    /// read at one moment. Of issues that are not among some, nothing is known.
    pub(crate) fn follow(
        before: Option<Self>,
        store: &Store,
        by: Judgement<'_>,
        among: Option<IdSet>,
    ) -> Result<Self, PipelineError> {
        let (day, version) = (day_of(by.now), store.page_version()?);
        // A database that was put back has other pages under the numbers known.
        let exceptions = store.suppression(by.now)?.mark();
        let known = before.filter(|known| {
            (known.day, known.exceptions) == (day, exceptions) && known.version <= version
        });
        let mut following = known.unwrap_or_else(|| Self::new(day, exceptions));
        let before = std::mem::replace(&mut following.among, among);
        if !following.go_on(store, by, version, before.as_ref())? {
            // An issue came among them, or went, that is itself as it was.
            following = Self { among: following.among, ..Self::new(day, exceptions) };
            following.go_on(store, by, version, None)?;
        }
        Ok(following)
    }

    /// Whether only issues that changed came among those that are looked at, or went.
    fn keeps(&self, before: Option<&IdSet>, changed: &Changed) -> bool {
        let (None, None) = (before, &self.among) else {
            let (Some(before), Some(now)) = (before, &self.among) else { return false };
            let of = |one: &IdSet, other: &IdSet| {
                one.iter().all(|row| other.contains(row) || changed.rows.contains(row))
            };
            return of(before, now) && of(now, before);
        };
        true
    }

    /// The incidents, in the order of their keys.
    pub(crate) fn all(&self) -> Arc<Vec<Arc<One>>> {
        Arc::clone(&self.all)
    }

    /// What issues say of assets together.
    pub(crate) fn surroundings(&self) -> Surroundings {
        self.surroundings.clone()
    }

    fn go_on(
        &mut self,
        store: &Store,
        by: Judgement<'_>,
        version: i64,
        among_before: Option<&IdSet>,
    ) -> Result<bool, PipelineError> {
        let estate = Estate::new(store, by)?;
        let seen = if self.learned.is_empty() {
            Vec::new()
        } else {
            store.issues_seen_since(self.version)?
        };
        let mut changed = self.read(store, &*store.suppression(by.now)?)?;
        if !changed.all && !self.keeps(among_before, &changed) {
            return Ok(false);
        }
        self.relate(store, &mut changed)?;
        self.version = version;
        self.surround(store, &estate, &mut changed)?;
        self.excuse(store, &estate, &changed)?;
        self.learn(store, &seen)?;
        self.decide(&estate, &changed);
        self.standing.settle(decisions(store)?);
        self.tell(by);
        Ok(true)
    }

    /// Reads the issues that changed.
    fn read(&mut self, store: &Store, suppression: &Suppression) -> Result<Changed, PipelineError> {
        let pages = store.pages_since(self.version)?;
        let mut changed = Changed { all: self.version == 0, ..Changed::default() };
        if changed.all {
            let last = pages.last().copied().unwrap_or_default();
            let rows = usize::try_from(last + 1).unwrap_or_default().saturating_mul(PAGE);
            self.standing.reserve(rows);
            self.cells.reserve(rows);
        }
        for numbers in pages.chunks(PAGES) {
            let news = store.issue_news(numbers, self.version)?;
            let read: Vec<Vec<Fresh>> = news.par_iter().map(fresh).collect::<Result<_, _>>()?;
            for fresh in read.into_iter().flatten() {
                let is_hidden = suppression.hides(i64::from(fresh.row));
                let open = fresh.open.filter(|_| !is_hidden);
                self.take(store, Fresh { open, ..fresh }, &mut changed)?;
            }
        }
        Ok(changed)
    }

    fn take(
        &mut self,
        store: &Store,
        fresh: Fresh,
        changed: &mut Changed,
    ) -> Result<(), PipelineError> {
        let Fresh { row, names, open } = fresh;
        changed.rows.insert(i64::from(row));
        let is_seen = self.among.as_ref().is_none_or(|among| among.contains(i64::from(row)));
        let open = open.filter(|_| is_seen);
        let before = self.standing.asset(row);
        match open {
            Some(open) => {
                self.standing.put(row, &open.candidate);
                self.cells.put(store, row, &open, names)?;
            }
            None => {
                self.standing.remove(row);
                self.cells.remove(row);
            }
        }
        self.learned.remove(&row);
        if !changed.all {
            changed.assets.extend(before);
            changed.assets.extend(self.standing.asset(row));
        }
        Ok(())
    }

    /// Decides on each issue in the light of the rest; where that changes, its incident is told
    /// again.
    fn decide(&mut self, estate: &Estate<'_>, changed: &Changed) {
        let as_of = estate.as_of().map(Timestamp::as_nanosecond);
        let rows: Vec<u32> = if changed.all || *estate.hidden() != self.hidden {
            self.hidden.clone_from(estate.hidden());
            self.standing.open().collect()
        } else {
            changed.rows.iter().filter_map(|row| u32::try_from(row).ok()).collect()
        };
        for row in rows {
            let is_hidden = self.standing.key(row).is_some_and(|key| self.hidden.contains(&key));
            self.cells.hide(row, is_hidden);
        }
        for row in self.cells.decide(as_of, &self.excused) {
            self.standing.mark(row);
        }
    }

    /// Tells the incidents again that a change can have touched.
    fn tell(&mut self, by: Judgement<'_>) {
        let stale = self.standing.gather();
        if stale.is_empty() {
            return;
        }
        let by = By { standing: &self.standing, cells: &self.cells, catalog: by.catalog };
        let tell = |gathered: Gathered| {
            let (key, sum) = (gathered.key, by.cells.sum(&gathered.rows));
            let told = by.standing.tell(gathered);
            (key, told.map(|told| Arc::new(by.one(told, &sum))))
        };
        let mut told: Vec<(IncidentKey, Option<Arc<One>>)> =
            stale.into_par_iter().map(tell).collect();
        told.par_sort_unstable_by_key(|(key, _)| *key);
        self.all = Arc::new(merged(&self.all, told));
    }
}

/// What was known with what was told again; both stand in the order of their keys.
fn merged(known: &[Arc<One>], told: Vec<(IncidentKey, Option<Arc<One>>)>) -> Vec<Arc<One>> {
    let mut all = Vec::with_capacity(known.len() + told.len());
    let mut rest = known;
    for (key, one) in told {
        let at = rest.partition_point(|one| one.incident.key < key);
        let (before, from) = rest.split_at(at);
        all.extend_from_slice(before);
        rest = match from.split_first() {
            Some((same, after)) if same.incident.key == key => after,
            _ => from,
        };
        all.extend(one);
    }
    all.extend_from_slice(rest);
    all.shrink_to_fit();
    all
}

fn fresh(page: &NewsPage) -> Result<Vec<Fresh>, PipelineError> {
    let mut read = Vec::new();
    let mut once = Once::default();
    page.each(|news| {
        let Ok(row) = u32::try_from(news.row) else { return Ok(()) };
        let open = match news.candidate {
            Some(kept) => Some(Open::of(news.row, serde_json::from_slice(kept)?, &mut once)),
            None => None,
        };
        read.push(Fresh { row, names: (news.team, news.tools), open });
        Ok::<_, PipelineError>(())
    })?;
    Ok(read)
}
