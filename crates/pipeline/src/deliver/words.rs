//! Parts of letters that several have.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use quell_deliver::letter::ISSUES;
use quell_deliver::mirror::{CodeNow, Merged, Word};
use quell_deliver::text::{Hosts, Line, SafeLink, Span};
use quell_deliver::{Block, Body};
use quell_model::{Claim, Severity};
use quell_report::{DecisionReport, IssueReport};

/// Issues that a letter names one by one.
const MOST_ISSUES: usize = 20;
/// Records that a sentence cites.
const MOST_CITED: usize = 3;

/// The hosts that links may lead to, and Quell's own address.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Where links may lead to.
    pub hosts: Hosts,
    /// Where people reach Quell, without a `/` at its end.
    pub own: Option<String>,
}

impl Places {
    /// Quell's own page of something.
    pub(super) fn page(&self, path: &str) -> Option<SafeLink> {
        SafeLink::new(&format!("{}{path}", self.own.as_ref()?), &self.hosts).ok()
    }
}

/// A sentence, with the records that it rests on.
pub(super) fn claim(claim: &Claim) -> Line {
    let line = Line::data(claim.text.clone());
    let cited: Vec<String> = claim.evidence.iter().take(MOST_CITED).map(|id| short(id)).collect();
    if cited.is_empty() {
        return line;
    }
    let more = claim.evidence.len().saturating_sub(MOST_CITED);
    let line = line.and_own(" [").and_code(cited.join(", "));
    if more == 0 { line.and_own("]") } else { line.and_own(format!(" and {more} more]")) }
}

/// The id of a record, as short as people write it.
fn short(evidence: &str) -> String {
    let (kind, id) = evidence.split_once(':').unwrap_or(("", evidence));
    // Names of the catalogue are for people; ids of records are long and told apart by their beginning.
    let id: String = if kind == "control" { id.to_owned() } else { id.chars().take(12).collect() };
    if kind.is_empty() { id } else { format!("{kind}:{id}") }
}

/// The issues, with who sees them.
pub(super) fn issues(all: &[&IssueReport]) -> Vec<Block> {
    let line = |issue: &&IssueReport| {
        let mut tools: Vec<&str> = issue.findings.iter().map(|f| f.source.as_str()).collect();
        tools.sort_unstable();
        tools.dedup();
        Line::own(format!("{} · {} · ", issue.severity.as_str(), issue.risk.score))
            .and_data(issue.title.clone())
            .and_own(" on ")
            .and_code(issue.asset.clone())
            .and_own(" (seen by ")
            .and_data(tools.join(", "))
            .and_own(")")
    };
    let mut lines: Vec<Line> = all.iter().take(MOST_ISSUES).map(line).collect();
    let more = all.len().saturating_sub(MOST_ISSUES);
    if more > 0 {
        lines.push(Line::own(format!("and {more} more")));
    }
    vec![Block::Heading(Line::own(ISSUES)), Block::List(lines)]
}

/// When work is due.
pub(super) fn due(decision: &DecisionReport) -> Option<Timestamp> {
    let day: Date = decision.due.as_ref()?.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// How bad and by when.
pub(super) fn head(score: u32, severity: Severity, decision: &DecisionReport) -> (String, Line) {
    let line = Line::own(format!("{score} of 1000, {}", severity.as_str()));
    let line = match &decision.due {
        Some(day) => line.and_own(format!("; due {day}")),
        None => line,
    };
    ("Risk".to_owned(), line)
}

/// A link at the end of a letter.
pub(super) fn footer(page: Option<&SafeLink>) -> Vec<Block> {
    let link = page.map(|to| {
        let words = "Open in Quell".to_owned();
        Block::Paragraph(Line(vec![Span::Link { words, to: to.clone() }]))
    });
    link.into_iter().collect()
}

/// A change of code that was merged, for the evidence.
#[derive(Debug, Clone, Copy)]
pub struct MergedAs<'a> {
    /// What people call its request.
    pub name: &'a str,
    /// What is known of it since.
    pub merged: &'a Merged,
}

impl MergedAs<'_> {
    /// When, by whom and as what it was merged, and what the checks say of it.
    fn line(self) -> Line {
        let merged = self.merged;
        let line = Line::default().and_code(self.name.to_owned());
        let line = line.and_own(format!(" was merged at {}", merged.at));
        let line = match &merged.by {
            Some(by) => line.and_own(" by ").and_data(by.clone()),
            None => line,
        };
        let line = match &merged.commit {
            Some(commit) => line.and_own(" as ").and_code(commit.clone()),
            None => line,
        };
        line.and_own(match merged.checked.map(|checked| checked.code) {
            Some(CodeNow::Holds) => ". Quell's own checks hold on the code.",
            Some(CodeNow::Fails) => ". Quell's own checks fail on the code.",
            Some(CodeNow::Unknown) | None => ". The code could not be judged.",
        })
    }
}

/// What is said of how it stands since a merge.
#[must_use]
pub fn merged_body(word: Word, merged: MergedAs<'_>) -> Body {
    let text = match word {
        Word::Waits => "This is closed once no tool sees the fault any more.",
        Word::Fails => {
            "So the fault is still there: the merge brought something else than the fix."
        }
        Word::StillThere => {
            "A tool saw the fault after that. So the merge alone did not mend it: is it applied?"
        }
        Word::Gone => "No tool sees the fault any more.",
        Word::Drift => {
            "The fault was gone and is there again, though the code has the fix: somebody or \
             something changed it outside of the code. Applying the code again mends it."
        }
        Word::Undone => "The fault was gone and is there again: the code has not the fix any more.",
        Word::Back => "The fault was gone and is there again.",
    };
    Body::paragraph(merged.line()).and(Block::Paragraph(Line::own(text)))
}

/// What is said when all that a letter was about is gone.
#[must_use]
pub fn gone_body(issues: usize, since: Timestamp, merged: Option<MergedAs<'_>>) -> Body {
    let count =
        if issues == 1 { "The issue is".to_owned() } else { format!("All {issues} issues are") };
    let text = format!(
        "{count} gone: no tool sees it any more since {since}. Quell watched that, and closes this."
    );
    let body = Body::paragraph(Line::own(text));
    match merged {
        Some(merged) => body.and(Block::Paragraph(merged.line())),
        None => body,
    }
}

/// What is said when nobody has to be reminded any more.
#[must_use]
pub fn over_body() -> Body {
    Body::paragraph(Line::own("It is decided, or its time is over. Nothing waits any more."))
}

/// What is said when it comes back.
#[must_use]
pub fn returned_body(seen: Option<Timestamp>, merged: Option<(Word, MergedAs<'_>)>) -> Body {
    let when = seen.map_or_else(String::new, |seen| format!(" at {seen}"));
    let text =
        format!("A tool saw the fault again{when}, after this was closed. So it is open again.");
    let mut body = Body::paragraph(Line::own(text));
    if let Some((word, merged)) = merged {
        body.0.extend(merged_body(word, merged).0);
    }
    body
}

/// What is said when an exception hides it.
#[must_use]
pub fn accepted_body() -> Body {
    let text = "An exception that was granted hides this until it ends. When it ends while a tool \
                still sees the fault, this is opened again.";
    Body::paragraph(Line::own(text))
}
