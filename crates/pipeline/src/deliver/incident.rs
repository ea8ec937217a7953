//! The letter of an incident.

use quell_deliver::{Attachment, Block, Body, Key, Label, Letter, Line};
use quell_model::Untrusted;
use quell_report::{IncidentReport, IncidentStory, IssueReport};

use super::words::{Places, claim, due, footer, head, issues};

/// Longest attachment.
const MOST_BYTES: usize = 1 << 20;

/// Makes the letter of an incident.
pub(super) fn letter(key: Key, story: &IncidentStory, places: &Places) -> Letter {
    let incident = &story.incident;
    let page = places.page(&format!("/incidents/{}", incident.id));
    let evidence = serde_json::to_string_pretty(story).unwrap_or_default();
    let evidence = (evidence.len() <= MOST_BYTES).then(|| Attachment {
        name: "evidence.json".to_owned(),
        media_type: "application/json".to_owned(),
        text: Untrusted::from(evidence),
    });
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
        asks: None,
    }
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
