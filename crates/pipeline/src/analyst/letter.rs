//! The brief of a letter: what is about to be told to people, and the incident behind it.

use quell_analyst::{Brief, Record};
use quell_catalog::Catalog;
use quell_model::{Claim, Untrusted};
use quell_report::{FixReport, IncidentStory};

use super::incident::{Details, brief};

/// Sentences of one part.
const MOST: usize = 2;

/// All there is to tell in a letter about an incident, or about a fix of it.
#[must_use]
pub fn letter_brief<'c>(
    story: &IncidentStory,
    fix: Option<&FixReport>,
    details: &Details,
    catalog: &'c Catalog,
) -> Brief<'c> {
    let mut brief = brief(story, details, catalog);
    if let Some(fix) = fix {
        let own = format!("fix:{}", fix.id);
        // Another fix than the one that the letter brings would be told as if it came along.
        brief.records.retain(|record| record.kind != "fix" || record.id == own);
        if let Some(at) = brief.records.iter().position(|record| record.id == own) {
            let record = brief.records.remove(at);
            brief.records.insert(0, record);
        }
    }
    brief.records.insert(0, letter(story, fix));
    let known = known(story, fix, &brief);
    brief.known.extend(known);
    brief
}

fn letter(story: &IncidentStory, fix: Option<&FixReport>) -> Record {
    let incident = &story.incident;
    let decision = &incident.decision;
    let (form, about) = match fix {
        Some(_) => ("pull request", "a change of code that closes issues of an incident"),
        None => ("ticket", "an incident"),
    };
    Record::new(format!("incident:{}", incident.id), "letter")
        .text("form", form)
        .text("about", about)
        .text("state", "new")
        .text("severity", incident.severity.as_str())
        .text("score", incident.score.to_string())
        .text("decision", decision.decision.as_str())
        .text("due", decision.due.clone().unwrap_or_default())
        .text("issues", story.issues.len().to_string())
        .text("assets", story.assets.len().to_string())
        .text("changed", fix.map(|fix| fix.title.clone()).unwrap_or_default())
}

/// What the rules say where a model says nothing.
fn known(
    story: &IncidentStory,
    fix: Option<&FixReport>,
    brief: &Brief<'_>,
) -> Vec<(&'static str, Vec<Claim>)> {
    let first = |part: &str| brief.known(part).into_iter().take(MOST).collect::<Vec<_>>();
    let claim = |text: String, evidence: String| Claim {
        text: Untrusted::from(text),
        evidence: vec![evidence],
    };
    let changes = fix.map(|fix| {
        let breaks = fix.may_break.iter().take(1).map(|harm| format!("It may break: {harm}."));
        let text = std::iter::once(format!("{}.", fix.title.trim_end_matches('.'))).chain(breaks);
        text.map(|text| claim(text, format!("fix:{}", fix.id))).collect()
    });
    let done = "It is done when no tool sees it any more.".to_owned();
    vec![
        ("summary", first("what")),
        ("why_now", first("why_here")),
        ("what_changes", changes.unwrap_or_default()),
        ("done_when", vec![claim(done, format!("incident:{}", story.incident.id))]),
    ]
}
