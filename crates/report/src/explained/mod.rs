//! An incident explained for somebody, by a model or by the rules, with the records behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use quell_model::{Answered, By, Claim, IncidentKind, Severity, Untrusted, WrittenPart};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::escape::{plain, terminal};
use crate::incident::cited;
use crate::story::heading;
use crate::terminal::{bullet, wrapped};
use crate::words::short;
use crate::words::{count, kind_words};
use crate::{FixReport, IncidentReport, IncidentStory, IssueReport, Report};

const INDENT: &str = "  ";
/// Records that are listed below an explanation.
const MOST_RECORDS: usize = 24;

/// An incident explained: what `quell explain --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explained {
    /// Id of the incident.
    pub incident: String,
    /// What holds it together.
    pub kind: IncidentKind,
    /// One line.
    pub title: Untrusted,
    /// 0 to 1000.
    pub score: u32,
    /// The highest severity among its issues.
    pub severity: Severity,
    /// Whom it is written for: `owner`, `analyst` or `executive`.
    pub audience: String,
    /// What was written, by whom.
    pub words: Answered,
    /// The records that its sentences name, each once.
    pub records: Vec<CitedReport>,
    /// What asking would send, where that was wanted; then nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadReport>,
}

impl Explained {
    /// An incident, and what was written of it.
    #[must_use]
    pub fn new(story: &IncidentStory, audience: &str, words: Answered) -> Self {
        let incident = &story.incident;
        let titles = Titles::new(incident, &story.issues, &story.fixes);
        let records = records(&words).into_iter().map(|id| titles.record(id)).collect();
        Self {
            incident: incident.id.clone(),
            kind: incident.kind,
            title: incident.title.clone(),
            score: incident.score,
            severity: incident.severity,
            audience: audience.to_owned(),
            words,
            records,
            payload: None,
        }
    }
}

/// A record that a sentence names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CitedReport {
    /// `issue:<id>`, `finding:<id>`, `control:<id>` and so on.
    pub id: String,
    /// What it says in one line, where that is known.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub title: Untrusted,
}

/// The bytes that asking a model would send, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayloadReport {
    /// The provider's name in the configuration; none where nobody would be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The bytes, which are text.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub text: Untrusted,
    /// Their BLAKE3 hash, as the audit log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Why nothing would be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl PayloadReport {
    /// Nothing would be sent.
    #[must_use]
    pub fn none(because: impl Into<String>) -> Self {
        let (provider, hash, because) = (None, None, Some(because.into()));
        Self { provider, text: Untrusted::default(), hash, because }
    }
}

impl Report {
    /// One of its incidents with what belongs to it.
    #[must_use]
    pub fn story(&self, at: usize) -> Option<IncidentStory> {
        let incident = self.incidents.get(at)?;
        let issues: BTreeSet<&str> = incident.issues.iter().map(String::as_str).collect();
        let own = |issue: &&IssueReport| issues.contains(issue.id.as_str());
        let issues: Vec<IssueReport> = self.issues.iter().filter(own).cloned().collect();
        let assets: BTreeSet<&str> = issues.iter().map(|issue| issue.asset.as_str()).collect();
        let assets = self.assets.iter().filter(|asset| assets.contains(asset.id.as_str()));
        let fixes = self.fixes.iter().filter(|fix| incident.fixes.contains(&fix.id));
        Some(IncidentStory {
            incident: incident.clone(),
            assets: assets.cloned().collect(),
            fixes: fixes.cloned().collect(),
            issues,
            times: None,
        })
    }
}

/// What records say in one line.
pub(crate) struct Titles<'a> {
    incident: &'a IncidentReport,
    issues: BTreeMap<&'a str, &'a IssueReport>,
    fixes: &'a [FixReport],
}

impl<'a> Titles<'a> {
    pub(crate) fn new(
        incident: &'a IncidentReport,
        issues: &'a [IssueReport],
        fixes: &'a [FixReport],
    ) -> Self {
        let own = issues.iter().filter(|issue| incident.issues.contains(&issue.id));
        let issues = own.map(|issue| (issue.id.as_str(), issue)).collect();
        Self { incident, issues, fixes }
    }

    fn record(&self, id: &str) -> CitedReport {
        CitedReport { id: id.to_owned(), title: self.of(id).unwrap_or_default() }
    }

    /// What a record says; none where that is not known here.
    pub(crate) fn of(&self, evidence: &str) -> Option<Untrusted> {
        let (kind, rest) = evidence.split_once(':')?;
        let id = rest.split_once('#').map_or(rest, |(id, _)| id);
        match kind {
            "incident" => Some(self.incident.title.clone()),
            "issue" => self.issues.get(id).map(|issue| issue.title.clone()),
            "fix" => {
                let fix = self.fixes.iter().find(|fix| fix.id == id)?;
                Some(Untrusted::from(fix.title.as_str()))
            }
            "finding" => {
                let mut all = self.issues.values().flat_map(|issue| &issue.findings);
                let finding = all.find(|finding| finding.id == id)?;
                Some(format!("{}: {}", finding.source, finding.title.raw()).into())
            }
            "statement" => {
                let mut all = self.issues.values().flat_map(|issue| &issue.statements);
                all.find(|said| said.id == evidence).map(|said| said.native_id.clone())
            }
            _ => None,
        }
    }
}

/// The records that the sentences name, in their order, each once.
fn records(words: &Answered) -> Vec<&str> {
    let sentences = words.written.parts.iter().flat_map(|part| &part.sentences);
    let mut all: Vec<&str> = Vec::new();
    for cited in sentences.flat_map(|sentence| &sentence.evidence) {
        // Several fields of a record are one record.
        let id = cited.split_once('#').map_or(cited.as_str(), |(id, _)| id);
        if !all.contains(&id) {
            all.push(id);
        }
    }
    all
}

/// Who wrote it, without hidden characters.
pub(crate) fn by_line(words: &Answered) -> String {
    let made = words.made.as_ref().map(|made| {
        let kept = if made.kept { ", an answer that was kept" } else { "" };
        format!("{} of {}{kept}", plain(&made.model), plain(&made.provider))
    });
    match (words.written.by, &words.written.instead_of, made) {
        (By::Model, _, Some(made)) => {
            format!("written by {made}; checked against the records that it names")
        }
        (By::Model, _, None) => {
            "written by a language model; checked against the records that it names".to_owned()
        }
        (By::Rules, Some(why), _) => format!("written by the rules: {}", plain(&why.text())),
        (By::Rules, None, _) => "written by the rules".to_owned(),
    }
}

/// The same with a capital letter and a full stop.
pub(crate) fn by_sentence(words: &Answered) -> String {
    let mut by = format!("{}.", by_line(words));
    if let Some(first) = by.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    by
}

/// How many sentences were dropped, and why; none where none was.
pub(crate) fn dropped_line(words: &Answered) -> Option<String> {
    let dropped = &words.written.dropped;
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for one in dropped {
        *reasons.entry(one.reason.as_str()).or_default() += 1;
    }
    let reasons: Vec<String> =
        reasons.iter().map(|(word, n)| format!("{n} {}", plain(word).replace('_', " "))).collect();
    let were = if dropped.len() == 1 { "was" } else { "were" };
    let all = count(dropped.len() as u64, "sentence");
    (!dropped.is_empty())
        .then(|| format!("{all} of the model {were} dropped: {}", reasons.join(", ")))
}

/// What stands above a part. A part that the rules wrote says so among those of a model.
pub(crate) fn part_line(words: &Answered, part: &WrittenPart) -> String {
    let title = plain(&part.title);
    match (words.written.by, part.by) {
        (By::Model, By::Rules) => format!("{title} (by the rules)"),
        (By::Model | By::Rules, By::Model) | (By::Rules, By::Rules) => title,
    }
}

/// What was written, on a terminal: who wrote it, then each part with the records behind it.
pub(crate) fn write_words(words: &Answered, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let inner = format!("{indent}{INDENT}");
    wrapped(&by_sentence(words), indent, out)?;
    if words.written.parts.is_empty() {
        wrapped("Nothing is known here of what this task tells.", indent, out)?;
    }
    for part in &words.written.parts {
        wrapped(&part_line(words, part), indent, out)?;
        if let Some(choice) = &part.choice {
            wrapped(&plain(choice), &inner, out)?;
        }
        part.sentences.iter().try_for_each(|sentence| write_sentence(sentence, &inner, out))?;
    }
    match dropped_line(words) {
        Some(dropped) => wrapped(&format!("{dropped}."), indent, out),
        None => Ok(()),
    }
}

fn write_sentence(sentence: &Claim, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = terminal(&sentence.text);
    match sentence.evidence.is_empty() {
        true => bullet(&text, indent, out),
        false => bullet(&format!("{text} [{}]", cited(sentence)), indent, out),
    }
}

/// Writes an incident explained: who wrote it, each sentence with the records behind it, and what
/// those say.
///
/// # Errors
/// When the writer fails.
pub fn write_explained(it: &Explained, out: &mut dyn Write) -> io::Result<()> {
    wrapped(&terminal(&it.title), "", out)?;
    let head = format!(
        "incident {} · risk {} of 1000 · {} · {} · for the {}",
        short(&it.incident),
        it.score,
        it.severity.as_str(),
        kind_words(it.kind),
        plain(&it.audience)
    );
    wrapped(&head, "", out)?;
    writeln!(out)?;
    write_words(&it.words, "", out)?;
    if it.records.is_empty() {
        return Ok(());
    }
    heading("Records", out)?;
    for record in it.records.iter().take(MOST_RECORDS) {
        let (kind, id) = record.id.split_once(':').unwrap_or(("", &record.id));
        let id = if record.title.is_empty() { plain(id) } else { short(&plain(id)) };
        wrapped(&format!("{kind}:{id} {}", terminal(&record.title)), INDENT, out)?;
    }
    let more = it.records.len().saturating_sub(MOST_RECORDS);
    if more > 0 {
        writeln!(out, "{INDENT}and {} more", count(more as u64, "record"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
