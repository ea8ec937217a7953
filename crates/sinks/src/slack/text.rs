//! A letter as blocks of Slack's.
//!
//! Data stands only in `plain_text` objects and in `text` elements of `rich_text`, which hold no
//! markup, and in the escaped fallback. So no data becomes a link, a mention or a format.

use quell_deliver::text::{Body, Hosts, SafeLink};
use quell_deliver::{Key, Label, Letter};
use serde_json::{Value, json};

use super::back::{APPROVE, DENY};
use crate::button_value;
use crate::common::beside::{beside, severity};
use crate::common::runs::{Part, Run, Runs, Style, cut, front, left_out, one_line, parts, units};

/// A letter with this label asks for an approval.
pub const APPROVAL_LABEL: &str = "approval";

/// Longest text of a header.
const MOST_TITLE: usize = 150;
/// Room for a letter's body: Slack takes some 13,000 characters over all blocks.
const MOST_BODY: usize = 9_000;
/// Room for a note in the thread.
const MOST_NOTE: usize = 3_000;
/// Most units in one `rich_text` block and in one of its elements.
const MOST_BLOCK: usize = 2_500;
/// Longest plain text beside the title.
const MOST_BESIDE: usize = 300;

/// What a message is made of, before it is known where it goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    pub(super) blocks: Vec<Value>,
    /// Shown where blocks are not: in notifications.
    pub(super) fallback: String,
    pub(super) title: String,
    pub(super) page: Option<String>,
}

/// What was written on a message, for what is written over it later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Headline {
    pub(super) title: String,
    pub(super) page: Option<SafeLink>,
    /// The key that the message bears.
    pub(super) key: Option<String>,
}

impl Headline {
    /// What stands in the metadata of a message. Its link counts only where it leads to a known host.
    pub(super) fn read(payload: &Value, hosts: &Hosts) -> Self {
        let text = |name: &str| payload.get(name).and_then(Value::as_str);
        let title = text("title").unwrap_or("Quell");
        let page = text("page").and_then(|page| SafeLink::new(page, hosts).ok());
        let key = text("key").and_then(|key| key.parse::<Key>().ok());
        Self { title: cut(title, MOST_TITLE), page, key: key.map(|key| key.to_string()) }
    }
}

/// A letter as a message.
pub(super) fn letter(letter: &Letter, buttons: bool) -> Message {
    let title = one_line(&letter.title, MOST_TITLE);
    let title = if title.is_empty() { "Quell".to_owned() } else { title };
    let mut blocks = vec![header(&title), context(beside(letter, MOST_BESIDE))];
    blocks.extend(body(&letter.body, MOST_BODY));
    blocks.extend(letter.page.as_ref().map(page_link));
    let asks = letter.labels.contains(&Label::new(APPROVAL_LABEL));
    if buttons && asks {
        let value = letter.asks.as_ref().map(|hash| button_value(letter.key.as_str(), hash));
        blocks.extend(value.as_deref().map(decision));
    }
    blocks.push(context([letter.key.mark()]));
    let fallback = fallback(&[severity(letter.severity), ": ", &title]);
    let page = letter.page.as_ref().map(|page| page.as_str().to_owned());
    Message { blocks, fallback, title, page }
}

/// A message that is dealt with, or counts again: its headline, and why.
pub(super) fn told(head: &Headline, word: &str, why: &Body) -> Message {
    let strong = vec![Run { text: word.to_owned(), style: Style::Strong }];
    let mut blocks = vec![header(&head.title), rich(&[section(&strong, "\n")])];
    blocks.extend(body(why, MOST_NOTE));
    blocks.extend(head.page.as_ref().map(page_link));
    blocks.extend(head.key.iter().map(|key| context([format!("quell-{key}")])));
    let fallback = fallback(&[word, " ", &head.title]);
    let page = head.page.as_ref().map(|page| page.as_str().to_owned());
    Message { blocks, fallback, title: head.title.clone(), page }
}

/// A note in the thread.
pub(super) fn note(why: &Body, word: Option<&str>) -> Message {
    let strong = word.map(|word| vec![Run { text: word.to_owned(), style: Style::Strong }]);
    let mut blocks: Vec<Value> = strong.iter().map(|runs| rich(&[section(runs, "\n")])).collect();
    blocks.extend(body(why, MOST_NOTE));
    if blocks.is_empty() {
        blocks.push(context(["-".to_owned()]));
    }
    let fallback = word.unwrap_or("A note of Quell's.").to_owned();
    Message { blocks, fallback, title: String::new(), page: None }
}

fn header(title: &str) -> Value {
    json!({"type": "header", "text": plain(title)})
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

fn context(texts: impl IntoIterator<Item = String>) -> Value {
    let elements: Vec<Value> = texts.into_iter().take(10).map(|text| plain(&text)).collect();
    json!({"type": "context", "elements": elements})
}

fn decision(value: &str) -> Value {
    let button = |words: &str, id: &str, style: &str| json!({"type": "button", "text": plain(words), "action_id": id, "value": value, "style": style});
    let elements = [button("Approve", APPROVE, "primary"), button("Deny", DENY, "danger")];
    json!({"type": "actions", "elements": elements})
}

fn page_link(page: &SafeLink) -> Value {
    let run = Run { text: "Open it in Quell".to_owned(), style: Style::Link(page.clone()) };
    rich(&[section(&[run], "")])
}

fn rich(elements: &[Value]) -> Value {
    json!({"type": "rich_text", "elements": elements})
}

/// A body as `rich_text` blocks, each of a size that Slack takes.
fn body(body: &Body, room: usize) -> Vec<Value> {
    let (parts, left) = parts(body, room);
    let mut elements: Vec<(usize, Value)> = parts.iter().flat_map(part).collect();
    if left > 0 {
        let run = Run { text: left_out(left), style: Style::Plain };
        elements.push((0, section(&[run], "")));
    }
    let mut blocks = Vec::new();
    let mut block = Vec::new();
    let mut size = 0;
    for (more, element) in elements {
        if size + more > MOST_BLOCK && !block.is_empty() {
            blocks.push(rich(&std::mem::take(&mut block)));
            size = 0;
        }
        size += more;
        block.push(element);
    }
    if !block.is_empty() {
        blocks.push(rich(&block));
    }
    blocks
}

fn length(runs: &[Run]) -> usize {
    runs.iter().map(|run| units(&run.text)).sum()
}

/// The elements of a part, each with its length.
fn part(part: &Part) -> Vec<(usize, Value)> {
    match part {
        Part::Heading(runs) => {
            let strong = |run: &Run| match run.style {
                Style::Plain => Run { text: run.text.clone(), style: Style::Strong },
                Style::Strong | Style::Code | Style::Link(_) => run.clone(),
            };
            let runs: Runs = runs.iter().map(strong).collect();
            vec![(length(&runs), section(&runs, "\n"))]
        }
        Part::Paragraph(runs) => vec![(length(runs), section(runs, "\n"))],
        Part::List(lines) => vec![list(lines, "bullet")],
        Part::Steps(lines) => vec![list(lines, "ordered")],
        Part::Facts(facts) => {
            let line = |(name, runs): &(String, Runs)| {
                let name = Run { text: format!("{name}: "), style: Style::Strong };
                let runs: Runs = std::iter::once(name).chain(runs.iter().cloned()).collect();
                (length(&runs), section(&runs, "\n"))
            };
            facts.iter().map(line).collect()
        }
        Part::Code(text) => code(text),
    }
}

fn list(lines: &[Runs], style: &str) -> (usize, Value) {
    let size = lines.iter().map(|runs| length(runs)).sum();
    let lines: Vec<Value> = lines.iter().map(|runs| section(runs, "")).collect();
    (size, json!({"type": "rich_text_list", "style": style, "elements": lines}))
}

/// Code, in pieces that end at a line where they can.
fn code(text: &str) -> Vec<(usize, Value)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let most = front(rest, MOST_BLOCK);
        let line = most.rfind('\n').filter(|_| most.len() < rest.len());
        let end = line.map_or(most.len(), |at| at + 1);
        let (piece, after) = rest.split_at(end);
        let shown = piece.trim_end_matches('\n');
        let shown = if shown.is_empty() { " " } else { shown };
        let elements = [json!({"type": "text", "text": shown})];
        let size = units(shown);
        pieces.push((size, json!({"type": "rich_text_preformatted", "elements": elements})));
        rest = after;
    }
    pieces
}

fn section(runs: &[Run], end: &str) -> Value {
    let mut elements: Vec<Value> = runs.iter().map(element).collect();
    if !end.is_empty() {
        elements.push(json!({"type": "text", "text": end}));
    }
    json!({"type": "rich_text_section", "elements": elements})
}

fn element(run: &Run) -> Value {
    match &run.style {
        Style::Plain => json!({"type": "text", "text": run.text}),
        Style::Strong => json!({"type": "text", "text": run.text, "style": {"bold": true}}),
        Style::Code => json!({"type": "text", "text": run.text, "style": {"code": true}}),
        Style::Link(to) => json!({"type": "link", "url": to.as_str(), "text": run.text}),
    }
}

/// A text for notifications. Slack may read it as mrkdwn, so its three characters are escaped, and
/// those that format and have no escape are replaced by ones that look alike.
fn fallback(texts: &[&str]) -> String {
    let mut out = String::new();
    for c in texts.iter().flat_map(|text| text.chars()) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '*' => out.push('∗'),
            '_' => out.push('ˍ'),
            '~' => out.push('∼'),
            '`' => out.push('ˋ'),
            c => out.push(c),
        }
    }
    out
}
