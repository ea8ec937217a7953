//! One issue with all it rests on, for a terminal of 80 columns.

use std::io::{self, Write};

use quell_model::Explanation;

use crate::escape::{is_hidden, plain, terminal};
use crate::incident::write_because;
use crate::steps::step_lines;
use crate::terminal::wrapped;
use crate::timeline;
use crate::words::{
    check_name, count, hidden_words, impact_lines, kind_words, level_words, mark_words, short,
    ticket_words, verdict,
};
use crate::{FindingReport, FixReport, IncidentReport, IssueStory};

const INDENT: &str = "  ";

/// Writes one issue: what is wrong, why, what to do, who sees it, and its fix with its proof.
///
/// # Errors
/// When the writer fails.
pub fn write_story(story: &IssueStory, out: &mut dyn Write) -> io::Result<()> {
    let (issue, asset) = (&story.issue, &story.asset);
    wrapped(&terminal(&issue.title), "", out)?;
    let status = serde_json::to_value(issue.status)?;
    let risk = issue.risk.score;
    let severity = issue.severity.as_str();
    let status = status.as_str().unwrap_or_default();
    writeln!(out, "issue {} · risk {risk} of 1000 · {severity} · {status}", short(&issue.id))?;
    let place = [&asset.account, &asset.region].map(terminal).join(" ");
    let place = format!("{} {} {}", asset.provider, terminal(&asset.kind), place.trim());
    wrapped(&format!("asset {} ({})", terminal(&asset.name), place.trim()), "", out)?;
    let owner = format!("{} ({})", terminal(&story.owner.name), terminal(&story.owner.because));
    wrapped(&format!("owner {owner}"), "", out)?;
    for other in &asset.other_owners {
        let other = format!("{} ({})", terminal(&other.name), terminal(&other.because));
        wrapped(&format!("also  {other}"), "", out)?;
    }
    if let Some(incident) = &story.incident {
        write_incident(incident, out)?;
    }
    let decision = &issue.decision;
    let ticket = ticket_words(decision).map(|words| format!("; {words}")).unwrap_or_default();
    let because = plain(&decision.decision_because);
    wrapped(&format!("{}: {because}{ticket}", decision.decision.as_str()), "", out)?;
    if let Some(mark) = &issue.mark {
        wrapped(&mark_words(mark), "", out)?;
    }
    if let Some(level) = &issue.level {
        wrapped(&level_words(level), "", out)?;
    }
    if let Some(by) = &issue.hidden_by {
        wrapped(&hidden_words(by), "", out)?;
    }
    write_explanation(&story.explanation, out)?;
    heading(&format!("Risk {risk}"), out)?;
    for part in &issue.risk.parts {
        writeln!(out, "{INDENT}{:<12}{:>+5}  {}", part.name, part.points, plain(&part.because))?;
    }
    for change in &issue.risk.would_lower {
        let text = format!("would be {} after: {}", change.score_after, plain(&change.change));
        wrapped(&text, INDENT, out)?;
    }
    heading("Found by", out)?;
    for finding in &issue.findings {
        write_finding(finding, out)?;
    }
    for reason in &issue.merged_because {
        wrapped(&format!("one issue because {}", plain(reason)), INDENT, out)?;
    }
    if !issue.frameworks.is_empty() {
        heading("Evidence for", out)?;
        for (framework, requirements) in &issue.frameworks {
            wrapped(&format!("{framework} {}", requirements.join(", ")), INDENT, out)?;
        }
    }
    story.fixes.iter().try_for_each(|fix| write_fix(fix, out))?;
    let Some(steps) = &issue.steps else { return Ok(()) };
    heading(&format!("By hand ({} {}; Quell runs none of it)", steps.cli, steps.version), out)?;
    step_lines(steps).iter().try_for_each(|line| writeln!(out, "{INDENT}{line}"))?;
    wrapped(&format!("may break: {}", plain(&steps.note)), INDENT, out)
}

/// The incident that an issue belongs to, and what happened in it.
fn write_incident(incident: &IncidentReport, out: &mut dyn Write) -> io::Result<()> {
    heading("Its incident", out)?;
    wrapped(&terminal(&incident.title), INDENT, out)?;
    let issues = count(incident.issues.len() as u64, "issue");
    let line = format!(
        "incident {} · risk {} · {} · {issues}",
        short(&incident.id),
        incident.score,
        kind_words(incident.kind)
    );
    wrapped(&line, INDENT, out)?;
    write_because(incident, out)?;
    match &incident.timeline {
        Some(told) => timeline::write(told, out),
        None => Ok(()),
    }
}

pub(crate) fn heading(text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{text}")
}

pub(crate) fn write_explanation(explained: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    heading("What is wrong", out)?;
    wrapped(&terminal(&explained.what.text), INDENT, out)?;
    heading("Why it matters here", out)?;
    for claim in &explained.why {
        wrapped(&terminal(&claim.text), INDENT, out)?;
    }
    heading("Likely cause, and what an attacker would want", out)?;
    wrapped(&terminal(&explained.cause.text), INDENT, out)?;
    wrapped(&terminal(&explained.intent.text), INDENT, out)?;
    heading("What to do", out)?;
    for (number, step) in (1..).zip(&explained.steps) {
        wrapped(&format!("{number}. {}", terminal(step)), INDENT, out)?;
    }
    wrapped(&format!("What could break: {}", terminal(&explained.breaks)), INDENT, out)?;
    wrapped(&format!("How sure: {}", plain(&explained.confidence_because)), INDENT, out)
}

fn write_finding(finding: &FindingReport, out: &mut dyn Write) -> io::Result<()> {
    let head = format!(
        "{} `{}`, severity {}, finding {}",
        plain(&finding.source),
        terminal(&finding.rule),
        terminal(&finding.severity_native),
        short(&finding.id)
    );
    wrapped(&head, INDENT, out)?;
    wrapped(&format!("{}, byte {}", terminal(&finding.file), finding.offset_bytes), "    ", out)
}

pub(crate) fn write_fix(fix: &FixReport, out: &mut dyn Write) -> io::Result<()> {
    heading(&format!("Fix, {}: {}", fix.state, plain(&fix.title)), out)?;
    if let Some(reason) = &fix.reason {
        wrapped(&format!("because {}", terminal(reason)), INDENT, out)?;
    }
    for claim in fix.written.iter().flat_map(|written| &written.why) {
        wrapped(&format!("a language model says: {}", terminal(&claim.text)), INDENT, out)?;
    }
    for line in fix.diff.raw().lines() {
        let shown: String = line.chars().filter(|c| *c == '\t' || !is_hidden(*c)).collect();
        writeln!(out, "{INDENT}{shown}")?;
    }
    for proof in &fix.proof {
        let text = format!(
            "{} {}: {}",
            verdict(proof.verdict),
            check_name(proof.check),
            plain(&proof.detail)
        );
        wrapped(&text, INDENT, out)?;
    }
    for line in impact_lines(fix) {
        wrapped(&line, INDENT, out)?;
    }
    Ok(())
}
