//! What exceptions hide, and what speaks against issues: for a person to review.

use std::io::{self, Write};

use quell_model::Untrusted;

use crate::escape::{html, plain};
use crate::words::{count, hidden_line, minute, short, unmatched_line};
use crate::{Options, Report};

/// Exceptions in the table; JSON has all.
const MOST_SHOWN: usize = 500;

pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    if let Some(line) = hidden_line(report) {
        hidden(report, (&line, options), out)?;
    }
    if !report.exceptions.is_empty() {
        table(report, out)?;
    }
    if let Some(unmatched) = unmatched_line(report) {
        writeln!(out, "<p class=\"quiet\">{}.</p>", html(&unmatched))?;
    }
    Ok(())
}

/// Which exception hides how many issues, why and until when.
fn hidden(
    report: &Report,
    (line, options): (&str, &Options),
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "<h2>Hidden by exceptions</h2>")?;
    writeln!(out, "<p class=\"quiet\">{line}. They are in no list and no count above.</p>")?;
    writeln!(
        out,
        "<div class=\"scroll\"><table><thead><tr><th>exception</th><th>hides</th><th>who answers</th><th>until</th><th>why</th></tr></thead><tbody>"
    )?;
    for one in report.hidden.iter().take(MOST_SHOWN) {
        let short = short(&one.by.exception);
        let id = match options.serves {
            true => {
                format!("<a href=\"/exceptions/{}\">{}</a>", html(&one.by.exception), html(&short))
            }
            false => html(&short),
        };
        writeln!(
            out,
            "<tr><td>{id}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            count(one.issues, "issue"),
            cell(&one.by.owner),
            minute(one.by.until),
            cell(&one.by.reason),
        )?;
    }
    end(report.hidden.len(), out)
}

fn table(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>Exceptions to review</h2>")?;
    writeln!(out, "<p class=\"quiet\">None of these closes an issue by itself.</p>")?;
    writeln!(
        out,
        "<div class=\"scroll\"><table><thead><tr><th>issue</th><th>by</th><th>what</th><th>says</th><th>why</th><th>who</th><th>when</th></tr></thead><tbody>"
    )?;
    for exception in report.exceptions.iter().take(MOST_SHOWN) {
        let issue = short(&exception.issue);
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
    end(report.exceptions.len(), out)
}

/// Ends a table, and says how many of all it leaves out.
fn end(all: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</tbody></table></div>")?;
    let more = all.saturating_sub(MOST_SHOWN);
    if more > 0 {
        let more = count(more as u64, "exception");
        writeln!(out, "<p class=\"quiet\">{more} more in the JSON report.</p>")?;
    }
    Ok(())
}

fn cell(text: &Untrusted) -> String {
    html(&plain(text.raw()))
}
