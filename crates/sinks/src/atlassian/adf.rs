//! The Atlassian Document Format: a tree in which text is never read as markup.

use quell_deliver::text::{Block, Body, Line, Span};
use serde_json::{Value, json};

use super::cut::{Room, as_shown};

/// Longest text of a field; Jira counts 32,767 of what is shown.
pub(super) const MOST: usize = 30_000;
/// Most of one piece of code, so that what stands below it is seen too.
const MOST_CODE: usize = 12_000;
/// Most nodes of a document, so that a list of thousands does not make the editor stop.
const MOST_NODES: usize = 1_500;

/// A body as a document. `tail` stands below it and is never left out.
pub(super) fn document(body: &Body, tail: &[Value]) -> Value {
    let mut writer = Writer { room: Room::new(MOST), nodes: 0 };
    let mut content = Vec::new();
    let mut blocks = body.0.iter();
    while let Some(block) = blocks.next() {
        if writer.is_full() {
            let rest = blocks.count() + 1;
            content.push(paragraph(vec![text(&format!("… {rest} more parts are left out"), None)]));
            break;
        }
        content.extend(writer.block(block));
    }
    content.extend_from_slice(tail);
    json!({"type": "doc", "version": 1, "content": content})
}

/// A paragraph of one line, for what stands below a body.
pub(super) fn line(line: &Line) -> Value {
    let mut writer = Writer { room: Room::new(MOST_CODE / 12), nodes: 0 };
    paragraph(writer.line(line))
}

struct Writer {
    room: Room,
    nodes: usize,
}

impl Writer {
    const fn is_full(&self) -> bool {
        self.room.is_full() || self.nodes >= MOST_NODES
    }

    fn block(&mut self, block: &Block) -> Vec<Value> {
        self.nodes += 1;
        match block {
            Block::Heading(line) => {
                let content = self.line(line);
                vec![json!({"type": "heading", "attrs": {"level": 3}, "content": content})]
            }
            Block::Paragraph(line) => vec![paragraph(self.line(line))],
            Block::List(lines) => self.list("bulletList", lines.iter().cloned()),
            Block::Steps(lines) => self.list("orderedList", lines.iter().cloned()),
            Block::Facts(facts) => {
                let lines = facts.iter().map(|(name, line)| {
                    let mut spans = vec![Span::Strong(format!("{name}: "))];
                    spans.extend(line.0.iter().cloned());
                    Line(spans)
                });
                self.list("bulletList", lines)
            }
            Block::Code { language, text: code } => {
                let mut own = Room::new(MOST_CODE);
                let fits = if self.room.is_full() { &mut self.room } else { &mut own };
                let shown = fits.write(code.raw(), true, &as_shown);
                self.room.took(&shown);
                let content: Vec<Value> =
                    (!shown.is_empty()).then(|| text(&shown, None)).into_iter().collect();
                vec![
                    json!({"type": "codeBlock", "attrs": {"language": word(language)}, "content": content}),
                ]
            }
        }
    }

    fn list(&mut self, kind: &str, lines: impl Iterator<Item = Line>) -> Vec<Value> {
        let mut items = Vec::new();
        let mut lines = lines;
        while let Some(line) = lines.next() {
            let content = if self.is_full() {
                let rest = lines.by_ref().count() + 1;
                vec![text(&format!("… {rest} more are left out"), None)]
            } else {
                self.line(&line)
            };
            items.push(json!({"type": "listItem", "content": [paragraph(content)]}));
        }
        if items.is_empty() {
            return Vec::new();
        }
        vec![json!({"type": kind, "content": items})]
    }

    fn line(&mut self, line: &Line) -> Vec<Value> {
        self.nodes += 1 + line.0.len();
        let mut content = Vec::new();
        for span in &line.0 {
            let (words, mark) = match span {
                Span::Own(words) => (self.room.write(words, false, &as_shown), None),
                Span::Strong(words) => {
                    (self.room.write(words, false, &as_shown), Some(json!({"type": "strong"})))
                }
                Span::Data(data) => (self.room.write(data.raw(), false, &as_shown), None),
                Span::Code(data) => {
                    let shown = self.room.write(data.raw(), false, &as_shown);
                    (shown, Some(json!({"type": "code"})))
                }
                Span::Link { words, to } => {
                    let mark = json!({"type": "link", "attrs": {"href": to.as_str()}});
                    (self.room.write(words, false, &as_shown), Some(mark))
                }
            };
            // Jira refuses a text that is empty.
            if !words.is_empty() {
                content.push(text(&words, mark));
            }
        }
        content
    }
}

fn paragraph(content: Vec<Value>) -> Value {
    let content = Value::from(content);
    json!({"type": "paragraph", "content": content})
}

fn text(words: &str, mark: Option<Value>) -> Value {
    match mark {
        Some(mark) => json!({"type": "text", "text": words, "marks": [mark]}),
        None => json!({"type": "text", "text": words}),
    }
}

/// A word of Quell's own as a language, held to what one can be.
pub(super) fn word(language: &str) -> String {
    language.chars().filter(char::is_ascii_alphanumeric).take(20).collect()
}

/// All text of a document, a line for each part, so that two can be compared.
pub(super) fn plain(document: &Value) -> String {
    let mut out = String::new();
    let mut waiting = vec![document];
    while let Some(node) = waiting.pop() {
        let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
        if let Some(words) = node.get("text").and_then(Value::as_str) {
            out.push_str(words);
        }
        let ends_line =
            matches!(kind, "paragraph" | "heading" | "codeBlock" | "hardBreak" | "rule");
        if ends_line && !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        let inner = node.get("content").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        waiting.extend(inner.iter().rev());
    }
    out
}
