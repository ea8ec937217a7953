//! What stands beside a letter's text where a sink has no fields for it.

use jiff::tz::TimeZone;
use quell_deliver::{Label, Letter};
use quell_model::{Severity, shown};

use super::runs::cut;

/// How bad, by when, whose, and what to find it by; none much longer than `most`.
pub(crate) fn beside(letter: &Letter, most: usize) -> Vec<String> {
    let mut texts = vec![format!("Severity: {}", severity(letter.severity))];
    if let Some(due) = letter.due {
        texts.push(format!("Due: {}", due.to_zoned(TimeZone::UTC).date()));
    }
    if let Some(owner) = letter.owner.as_ref().filter(|owner| !owner.is_empty()) {
        texts.push(format!("Owner: {}", cut(&shown(owner.raw(), false), most)));
    }
    if !letter.labels.is_empty() {
        let labels: Vec<&str> = letter.labels.iter().map(Label::as_str).collect();
        texts.push(cut(&format!("Labels: {}", labels.join(", ")), most));
    }
    texts
}

/// A severity as a word that begins a line.
pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::Unknown => "Unknown",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}
