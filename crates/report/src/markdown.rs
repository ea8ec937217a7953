//! GitHub-flavoured Markdown, fit for a step summary or a ticket.

use std::io::{self, Write};

use crate::escape::{markdown, plain};
use crate::explained::{Titles, by_line, dropped_line, part_line};
use crate::steps::step_lines;
use crate::timeline;
use crate::words::{
    accounting_line, check_name, count, decisions_line, fixes_of, funnel_line, grade_words,
    hidden_line, impact_lines, intelligence_line, inventory_lines, minute, rest_line, short,
    ticket_words, unmatched_line, verdict,
};
use crate::{FixReport, IncidentReport, IssueReport, Options, Report};

/// Exceptions in the table; JSON has all.
const MOST_EXCEPTIONS: usize = 200;
/// Events of one incident; JSON has more.
const MOST_EVENTS: usize = 30;
/// Records that are named for one sentence.
const MOST_CITED: usize = 6;
/// Issues of one incident whose commands are shown.
const MOST_STEPS: usize = 3;

/// Writes it.
pub(crate) fn write(report: &Report, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Quell report\n")?;
    if report.sample_data {
        writeln!(out, "**SAMPLE DATA**\n")?;
    }
    writeln!(out, "{}\n", funnel_line(&report.funnel))?;
    if let Some(rest) = rest_line(&report.funnel) {
        writeln!(out, "The rest: {rest}.\n")?;
    }
    if let Some(decisions) = decisions_line(report) {
        writeln!(out, "**{decisions}**\n")?;
    }
    for (rank, incident) in (1..).zip(&report.incidents) {
        write_incident(rank, incident, report, out)?;
    }
    let hidden = report.funnel.incidents.saturating_sub(report.incidents.len() as u64);
    if hidden > 0 {
        writeln!(out, "{} more.\n", count(hidden, "incident"))?;
    }
    write_hidden(report, out)?;
    write_exceptions(report, out)?;
    if let Some(lists) = intelligence_line(report) {
        writeln!(out, "{}.\n", markdown(&lists))?;
    }
    for line in inventory_lines(report) {
        writeln!(out, "{}.\n", markdown(&line))?;
    }
    writeln!(out, "{}", accounting_line(report))
}

/// How many of all exceptions a table leaves out.
fn write_rest(all: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.saturating_sub(MOST_EXCEPTIONS) {
        0 => Ok(()),
        more => writeln!(out, "\n{} more in the JSON report.", count(more as u64, "exception")),
    }
}

/// Which exception hides how many issues, why and until when.
fn write_hidden(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(line) = hidden_line(report) else { return Ok(()) };
    writeln!(out, "## Hidden by exceptions\n\n{line}. They are in no list and no count above.\n")?;
    writeln!(out, "| exception | hides | who answers | until | why |\n|---|---|---|---|---|")?;
    for one in report.hidden.iter().take(MOST_EXCEPTIONS) {
        let id = short(&one.by.exception);
        let hides = count(one.issues, "issue");
        let until = minute(one.by.until);
        let [owner, reason] = [&one.by.owner, &one.by.reason].map(|text| markdown(text.raw()));
        writeln!(out, "| {id} | {hides} | {owner} | {until} | {reason} |")?;
    }
    write_rest(report.hidden.len(), out)?;
    writeln!(out)
}

/// What speaks against issues, for a person to review.
fn write_exceptions(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if !report.exceptions.is_empty() {
        writeln!(out, "## Exceptions to review\n")?;
        writeln!(out, "None of these closes an issue by itself.\n")?;
        writeln!(out, "| issue | by | what | says | why | who |\n|---|---|---|---|---|---|")?;
    }
    for exception in report.exceptions.iter().take(MOST_EXCEPTIONS) {
        let issue = short(&exception.issue);
        let cells =
            [&exception.title, &exception.verdict, &exception.justification, &exception.author];
        let cells: Vec<String> = cells.iter().map(|cell| markdown(cell.raw())).collect();
        let source = markdown(&exception.source);
        writeln!(out, "| {issue} | {} {source} | {} |", exception.kind, cells.join(" | "))?;
    }
    write_rest(report.exceptions.len(), out)?;
    if let Some(unmatched) = unmatched_line(report) {
        writeln!(out, "\n{unmatched}.")?;
    }
    if !report.exceptions.is_empty() || report.statements.unmatched > 0 {
        writeln!(out)?;
    }
    Ok(())
}

fn write_incident(
    rank: usize,
    incident: &IncidentReport,
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    let explanation = &incident.explanation;
    writeln!(out, "## {rank}. {}\n", markdown(incident.title.raw()))?;
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| risk | {} of 1000, {} |", incident.score, incident.severity.as_str())?;
    let decision = &incident.decision;
    let (word, because) = (decision.decision.as_str(), markdown(&decision.decision_because));
    writeln!(out, "| decision | **{word}**: {because} |")?;
    if let Some(ticket) = ticket_words(decision) {
        writeln!(out, "| ticket | {ticket} |")?;
    }
    writeln!(out, "| why | {} |", markdown(incident.why.raw()))?;
    let owner = &incident.owner;
    writeln!(
        out,
        "| owner | {} ({}) |",
        markdown(owner.name.raw()),
        markdown(owner.because.raw())
    )?;
    writeln!(out, "| seen by | {} |", markdown(&incident.sources.join(", ")))?;
    writeln!(out, "| issues | {} |", incident.issues.len())?;
    for note in &incident.notes {
        writeln!(out, "| note | {} |", markdown(note))?;
    }
    writeln!(out)?;
    writeln!(out, "{}\n", markdown(explanation.what.text.raw()))?;
    for why in &explanation.why {
        writeln!(out, "- {}", markdown(why.text.raw()))?;
    }
    writeln!(out, "\n**What to do**\n")?;
    for (number, step) in (1..).zip(&explanation.steps) {
        writeln!(out, "{number}. {}", markdown(step.raw()))?;
    }
    writeln!(out, "\n**What could break:** {}\n", markdown(explanation.breaks.raw()))?;
    write_words(incident, report, out)?;
    write_story(incident, out)?;
    for fix in fixes_of(report, incident).into_iter().take(5) {
        write_fix(fix, out)?;
    }
    let own = |issue: &&IssueReport| issue.steps.is_some() && incident.issues.contains(&issue.id);
    report.issues.iter().filter(own).take(MOST_STEPS).try_for_each(|issue| write_steps(issue, out))
}

/// What was written for people, with who wrote it and the records behind each sentence.
fn write_words(incident: &IncidentReport, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(words) = &incident.words else { return Ok(()) };
    let titles = Titles::new(incident, &report.issues, &report.fixes);
    writeln!(out, "**In other words** ({})\n", markdown(&by_line(words)))?;
    for part in &words.written.parts {
        writeln!(out, "*{}*\n", markdown(&part_line(words, part)))?;
        if let Some(choice) = &part.choice {
            writeln!(out, "- {}", markdown(choice))?;
        }
        for sentence in &part.sentences {
            let behind = sentence.evidence.iter().take(MOST_CITED);
            let behind = behind.map(|id| match titles.of(id) {
                Some(title) => markdown(title.raw()),
                None => markdown(id),
            });
            let behind: Vec<String> = behind.collect();
            writeln!(out, "- {}", markdown(sentence.text.raw()))?;
            if !behind.is_empty() {
                writeln!(out, "  - rests on: {}", behind.join("; "))?;
            }
        }
        writeln!(out)?;
    }
    match dropped_line(words) {
        Some(dropped) => writeln!(out, "{}.\n", markdown(&dropped)),
        None => Ok(()),
    }
}

/// The commands for an issue that no change of code closes.
fn write_steps(issue: &IssueReport, out: &mut dyn Write) -> io::Result<()> {
    let Some(steps) = &issue.steps else { return Ok(()) };
    let asset = markdown(&plain(&issue.asset));
    writeln!(out, "**By hand, for {asset} ({} {}):**\n", steps.cli, steps.version)?;
    // Four spaces make code that no letter in it can end.
    step_lines(steps).iter().try_for_each(|line| writeln!(out, "    {line}"))?;
    writeln!(out, "\nMay break: {}\n", markdown(&steps.note))
}

/// Why it is one incident, and what happened.
fn write_story(incident: &IncidentReport, out: &mut dyn Write) -> io::Result<()> {
    if !incident.because.is_empty() {
        writeln!(out, "**Why this is one incident**\n")?;
    }
    for why in &incident.because {
        writeln!(out, "- {}", markdown(why.text.raw()))?;
    }
    if !incident.because.is_empty() {
        writeln!(out)?;
    }
    let Some(told) = &incident.timeline else { return Ok(()) };
    writeln!(out, "**What happened**\n\n| time | what | who and where |\n|---|---|---|")?;
    let many = timeline::has_many_assets(told);
    for event in told.events.iter().take(MOST_EVENTS) {
        writeln!(
            out,
            "| {} | {} | {} |",
            timeline::when(event),
            markdown(event.title.raw()),
            markdown(&timeline::details(event, many))
        )?;
    }
    let hidden = told.events.len().saturating_sub(MOST_EVENTS) as u64 + told.left_out;
    if hidden > 0 {
        writeln!(out, "\n{} more in the JSON report.", count(hidden, "event"))?;
    }
    writeln!(out)
}

fn write_fix(fix: &FixReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "**Fix {}, {}:** {} ({})\n",
        fix.state,
        grade_words(fix),
        markdown(&fix.title),
        markdown(fix.address.raw())
    )?;
    if let Some(reason) = &fix.reason {
        writeln!(out, "{}\n", markdown(reason.raw()))?;
    }
    for claim in fix.written.iter().flat_map(|written| &written.why) {
        writeln!(out, "A language model says: {}\n", markdown(claim.text.raw()))?;
    }
    if !fix.diff.is_empty() {
        // A longer fence than any in the text cannot be closed by it.
        let longest = fix.diff.raw().split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let lines: Vec<String> = fix.diff.raw().lines().map(visible).collect();
        writeln!(out, "{fence}diff\n{}\n{fence}\n", lines.join("\n"))?;
    }
    for proof in &fix.proof {
        writeln!(
            out,
            "- {} {}: {}",
            check_name(proof.check),
            verdict(proof.verdict),
            markdown(&plain(&proof.detail))
        )?;
    }
    for line in impact_lines(fix) {
        writeln!(out, "- {}", markdown(&line))?;
    }
    writeln!(out)
}

fn visible(line: &str) -> String {
    line.chars().filter(|c| *c == '\t' || !crate::escape::is_hidden(*c)).collect()
}
