//! For a terminal of 80 columns.

use std::io::{self, Write};

use quell_model::{Severity, Untrusted};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::escape::{plain, terminal};
use crate::explained::write_words;
use crate::words::{
    accounting_line, count, decisions_line, exceptions_line, fixes_of, funnel_line, hidden_line,
    intelligence_line, inventory_lines, number, rest_line, short, unmatched_line,
};
use crate::{FileReport, IncidentReport, IssueReport, Options, Report};

const WIDTH: usize = 80;
/// Files that are listed one by one.
const MOST_FILES: usize = 8;

/// Writes it.
pub(crate) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    wrapped(&funnel_line(&report.funnel), "", out)?;
    if let Some(rest) = rest_line(&report.funnel) {
        wrapped(&format!("the rest: {rest}"), "", out)?;
    }
    if let Some(decisions) = decisions_line(report) {
        wrapped(&decisions, "", out)?;
    }
    writeln!(out)?;
    for (rank, incident) in (1..).zip(&report.incidents) {
        write_incident(rank, incident, report, options, out)?;
    }
    let hidden = report.funnel.incidents.saturating_sub(report.incidents.len() as u64);
    if hidden > 0 {
        writeln!(out, "{} more: --all, or --format html\n", count(hidden, "incident"))?;
    }
    if let Some(first) = report.incidents.first().and_then(|i| i.issues.first()) {
        let first: String = first.chars().take(10).collect();
        wrapped(&format!("look closer: quell issue show {first} [--repo DIR]"), "", out)?;
        writeln!(out)?;
    }
    if report.funnel.incidents == 0 {
        writeln!(out, "no open issue\n")?;
    }
    if let Some(hidden) = hidden_line(report) {
        wrapped(&format!("{hidden}; `quell exception list` names them"), "", out)?;
    }
    if let Some(exceptions) = exceptions_line(report) {
        wrapped(&format!("{exceptions}; --format html or json lists them"), "", out)?;
    }
    if let Some(unmatched) = unmatched_line(report) {
        wrapped(&unmatched, "", out)?;
    }
    write_changes(report, out)?;
    write_files(&report.accounting.files, out)?;
    if let Some(lists) = given_line(report) {
        wrapped(&lists, "", out)?;
    }
    for line in inventory_lines(report) {
        wrapped(&line, "", out)?;
    }
    for reject in report.inventories.iter().flat_map(|of| &of.rejects).take(MOST_FILES) {
        wrapped(&terminal(reject), "  ", out)?;
    }
    wrapped(&accounting_line(report), "", out)
}

/// The lists that risks rest on, where a user gave one: the bundled ones need no word here.
fn given_line(report: &Report) -> Option<String> {
    intelligence_line(report).filter(|_| report.intelligence.iter().any(|l| l.source == "file"))
}

fn write_incident(
    rank: usize,
    incident: &IncidentReport,
    report: &Report,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (word, severity) = (incident.decision.decision.as_str(), abbreviated(incident.severity));
    let head = format!("{rank:>3}  {:>4}  {word:<5}  {severity:<9} ", incident.score);
    let title = cut(&terminal(&incident.title), WIDTH - head.width());
    match color(incident.severity).filter(|_| options.color) {
        Some(code) => writeln!(out, "\u{1b}[{code}m{head}\u{1b}[0m\u{1b}[1m{title}\u{1b}[0m")?,
        None => writeln!(out, "{head}{title}")?,
    }
    let line = |label: &str, text: &str, out: &mut dyn Write| -> io::Result<()> {
        writeln!(out, "     {label:<6}{}", cut(text, WIDTH - 11))
    };
    let decision = &incident.decision;
    let due = decision.due.as_ref().map(|day| format!("by {day}: ")).unwrap_or_default();
    line("do", &format!("{due}{}", plain(&decision.decision_because)), out)?;
    line("why", &terminal(&incident.why), out)?;
    let owner =
        format!("{} ({})", terminal(&incident.owner.name), terminal(&incident.owner.because));
    line("owner", &owner, out)?;
    let issue = incident.issues.first().map(|id| short(id.as_str())).unwrap_or_default();
    let seen = format!(
        "by {}; {}, first is {issue}",
        plain(&incident.sources.join(", ")),
        count(incident.issues.len() as u64, "issue")
    );
    // What may be taken apart or joined is named by its own id.
    let is_story = incident.kind.is_attack() || !incident.by_hand.is_empty();
    let seen = match is_story {
        true => format!("incident {}, {seen}", short(&incident.id)),
        false => seen,
    };
    line("seen", &seen, out)?;
    line("fix", &fix(incident, report), out)?;
    for note in &incident.notes {
        line("note", &plain(note), out)?;
    }
    if let Some(words) = &incident.words {
        write_words(words, "     ", out)?;
    }
    writeln!(out)
}

fn fix(incident: &IncidentReport, report: &Report) -> String {
    let fixes = fixes_of(report, incident);
    let Some(first) = fixes.first() else {
        let step = incident.explanation.steps.first().map(terminal).unwrap_or_default();
        let own =
            |issue: &&IssueReport| issue.steps.is_some() && incident.issues.contains(&issue.id);
        let issue = report.issues.iter().find(own);
        let shown = issue.map(|issue| format!("; `quell issue show {}`", short(&issue.id)));
        let shown = shown.map(|words| format!("{words} has the commands")).unwrap_or_default();
        return match step.as_str() {
            "" => "none known".to_owned(),
            step if shown.is_empty() => format!("by hand: {step}"),
            step => format!("by hand: {}{shown}", step.trim_end_matches('.')),
        };
    };
    let place = plain(&format!("{} {}", first.file.raw(), first.address.raw()));
    let more = match fixes.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    if first.state == "proved" {
        return format!("proved{more}: {} in {place}", first.title);
    }
    let reason = first.reason.as_ref().map(terminal).unwrap_or_default();
    format!("withheld{more}: {reason}")
}

fn write_changes(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let changes = &report.changes;
    if changes.closed + changes.reopened > 0 {
        let closed = number(changes.closed);
        writeln!(out, "since before: {closed} closed, {} reopened", number(changes.reopened))?;
    }
    if changes.relations_ended > 0 {
        let ended = count(changes.relations_ended, "relation");
        writeln!(out, "{ended} of assets no longer named")?;
    }
    if changes.open_elsewhere > 0 {
        let elsewhere = count(changes.open_elsewhere, "open issue");
        wrapped(
            &format!("{elsewhere} from earlier imports: `quell triage` without a path"),
            "",
            out,
        )?;
    }
    Ok(())
}

fn write_files(files: &[FileReport], out: &mut dyn Write) -> io::Result<()> {
    let telling: Vec<&FileReport> = match files.len() {
        0..=MOST_FILES => files.iter().collect(),
        _ => files.iter().filter(|f| f.message.is_some()).take(MOST_FILES).collect(),
    };
    for file in &telling {
        let records = count(file.accounting.records, "record");
        let head = format!("{:<8} {records:>15}  ", file.format.as_deref().unwrap_or("?"));
        writeln!(out, "{head}{}", cut_start(&terminal(&file.path), WIDTH - head.width()))?;
        if let Some(message) = &file.message {
            wrapped(&terminal(message), "         ", out)?;
        }
    }
    let rest = files.len() - telling.len();
    if rest > 0 {
        writeln!(out, "and {} without anything to say", count(rest as u64, "file"))?;
    }
    Ok(())
}

const fn abbreviated(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::Unknown => "unknown",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// The colour of a severity, as an SGR code.
const fn color(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Critical => Some("1;31"),
        Severity::High => Some("31"),
        Severity::Medium | Severity::Unknown => Some("33"),
        Severity::Low | Severity::Informational => None,
    }
}

/// Text from outside for one cell of a list on a terminal: escaped, on one line, cut to a width.
#[must_use]
pub fn cell(text: &Untrusted, most: usize) -> String {
    cut(&terminal(text).replace(['\n', '\t'], " "), most)
}

/// Cuts text to a width, with `…` where it was cut.
fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > most {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Cuts the beginning of a path away: its end says more.
fn cut_start(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut kept: Vec<char> = Vec::new();
    let mut used = 1;
    for c in text.chars().rev() {
        used += c.width().unwrap_or(0);
        if used > most {
            break;
        }
        kept.push(c);
    }
    let tail: String = kept.into_iter().rev().collect();
    format!("…{tail}")
}

/// Wraps at blanks; a word that is too long is cut.
///
/// # Errors
/// When the writer refuses.
pub fn wrapped(text: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    wrapped_below(text, (indent, indent), out)
}

/// A point of a list, wrapped below its text.
pub(crate) fn bullet(text: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    wrapped_below(text, (&format!("{indent}- "), &format!("{indent}  ")), out)
}

/// Wraps with a beginning of its own for the first line; both are equally wide.
///
/// # Errors
/// When the writer refuses.
pub fn wrapped_below(
    text: &str,
    (first, indent): (&str, &str),
    out: &mut dyn Write,
) -> io::Result<()> {
    let (mut line, mut is_begun) = (first.to_owned(), false);
    for word in text.split(' ') {
        let word = cut(word, WIDTH - indent.width());
        if line.width() + 1 + word.width() > WIDTH && is_begun {
            writeln!(out, "{}", line.trim_end())?;
            indent.clone_into(&mut line);
        }
        is_begun |= !word.is_empty();
        line.push_str(&word);
        line.push(' ');
    }
    writeln!(out, "{}", line.trim_end())
}
