//! One incident, to be opened.

use std::io::{self, Write};

use quell_model::Claim;

use super::{timeline, words};
use crate::escape::{html, plain};
use crate::steps::step_lines;
use crate::words::{
    check_name, count, fixes_of, grade_words, impact_lines, kind_words, short, ticket_words,
    verdict,
};
use crate::{FixReport, IncidentReport, IssueReport, Options, Report};

/// Issues of one incident whose commands are shown.
const MOST_STEPS: usize = 3;
/// Issues and fixes that are shown of one incident.
const MOST_SHOWN: usize = 12;

pub(super) fn write(
    (rank, incident): (usize, &IncidentReport),
    report: &Report,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let open = if rank == 1 { " open" } else { "" };
    writeln!(out, "<details class=\"incident {}\"{open}><summary>", incident.severity.as_str())?;
    let word = incident.decision.decision.as_str();
    writeln!(
        out,
        "<span class=\"score\">{}</span><span class=\"title\"><span class=\"badge {word}\">{word}</span> {}</span>",
        incident.score,
        text(incident.title.raw())
    )?;
    writeln!(out, "<span class=\"meta\">{}</span>", text(incident.why.raw()))?;
    writeln!(
        out,
        "<span class=\"meta\">{} · {} · {} · owner {} ({}) · {} · {}</span></summary><div class=\"body\">",
        kind_words(incident.kind),
        count(incident.issues.len() as u64, "issue"),
        html(&incident.sources.join(", ")),
        text(incident.owner.name.raw()),
        text(incident.owner.because.raw()),
        fix_words(incident, report),
        short(&incident.id),
    )?;
    let because = text(&incident.decision.decision_because);
    let ticket = ticket_words(&incident.decision).map(|words| format!(" ({words})"));
    writeln!(out, "<p><b>{word}</b>: {because}{}.</p>", ticket.unwrap_or_default())?;
    for note in &incident.notes {
        writeln!(out, "<p><b>Note:</b> {}.</p>", text(note))?;
    }
    explanation(incident, out)?;
    words::write(incident, report, out)?;
    if let Some(told) = &incident.timeline {
        timeline::write(told, out)?;
    }
    let issues: Vec<&IssueReport> = incident
        .issues
        .iter()
        .filter_map(|id| report.issues.iter().find(|i| i.id == *id))
        .collect();
    if let Some(first) = issues.first() {
        risk(first, out)?;
    }
    for fix in fixes_of(report, incident).into_iter().take(MOST_SHOWN) {
        write_fix(fix, out)?;
    }
    for issue in issues.iter().filter(|issue| issue.steps.is_some()).take(MOST_STEPS) {
        write_steps(issue, out)?;
    }
    evidence(&issues, out)?;
    if options.asks {
        let id = html(&incident.id);
        writeln!(
            out,
            "<p><a href=\"/exceptions/new?incident={id}\">Ask for an exception for its issues</a></p>"
        )?;
    }
    writeln!(out, "</div></details>")
}

fn text(raw: &str) -> String {
    html(&plain(raw))
}

fn fix_words(incident: &IncidentReport, report: &Report) -> String {
    match fixes_of(report, incident).first().map(|f| &*f.state) {
        Some("proved") => "<span class=\"proved\">fix proved</span>".to_owned(),
        Some(_) => "<span class=\"withheld\">fix withheld</span>".to_owned(),
        None => "by hand".to_owned(),
    }
}

fn explanation(incident: &IncidentReport, out: &mut dyn Write) -> io::Result<()> {
    let it = &incident.explanation;
    writeln!(out, "<h3>What is wrong</h3><p>{}</p>", claim(&it.what))?;
    writeln!(out, "<h3>Why it matters here</h3><ul>")?;
    for why in &it.why {
        writeln!(out, "<li>{}</li>", claim(why))?;
    }
    writeln!(out, "</ul><h3>What to do</h3><ol>")?;
    for step in &it.steps {
        writeln!(out, "<li>{}</li>", text(step.raw()))?;
    }
    writeln!(out, "</ol><p><b>What could break:</b> {}</p>", text(it.breaks.raw()))?;
    writeln!(
        out,
        "<p><b>Likely cause:</b> {} <b>Likely intent of an attacker:</b> {}</p>",
        text(it.cause.text.raw()),
        text(it.intent.text.raw())
    )?;
    writeln!(out, "<p class=\"quiet\">Sure of this: {}</p>", html(&it.confidence_because))?;
    if incident.because.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Why this is one incident</h3><ul>")?;
    for why in &incident.because {
        writeln!(out, "<li>{}</li>", claim(why))?;
    }
    writeln!(out, "</ul>")
}

fn claim(of: &Claim) -> String {
    let refs: Vec<String> = of.evidence.iter().take(4).map(|e| html(e)).collect();
    format!("{} <span class=\"ev\">[{}]</span>", text(of.text.raw()), refs.join(" "))
}

/// The parts of a risk as one stacked bar and a table.
fn risk(issue: &IssueReport, out: &mut dyn Write) -> io::Result<()> {
    let colors = ["var(--critical)", "var(--high)", "var(--medium)", "var(--accent)", "var(--low)"];
    let mut x = 0;
    let mut bars = String::new();
    for (part, color) in issue.risk.parts.iter().filter(|p| p.points > 0).zip(colors.iter().cycle())
    {
        bars.push_str(&format!(
            "<rect x=\"{x}\" y=\"0\" width=\"{}\" height=\"18\" fill=\"{color}\"/>",
            part.points
        ));
        x += part.points;
    }
    writeln!(
        out,
        "<h3>Risk {} of 1000</h3><svg viewBox=\"0 0 1000 18\" role=\"img\" aria-label=\"Parts of the risk\" preserveAspectRatio=\"none\"><rect width=\"1000\" height=\"18\" fill=\"var(--line)\"/>{bars}</svg>",
        issue.risk.score
    )?;
    writeln!(out, "<table><tbody>")?;
    for part in &issue.risk.parts {
        writeln!(
            out,
            "<tr><td>{}</td><td class=\"n\">{:+}</td><td>{}</td></tr>",
            html(&part.name),
            part.points,
            text(&part.because)
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    for change in &issue.risk.would_lower {
        writeln!(
            out,
            "<p class=\"quiet\">Would lower it to {}: {}</p>",
            change.score_after,
            text(&change.change)
        )?;
    }
    Ok(())
}

fn write_fix(fix: &FixReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<h3>Fix: {} <span class=\"{}\">{}</span></h3>",
        html(&fix.title),
        fix.state,
        fix.state
    )?;
    writeln!(
        out,
        "<p class=\"quiet\">{} {}, {}, closes {}</p>",
        text(fix.file.raw()),
        text(fix.address.raw()),
        grade_words(fix),
        count(fix.closes.len() as u64, "issue")
    )?;
    if let Some(reason) = &fix.reason {
        writeln!(out, "<p>{}</p>", text(reason.raw()))?;
    }
    for claim in fix.written.iter().flat_map(|written| &written.why) {
        writeln!(out, "<p>A language model says: {}</p>", text(claim.text.raw()))?;
    }
    if !fix.diff.is_empty() {
        let line = |l: &str| {
            let class = match l.bytes().next() {
                Some(b'+') => "a",
                Some(b'-') => "d",
                _ => "c",
            };
            format!("<span class=\"{class}\">{} </span>", html(l))
        };
        let lines: String = fix.diff.raw().lines().map(line).collect();
        writeln!(out, "<pre>{lines}</pre>")?;
    }
    writeln!(out, "<table><tbody>")?;
    for proof in &fix.proof {
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            check_name(proof.check),
            verdict(proof.verdict),
            text(&proof.detail)
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    for line in impact_lines(fix) {
        writeln!(out, "<p class=\"quiet\">{}</p>", text(&line))?;
    }
    Ok(())
}

/// The commands for an issue that no change of code closes.
fn write_steps(issue: &IssueReport, out: &mut dyn Write) -> io::Result<()> {
    let Some(steps) = &issue.steps else { return Ok(()) };
    writeln!(out, "<h3>By hand: {}</h3>", text(issue.title.raw()))?;
    writeln!(
        out,
        "<p class=\"quiet\">{}, for {} {}; Quell runs none of it</p>",
        text(&issue.asset),
        html(&steps.cli),
        html(&steps.version)
    )?;
    let line = |line: &String| format!("<span class=\"c\">{} </span>", html(line));
    let lines: String = step_lines(steps).iter().map(line).collect();
    writeln!(out, "<pre>{lines}</pre><p class=\"quiet\">may break: {}</p>", text(&steps.note))
}

fn evidence(issues: &[&IssueReport], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<h3>Evidence</h3><div class=\"scroll\"><table><thead><tr><th>tool</th><th>rule</th><th>asset</th><th>file, byte</th></tr></thead><tbody>"
    )?;
    for (issue, finding) in
        issues.iter().flat_map(|i| i.findings.iter().map(move |f| (i, f))).take(MOST_SHOWN * 2)
    {
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"path\">{}</td><td class=\"path\">{}, {}</td></tr>",
            html(&finding.source),
            text(finding.rule.raw()),
            text(&issue.asset),
            text(finding.file.raw()),
            finding.offset_bytes
        )?;
    }
    writeln!(out, "</tbody></table></div>")
}
