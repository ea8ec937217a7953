//! What speaks against issues: for a person to review.

use std::io::{self, Write};

use quell_model::Untrusted;

use crate::Report;
use crate::escape::{html, plain};
use crate::words::{count, unmatched_line};

/// Exceptions in the table; JSON has all.
const MOST_SHOWN: usize = 500;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if !report.exceptions.is_empty() {
        table(report, out)?;
    }
    if let Some(unmatched) = unmatched_line(report) {
        writeln!(out, "<p class=\"quiet\">{}.</p>", html(&unmatched))?;
    }
    Ok(())
}

fn table(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>Exceptions to review</h2>")?;
    writeln!(out, "<p class=\"quiet\">None of these closes an issue by itself.</p>")?;
    writeln!(
        out,
        "<div class=\"scroll\"><table><thead><tr><th>issue</th><th>by</th><th>what</th><th>says</th><th>why</th><th>who</th><th>when</th></tr></thead><tbody>"
    )?;
    for exception in report.exceptions.iter().take(MOST_SHOWN) {
        let issue: String = exception.issue.chars().take(10).collect();
        let time = exception.time.map(|t| t.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        writeln!(
            out,
            "<tr><td>{issue}</td><td>{} {}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{time}</td></tr>",
            exception.kind,
            html(&plain(&exception.source)),
            cell(&exception.title),
            cell(&exception.verdict),
            cell(&exception.justification),
            cell(&exception.author),
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    let hidden = report.exceptions.len().saturating_sub(MOST_SHOWN);
    if hidden > 0 {
        let more = count(hidden as u64, "exception");
        writeln!(out, "<p class=\"quiet\">{more} more in the JSON report.</p>")?;
    }
    Ok(())
}

fn cell(text: &Untrusted) -> String {
    html(&plain(text.raw()))
}
