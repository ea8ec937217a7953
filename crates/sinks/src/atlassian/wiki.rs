//! Wiki markup, as Jira Data Center shows it and as Jira Service Management's API takes it.
//!
//! Data is made harmless character by character. Data Center reads `&#58;` as a plain character
//! after it looked for markup, so there whatever could be markup is written like that. Cloud does
//! not; there a backslash stands before what it can escape, and the rest is written out.

use quell_deliver::text::{Block, Body, Line, SafeLink, Span};

use super::adf::word;
use super::cut::Room;

/// Longest text of a field. Jira counts 32,767.
const MOST: usize = 30_000;
/// Most of one piece of code.
const MOST_CODE: usize = 12_000;

/// Who reads the markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Jira Data Center.
    DataCenter,
    /// Jira Cloud.
    Cloud,
}

impl Dialect {
    /// A body as markup. `tail` stands below it and is never left out.
    pub(super) fn text(self, body: &Body, tail: &[Line]) -> String {
        let mut writer = Writer { dialect: self, room: Room::new(MOST) };
        let mut parts = Vec::new();
        let mut blocks = body.0.iter();
        while let Some(block) = blocks.next() {
            if writer.room.is_full() {
                parts.push(format!("… {} more parts are left out", blocks.count() + 1));
                break;
            }
            parts.push(writer.block(block));
        }
        let mut below = Writer { dialect: self, room: Room::new(MOST_CODE / 12) };
        parts.extend(tail.iter().map(|line| below.line(line)));
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }

    /// A character as this dialect shows it and nothing else.
    fn character(self, before: &str, shown: &str, c: char) -> String {
        match self {
            Self::DataCenter => shown.chars().map(entity).collect(),
            Self::Cloud if c == '\\' => written_out('\\'),
            Self::Cloud if shown.chars().nth(1).is_some() => {
                shown.chars().map(backslashed).collect()
            }
            Self::Cloud => cloud(before, c),
        }
    }
}

/// A character that no renderer takes for markup.
fn entity(c: char) -> String {
    let plain = c.is_alphanumeric() || matches!(c, ' ' | ',') || (!c.is_ascii() && !c.is_control());
    if plain { c.to_string() } else { format!("&#{};", u32::from(c)) }
}

/// A character of Cloud's markup with a backslash before it.
fn backslashed(c: char) -> String {
    let escapes = matches!(
        c,
        '-' | '#'
            | '*'
            | '_'
            | '+'
            | '?'
            | '^'
            | '~'
            | '|'
            | '%'
            | '{'
            | '}'
            | '['
            | ']'
            | '('
            | ')'
            | '!'
            | '@'
    );
    if escapes { format!("\\{c}") } else { c.to_string() }
}

/// A character that Cloud could take for markup and cannot escape, written as `\u{3a}`.
fn written_out(c: char) -> String {
    format!("\\u\\{{{:x}\\}}", u32::from(c))
}

/// What Cloud takes for a link, a heading, a quotation or a smile has a colon, a dot or a
/// semicolon in it.
fn cloud(before: &str, c: char) -> String {
    let lower = before.to_ascii_lowercase();
    let after_any = |words: &[&str]| words.iter().any(|word| lower.ends_with(word));
    let deceives = match c {
        ':' => after_any(&["http", "https", "ftp", "ftps", "irc", "mailto", "file"]),
        '/' => before.ends_with(':') || before.ends_with('/'),
        '.' => after_any(&["h1", "h2", "h3", "h4", "h5", "h6", "bq"]),
        'D' | 'd' | 'P' | 'p' => before.ends_with(':'),
        '&' | '<' | '>' | ';' => true,
        _ => false,
    };
    if deceives { written_out(c) } else { backslashed(c) }
}

struct Writer {
    dialect: Dialect,
    room: Room,
}

impl Writer {
    fn escaped(&mut self, text: &str) -> String {
        let dialect = self.dialect;
        self.room.write(text, false, &|before, shown, c| dialect.character(before, shown, c))
    }

    fn block(&mut self, block: &Block) -> String {
        match block {
            Block::Heading(line) => format!("h3. {}", self.line(line)),
            Block::Paragraph(line) => self.line(line),
            Block::List(lines) => self.list('*', lines.iter().cloned()),
            Block::Steps(lines) => self.list('#', lines.iter().cloned()),
            Block::Facts(facts) => {
                let lines = facts.iter().map(|(name, line)| {
                    let mut spans =
                        vec![Span::Strong(format!("{name}:")), Span::Own(" ".to_owned())];
                    spans.extend(line.0.iter().cloned());
                    Line(spans)
                });
                self.list('*', lines)
            }
            Block::Code { language, text } => {
                let mut own = Room::new(MOST_CODE);
                let fits = if self.room.is_full() { &mut self.room } else { &mut own };
                let shown = fits.write(text.raw(), true, &|_, shown, _| shown.to_owned());
                self.room.took(&shown);
                let title = word(language);
                let title = if title.is_empty() { title } else { format!(":title={title}") };
                format!("{{noformat{title}}}\n{}\n{{noformat}}", unended(&shown))
            }
        }
    }

    fn list(&mut self, mark: char, lines: impl Iterator<Item = Line>) -> String {
        let mut items = Vec::new();
        let mut lines = lines;
        while let Some(line) = lines.next() {
            if self.room.is_full() {
                items.push(format!("{mark} … {} more are left out", lines.count() + 1));
                break;
            }
            items.push(format!("{mark} {}", self.line(&line)));
        }
        items.join("\n")
    }

    fn line(&mut self, line: &Line) -> String {
        let mut out = String::new();
        for span in &line.0 {
            match span {
                Span::Own(words) => out.push_str(&self.escaped(words)),
                Span::Data(data) => out.push_str(&self.escaped(data.raw())),
                Span::Strong(words) => out.push_str(&around("*", &self.escaped(words), "*")),
                Span::Code(data) => out.push_str(&around("{{", &self.escaped(data.raw()), "}}")),
                Span::Link { words, to } => out.push_str(&self.link(words, to)),
            }
        }
        out
    }

    fn link(&mut self, words: &str, to: &SafeLink) -> String {
        let words = self.escaped(words);
        self.room.took(to.as_str());
        if words.is_empty() { words } else { format!("[{words}|{}]", to.as_str()) }
    }
}

/// Marks stand close to what they mark, or are none; a blank inside goes outside.
fn around(open: &str, inner: &str, close: &str) -> String {
    let core = inner.trim();
    if core.is_empty() {
        return inner.to_owned();
    }
    let (before, after) = inner.split_once(core).unwrap_or_default();
    format!("{before}{open}{core}{close}{after}")
}

/// Text between two `{noformat}` that does not end there: the brace of one inside is written out.
fn unended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let ends = after.trim_start().get(..8).is_some_and(|w| w.eq_ignore_ascii_case("noformat"));
        out.push_str(if ends { "\\u{7b}" } else { "{" });
        rest = after;
    }
    out.push_str(rest);
    out
}
