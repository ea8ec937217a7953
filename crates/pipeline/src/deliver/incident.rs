//! The letter of an incident.

use std::cmp::Reverse;

use quell_deliver::{Attachment, Block, Body, Key, Label, Letter, Line};
use quell_model::Untrusted;
use quell_report::{IncidentReport, IncidentStory, IssueReport};
use serde_json::Value;

use super::words::{Places, claim, due, footer, head, issues};

/// Longest attachment.
const MOST_BYTES: usize = 1 << 20;

/// Makes the letter of an incident.
pub(super) fn letter(key: Key, story: &IncidentStory, places: &Places) -> Letter {
    let incident = &story.incident;
    let page = places.page(&format!("/incidents/{}", incident.id));
    let evidence = evidence(story);
    Letter {
        key,
        title: Line::data(incident.title.clone()),
        body: body(story, footer(page.as_ref())),
        severity: incident.severity,
        due: due(&incident.decision),
        labels: vec![
            Label::new("quell"),
            Label::new(&format!("quell-{}", incident.severity.as_str())),
        ],
        files: evidence.into_iter().collect(),
        page,
        owner: Some(incident.owner.name.clone()),
        change: None,
        item: item(story, story.issues.iter()),
        records: Vec::new(),
        asks: None,
    }
}

/// The id in a CMDB of the asset of the riskiest issue whose asset has one.
pub(super) fn item<'s>(
    story: &'s IncidentStory,
    issues: impl Iterator<Item = &'s IssueReport>,
) -> Option<Untrusted> {
    let mut issues: Vec<&IssueReport> = issues.collect();
    issues.sort_by_key(|issue| Reverse(issue.risk.score));
    issues.into_iter().find_map(|issue| {
        let asset = story.assets.iter().find(|asset| asset.id == issue.asset)?;
        asset.item.clone()
    })
}

/// What tools know, as a file.
fn evidence(story: &IncidentStory) -> Option<Attachment> {
    let all = serde_json::to_value(story).ok()?;
    let text = serde_json::to_string_pretty(&all).ok().filter(|text| text.len() <= MOST_BYTES)?;
    let told_by = without_looks(all).to_string();
    Some(Attachment::new("evidence.json", "application/json", (text.into(), &told_by)))
}

/// What of a story counts as evidence: that a tool or a person looked again is nothing new.
fn without_looks(mut story: Value) -> Value {
    let Some(fields) = story.as_object_mut() else { return story };
    fields.remove("times");
    let issues = fields.get_mut("issues").and_then(Value::as_array_mut);
    for issue in issues.into_iter().flatten().filter_map(Value::as_object_mut) {
        issue.remove("last_seen");
        let findings = issue.get_mut("findings").and_then(Value::as_array_mut);
        for finding in findings.into_iter().flatten().filter_map(Value::as_object_mut) {
            finding.remove("last_seen");
        }
    }
    story
}

fn body(story: &IncidentStory, footer: Vec<Block>) -> Body {
    let incident = &story.incident;
    let mut blocks = vec![facts(story), Block::Heading(Line::own("What is wrong"))];
    blocks.extend(explained(incident));
    let all: Vec<&IssueReport> = story.issues.iter().collect();
    blocks.extend(issues(&all));
    if !incident.because.is_empty() {
        blocks.push(Block::Heading(Line::own("Why this is one incident")));
        blocks.push(Block::List(incident.because.iter().take(10).map(claim).collect()));
    }
    blocks.extend(footer);
    Body(blocks)
}

/// The explanation, with its records.
pub(super) fn explained(incident: &IncidentReport) -> Vec<Block> {
    let told = &incident.explanation;
    let mut blocks = vec![Block::Paragraph(claim(&told.what))];
    if !told.why.is_empty() {
        blocks.push(Block::Heading(Line::own("Why it matters here")));
        blocks.push(Block::List(told.why.iter().map(claim).collect()));
    }
    if !told.steps.is_empty() {
        blocks.push(Block::Heading(Line::own("What to do")));
        blocks.push(Block::Steps(told.steps.iter().cloned().map(Line::data).collect()));
    }
    if !told.breaks.is_empty() {
        let line = Line::own("What could break: ").and_data(told.breaks.clone());
        blocks.push(Block::Paragraph(line));
    }
    blocks
}

fn facts(story: &IncidentStory) -> Block {
    let incident = &story.incident;
    let owner = Line::data(incident.owner.name.clone())
        .and_own(" (")
        .and_data(incident.owner.because.clone())
        .and_own(")");
    let mut facts = vec![
        head(incident.score, incident.severity, &incident.decision),
        ("Owner".to_owned(), owner),
        ("Assets".to_owned(), Line::own(story.assets.len().to_string())),
        ("Seen by".to_owned(), Line::data(incident.sources.join(", "))),
    ];
    let mut places: Vec<String> = story.assets.iter().map(|a| a.account.raw().to_owned()).collect();
    places.sort_unstable();
    places.dedup();
    places.retain(|account| !account.is_empty());
    if !places.is_empty() {
        places.truncate(5);
        facts.push(("Accounts".to_owned(), Line::default().and_code(places.join(", "))));
    }
    Block::Facts(facts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn evidence_is_new_when_it_says_something_else_and_not_when_somebody_looked() {
        let story = |seen: &str, opened: &str, status: &str| {
            without_looks(json!({
                "incident": {"id": "a"}, "times": {"understood": opened},
                "issues": [{"id": "b", "last_seen": seen, "status": status,
                    "findings": [{"id": "c", "last_seen": seen}]}],
            }))
        };
        let first = story("2026-03-01", "-", "open");
        assert_eq!(first, story("2026-03-02", "2026-03-02", "open"));
        assert_ne!(first, story("2026-03-01", "-", "resolved"));
        let kept = &first["issues"][0];
        assert_eq!((&kept["id"], &kept["findings"][0]["id"]), (&json!("b"), &json!("c")));
    }
}
