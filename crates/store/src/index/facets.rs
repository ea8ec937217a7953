//! How many rows have which value.

use std::collections::BTreeMap;

use quell_model::{Decision, Severity, Status};

use super::Snapshot;
use super::columns::{
    Inner, IssuePage, class, decision, decision_of, severity, severity_of, status, status_of,
};
use super::filter::Part;

/// Values that a facet names.
const MOST_VALUES: usize = 50;
/// Tools that are told apart.
const TOOLS: usize = 1 << 16;

/// How many rows have which value of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// What: `severity`, `status`, `decision`, `class`, `control`, `team`, `tool`, `provider`,
    /// `account`, `region` or `kind`.
    pub name: &'static str,
    /// The most frequent values, each with its count; `None` for rows that have no value.
    pub values: Vec<(Option<String>, u64)>,
    /// Rows that have other values.
    pub others: u64,
}

/// Counts of all there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Issues that count.
    pub open_issues: u64,
    /// All issues.
    pub issues: u64,
    /// Findings that count.
    pub open_findings: u64,
    /// All findings.
    pub findings: u64,
    /// Assets with an issue that counts.
    pub assets_with_open_issues: u64,
    /// Open issues by the day on which they were first seen, as days since 1970.
    pub first_seen_days: BTreeMap<u16, u64>,
    /// Issues of each status, all told.
    pub statuses: Vec<(Status, u64)>,
}

/// Counts of what fits, while it is found.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) count: u64,
    asked: bool,
    states: Vec<u32>,
    groups: Vec<u32>,
    tools: Vec<u32>,
}

fn add(counts: &mut [u32], at: usize) {
    if let Some(count) = counts.get_mut(at) {
        *count += 1;
    }
}

impl Tally {
    pub(super) fn new(inner: &Inner, asked: bool) -> Self {
        let room = |length: usize| if asked { vec![0; length] } else { Vec::new() };
        Self {
            count: 0,
            asked,
            states: room(256),
            groups: room(inner.groups.len()),
            tools: room(inner.tools.len().min(TOOLS)),
        }
    }

    /// Counts some issues of a page.
    pub(super) fn issues(&mut self, page: &IssuePage, slots: &[u16]) {
        self.count += u64::try_from(slots.len()).unwrap_or_default();
        if !self.asked {
            return;
        }
        for slot in slots.iter().map(|slot| usize::from(*slot)) {
            if let (Some(state), Some(group)) = (page.state.get(slot), page.group.get(slot)) {
                add(&mut self.states, usize::from(*state));
                add(&mut self.groups, usize::try_from(*group).unwrap_or(usize::MAX));
            }
        }
    }

    pub(super) fn finding(&mut self, state: u8, tool: u16, group: impl Fn() -> u32) {
        self.count += 1;
        if self.asked {
            add(&mut self.states, usize::from(state));
            add(&mut self.groups, usize::try_from(group()).unwrap_or(usize::MAX));
            add(&mut self.tools, usize::from(tool));
        }
    }

    /// Counts one asset, which has the place of a group.
    pub(super) fn asset(&mut self, severity: Option<u8>, group: u32) {
        self.count += 1;
        if self.asked {
            add(&mut self.states, usize::from(severity.map_or(0, |severity| severity + 1)));
            add(&mut self.groups, usize::try_from(group).unwrap_or(usize::MAX));
        }
    }

    /// Facets of issues. An issue that several tools see counts for each.
    pub(super) fn issue_facets(&self, inner: &Inner) -> Vec<Facet> {
        if !self.asked {
            return Vec::new();
        }
        let mut tools = Counts::default();
        for (group, count) in inner.groups.iter().zip(&self.groups).filter(|(_, n)| **n > 0) {
            for tool in inner.tools_of(group) {
                tools.add(Some(tool), *count);
            }
        }
        let mut facets = vec![
            self.by_state("severity", |s| severity(severity_of(s)).map(Severity::as_str)),
            self.by_state("status", |s| status(status_of(s)).map(Status::as_str)),
            self.by_state("decision", |s| decision(decision_of(s)).map(Decision::as_str)),
            self.by_class(inner),
            self.by_part("control", inner, &Part::Control),
            self.by_part("team", inner, &Part::Team),
            tools.facet("tool"),
        ];
        facets.extend(self.by_place(inner));
        facets
    }

    /// Facets of findings.
    pub(super) fn finding_facets(&self, inner: &Inner) -> Vec<Facet> {
        if !self.asked {
            return Vec::new();
        }
        let mut tools = Counts::default();
        for (name, count) in inner.tools.iter().zip(&self.tools) {
            tools.add(Some(inner.name(*name)).filter(|name| !name.is_empty()), *count);
        }
        let level = |s| severity_of(s).checked_sub(1).and_then(severity).map(Severity::as_str);
        let mut facets = vec![
            self.by_state("severity", level),
            self.by_state("status", |s| status(status_of(s)).map(Status::as_str)),
            self.by_class(inner),
            self.by_part("control", inner, &Part::Control),
            self.by_part("team", inner, &Part::Team),
            tools.facet("tool"),
        ];
        facets.extend(self.by_place(inner));
        facets
    }

    /// Facets of assets.
    pub(super) fn asset_facets(&self, inner: &Inner) -> Vec<Facet> {
        if !self.asked {
            return Vec::new();
        }
        let level = |s: u8| s.checked_sub(1).and_then(severity).map(Severity::as_str);
        let mut facets = vec![self.by_state("severity", level)];
        facets.extend(self.by_place(inner));
        facets
    }

    fn by_place(&self, inner: &Inner) -> [Facet; 4] {
        [
            self.by_part("provider", inner, &Part::Provider),
            self.by_part("account", inner, &Part::Account),
            self.by_part("region", inner, &Part::Region),
            self.by_part("kind", inner, &Part::Kind),
        ]
    }

    fn by_state(&self, name: &'static str, word: impl Fn(u8) -> Option<&'static str>) -> Facet {
        let mut counts = Counts::default();
        for (state, count) in (0_u8..=255).zip(&self.states) {
            counts.add(word(state), *count);
        }
        counts.facet(name)
    }

    fn by_class(&self, inner: &Inner) -> Facet {
        let mut counts = Counts::default();
        for (group, count) in inner.groups.iter().zip(&self.groups) {
            counts.add(class(group.class).map(|class| class.as_str()), *count);
        }
        counts.facet("class")
    }

    fn by_part(&self, name: &'static str, inner: &Inner, part: &Part) -> Facet {
        let mut counts = Counts::default();
        for (group, count) in inner.groups.iter().zip(&self.groups).filter(|(_, n)| **n > 0) {
            counts.add(inner.part(group, part), *count);
        }
        counts.facet(name)
    }
}

/// Counts by value.
#[derive(Debug, Default)]
struct Counts<'a>(hashbrown::HashMap<Option<&'a str>, u64>);

impl<'a> Counts<'a> {
    fn add(&mut self, value: Option<&'a str>, count: u32) {
        if count > 0 {
            *self.0.entry(value).or_default() += u64::from(count);
        }
    }

    /// The most frequent values first, equal ones in the order of their texts.
    fn facet(self, name: &'static str) -> Facet {
        let mut all: Vec<(Option<&str>, u64)> = self.0.into_iter().collect();
        all.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        let others = all.iter().skip(MOST_VALUES).map(|(_, count)| count).sum();
        all.truncate(MOST_VALUES);
        let values = all.into_iter().map(|(value, count)| (value.map(str::to_owned), count));
        Facet { name, values: values.collect(), others }
    }
}

impl Snapshot {
    /// How many open issues each control has; those that have none are left out.
    #[must_use]
    pub fn open_by_control(&self) -> BTreeMap<String, u64> {
        let inner = &*self.0;
        let mut groups = vec![0; inner.groups.len()];
        let is_open = |state: u8| status(status_of(state)).is_some_and(Status::is_open);
        for cells in inner.each_issue().filter(|cells| is_open(cells.state)) {
            add(&mut groups, usize::try_from(cells.group).unwrap_or(usize::MAX));
        }
        let mut counts = BTreeMap::new();
        for (group, count) in inner.groups.iter().zip(&groups).filter(|(_, n)| **n > 0) {
            if let Some(control) = inner.part(group, &Part::Control) {
                *counts.entry(control.to_owned()).or_default() += u64::from(*count);
            }
        }
        counts
    }

    /// Counts of all there is.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let inner = &*self.0;
        let mut all = Statistics::default();
        let mut days = vec![0_u32; 1 << 16];
        let mut statuses = [0_u32; 8];
        for cells in inner.each_issue() {
            add(&mut statuses, usize::from(status_of(cells.state)));
            if status(status_of(cells.state)).is_some_and(Status::is_open) {
                all.open_issues += 1;
                add(&mut days, usize::from(cells.first_day));
            }
        }
        all.statuses =
            (0_u8..8).zip(statuses).filter_map(|(n, c)| Some((status(n)?, u64::from(c)))).collect();
        all.issues = all.statuses.iter().map(|(_, count)| count).sum();
        for state in inner.findings.iter().flat_map(|page| &page.state) {
            let known = status(status_of(*state));
            all.findings += u64::from(known.is_some());
            all.open_findings += u64::from(known.is_some_and(Status::is_open));
        }
        all.assets_with_open_issues = inner.sums().with_open();
        let known_days = (0..=u16::MAX).zip(days).filter(|(day, count)| *day > 0 && *count > 0);
        all.first_seen_days = known_days.map(|(day, count)| (day, count.into())).collect();
        all
    }
}
