//! One self-contained HTML page: no script, nothing loaded from elsewhere.

mod charts;
mod exceptions;
mod incident;
mod sources;
mod timeline;
mod words;

use std::io::{self, Write};

use crate::escape::{html, plain};
use crate::words::{
    accounting_line, count, decisions_line, intelligence_line, inventory_lines, number, rest_line,
};
use crate::{Options, Report};

const STYLE: &str = include_str!("style.css");

/// Writes it.
pub(crate) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(
        out,
        "<meta name=\"color-scheme\" content=\"light dark\"><title>Quell report</title>"
    )?;
    writeln!(out, "<style>{STYLE}</style></head><body><main>")?;
    header(report, out)?;
    writeln!(out, "<section aria-label=\"Funnel\">{}</section>", charts::funnel(&report.funnel))?;
    if let Some(rest) = rest_line(&report.funnel) {
        writeln!(out, "<p class=\"quiet\">The rest: {}.</p>", html(&rest))?;
    }
    writeln!(
        out,
        "<section class=\"charts\">{}{}{}{}</section>",
        charts::decisions(&report.decisions),
        charts::severities(report),
        charts::tools(report),
        charts::owners(report)
    )?;
    writeln!(out, "<h2>What matters most</h2>")?;
    if let Some(decisions) = decisions_line(report) {
        writeln!(out, "<p>{}</p>", html(&decisions))?;
    }
    for (rank, item) in (1..).zip(&report.incidents) {
        incident::write((rank, item), report, options, out)?;
    }
    let hidden = report.funnel.incidents.saturating_sub(report.incidents.len() as u64);
    if hidden > 0 {
        writeln!(
            out,
            "<p class=\"quiet\">{} more. <code>--all</code> shows every one.</p>",
            count(hidden, "incident")
        )?;
    }
    if report.incidents.is_empty() {
        writeln!(out, "<p>No open issue.</p>")?;
    }
    exceptions::write(report, options, out)?;
    sources::write(report, out)?;
    accounting(report, out)?;
    writeln!(out, "</main></body></html>")
}

fn header(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let badge = if report.sample_data { "<span class=\"badge\">SAMPLE DATA</span>" } else { "" };
    writeln!(out, "<header><h1>Security incidents {badge}</h1>")?;
    let day = report.generated_at.to_string();
    let day = day.split('T').next().unwrap_or_default();
    writeln!(out, "<p class=\"quiet\">Quell {} · {}</p></header>", report.quell_version, html(day))
}

fn accounting(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.accounting.files.is_empty() && !report.sources.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Accounting</h2><p>{}</p>", html(&accounting_line(report)))?;
    if let Some(lists) = intelligence_line(report) {
        writeln!(out, "<p class=\"quiet\">{}.</p>", html(&plain(&lists)))?;
    }
    for line in inventory_lines(report) {
        writeln!(out, "<p class=\"quiet\">{}.</p>", html(&plain(&line)))?;
    }
    let changes = &report.changes;
    if changes.closed + changes.reopened + changes.open_elsewhere > 0 {
        writeln!(
            out,
            "<p class=\"quiet\">Since before: {} closed, {} reopened. Open from earlier imports: {}.</p>",
            number(changes.closed),
            number(changes.reopened),
            number(changes.open_elsewhere)
        )?;
    }
    if changes.relations_ended > 0 {
        let ended = number(changes.relations_ended);
        writeln!(out, "<p class=\"quiet\">Relations of assets no longer named: {ended}.</p>")?;
    }
    writeln!(
        out,
        "<div class=\"scroll\"><table><thead><tr><th>file</th><th>format</th><th>records</th><th>created</th><th>updated</th><th>merged</th><th>unchanged</th><th>rejected</th></tr></thead><tbody>"
    )?;
    for file in &report.accounting.files {
        let sums = &file.accounting;
        let numbers =
            [sums.records, sums.created, sums.updated, sums.merged, sums.unchanged, sums.rejected];
        let cells: String =
            numbers.iter().map(|n| format!("<td class=\"n\">{}</td>", number(*n))).collect();
        let message =
            file.message.as_ref().map(|m| format!("<br><small>{}</small>", html(&plain(m.raw()))));
        writeln!(
            out,
            "<tr><td class=\"path\">{}{}</td><td>{}</td>{cells}</tr>",
            html(&plain(file.path.raw())),
            message.unwrap_or_default(),
            file.format.as_deref().unwrap_or("none fits")
        )?;
    }
    writeln!(out, "</tbody></table></div>")
}
