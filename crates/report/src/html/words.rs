//! What was written for people of an incident, marked as what it is.

use std::io::{self, Write};

use quell_model::{By, Claim};

use crate::escape::{html, plain};
use crate::explained::{Titles, by_sentence, dropped_line, part_line};
use crate::{IncidentReport, Report};

/// Records that are named for one sentence.
const MOST_CITED: usize = 6;

/// Writes it, where there is any.
pub(super) fn write(
    incident: &IncidentReport,
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(words) = &incident.words else { return Ok(()) };
    let titles = Titles::new(incident, &report.issues, &report.fixes);
    let (class, label) = match words.written.by {
        By::Model => ("words model", "Language model"),
        By::Rules => ("words", "Rules"),
    };
    writeln!(
        out,
        "<section class=\"{class}\" aria-label=\"In other words\"><h3>In other words <span class=\"badge\">{label}</span></h3><p class=\"quiet\">{}</p>",
        text(&by_sentence(words))
    )?;
    for part in &words.written.parts {
        writeln!(out, "<h4>{}</h4>", text(&part_line(words, part)))?;
        if let Some(choice) = &part.choice {
            writeln!(out, "<p>{}</p>", text(choice))?;
        }
        if part.sentences.is_empty() {
            continue;
        }
        let sentences: String =
            part.sentences.iter().map(|sentence| item(sentence, &titles)).collect();
        writeln!(out, "<ul>{sentences}</ul>")?;
    }
    if let Some(dropped) = dropped_line(words) {
        writeln!(out, "<p class=\"quiet\">{}.</p>", text(&dropped))?;
    }
    writeln!(out, "</section>")
}

/// A sentence, and beside it what its records say.
fn item(sentence: &Claim, titles: &Titles<'_>) -> String {
    let behind = sentence.evidence.iter().take(MOST_CITED).map(|id| {
        let title = titles.of(id);
        let said = title.as_ref().map_or(id.as_str(), |title| title.raw());
        format!("<span title=\"{}\">{}</span>", text(id), text(said))
    });
    let behind: Vec<String> = behind.collect();
    let more = sentence.evidence.len().saturating_sub(MOST_CITED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let behind = match behind.is_empty() {
        true => String::new(),
        false => format!("<br><span class=\"ev\">{}{more}</span>", behind.join(" · ")),
    };
    format!("<li>{}{behind}</li>", text(sentence.text.raw()))
}

fn text(raw: &str) -> String {
    html(&plain(raw))
}
