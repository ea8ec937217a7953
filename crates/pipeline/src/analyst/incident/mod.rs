//! The brief of an incident: its records, what matters most first, and what the rules say of it.

mod anomalies;
mod details;
mod events;
mod known;
mod names;
pub(super) mod records;
#[cfg(test)]
pub(super) mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use quell_analyst::{Brief, Record};
use quell_catalog::{Catalog, CloudSteps, Control};
use quell_model::FindingClass;
use quell_report::{AssetReport, IncidentStory, IssueReport};

pub use details::Details;
use details::MOST_ISSUES;

/// Findings of the riskiest issue that are told, and of each other one.
const MOST_OF_LEAD: usize = 4;
const MOST_OF_OTHER: usize = 2;
/// Fixes and statements that are told.
const MOST_FIXES: usize = 4;
const MOST_STATEMENTS: usize = 4;
/// Controls whose commands may be named.
const MOST_CONTROLS: usize = 12;
/// Assets whose names are masked wherever they stand.
const MOST_ASSETS: usize = 400;

/// All there is to tell of an incident: whatever task reads it, and what stands where none does.
#[must_use]
pub fn brief<'c>(story: &IncidentStory, details: &Details, catalog: &'c Catalog) -> Brief<'c> {
    let telling = Telling::new(story, details, catalog);
    let controls = telling.controls();
    let mut known = known::known(&telling);
    known.extend(anomalies::known(&telling));
    Brief {
        records: telling.records(&controls),
        figures: telling.figures(),
        steps: telling.steps(&controls),
        names: story.assets.iter().take(MOST_ASSETS).flat_map(names::known_of).collect(),
        known,
        controls,
    }
}

/// What is told of.
struct Telling<'a, 'c> {
    story: &'a IncidentStory,
    details: &'a Details,
    catalog: &'c Catalog,
    assets: HashMap<&'a str, &'a AssetReport>,
}

impl<'a, 'c> Telling<'a, 'c> {
    fn new(story: &'a IncidentStory, details: &'a Details, catalog: &'c Catalog) -> Self {
        let assets = story.assets.iter().map(|asset| (asset.id.as_str(), asset)).collect();
        Self { story, details, catalog, assets }
    }

    /// The issues that are told one by one, riskiest first.
    fn issues(&self) -> impl Iterator<Item = &'a IssueReport> {
        self.story.issues.iter().take(MOST_ISSUES)
    }

    fn asset(&self, id: &str) -> Option<&'a AssetReport> {
        self.assets.get(id).copied()
    }

    /// The controls of those issues, each once.
    fn controls(&self) -> Vec<&'c Control> {
        let mut seen = HashSet::new();
        let named = self.issues().filter_map(|issue| issue.control.as_deref());
        let named = named.filter(|id| seen.insert(*id)).filter_map(|id| self.catalog.control(id));
        named.take(MOST_CONTROLS).collect()
    }

    fn steps(&self, controls: &[&'c Control]) -> Vec<&'c CloudSteps> {
        let mut seen = HashSet::new();
        let of = |issue: &IssueReport| {
            let id = issue.control.as_deref()?;
            let kind = self.asset(&issue.asset)?.kind.raw();
            controls.iter().any(|control| control.id == id).then_some(())?;
            seen.insert((id.to_owned(), kind.to_owned())).then_some(())?;
            self.catalog.cloud_steps(id, kind)
        };
        self.issues().filter_map(of).collect()
    }

    /// Records in the order in which they matter.
    fn records(&self, controls: &[&'c Control]) -> Vec<Record> {
        let mut records = vec![records::incident(self)];
        let mut told = Seen::default();
        let mut issues = self.issues();
        if let Some(lead) = issues.next() {
            records.push(records::issue(self, lead, told.is_new(&lead.asset)));
            records.extend(anomalies::records(self));
            records.extend(events::events(self));
            self.behind(lead, MOST_OF_LEAD, (controls, &mut told), &mut records);
        }
        records.extend(self.story.fixes.iter().take(MOST_FIXES).map(records::fix));
        let statements = self.story.issues.iter().flat_map(|issue| &issue.statements);
        let statements = statements.filter(|said| told.is_new(&said.id)).collect::<Vec<_>>();
        records.extend(statements.into_iter().take(MOST_STATEMENTS).map(records::statement));
        for issue in issues {
            records.push(records::issue(self, issue, told.is_new(&issue.asset)));
            self.behind(issue, MOST_OF_OTHER, (controls, &mut told), &mut records);
        }
        records
    }

    /// What stands behind an issue: the catalogue's words, and findings that no event tells.
    fn behind(
        &self,
        issue: &IssueReport,
        most: usize,
        (controls, told): (&[&'c Control], &mut Seen),
        records: &mut Vec<Record>,
    ) {
        let control = controls.iter().find(|one| issue.control.as_deref() == Some(one.id.as_str()));
        if let Some(control) = control.filter(|control| told.is_new(&control.id)) {
            let name = self.asset(&issue.asset).map_or("", |asset| asset.name.raw());
            records.push(records::control(control, name));
        }
        if issue.class == FindingClass::Detection && self.story.incident.timeline.is_some() {
            return;
        }
        let findings = issue.findings.iter().take(most);
        records.extend(findings.map(|finding| records::finding(self, issue, finding)));
    }

    /// Counts and scores. They are ours, so that they leave as they are.
    fn figures(&self) -> Vec<(&'static str, String)> {
        let incident = &self.story.incident;
        let fixes = self.story.fixes.iter().filter(|fix| fix.state == "proved").count();
        let accounts: BTreeSet<&str> = self.story.assets.iter().map(|a| a.account.raw()).collect();
        let accounts = accounts.iter().filter(|account| !account.is_empty()).count();
        let mut figures: BTreeMap<&'static str, String> = BTreeMap::from([
            ("score", incident.score.to_string()),
            ("issues", self.story.issues.len().to_string()),
            ("assets", self.story.assets.len().to_string()),
            ("accounts", accounts.to_string()),
            ("tools", incident.sources.len().to_string()),
            ("proved_fixes", fixes.to_string()),
        ]);
        if let Some(timeline) = &incident.timeline {
            let left_out = usize::try_from(timeline.left_out).unwrap_or(usize::MAX);
            let events = timeline.events.len().saturating_add(left_out);
            figures.insert("events", events.to_string());
            figures.insert("processes", timeline.processes.len().to_string());
        }
        figures.into_iter().collect()
    }
}

/// What was told already.
#[derive(Default)]
struct Seen(HashSet<String>);

impl Seen {
    fn is_new(&mut self, what: &str) -> bool {
        self.0.insert(what.to_owned())
    }
}
