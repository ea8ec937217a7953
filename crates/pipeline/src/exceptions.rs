//! What speaks against issues: statements of suppliers, marks of people, and what sources hide.
//!
//! None closes anything here. A person looks at each in the report's list of exceptions.

use std::collections::{BTreeMap, HashMap, HashSet};

use quell_correlate::Spoken;
use quell_model::{Finding, IssueKey, Mark, Statement, StatementKey, Timestamp, Untrusted};
use quell_report::{ExceptionReport, HiddenBy, HiddenReport, StatementReport, StatementsReport};
use quell_store::{Hiding, IdSet, Store};
use rayon::prelude::*;

use crate::PipelineError;
use crate::assess::{members, read_issue};
use crate::marks::day_of;
use crate::report::Open;

/// Weaknesses whose statements are kept in memory at once; a supplier's document can hold
/// thousands for one.
const MOST_CACHED: usize = 64;

/// Hidden issues that a report names of one exception.
const MOST_HIDDEN_NAMED: usize = 1000;

/// Names under which sources keep why they hide a finding, the most telling first.
const REASONS: &[&str] = &[
    "statement",
    "suppression",
    "suppress_comment",
    "dismissal_note",
    "exception_reason",
    "closed_reason",
    "Note.Text",
    "justification",
    "comment",
    "reason",
];
/// Names under which they keep who did.
const AUTHORS: &[&str] = &["dismissed_by", "suppressed_by", "muted_by", "author", "source"];

/// The statements that speak of open issues.
#[derive(Debug, Default)]
pub(crate) struct Said {
    by_issue: BTreeMap<IssueKey, Vec<Statement>>,
    known: u64,
    matched: HashSet<StatementKey>,
    marks: BTreeMap<IssueKey, Mark>,
    hidden: BTreeMap<IssueKey, HiddenBy>,
}

impl Said {
    /// Finds what is said of open issues: by suppliers of weaknesses, and by people of any.
    pub(crate) fn find(
        store: &Store,
        open: &[Open],
        now: Timestamp,
    ) -> Result<Self, PipelineError> {
        let mut marks: BTreeMap<_, _> = store.mark_list(day_of(now))?.into_iter().collect();
        if !marks.is_empty() {
            let keys: HashSet<IssueKey> = open.iter().map(|open| open.candidate.key).collect();
            marks.retain(|issue, _| keys.contains(issue));
        }
        let suppression = store.suppression(now)?;
        let hidden = open
            .iter()
            .filter_map(|one| Some((one.candidate.key, hidden_by(suppression.by(one.row)?))));
        let hidden = hidden.collect();
        let mut said = Self { known: store.statement_count()?, marks, hidden, ..Self::default() };
        if said.known == 0 {
            return Ok(said);
        }
        let mut sayings = Sayings::new(store)?;
        for issue in open.iter().filter(|issue| issue.has_weakness) {
            let found = sayings.of(issue.row)?;
            said.matched.extend(found.iter().map(Statement::key));
            if !found.is_empty() {
                said.by_issue.insert(issue.candidate.key, found);
            }
        }
        Ok(said)
    }

    /// What is said of one issue.
    pub(crate) fn of(&self, issue: IssueKey) -> &[Statement] {
        self.by_issue.get(&issue).map_or(&[], Vec::as_slice)
    }

    /// How a person marked an issue.
    pub(crate) fn mark(&self, issue: IssueKey) -> Option<&Mark> {
        self.marks.get(&issue)
    }

    /// Which exception hides an issue.
    pub(crate) fn hidden_by(&self, issue: IssueKey) -> Option<&HiddenBy> {
        self.hidden.get(&issue)
    }

    /// How many statements there are, and how many speak of no issue here.
    pub(crate) fn counts(&self) -> StatementsReport {
        let matched = u64::try_from(self.matched.len()).unwrap_or(u64::MAX);
        StatementsReport {
            known: self.known,
            matched,
            unmatched: self.known.saturating_sub(matched),
        }
    }
}

/// What is said of single issues.
pub(crate) struct Sayings<'s> {
    store: &'s Store,
    spoken_of: HashSet<String>,
    cache: Cache,
}

impl<'s> Sayings<'s> {
    pub(crate) fn new(store: &'s Store) -> Result<Self, PipelineError> {
        let spoken_of = store.statement_weaknesses()?;
        Ok(Self { store, spoken_of, cache: Cache::default() })
    }

    /// What is said of an issue, by its row.
    pub(crate) fn of(&mut self, row: i64) -> Result<Vec<Statement>, PipelineError> {
        said_of(self.store, row, &self.spoken_of, &mut self.cache)
    }
}

#[derive(Default)]
struct Cache(HashMap<String, Vec<Spoken>>);

impl Cache {
    fn of(&mut self, store: &Store, weakness: &str) -> Result<&[Spoken], PipelineError> {
        if self.0.len() >= MOST_CACHED && !self.0.contains_key(weakness) {
            self.0.clear();
        }
        if !self.0.contains_key(weakness) {
            let read = |body: &quell_store::Packed| -> Result<Spoken, PipelineError> {
                Ok(Spoken::new(serde_json::from_slice(&body.unpack()?)?))
            };
            let bodies = store.statement_list(weakness)?;
            let spoken = bodies.par_iter().map(read).collect::<Result<Vec<_>, _>>()?;
            self.0.insert(weakness.to_owned(), spoken);
        }
        Ok(self.0.get(weakness).map_or(&[], Vec::as_slice))
    }
}

fn said_of(
    store: &Store,
    row: i64,
    spoken_of: &HashSet<String>,
    cache: &mut Cache,
) -> Result<Vec<Statement>, PipelineError> {
    let mut found: Vec<Statement> = Vec::new();
    let mut seen = HashSet::new();
    for member in members(store, row)? {
        let Some(weakness) = member.finding.vulnerability.as_deref() else { continue };
        let ids = std::iter::once(&weakness.id).chain(&weakness.aliases);
        let ids: HashSet<String> = ids.map(|id| id.trim().to_ascii_uppercase()).collect();
        let mut ids: Vec<&String> = ids.intersection(spoken_of).collect();
        ids.sort_unstable();
        for id in ids {
            let spoken = cache.of(store, id)?;
            let about = spoken.iter().map(|s| (s, s.statement.key())).filter(|(s, key)| {
                s.is_about(weakness, &member.finding.asset) && seen.insert(*key)
            });
            found.extend(about.map(|(s, _)| s.statement.clone()));
        }
    }
    // The newest words first.
    found.sort_by(|a, b| (b.time, a.key()).cmp(&(a.time, b.key())));
    Ok(found)
}

/// The list of exceptions to review: statements against open issues, marks that excuse them, and
/// findings that their sources hide.
pub(crate) fn exceptions(
    store: &Store,
    said: &Said,
    among: Option<&IdSet>,
) -> Result<Vec<ExceptionReport>, PipelineError> {
    let mut exceptions: Vec<ExceptionReport> = Vec::new();
    for (issue, statements) in &said.by_issue {
        let against = statements.iter().filter(|statement| statement.verdict.excuses());
        exceptions.extend(against.map(|statement| of_statement(*issue, statement)));
    }
    for (issue, mark) in said.marks.iter().filter(|(_, mark)| mark.excuses()) {
        exceptions.extend(of_mark(store, *issue, mark)?);
    }
    for (issue, body) in store.finding_list_suppressed(among)? {
        let finding: Finding = serde_json::from_slice(&body.unpack()?)?;
        exceptions.push(of_finding(issue, &finding));
    }
    exceptions.sort_by(|a, b| (&a.issue, &a.kind, &a.id).cmp(&(&b.issue, &b.kind, &b.id)));
    Ok(exceptions)
}

/// An exception as the report names it.
pub(crate) fn hidden_by(hiding: &Hiding) -> HiddenBy {
    HiddenBy {
        exception: hiding.id.clone(),
        reason: Untrusted::from(hiding.reason.as_str()),
        owner: Untrusted::from(hiding.owner.as_str()),
        until: hiding.until,
    }
}

/// What exceptions hide of some issues, or all.
pub(crate) fn hidden(
    store: &Store,
    among: Option<&IdSet>,
    now: Timestamp,
) -> Result<Vec<HiddenReport>, PipelineError> {
    let suppression = store.suppression(now)?;
    let mut found: BTreeMap<&str, HiddenReport> = BTreeMap::new();
    let rows = suppression.rows().iter();
    for row in rows.filter(|row| among.is_none_or(|among| among.contains(*row))) {
        let Some(by) = suppression.by(row) else { continue };
        let report = found.entry(by.id.as_str()).or_insert_with(|| HiddenReport {
            by: hidden_by(by),
            issues: 0,
            ids: Vec::new(),
        });
        report.issues += 1;
        if report.ids.len() < MOST_HIDDEN_NAMED {
            report.ids.extend(store.issue_get(row)?.map(|issue| issue.key.to_string()));
        }
    }
    Ok(found.into_values().collect())
}

fn of_statement(issue: IssueKey, statement: &Statement) -> ExceptionReport {
    let StatementReport { id, source, native_id, justification, text, author, time, .. } =
        statement_report(statement);
    let title = format!("{} in {}", statement.vulnerability, about(statement));
    ExceptionReport {
        issue: issue.to_string(),
        kind: "statement".into(),
        id,
        source,
        native_id,
        title: Untrusted::from(title).capped(512),
        verdict: Untrusted::from(statement.verdict.as_str()),
        justification: match (justification.is_empty(), text.is_empty()) {
            (_, true) => justification,
            (true, false) => text,
            (false, false) => Untrusted::from(format!("{}: {}", justification.raw(), text.raw())),
        },
        author,
        time,
    }
}

fn of_mark(
    store: &Store,
    issue: IssueKey,
    mark: &Mark,
) -> Result<Option<ExceptionReport>, PipelineError> {
    let row = store.issue_between(issue, issue)?.pop();
    let Some(body) = row.and_then(|row| row.body) else { return Ok(None) };
    Ok(Some(ExceptionReport {
        issue: issue.to_string(),
        kind: "mark".into(),
        id: format!("mark:{issue}"),
        source: "person".to_owned(),
        native_id: Untrusted::default(),
        title: read_issue(&body)?.title,
        verdict: Untrusted::from(mark.kind.as_str()),
        justification: mark.reason.clone(),
        author: mark.by.clone(),
        time: Some(mark.at),
    }))
}

fn about(statement: &Statement) -> String {
    match &statement.component {
        Some(component) => format!("{} of {}", component.label(), statement.product.label()),
        None => statement.product.label(),
    }
}

fn of_finding(issue: IssueKey, finding: &Finding) -> ExceptionReport {
    let first = |names: &[&str]| {
        let said = |name: &&str| finding.evidence.iter().find(|(key, _)| key == name);
        names.iter().find_map(said).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let word = match finding.status_native.as_str() {
        "" => "suppressed",
        word => word,
    };
    ExceptionReport {
        issue: issue.to_string(),
        kind: "suppression".into(),
        id: format!("finding:{}", finding.key()),
        source: finding.tool.product.clone(),
        native_id: Untrusted::from(finding.native_id.as_str()),
        title: finding.title.clone(),
        verdict: Untrusted::from(word),
        justification: first(REASONS),
        author: first(AUTHORS),
        time: finding.last_seen,
    }
}

/// A statement as the report shows it.
pub(crate) fn statement_report(statement: &Statement) -> StatementReport {
    StatementReport {
        id: format!("statement:{}", statement.key()),
        source: statement.tool.product.clone(),
        native_id: Untrusted::from(statement.native_id.as_str()),
        vulnerability: Untrusted::from(statement.vulnerability.as_str()),
        product: Untrusted::from(about(statement)).capped(512),
        verdict: statement.verdict,
        verdict_native: Untrusted::from(statement.verdict_native.as_str()),
        justification: Untrusted::from(statement.justification.as_str()).capped(512),
        text: statement.text.clone(),
        author: statement.author.clone(),
        time: statement.time,
    }
}
