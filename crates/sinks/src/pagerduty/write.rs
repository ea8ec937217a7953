//! What is sent: events and notes.

use quell_deliver::outbox::{Act, Remote};
use quell_deliver::text::{Block, Line, Span};
use quell_deliver::{Body, Key, Letter, SafeLink};
use quell_model::Severity;
use serde_json::{Value, json};

use crate::{SinkError, Wanted, common::flat};

/// Longest summary, in characters.
const SUMMARY: usize = 1024;
/// Longest text beside it: an event has 512 KB, and JSON may double a character.
const DETAILS: usize = 150_000;
const NOTE: usize = 20_000;
const MOST_LINKS: usize = 20;

/// The event of an act.
pub(super) fn event(source: &str, wanted: &Wanted<'_>, key: &str) -> Result<Value, SinkError> {
    match wanted.act {
        Act::Open { letter } => Ok(trigger(source, letter, &wanted.key.mark(), key)),
        Act::Edit { letter } => Ok(trigger(source, letter, &wanted.remote()?.id, key)),
        Act::Review { .. } => Err(SinkError::NO_REVIEW),
        Act::Close { .. } => Ok(json!({
            "routing_key": key,
            "event_action": "resolve",
            "dedup_key": wanted.remote()?.id,
        })),
        Act::Reopen { body } => Ok(json!({
            "routing_key": key,
            "event_action": "trigger",
            "dedup_key": wanted.remote()?.id,
            "client": "Quell",
            "payload": {
                "summary": summary(&flat::body(body)),
                "source": source,
                // What it was before is not known here; it is bad enough to be seen again.
                "severity": "error",
                "custom_details": {"text": details(body)},
            },
        })),
        Act::Note { .. } => Err(SinkError::Unsupported("an event cannot carry a note")),
    }
}

fn trigger(source: &str, letter: &Letter, dedup: &str, key: &str) -> Value {
    let mut details = json!({"text": details(&letter.body), "key": letter.key.mark()});
    if let (Some(details), Some(due)) = (details.as_object_mut(), letter.due) {
        details.insert("due".to_owned(), due.to_string().into());
    }
    let mut event = json!({
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": dedup,
        "client": "Quell",
        "payload": {
            "summary": summary(&flat::line(&letter.title)),
            "source": source,
            "severity": severity(letter.severity),
            "class": "finding",
            "custom_details": details,
        },
        "links": links(letter),
    });
    if let (Some(event), Some(page)) = (event.as_object_mut(), &letter.page) {
        event.insert("client_url".to_owned(), page.as_str().into());
    }
    event
}

/// One line: it is read out on phones.
fn summary(text: &str) -> String {
    let text = flat::on_one_line(text, SUMMARY, flat::one);
    if text.is_empty() { "Finding".to_owned() } else { text }
}

fn details(body: &Body) -> String {
    flat::cut(&flat::body(body), DETAILS, char::len_utf8)
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High | Severity::Unknown => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "info",
    }
}

/// Quell's own links, each once.
fn links(letter: &Letter) -> Vec<Value> {
    let mut all: Vec<(&str, &str)> = Vec::new();
    let page = letter.page.iter().map(|page| (page.as_str(), "Quell"));
    let lines = letter.body.0.iter().flat_map(lines).flat_map(|line| &line.0);
    let in_body = lines.filter_map(|span| match span {
        Span::Link { words, to } => Some((SafeLink::as_str(to), words.as_str())),
        Span::Own(_) | Span::Strong(_) | Span::Data(_) | Span::Code(_) => None,
    });
    for link in page.chain(in_body) {
        if all.len() < MOST_LINKS && !all.iter().any(|(to, _)| *to == link.0) {
            all.push(link);
        }
    }
    all.into_iter().map(|(to, words)| json!({"href": to, "text": words})).collect()
}

fn lines(block: &Block) -> Vec<&Line> {
    match block {
        Block::Heading(line) | Block::Paragraph(line) => vec![line],
        Block::List(lines) | Block::Steps(lines) => lines.iter().collect(),
        Block::Facts(facts) => facts.iter().map(|(_, line)| line).collect(),
        Block::Code { .. } => Vec::new(),
    }
}

/// What a note is found again by.
pub(super) fn found_by(word: &str, key: &Key) -> String {
    format!("({word} {})", key.mark())
}

/// A note.
pub(super) fn note(body: &Body, word: &str, key: &Key) -> Value {
    let text = flat::cut(&flat::body(body), NOTE, flat::one);
    json!({"note": {"content": format!("{text}\n\n{}", found_by(word, key))}})
}

/// What stands there, by its key.
pub(super) fn remote(dedup: &str) -> Remote {
    Remote { id: dedup.to_owned(), name: dedup.to_owned(), url: None }
}
