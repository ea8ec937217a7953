//! A body as runs of text for chats and mail: cut to what fits, with data that shows what it hides.
//!
//! What a run says is never read as markup by whoever writes it out: a writer puts its text where
//! its vendor takes text only, or escapes it.

use quell_deliver::text::{Block, Body, Line, SafeLink, Span};
use quell_model::shown;

/// What a line costs beside its letters, so that many empty ones end too.
const LINE: usize = 8;

/// How a run looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Style {
    /// As the text around it.
    Plain,
    /// Strong.
    Strong,
    /// As code.
    Code,
    /// As a link.
    Link(SafeLink),
}

/// Text of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// A line.
pub(crate) type Runs = Vec<Run>;

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Heading(Runs),
    Paragraph(Runs),
    List(Vec<Runs>),
    Steps(Vec<Runs>),
    Facts(Vec<(String, Runs)>),
    Code(String),
}

/// How long a text is to a vendor that counts as JavaScript does.
pub(crate) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// A text of at most `most` units. What is cut ends in `…` and says how many characters are gone.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if units(text) <= most {
        return text.to_owned();
    }
    let total = text.chars().count();
    let tail = |left: usize| format!("… (+{left})");
    let room = most.saturating_sub(units(&tail(total)));
    let kept = front(text, room);
    let left = total - kept.chars().count();
    format!("{kept}{}", tail(left))
}

/// The longest front of at most so many units.
pub(crate) fn front(text: &str, most: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.len_utf16();
        if used > most {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// A line as one text without looks, of at most `most` units.
pub(crate) fn one_line(line: &Line, most: usize) -> String {
    let mut cutter = Cutter { room: most.saturating_mul(4), left_out: 0 };
    let whole: String = cutter.line(line).into_iter().map(|run| run.text).collect();
    let left = cutter.left_out;
    let text = cut(whole.trim(), most);
    if left > 0 && text == whole.trim() { format!("{text}…") } else { text }
}

/// The parts of a body that fit into `room` units, and how many characters are left out.
pub(crate) fn parts(body: &Body, room: usize) -> (Vec<Part>, usize) {
    let mut cutter = Cutter { room, left_out: 0 };
    let parts = body.0.iter().filter_map(|block| cutter.block(block)).collect();
    (parts, cutter.left_out)
}

struct Cutter {
    room: usize,
    left_out: usize,
}

impl Cutter {
    fn block(&mut self, block: &Block) -> Option<Part> {
        let part = match block {
            Block::Heading(line) => Part::Heading(some(self.line(line))?),
            Block::Paragraph(line) => Part::Paragraph(some(self.line(line))?),
            Block::List(lines) => Part::List(self.lines(lines)?),
            Block::Steps(lines) => Part::Steps(self.lines(lines)?),
            Block::Facts(facts) => {
                let facts = facts.iter().map(|(name, line)| {
                    let name = self.take(name);
                    (name, self.line(line))
                });
                let facts: Vec<_> =
                    facts.filter(|(name, runs)| !name.is_empty() || !runs.is_empty()).collect();
                Part::Facts(some(facts)?)
            }
            Block::Code { text, .. } => {
                self.room = self.room.saturating_sub(LINE);
                let text = shown(text.raw(), true);
                let text = self.take(text.trim_end_matches('\n'));
                Part::Code(if text.is_empty() { return None } else { text })
            }
        };
        Some(part)
    }

    fn lines(&mut self, lines: &[Line]) -> Option<Vec<Runs>> {
        let lines = lines.iter().map(|line| self.line(line)).filter(|runs| !runs.is_empty());
        some(lines.collect())
    }

    fn line(&mut self, line: &Line) -> Runs {
        self.room = self.room.saturating_sub(LINE);
        let runs = line.0.iter().map(|span| {
            let (text, style) = match span {
                Span::Own(words) => (words.clone(), Style::Plain),
                Span::Strong(words) => (words.clone(), Style::Strong),
                Span::Data(text) => (shown(text.raw(), false), Style::Plain),
                Span::Code(text) => (shown(text.raw(), false), Style::Code),
                Span::Link { words, to } => (words.clone(), Style::Link(to.clone())),
            };
            Run { text: self.take(&text), style }
        });
        runs.filter(|run| !run.text.is_empty()).collect()
    }

    /// As much of a text as there is room for. What was cut ends in `…`.
    fn take(&mut self, text: &str) -> String {
        let kept = front(text, self.room);
        self.room = self.room.saturating_sub(units(kept));
        if kept.len() == text.len() {
            return kept.to_owned();
        }
        self.left_out += text.chars().count() - kept.chars().count();
        self.room = 0;
        if kept.is_empty() { String::new() } else { format!("{kept}…") }
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() { None } else { Some(list) }
}

/// What is said below a body that was cut.
pub(crate) fn left_out(characters: usize) -> String {
    format!("… {characters} more characters are left out here.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_fits_and_says_how_much_is_gone() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("0123456789abcdef", 12), "01234… (+11)");
        for most in 12..40 {
            let text = "a😀é漢".repeat(40);
            let short = cut(&text, most);
            assert!(units(&short) <= most, "{most}: {short}");
            let (kept, tail) = short.split_once('…').unwrap();
            let gone: usize = tail.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
            assert_eq!(kept.chars().count() + gone, 160);
        }
    }

    #[test]
    fn a_body_is_cut_at_its_room_and_many_empty_lines_end() {
        let body = Body::paragraph(Line::own("0123456789"))
            .and(Block::List(vec![Line::data("abcdefghij"), Line::data("never seen")]));
        let (parts, left) = parts(&body, 31);
        let run = |text: &str| vec![Run { text: text.to_owned(), style: Style::Plain }];
        assert_eq!(parts, [Part::Paragraph(run("0123456789")), Part::List(vec![run("abcde…")])]);
        assert_eq!(left, 15);
        let lines = vec![Line::data("x"); 10_000];
        let (parts, left) = super::parts(&Body(vec![Block::List(lines)]), 900);
        assert!(matches!(parts.as_slice(), [Part::List(lines)] if lines.len() == 100), "{left}");
        assert_eq!(left, 9_900);
    }

    #[test]
    fn data_shows_what_it_hides() {
        let line = Line::own("a ").and_data("b\u{202e}c\r\n").and_code("d\u{200b}");
        assert_eq!(one_line(&line, 100), "a b\\u{202e}c\\u{d}\\u{a}d\\u{200b}");
    }
}
