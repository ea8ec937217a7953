//! The sources of a server, and how they are.

use std::io::{self, Write};

use crate::escape::{html, plain};
use crate::words::{minute, number};
use crate::{Report, SourceReport};

/// Writes them, where there are any.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.sources.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>Sources</h2><div class=\"scroll\"><table><thead><tr><th>source</th><th>kind</th><th>health</th><th>last heard of</th><th>deliveries</th><th>records</th><th>rejected</th></tr></thead><tbody>"
    )?;
    report.sources.iter().try_for_each(|source| row(source, out))?;
    writeln!(out, "</tbody></table></div>")
}

fn row(source: &SourceReport, out: &mut dyn Write) -> io::Result<()> {
    let heard = source.heard_at.map_or_else(|| "never".to_owned(), minute);
    let reason = source.reason.as_ref().zip(source.failed_at);
    let reason = reason.map(|(reason, at)| {
        format!("<br><small>{}: {}</small>", html(&minute(at)), html(&plain(reason.raw())))
    });
    let numbers = [source.deliveries, source.records, source.rejected];
    let cells: String =
        numbers.iter().map(|n| format!("<td class=\"n\">{}</td>", number(*n))).collect();
    writeln!(
        out,
        "<tr><td>{}{}</td><td>{}</td><td>{}</td><td>{heard}</td>{cells}</tr>",
        html(&plain(&source.name)),
        reason.unwrap_or_default(),
        html(&source.kind),
        source.health.as_str(),
    )
}
