//! One incident with its issues, for a terminal of 80 columns.

use std::io::{self, Write};

use quell_model::{Claim, Timestamp};

use crate::escape::{plain, terminal};
use crate::explained::write_words;
use crate::story::{heading, write_explanation, write_fix};
use crate::terminal::{bullet, wrapped};
use crate::timeline;
use crate::words::short;
use crate::words::{count, kind_words};
use crate::{IncidentReport, IncidentStory, IssueReport, TimesReport};

const INDENT: &str = "  ";
/// Issues that are listed one by one.
const MOST_ISSUES: usize = 30;
/// Records that a terminal cites for one sentence.
const MOST_CITED: usize = 3;

/// Writes one incident: what it is, why it is one, what happened, what to do, its issues and
/// fixes.
///
/// # Errors
/// When the writer fails.
pub fn write_incident_story(story: &IncidentStory, out: &mut dyn Write) -> io::Result<()> {
    let incident = &story.incident;
    wrapped(&terminal(&incident.title), "", out)?;
    let head = format!(
        "incident {} · risk {} of 1000 · {} · {}",
        short(&incident.id),
        incident.score,
        incident.severity.as_str(),
        kind_words(incident.kind)
    );
    wrapped(&head, "", out)?;
    let owner = &incident.owner;
    wrapped(&format!("owner {} ({})", terminal(&owner.name), terminal(&owner.because)), "", out)?;
    if let Some(times) = &story.times {
        wrapped(&times_words(times), "", out)?;
    }
    for note in &incident.notes {
        wrapped(&format!("note: {}", plain(note)), "", out)?;
    }
    write_because(incident, out)?;
    if let Some(told) = &incident.timeline {
        timeline::write(told, out)?;
    }
    write_explanation(&incident.explanation, out)?;
    if let Some(words) = &incident.words {
        heading("In other words", out)?;
        write_words(words, INDENT, out)?;
    }
    heading(&count(story.issues.len() as u64, "issue"), out)?;
    for issue in story.issues.iter().take(MOST_ISSUES) {
        write_issue(issue, out)?;
    }
    let hidden = story.issues.len().saturating_sub(MOST_ISSUES);
    if hidden > 0 {
        writeln!(out, "{INDENT}and {} more", count(hidden as u64, "issue"))?;
    }
    story.fixes.iter().take(5).try_for_each(|fix| write_fix(fix, out))
}

/// When it came and when people dealt with it.
fn times_words(times: &TimesReport) -> String {
    let steps = [("opened", times.understood), ("a fix agreed to", times.approved)];
    let minute = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    steps.into_iter().fold(format!("came {}", minute(times.begun)), |words, (word, at)| {
        at.map_or(words.clone(), |at| format!("{words} · {word} {}", minute(at)))
    })
}

/// Why the issues are one incident, each sentence with its records.
pub(crate) fn write_because(incident: &IncidentReport, out: &mut dyn Write) -> io::Result<()> {
    if incident.because.is_empty() {
        return Ok(());
    }
    heading("Why this is one incident", out)?;
    for claim in &incident.because {
        bullet(&format!("{} [{}]", terminal(&claim.text), cited(claim)), INDENT, out)?;
    }
    Ok(())
}

/// The records of a claim, cut short.
pub(crate) fn cited(claim: &Claim) -> String {
    let one = |evidence: &String| {
        let (kind, rest) = evidence.split_once(':').unwrap_or(("", evidence));
        match rest.split_once('#') {
            Some((id, field)) => format!("{kind}:{}#{}", short(id), plain(field)),
            None => format!("{kind}:{}", short(rest)),
        }
    };
    let mut all: Vec<String> = claim.evidence.iter().take(MOST_CITED).map(one).collect();
    if claim.evidence.len() > MOST_CITED {
        all.push("…".to_owned());
    }
    all.join(" ")
}

fn write_issue(issue: &IssueReport, out: &mut dyn Write) -> io::Result<()> {
    let line = format!(
        "{} {:>4} {:<8} {}",
        short(&issue.id),
        issue.risk.score,
        issue.severity.as_str(),
        terminal(&issue.title)
    );
    wrapped(&line, INDENT, out)?;
    wrapped(&plain(&issue.asset), "             ", out)
}
