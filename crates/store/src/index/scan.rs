//! One pass over the columns: which rows fit, how many, and which come first.

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
    pub(super) key: u64,
    pub(super) seen: u32,
    pub(super) first_day: u16,
}

impl Wanted {
    fn fits(&self, cells: &Cells) -> bool {
        self.states.get(usize::from(cells.state)).copied().unwrap_or_default()
            && cells.score >= self.min_score
            && cells.seen >= self.since
            && self.groups.as_ref().is_none_or(|all| all.contains(i64::from(cells.group)))
            && self.assets.as_ref().is_none_or(|all| all.contains(i64::from(cells.asset)))
            && self.issue.is_none_or(|row| row == cells.row)
    }
}

/// The issues of a page.
fn cells_of(number: u32, page: &IssuePage, seen: &[u32]) -> impl Iterator<Item = Cells> {
    let columns = page.state.iter().zip(&page.score).zip(&page.group).zip(&page.asset);
    let rows = columns.zip(&page.key).zip(seen).zip(&page.first_day);
    (0..).zip(rows).map(move |(slot, ((((((state, score), group), asset), key), seen), day))| {
        Cells {
            row: row_of(number, slot),
            state: *state,
            score: *score,
            group: *group,
            asset: *asset,
            key: *key,
            seen: *seen,
            first_day: *day,
        }
    })
}

impl Inner {
    /// All rows of issues, or those of the page of one.
    pub(super) fn each_issue(&self, only: Option<u32>) -> impl Iterator<Item = Cells> {
        let only = only.map(page_of);
        let pages = (0..).zip(self.issues.iter().zip(&self.seen));
        let is_asked = move |number: u32| {
            only.is_none_or(|only| usize::try_from(number).is_ok_and(|number| number == only))
        };
        pages
            .filter(move |(number, _)| is_asked(*number))
            .flat_map(|(number, (page, seen))| cells_of(number, page, seen))
    }

    /// The issues that fit, as a set of rows.
    fn issues_that(&self, wanted: &Wanted) -> IdSet {
        let mut found = IdSet::default();
        self.each_issue(wanted.issue).filter(|cells| wanted.fits(cells)).for_each(|cells| {
            found.insert(i64::from(cells.row));
        });
        found
    }
}

/// Where an issue stands in a list.
fn place_of(cells: &Cells, wish: &Wish<'_>) -> Position {
    let (value, tie) = match wish.sort {
        Sort::Score => (u32::from(cells.score), cells.key),
        Sort::Severity => (u32::from(severity_of(cells.state)), cells.key),
        Sort::LastSeen => (cells.seen, cells.key),
        Sort::Id | Sort::OpenIssues if wish.descending => (0, !cells.key),
        Sort::Id | Sort::OpenIssues => (0, cells.key),
    };
    Position::new(value, tie, cells.row, wish.descending)
}

impl Snapshot {
    /// The issues that fit a filter: their rows in the store.
    #[must_use]
    pub fn issues(&self, wish: &Wish<'_>) -> Listed<i64> {
        let inner = &*self.0;
        let wanted = wish.filter.wanted(inner);
        let mut top = Top::new(wish.after, wish.limit);
        let mut tally = Tally::new(inner, wish.facets);
        let rows = inner.each_issue(wanted.issue).filter(|_| !wanted.nothing);
        rows.filter(|cells| wanted.fits(cells)).for_each(|cells| {
            tally.issue(&cells);
            top.offer(place_of(&cells, wish), cells.row);
        });
        let (rows, next) = top.finish();
        Listed {
            count: tally.count,
            rows: rows.into_iter().map(i64::from).collect(),
            next,
            facets: tally.issue_facets(inner),
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
        let columns = page.state.iter().zip(&page.tool).zip(&page.issue).zip(&page.last_seen);
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
        let value = match self.wish.sort {
            Sort::Score => {
                u32::from(page.and_then(|page| page.score.get(slot)).copied().unwrap_or_default())
            }
            Sort::Severity => u32::from(severity_of(state)),
            Sort::LastSeen => seen,
            Sort::Id | Sort::OpenIssues => row,
        };
        self.top.offer(Position::new(value, 0, row, self.wish.descending), row);
    }
}
