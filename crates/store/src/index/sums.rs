//! What the issues of each asset come to.

use quell_model::{Severity, Status};

use super::Snapshot;
use super::answer::{AssetCells, Listed, Position, Sort, Wish};
use super::columns::{Inner, severity, severity_of, status, status_of};
use super::facets::Tally;
use super::scan::Cells;
use super::top::Top;

/// What the issues of one asset come to.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    /// One more than the first issue's row; 0 where there is none.
    issue: u32,
    open: u32,
    score: u16,
    /// One more than the highest severity of open issues, as pages number it.
    severity: u8,
}

impl Sum {
    fn add(&mut self, status: Status, cells: &Cells) {
        if self.issue == 0 {
            self.issue = cells.row + 1;
        }
        if status.is_open() {
            self.open += 1;
            self.score = self.score.max(cells.score);
            self.severity = self.severity.max(severity_of(cells.state) + 1);
        }
    }
}

/// What the issues of every asset come to.
#[derive(Debug)]
pub(super) struct AssetSums(Vec<Sum>);

impl AssetSums {
    fn of(inner: &Inner) -> Self {
        inner.assets.make_ties();
        let mut sums = vec![Sum::default(); inner.assets.len()];
        for cells in inner.each_issue() {
            let at = usize::try_from(cells.asset).unwrap_or(usize::MAX);
            if let (Some(status), Some(sum)) = (status(status_of(cells.state)), sums.get_mut(at)) {
                sum.add(status, &cells);
            }
        }
        Self(sums)
    }

    pub(super) fn with_open(&self) -> u64 {
        self.0.iter().map(|sum| u64::from(sum.open > 0)).sum()
    }
}

impl Inner {
    /// What the issues of every asset come to; found once, however many ask.
    pub(super) fn sums(&self) -> &AssetSums {
        self.sums.get_or_init(|| AssetSums::of(self))
    }
}

impl Snapshot {
    /// The assets that fit a filter. An asset is listed once it has had an issue; its place is
    /// that of its first one. Keys that differ in case only are one asset.
    #[must_use]
    pub fn assets(&self, wish: &Wish<'_>) -> Listed<AssetCells> {
        let inner = &*self.0;
        let wanted = wish.filter.wanted(inner);
        let mut top = Top::new(wish.after, wish.limit);
        let mut tally = Tally::new(inner, wish.facets);
        let severities = &wish.filter.severities;
        let sums = inner.sums().0.iter();
        for (number, sum) in (0_u32..).zip(sums).filter(|_| !wanted.nothing) {
            let Some(first) = sum.issue.checked_sub(1) else { continue };
            let is_asked = wanted.assets.as_ref().is_none_or(|all| all.contains(number.into()))
                && sum.score >= wanted.min_score
                && (severities.is_empty()
                    || highest(sum).is_some_and(|severity| severities.contains(&severity)));
            if !is_asked {
                continue;
            }
            let Some(group) = inner.group_of(first) else { continue };
            if wanted.groups.as_ref().is_some_and(|all| !all.contains(group.into())) {
                continue;
            }
            tally.asset(sum.severity.checked_sub(1), group);
            let value = match wish.sort {
                Sort::Score => u32::from(sum.score),
                Sort::Severity => u32::from(sum.severity),
                Sort::OpenIssues => sum.open,
                Sort::Id | Sort::LastSeen => 0,
            };
            let tie = inner.assets.tie(number);
            let tie = if wish.sort == Sort::Id && wish.descending { !tie } else { tie };
            top.offer(Position::new(value, tie, 0, wish.descending), number);
        }
        let (numbers, next) = top.finish();
        Listed {
            count: tally.count,
            rows: numbers.into_iter().filter_map(|number| cells(inner, number)).collect(),
            next,
            facets: tally.asset_facets(inner),
        }
    }
}

fn highest(sum: &Sum) -> Option<Severity> {
    severity(sum.severity.checked_sub(1)?)
}

fn cells(inner: &Inner, number: u32) -> Option<AssetCells> {
    let sum = inner.sums().0.get(usize::try_from(number).ok()?)?;
    Some(AssetCells {
        key: inner.assets.key(number)?,
        issue: i64::from(sum.issue.checked_sub(1)?),
        open_issues: sum.open,
        severity: highest(sum),
        score: u32::from(sum.score),
    })
}
