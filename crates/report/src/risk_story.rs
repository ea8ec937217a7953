//! Why a score is what it is and what would change it: what `quell risk explain` prints.

use std::io::{self, Write};

use quell_model::{Severity, Untrusted};
use serde::Serialize;
use utoipa::ToSchema;

use crate::DecisionReport;
use crate::escape::{plain, terminal};
use crate::terminal::{wrapped, wrapped_below};
use crate::words::short;

/// A risk with the record behind each part.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RiskStory {
    /// The issue that is explained: the riskiest one, where an incident was asked for.
    pub issue: String,
    /// Its incident.
    pub incident: String,
    /// One line.
    pub title: Untrusted,
    /// The asset's canonical key.
    pub asset: Untrusted,
    /// The highest severity any tool gives.
    pub severity: Severity,
    /// 0 to 1000; the parts add up to it.
    pub score: u32,
    /// What to do about the issue.
    #[serde(flatten)]
    pub decision: DecisionReport,
    /// The parts, largest first.
    pub parts: Vec<PartReport>,
    /// The incident's score.
    pub incident_score: u32,
    /// How many issues the incident has.
    pub incident_issues: u64,
    /// What the score would be otherwise, lowest first.
    pub what_if: Vec<WhatIfReport>,
    /// The changes with the least work for the most points, at most two.
    pub cheapest: Vec<WhatIfReport>,
}

/// One part of a risk with the records it rests on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartReport {
    /// Its name.
    pub name: String,
    /// Points it adds; negative where it takes away.
    pub points: i32,
    /// What it was judged by.
    pub because: Untrusted,
    /// `finding:ID`, `finding:ID#field`, `control:ID`, `issue:ID`, `relation:ID` or `intelligence:NAME`.
    pub evidence: Vec<String>,
}

/// What the score would be if one thing were otherwise.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WhatIfReport {
    /// The part it is about; `fix` for the fix itself.
    pub part: String,
    /// What would be otherwise.
    #[serde(rename = "if")]
    pub condition: String,
    /// What to do for it; none where it is only something to know better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Untrusted>,
    /// The score then.
    pub score_after: u32,
    /// How many points that is more, or less.
    pub difference: i64,
}

const INDENT: &str = "  ";

/// Writes it for a terminal of 80 columns.
///
/// # Errors
/// When the writer fails.
pub fn write_risk_story(story: &RiskStory, out: &mut dyn Write) -> io::Result<()> {
    wrapped(&terminal(&story.title), "", out)?;
    wrapped(&format!("on {}", terminal(&story.asset)), "", out)?;
    let decision = &story.decision;
    let due = decision.due.as_ref().map(|day| format!(", due {day}")).unwrap_or_default();
    let severity = story.severity.as_str();
    writeln!(out, "issue {} · risk {} of 1000 · {severity}", short(&story.issue), story.score)?;
    let word = decision.decision.as_str();
    let because = plain(&decision.decision_because);
    wrapped(
        &format!("{word}, because {because}; ticket {}{due}", decision.ticket.as_str()),
        "",
        out,
    )?;
    writeln!(out, "\nParts")?;
    for part in &story.parts {
        let text = format!("{:<12}{:>+5}  {}", part.name, part.points, terminal(&part.because));
        wrapped_after(&text, out)?;
        if !part.evidence.is_empty() {
            let shown: Vec<String> = part.evidence.iter().take(3).map(|e| record(e)).collect();
            wrapped(&shown.join(", "), "                     ", out)?;
        }
    }
    writeln!(out, "{INDENT}{:<12}{:>5}", "sum", story.score)?;
    write_incident(story, out)?;
    if !story.what_if.is_empty() {
        writeln!(out, "\nWhat if")?;
    }
    for other in &story.what_if {
        let (before, after) = (story.score, other.score_after);
        wrapped(&format!("if {}: {before} → {after}", plain(&other.condition)), INDENT, out)?;
    }
    if !story.cheapest.is_empty() {
        writeln!(out, "\nCheapest changes")?;
    }
    for (number, change) in (1..).zip(&story.cheapest) {
        let what = change.change.as_ref().map(terminal).unwrap_or_default();
        let (before, after) = (story.score, change.score_after);
        wrapped(&format!("{number}. {what}: {before} → {after}"), INDENT, out)?;
    }
    Ok(())
}

fn write_incident(story: &RiskStory, out: &mut dyn Write) -> io::Result<()> {
    let (score, issues) = (story.incident_score, story.incident_issues);
    let incident = short(&story.incident);
    let more = i64::from(score) - i64::from(story.score);
    let text = match (issues, more) {
        (1, _) => format!("It is incident {incident} by itself."),
        (_, 1..) => {
            format!(
                "Incident {incident} has {issues} issues and risk {score}: {more} more for the story."
            )
        }
        _ => {
            format!("It is one of {issues} issues of incident {incident}, which has risk {score}.")
        }
    };
    writeln!(out)?;
    wrapped(&text, "", out)
}

/// Wraps the words of a part below each other.
fn wrapped_after(text: &str, out: &mut dyn Write) -> io::Result<()> {
    const HEAD: usize = 19;
    let (head, rest) = text.split_at(text.floor_char_boundary(HEAD));
    let first = format!("{INDENT}{head}");
    wrapped_below(rest, (&first, &" ".repeat(INDENT.len() + HEAD)), out)
}

/// A reference with its id cut short: `finding:0a1b2c3d4e#severity`.
fn record(reference: &str) -> String {
    let (record, field) = reference.split_once('#').unwrap_or((reference, ""));
    let record = match record.split_once(':') {
        Some((kind @ ("finding" | "issue"), id)) => format!("{kind}:{}", short(id)),
        _ => record.to_owned(),
    };
    plain(&if field.is_empty() { record } else { format!("{record}#{field}") })
}
