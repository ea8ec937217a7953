//! One pass over the columns: which rows fit, how many, and which come first.

use std::sync::Arc;

use super::Snapshot;
use super::answer::{Listed, Position, Sort, Wish};
use super::columns::{FindingPage, Inner, IssuePage, page_of, row_of, severity_of, slot_of};
use super::facets::Tally;
use super::filter::Wanted;
use super::top::Top;
use crate::IdSet;

/// What is known of one row while it is looked at.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    pub(super) row: u32,
    pub(super) state: u8,
    pub(super) score: u16,
    pub(super) group: u32,
    pub(super) asset: u32,
    pub(super) first_day: u16,
}

impl Wanted {
    /// The slots of a page that fit. One column is looked at after the other, so what most
    /// filters ask for costs a look at one byte a row.
    fn select(&self, number: u32, page: &IssuePage, seen: &[u32], slots: &mut Vec<u16>) {
        slots.clear();
        let fits = |state: &u8| self.states.get(usize::from(*state)).copied().unwrap_or_default();
        slots.extend((0..).zip(&page.state).filter(|(_, state)| fits(state)).map(|(slot, _)| slot));
        if self.min_score > 0 {
            slots.retain(|slot| cell(&page.score, *slot) >= self.min_score);
        }
        if self.since > 0 {
            slots.retain(|slot| cell(seen, *slot) >= self.since);
        }
        if let Some(all) = &self.groups {
            slots.retain(|slot| all.contains(i64::from(cell(&page.group, *slot))));
        }
        if let Some(all) = &self.assets {
            slots.retain(|slot| all.contains(i64::from(cell(&page.asset, *slot))));
        }
        if let Some(only) = self.issue {
            slots.retain(|slot| row_of(number, u32::from(*slot)) == only);
        }
        if let Some(all) = &self.among {
            slots.retain(|slot| all.holds(i64::from(row_of(number, u32::from(*slot)))));
        }
    }
}

/// A cell of a column.
fn cell<T: Copy + Default>(column: &[T], slot: u16) -> T {
    column.get(usize::from(slot)).copied().unwrap_or_default()
}

/// The issues of a page.
fn cells_of(number: u32, page: &IssuePage) -> impl Iterator<Item = Cells> {
    let columns = page.state.iter().zip(&*page.score).zip(&*page.group).zip(&*page.asset);
    let rows = columns.zip(&*page.first_day).enumerate();
    rows.map(move |(slot, ((((state, score), group), asset), day))| Cells {
        row: row_of(number, u32::try_from(slot).unwrap_or_default()),
        state: *state,
        score: *score,
        group: *group,
        asset: *asset,
        first_day: *day,
    })
}

impl Inner {
    /// All rows of issues.
    pub(super) fn each_issue(&self) -> impl Iterator<Item = Cells> {
        (0..).zip(&self.issues).flat_map(|(number, page)| cells_of(number, page))
    }

    /// The pages that may hold what is wanted.
    fn issue_pages(
        &self,
        wanted: &Wanted,
    ) -> impl Iterator<Item = (u32, &Arc<IssuePage>, &Arc<Vec<u32>>)> {
        let (only, nothing) = (wanted.issue.map(page_of), wanted.nothing);
        let is_asked = move |number: u32| {
            only.is_none_or(|only| usize::try_from(number).is_ok_and(|number| number == only))
        };
        (0..)
            .zip(self.issues.iter().zip(&self.seen))
            .filter(move |(number, _)| !nothing && is_asked(*number))
            .map(|(number, (page, seen))| (number, page, seen))
    }

    /// The issues that fit, as a set of rows.
    fn issues_that(&self, wanted: &Wanted) -> IdSet {
        let (mut found, mut slots) = (IdSet::default(), Vec::new());
        for (number, page, seen) in self.issue_pages(wanted) {
            wanted.select(number, page, seen, &mut slots);
            slots.iter().for_each(|slot| {
                found.insert(i64::from(row_of(number, u32::from(*slot))));
            });
        }
        found
    }
}

/// One pass over the issues.
struct IssueScan<'a> {
    top: Top,
    tally: Tally,
    wish: &'a Wish<'a>,
}

impl IssueScan<'_> {
    fn take(&mut self, number: u32, page: &IssuePage, seen: &[u32], slots: &[u16]) {
        self.tally.issues(page, slots);
        let (sort, descending) = (self.wish.sort, self.wish.descending);
        for slot in slots {
            let value = match sort {
                Sort::Score => u32::from(cell(&page.score, *slot)),
                Sort::Severity => u32::from(severity_of(cell(&page.state, *slot))),
                Sort::LastSeen => cell(seen, *slot),
                Sort::Id | Sort::OpenIssues => 0,
            };
            if self.top.is_full_before(value, descending) {
                continue;
            }
            let key = cell(&page.key, *slot);
            let by_id = matches!(sort, Sort::Id | Sort::OpenIssues);
            let tie = if by_id && descending { !key } else { key };
            let row = row_of(number, u32::from(*slot));
            self.top.offer(Position::new(value, tie, row, descending), row);
        }
    }
}

impl Snapshot {
    /// The issues that fit a filter: their rows in the store.
    #[must_use]
    pub fn issues(&self, wish: &Wish<'_>) -> Listed<i64> {
        let inner = &*self.0;
        let wanted = wish.filter.wanted(inner);
        let mut scan = IssueScan {
            top: Top::new(wish.after, wish.limit),
            tally: Tally::new(inner, wish.facets),
            wish,
        };
        let mut slots = Vec::new();
        for (number, page, seen) in inner.issue_pages(&wanted) {
            wanted.select(number, page, seen, &mut slots);
            scan.take(number, page, seen, &slots);
        }
        let (rows, next) = scan.top.finish();
        Listed {
            count: scan.tally.count,
            rows: rows.into_iter().map(i64::from).collect(),
            next,
            facets: scan.tally.issue_facets(inner),
        }
    }

    /// The findings that fit a filter: their rows in the store. Score, decision, kind of fault,
    /// control and asset are those of their issues.
    #[must_use]
    pub fn findings(&self, wish: &Wish<'_>) -> Listed<i64> {
        let inner = &*self.0;
        let filter = wish.filter.of_issues();
        let of_issues = filter.wanted(inner);
        let mut scan = FindingScan {
            inner,
            among: (filter != super::ListFilter::default()).then(|| inner.issues_that(&of_issues)),
            states: wish.filter.finding_states(),
            tools: wish.filter.tools_wanted(inner),
            since: wish.filter.wanted_since(),
            top: Top::new(wish.after, wish.limit),
            tally: Tally::new(inner, wish.facets),
            wish,
        };
        for (number, page) in (0..).zip(&inner.findings).filter(|_| !of_issues.nothing) {
            scan.page(number, page);
        }
        let (rows, next) = scan.top.finish();
        Listed {
            count: scan.tally.count,
            rows: rows.into_iter().map(i64::from).collect(),
            next,
            facets: scan.tally.finding_facets(inner),
        }
    }
}

/// One pass over the findings.
struct FindingScan<'a> {
    inner: &'a Inner,
    /// The issues whose findings are wanted; `None` where all are.
    among: Option<IdSet>,
    states: [bool; 256],
    /// Which tools are wanted by number, and which groups where the tool is not known.
    tools: Option<(Vec<bool>, IdSet)>,
    since: u32,
    top: Top,
    tally: Tally,
    wish: &'a Wish<'a>,
}

impl FindingScan<'_> {
    fn page(&mut self, number: u32, page: &FindingPage) {
        let columns = page.state.iter().zip(&*page.tool).zip(&*page.issue).zip(&*page.last_seen);
        for (slot, (((state, tool), issue), seen)) in (0..).zip(columns) {
            if *state == 0
                || *seen < self.since
                || self.among.as_ref().is_some_and(|all| !all.contains(i64::from(*issue)))
            {
                continue;
            }
            self.row(row_of(number, slot), (*state, *tool), *issue, *seen);
        }
    }

    fn row(&mut self, row: u32, (state, tool): (u8, u16), issue: u32, seen: u32) {
        let page = self.inner.issues.get(page_of(issue));
        let slot = slot_of(issue);
        let of_issue = || page.and_then(|page| page.state.get(slot)).copied().unwrap_or_default();
        // A finding from before this was kept has its issue's severity.
        let state = if severity_of(state) == 0 {
            state | (severity_of(of_issue()) + 1) << 3
        } else {
            state
        };
        if !self.states.get(usize::from(state)).copied().unwrap_or_default() {
            return;
        }
        let group = || page.and_then(|page| page.group.get(slot)).copied().unwrap_or(u32::MAX);
        let is_wanted = self.tools.as_ref().is_none_or(|(tools, groups)| {
            if tool == 0 {
                groups.contains(i64::from(group()))
            } else {
                tools.get(usize::from(tool)).copied().unwrap_or_default()
            }
        });
        if !is_wanted {
            return;
        }
        self.tally.finding(state, tool, group);
        let descending = self.wish.descending;
        let value = match self.wish.sort {
            Sort::Score => {
                u32::from(page.and_then(|page| page.score.get(slot)).copied().unwrap_or_default())
            }
            Sort::Severity => u32::from(severity_of(state)),
            Sort::LastSeen => seen,
            Sort::Id | Sort::OpenIssues => row,
        };
        if !self.top.is_full_before(value, descending) {
            self.top.offer(Position::new(value, 0, row, descending), row);
        }
    }
}
