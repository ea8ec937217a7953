//! A snapshot that shows some issues only: those of places that somebody may see. Whatever is asked
//! of it, what it does not show is not there.

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;

use super::Snapshot;
use super::columns::{FindingPage, Inner, IssuePage, page_of, row_of, slot_of, status, status_of};
use super::filter::Part;
use crate::pages::{self, Kind};
use crate::{IdSet, Store, StoreError};

/// Where many issues are, as far as the index tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spot<'a> {
    /// `aws`, `kubernetes`, …
    pub provider: &'a str,
    /// Account, subscription, project or cluster.
    pub account: &'a str,
    /// Region.
    pub region: &'a str,
    /// Kind of asset.
    pub kind: &'a str,
    /// Who owns it; empty where that is not known.
    pub team: &'a str,
    /// The number that [`Labels`] give its asset; 0 where they give none.
    pub label: u32,
}

/// What is known of assets beside the index: a number by which the caller tells what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(pub Vec<u32>);

impl Labels {
    fn of(&self, asset: u32) -> u32 {
        let number = usize::try_from(asset).ok().and_then(|asset| self.0.get(asset));
        number.copied().unwrap_or_default()
    }
}

/// Which places are seen, each judged once.
struct Judged<'a, F> {
    inner: &'a Inner,
    labels: &'a Labels,
    sees: F,
    known: HashMap<(u32, u32, u32), bool>,
}

impl<F: FnMut(&Spot<'_>) -> bool> Judged<'_, F> {
    fn sees(&mut self, group: u32, asset: u32) -> bool {
        let label = self.labels.of(asset);
        let Some(found) = self.inner.groups.get(group) else { return false };
        if let Some(known) = self.known.get(&(found.place, found.team, label)) {
            return *known;
        }
        let part = |part: &Part| self.inner.part(found, part).unwrap_or_default();
        let spot = Spot {
            provider: part(&Part::Provider),
            account: part(&Part::Account),
            region: part(&Part::Region),
            kind: part(&Part::Kind),
            team: part(&Part::Team),
            label,
        };
        let sees = (self.sees)(&spot);
        self.known.insert((found.place, found.team, label), sees);
        sees
    }

    /// The page with what is seen of it; shared where that is all of it.
    fn issues(&mut self, page: &Arc<IssuePage>) -> Arc<IssuePage> {
        let rows = page.state.iter().zip(&*page.group).zip(&*page.asset);
        let shown = rows.map(
            |((state, group), asset)| {
                if *state != 0 && self.sees(*group, *asset) { *state } else { 0 }
            },
        );
        let state: Vec<u8> = shown.collect();
        if state == page.state {
            return Arc::clone(page);
        }
        Arc::new(IssuePage { state, ..IssuePage::clone(page) })
    }
}

/// The page with the findings of issues that are seen.
fn findings(page: &Arc<FindingPage>, issues: &[Arc<IssuePage>]) -> Arc<FindingPage> {
    let is_seen = |issue: u32| {
        let state = issues.get(page_of(issue)).and_then(|page| page.state.get(slot_of(issue)));
        state.is_some_and(|state| status_of(*state) != 0)
    };
    let rows = page.state.iter().zip(&*page.issue);
    let state: Vec<u8> = rows
        .map(|(state, issue)| if *state != 0 && is_seen(*issue) { *state } else { 0 })
        .collect();
    if state == page.state {
        return Arc::clone(page);
    }
    Arc::new(FindingPage { state, ..FindingPage::clone(page) })
}

impl Snapshot {
    /// The same with the issues alone whose place is seen, and their findings and assets. Each place
    /// is judged once.
    #[must_use]
    pub fn limited(&self, labels: &Labels, sees: impl FnMut(&Spot<'_>) -> bool) -> Self {
        let inner = &*self.0;
        let mut judged = Judged { inner, labels, sees, known: HashMap::new() };
        let issues: Vec<Arc<IssuePage>> =
            inner.issues.iter().map(|page| judged.issues(page)).collect();
        let findings = inner.findings.iter().map(|page| findings(page, &issues)).collect();
        let next =
            Inner { findings, issues, is_limited: true, sums: OnceLock::new(), ..inner.copy() };
        Self(Arc::new(next))
    }

    /// Whether it shows some issues only.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.0.is_limited
    }

    /// Whether it shows the issue of a row.
    #[must_use]
    pub fn shows(&self, row: i64) -> bool {
        self.issue(row).is_some()
    }

    /// The issues and findings that it shows, where those are not all.
    #[must_use]
    pub fn shown(&self) -> Option<(IdSet, IdSet)> {
        let inner = &*self.0;
        if !inner.is_limited {
            return None;
        }
        let (mut issues, mut shown) = (IdSet::default(), IdSet::default());
        for cells in inner.each_issue().filter(|cells| status_of(cells.state) != 0) {
            issues.insert(i64::from(cells.row));
        }
        let rows = (0..).zip(&inner.findings).flat_map(|(number, page)| {
            let rows = (0..).zip(&page.state).filter(|(_, state)| status_of(**state) != 0);
            rows.map(move |(slot, _)| row_of(number, slot))
        });
        for row in rows {
            shown.insert(i64::from(row));
        }
        Some((issues, shown))
    }

    /// How many of its issues and findings are open.
    #[must_use]
    pub fn open_counts(&self) -> (u64, u64) {
        let is_open =
            |state: u8| status(status_of(state)).is_some_and(quell_model::Status::is_open);
        let issues = self.0.each_issue().filter(|cells| is_open(cells.state)).count();
        let findings = self.0.findings.iter().flat_map(|page| &page.state);
        let findings = findings.filter(|state| is_open(**state)).count();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        (count(issues), count(findings))
    }

    /// The asset of each issue that it shows: the issue's row, and the asset's number, which holds
    /// while one index goes on.
    pub fn assets_of_issues(&self) -> impl Iterator<Item = (i64, u32)> {
        let all = self.0.each_issue().filter(|cells| status_of(cells.state) != 0);
        all.map(|cells| (i64::from(cells.row), cells.asset))
    }
}

/// Issues whose numbers follow each other, and that are written together.
pub const ISSUES_OF_A_PAGE: i64 = crate::brief::PAGE;

impl Store {
    /// The pages of issues that were written after a version of a [`Snapshot`], in order.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_pages_since(&self, version: i64) -> Result<Vec<i64>, StoreError> {
        pages::since(&self.connection, Kind::Issues, version)
    }
}
