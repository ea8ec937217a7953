//! A letter as an Adaptive Card.
//!
//! All text stands in runs of a `RichTextBlock`, which hold no Markdown. What a flow or a client
//! could read as a template or a mention is told in two runs, so that it stands there as text.

use quell_deliver::Letter;
use quell_deliver::text::{Body, SafeLink};
use serde_json::{Value, json};

use crate::common::beside;
use crate::common::runs::{Part, Run, Runs, Style, left_out, one_line, parts};

/// Largest message. Teams documents 28 KB; some flows fail earlier.
pub(super) const MOST_BYTES: usize = 25_000;
/// Longest title, and longest text beside it.
const MOST_TITLE: usize = 250;
const MOST_BESIDE: usize = 200;
/// Room for the body at first; it shrinks until the message fits.
const MOST_BODY: usize = 12_000;
/// What a flow or a client could act on; each is told apart after its first character.
const ACTIVE: [&str; 6] = ["${", "@{", "{{", "<at", "</at", "$("];

/// The message that makes a card of a letter.
pub(super) fn letter(letter: &Letter) -> Value {
    let title = one_line(&letter.title, MOST_TITLE);
    let head = |body: &mut Vec<Value>| {
        body.push(heading(&title));
        body.push(beside(letter));
    };
    fitted(head, &letter.body, letter.page.as_ref(), &letter.key.mark())
}

/// The message that makes a card of a note.
pub(super) fn note(word: &str, why: &Body, about: &str, mark: &str) -> Value {
    let head = |body: &mut Vec<Value>| {
        body.push(heading(word));
        let about = Run { text: format!("About {about}."), style: Style::Plain };
        body.push(block(&[about], "Small", ""));
    };
    fitted(head, why, None, mark)
}

/// A message whose body is cut until it fits.
fn fitted(
    head: impl Fn(&mut Vec<Value>),
    body: &Body,
    page: Option<&SafeLink>,
    mark: &str,
) -> Value {
    let mut room = MOST_BODY;
    loop {
        let mut elements = Vec::new();
        head(&mut elements);
        let (parts, left) = parts(body, room);
        elements.extend(parts.iter().flat_map(part));
        if left > 0 {
            let run = Run { text: left_out(left), style: Style::Plain };
            elements.push(block(&[run], "Medium", ""));
        }
        elements.push(subtle(mark));
        let message = message(&elements, page);
        let size = message.to_string().len();
        if room == 0 || size <= MOST_BYTES {
            return message;
        }
        // About as much too much as the whole is, and a little more, so that it ends soon.
        room = room.saturating_mul(MOST_BYTES) / size * 9 / 10;
    }
}

fn message(body: &[Value], page: Option<&SafeLink>) -> Value {
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    });
    if let (Some(page), Some(fields)) = (page, card.as_object_mut()) {
        let open =
            json!({"type": "Action.OpenUrl", "title": "Open it in Quell", "url": page.as_str()});
        fields.insert("actions".to_owned(), json!([open]));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}

fn heading(title: &str) -> Value {
    let title = if title.is_empty() { "Quell" } else { title };
    let pieces = apart(title)
        .into_iter()
        .map(|text| json!({"type": "TextRun", "text": text, "weight": "Bolder", "size": "Large"}));
    json!({"type": "RichTextBlock", "inlines": pieces.collect::<Vec<_>>()})
}

/// How bad, by when, whose, and what to find it by.
fn beside(letter: &Letter) -> Value {
    let run = Run { text: beside::beside(letter, MOST_BESIDE).join(" · "), style: Style::Plain };
    block(&[run], "Small", "")
}

fn subtle(text: &str) -> Value {
    let run = json!({"type": "TextRun", "text": text, "isSubtle": true});
    json!({"type": "RichTextBlock", "spacing": "Medium", "inlines": [run]})
}

fn part(part: &Part) -> Vec<Value> {
    match part {
        Part::Heading(runs) => {
            let strong = |run: &Run| Run { text: run.text.clone(), style: Style::Strong };
            vec![block(&runs.iter().map(strong).collect::<Runs>(), "Medium", "")]
        }
        Part::Paragraph(runs) => vec![block(runs, "Medium", "")],
        Part::List(lines) => lines.iter().map(|runs| block(runs, "Small", "• ")).collect(),
        Part::Steps(lines) => {
            let numbered = lines.iter().enumerate();
            numbered.map(|(at, runs)| block(runs, "Small", &format!("{}. ", at + 1))).collect()
        }
        Part::Facts(facts) => {
            let line = |(name, runs): &(String, Runs)| {
                let name = Run { text: format!("{name}: "), style: Style::Strong };
                let runs: Runs = std::iter::once(name).chain(runs.iter().cloned()).collect();
                block(&runs, "Small", "")
            };
            facts.iter().map(line).collect()
        }
        Part::Code(text) => {
            let line = |line: &str| {
                let text = if line.is_empty() { " " } else { line };
                let run = Run { text: text.to_owned(), style: Style::Code };
                block(&[run], "None", "")
            };
            text.split('\n').map(line).collect()
        }
    }
}

/// A line. A link in it is told as text: only the button leads anywhere.
fn block(runs: &[Run], spacing: &str, before: &str) -> Value {
    let mut inlines: Vec<Value> =
        apart(before).into_iter().map(|text| run(&text, &Style::Plain)).collect();
    for one in runs {
        let text = match &one.style {
            Style::Link(to) => format!("{} ({})", one.text, to.as_str()),
            Style::Plain | Style::Strong | Style::Code => one.text.clone(),
        };
        inlines.extend(apart(&text).iter().map(|text| run(text, &one.style)));
    }
    json!({"type": "RichTextBlock", "spacing": spacing, "inlines": inlines})
}

fn run(text: &str, style: &Style) -> Value {
    match style {
        Style::Plain | Style::Link(_) => json!({"type": "TextRun", "text": text}),
        Style::Strong => json!({"type": "TextRun", "text": text, "weight": "Bolder"}),
        Style::Code => json!({"type": "TextRun", "text": text, "fontType": "Monospace"}),
    }
}

/// A text in pieces, none of which holds anything active.
fn apart(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for (at, c) in text.char_indices() {
        piece.push(c);
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        if ACTIVE.iter().any(|active| begins(rest, active.as_bytes())) {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Whether a text begins with another of ASCII, in letters of either case.
fn begins(text: &[u8], what: &[u8]) -> bool {
    text.get(..what.len()).is_some_and(|front| front.eq_ignore_ascii_case(what))
}
