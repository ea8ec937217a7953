//! Letters and notes as Markdown of code hosts.

use quell_deliver::{Block, Body, Key, Letter, Line, Span};

use super::escape::{code, fence, own, title};
use super::mark;

/// Most characters of data in one span.
const MOST_SPAN: usize = 2_000;
/// Kept for the words that say what was left out.
const KEPT: usize = 160;

/// A letter's text of at most so many characters, with its mark at the end.
pub(crate) fn letter_text(letter: &Letter, most: usize) -> String {
    let foot = foot(letter);
    written(&letter.body, &foot, &letter.key, most)
}

/// A note's text of at most so many characters, with its mark at the end.
pub(crate) fn note_text(body: &Body, key: &Key, most: usize) -> String {
    written(body, "", key, most)
}

/// A title of at most so many characters.
pub(crate) fn title_text(line: &Line, most: usize) -> String {
    let mut out = String::new();
    for span in &line.0 {
        // A span of data may be written with half as many characters more.
        let left = most.saturating_sub(out.chars().count());
        let piece = match span {
            Span::Own(words) | Span::Strong(words) | Span::Link { words, .. } => {
                words.replace(['`', '\n', '\r'], "'")
            }
            Span::Data(text) | Span::Code(text) => data_of_title(text, left),
        };
        if piece.chars().count() > left {
            out.extend(piece.chars().take(left.saturating_sub(1)));
            out.push('…');
            break;
        }
        out.push_str(&piece);
    }
    if out.trim().is_empty() { "Finding".to_owned() } else { out }
}

/// Data of a title that fits, cut further where writing it out makes it longer.
fn data_of_title(text: &quell_model::Untrusted, left: usize) -> String {
    let mut most = left.saturating_sub(3);
    loop {
        let piece = title(text, most);
        if piece.chars().count() <= left || most == 0 {
            return if piece.chars().count() <= left { piece } else { String::new() };
        }
        most /= 2;
    }
}

fn written(body: &Body, foot: &str, key: &Key, most: usize) -> String {
    let mark = mark(key);
    let room = most.saturating_sub(mark.chars().count() + foot.chars().count() + KEPT);
    let mut text = Text { out: String::new(), used: 0, room, left_out: 0 };
    for block in &body.0 {
        text.block(block);
    }
    let mut out = text.out;
    if text.left_out > 0 {
        out.push_str(&format!(
            "… {} more parts or characters are left out here.\n\n",
            text.left_out
        ));
    }
    if !foot.is_empty() {
        out.push_str(foot);
        out.push_str("\n\n");
    }
    out.push_str(&mark);
    out
}

/// What a ticket has fields for.
fn foot(letter: &Letter) -> String {
    let mut parts = vec![format!("**Severity:** {}", letter.severity.as_str())];
    if let Some(due) = letter.due {
        parts.push(format!("**Due:** {}", due.strftime("%Y-%m-%d %H:%M UTC")));
    }
    if let Some(owner) = letter.owner.as_ref().filter(|owner| !owner.is_empty()) {
        parts.push(format!("**Owner:** {}", code(owner, 200)));
    }
    if let Some(page) = &letter.page {
        parts.push(format!("[Open in Quell]({})", page.as_str()));
    }
    parts.join(" · ")
}

/// A text that grows as far as there is room.
struct Text {
    out: String,
    used: usize,
    room: usize,
    left_out: usize,
}

impl Text {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(words) => self.whole(&format!("### {}\n\n", line(words, false))),
            Block::Paragraph(words) => self.whole(&format!("{}\n\n", line(words, true))),
            Block::List(lines) => {
                self.lines(lines.iter().map(|words| format!("- {}\n", line(words, true))));
            }
            Block::Steps(lines) => {
                let numbered = (1..).zip(lines);
                self.lines(numbered.map(|(at, words)| format!("{at}. {}\n", line(words, true))));
            }
            Block::Facts(facts) => self.lines(facts.iter().map(|(name, words)| {
                format!("- **{}:** {}\n", own(name, false), line(words, false))
            })),
            Block::Code { language, text } => self.code(language, text),
        }
    }

    fn lines(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines {
            self.whole(&line);
        }
        self.out.push('\n');
        self.used += 1;
    }

    /// A part that is there whole, or counted as left out.
    fn whole(&mut self, part: &str) {
        let length = part.chars().count();
        if self.left_out > 0 || self.used + length > self.room {
            self.left_out += 1;
            return;
        }
        self.used += length;
        self.out.push_str(part);
    }

    /// Data as far as there is room. Writing it out may make it longer, so it is cut until it fits.
    fn code(&mut self, language: &str, text: &quell_model::Untrusted) {
        if self.left_out > 0 {
            self.left_out += 1;
            return;
        }
        let mut most = self.room.saturating_sub(self.used + 20);
        loop {
            let (written, left) = fence(language, text, most);
            let length = written.chars().count() + 2;
            if self.used + length <= self.room {
                self.out.push_str(&written);
                self.out.push_str("\n\n");
                self.used += length;
                self.left_out = left;
                return;
            }
            if most == 0 {
                self.left_out += 1;
                return;
            }
            most = most * 3 / 4;
        }
    }
}

/// A line. Two spans of code do not touch, since their marks would run together.
pub(super) fn line(line: &Line, begins: bool) -> String {
    let mut out = String::new();
    for span in &line.0 {
        let piece = match span {
            Span::Own(words) => own(words, begins && out.is_empty()),
            Span::Strong(words) if words.trim().is_empty() => String::new(),
            Span::Strong(words) => format!("**{}**", own(words.trim(), false)),
            Span::Data(text) | Span::Code(text) => code(text, MOST_SPAN),
            Span::Link { words, to } => format!("[{}]({})", own(words, false), to.as_str()),
        };
        if out.ends_with('`') && piece.starts_with('`') {
            out.push(' ');
        }
        out.push_str(&piece);
    }
    out
}
