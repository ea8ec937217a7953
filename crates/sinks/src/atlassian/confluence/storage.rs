//! Confluence's storage format: XML in which data is text, and nothing of it a name or a parameter.

use quell_deliver::text::{Block, Body, Line, Span};

use super::super::cut::Room;

/// Longest section. Pages may be larger, but the editor gets slow.
const MOST: usize = 200_000;
/// Most of one piece of code.
const MOST_CODE: usize = 50_000;

/// A body as storage.
pub(super) fn storage(body: &Body) -> String {
    let mut writer = Writer { room: Room::new(MOST) };
    let mut out = String::new();
    let mut blocks = body.0.iter();
    while let Some(block) = blocks.next() {
        if writer.room.is_full() {
            out.push_str(&format!("<p>… {} more parts are left out</p>", blocks.count() + 1));
            break;
        }
        out.push_str(&writer.block(block));
    }
    out
}

/// A character as text of XML. What XML cannot hold at all is written out.
fn character(_before: &str, shown: &str, _c: char) -> String {
    shown.chars().map(escaped).collect()
}

fn escaped(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        '\u{fffe}' | '\u{ffff}' => format!("\\u{{{:x}}}", u32::from(c)),
        c => c.to_string(),
    }
}

/// A character between the marks of a text that XML does not read: its end is parted in two.
fn unread(before: &str, shown: &str, c: char) -> String {
    match c {
        '>' if before.ends_with("]]") => "]]><![CDATA[>".to_owned(),
        '\u{fffe}' | '\u{ffff}' => format!("\\u{{{:x}}}", u32::from(c)),
        _ => shown.to_owned(),
    }
}

struct Writer {
    room: Room,
}

impl Writer {
    fn block(&mut self, block: &Block) -> String {
        match block {
            Block::Heading(line) => format!("<h3>{}</h3>", self.line(line)),
            Block::Paragraph(line) => format!("<p>{}</p>", self.line(line)),
            Block::List(lines) => self.list("ul", lines.iter().cloned()),
            Block::Steps(lines) => self.list("ol", lines.iter().cloned()),
            Block::Facts(facts) => {
                let lines = facts.iter().map(|(name, line)| {
                    let mut spans = vec![Span::Strong(format!("{name}: "))];
                    spans.extend(line.0.iter().cloned());
                    Line(spans)
                });
                self.list("ul", lines)
            }
            Block::Code { text, .. } => {
                let mut own = Room::new(MOST_CODE);
                let fits = if self.room.is_full() { &mut self.room } else { &mut own };
                let text = fits.write(text.raw(), true, &unread);
                self.room.took(&text);
                // A language that Confluence does not know would break the macro, so none is named.
                format!(
                    "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[{text}]]>\
                     </ac:plain-text-body></ac:structured-macro>"
                )
            }
        }
    }

    fn list(&mut self, kind: &str, lines: impl Iterator<Item = Line>) -> String {
        let mut items = String::new();
        let mut lines = lines;
        while let Some(line) = lines.next() {
            if self.room.is_full() {
                items.push_str(&format!("<li>… {} more are left out</li>", lines.count() + 1));
                break;
            }
            items.push_str(&format!("<li>{}</li>", self.line(&line)));
        }
        if items.is_empty() { items } else { format!("<{kind}>{items}</{kind}>") }
    }

    fn line(&mut self, line: &Line) -> String {
        let mut out = String::new();
        for span in &line.0 {
            let mut write = |text: &str| self.room.write(text, false, &character);
            match span {
                Span::Own(words) => out.push_str(&write(words)),
                Span::Data(data) => out.push_str(&write(data.raw())),
                Span::Strong(words) => out.push_str(&format!("<strong>{}</strong>", write(words))),
                Span::Code(data) => out.push_str(&format!("<code>{}</code>", write(data.raw()))),
                Span::Link { words, to } => {
                    let href: String = to.as_str().chars().map(escaped).collect();
                    out.push_str(&format!("<a href=\"{href}\">{}</a>", write(words)));
                }
            }
        }
        out
    }
}

/// The text of storage, without its tags, so that two can be compared.
pub(super) fn plain(storage: &str) -> String {
    let mut out = String::new();
    let mut rest = storage;
    while let Some((text, after)) = rest.split_once('<') {
        out.push_str(text);
        rest = match after.strip_prefix("![CDATA[") {
            Some(unread) => {
                let (text, after) = unread.split_once("]]>").unwrap_or((unread, ""));
                out.push_str(text);
                after
            }
            None => after.split_once('>').map_or("", |(_, after)| after),
        };
        if !out.is_empty() && !out.ends_with('\n') && ends_line(after) {
            out.push('\n');
        }
    }
    out.push_str(rest);
    for (entity, c) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
    {
        out = out.replace(entity, c);
    }
    out
}

fn ends_line(tag: &str) -> bool {
    ["/p>", "/h3>", "/li>", "/ac:structured-macro>"].iter().any(|end| tag.starts_with(end))
}
