//! Lines for places that have no markup, and make links of what looks like one.
//!
//! What cannot be seen in data is written out, and an address in it is broken (`https[:]//`), so
//! that nothing in it can be clicked. Quell's own links stay whole.

use quell_deliver::text::{Block, Body, Line, Span};
use quell_model::shown;

/// How long a character is to whoever limits a text.
pub(crate) type Size = fn(char) -> usize;

/// Room for what says how much is left out.
const TAIL: usize = 32;
/// Longest of what `shown` writes for one character: `\u{10ffff}`.
const LONGEST_ESCAPE: usize = 10;

/// The size of a character where characters are counted.
pub(crate) const fn one(_: char) -> usize {
    1
}

/// A text on one line, cut.
pub(crate) fn on_one_line(text: &str, most: usize, size: Size) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    cut(&words.join(" "), most, size)
}

/// A line.
pub(crate) fn line(line: &Line) -> String {
    let mut out = String::new();
    // Pieces of data beside each other are one, so that no address is made of two.
    let mut data = String::new();
    for span in &line.0 {
        match span {
            Span::Data(text) | Span::Code(text) => {
                data.push_str(text.raw());
                continue;
            }
            Span::Own(_) | Span::Strong(_) | Span::Link { .. } => {
                out.push_str(&broken(&shown(&data, false)));
                data.clear();
            }
        }
        match span {
            Span::Own(words) | Span::Strong(words) => out.push_str(words),
            Span::Link { words, to } if words == to.as_str() => out.push_str(words),
            Span::Link { words, to } => {
                out.push_str(words);
                out.push_str(": ");
                out.push_str(to.as_str());
            }
            Span::Data(_) | Span::Code(_) => {}
        }
    }
    out.push_str(&broken(&shown(&data, false)));
    out
}

/// A body, with a blank line between its parts.
pub(crate) fn body(body: &Body) -> String {
    let parts: Vec<String> = body.0.iter().map(block).collect();
    parts.join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("== {} ==", line(text)),
        Block::Paragraph(text) => line(text),
        Block::List(lines) => joined(lines.iter().map(|text| format!("- {}", line(text)))),
        Block::Steps(lines) => {
            let lines = lines.iter().enumerate();
            joined(lines.map(|(at, text)| format!("{}. {}", at + 1, line(text))))
        }
        Block::Facts(facts) => {
            joined(facts.iter().map(|(name, text)| format!("{name}: {}", line(text))))
        }
        Block::Code { text, .. } => {
            let lines = text.raw().lines();
            joined(lines.map(|text| format!("    {}", broken(&shown(text, true)))))
        }
    }
}

fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// Text in which nothing is an address any more.
fn broken(text: &str) -> String {
    let text = text.replace("://", "[:]//");
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, found) in lower.match_indices("www.") {
        let dot = at + found.len() - 1;
        out.push_str(text.get(done..dot).unwrap_or_default());
        out.push_str("[.]");
        done = dot + 1;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// How long a text is.
pub(crate) fn length(text: &str, size: Size) -> usize {
    text.chars().map(size).sum()
}

/// The text cut to at most `most`, saying how much is left out. Nothing is cut within what is
/// written for a character that cannot be seen.
pub(crate) fn cut(text: &str, most: usize, size: Size) -> String {
    if length(text, size) <= most {
        return text.to_owned();
    }
    let mut room = most.saturating_sub(TAIL);
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if size(c) > room {
            break;
        }
        room -= size(c);
        end = at + c.len_utf8();
    }
    let kept = text.get(..end).unwrap_or_default();
    let kept = whole(kept).trim_end();
    let left = text.chars().count() - kept.chars().count();
    format!("{kept} … ({left} characters more)")
}

/// The text without the start of an escape at its end.
fn whole(text: &str) -> &str {
    let from = text.floor_char_boundary(text.len().saturating_sub(LONGEST_ESCAPE));
    let tail = text.get(from..).unwrap_or_default();
    let Some(at) = tail.rfind('\\').map(|at| at + from) else { return text };
    let (before, escape) = text.split_at(at);
    let backslashes = 1 + before.chars().rev().take_while(|c| *c == '\\').count();
    let is_escape = escape == "\\" || escape.starts_with("\\u");
    let is_open = is_escape && !escape.contains('}') && !backslashes.is_multiple_of(2);
    if is_open { before } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_data_are_broken_and_own_ones_are_not() {
        let hosts = quell_deliver::text::Hosts::default().with("https://quell.example/");
        let to = quell_deliver::SafeLink::new("https://quell.example/a", &hosts).unwrap();
        let text = Line::own("See ")
            .and(Span::Link { words: "Quell".to_owned(), to })
            .and_own(" and ")
            .and_data("https:")
            .and_data("//evil.example WwW.evil.example\r\nx\u{202e}");
        assert_eq!(
            line(&text),
            "See Quell: https://quell.example/a and https[:]//evil.example WwW[.]evil.example\\u{d}\\u{a}x\\u{202e}"
        );
    }

    #[test]
    fn nothing_is_cut_within_a_character_or_an_escape() {
        let text = format!("{}{}", "ä漢😀".repeat(5), shown(&"\u{202e}\\".repeat(20), false));
        for most in 0..length(&text, char::len_utf16) + 2 {
            let cut = cut(&text, most, char::len_utf16);
            assert!(length(&cut, char::len_utf16) <= most.max(TAIL), "{most}: {cut}");
            let kept = cut.split(" … (").next().unwrap();
            let left = kept.replace("\\\\", "").replace("\\u{202e}", "");
            assert!(!left.contains('\\'), "{most}: {cut}");
        }
    }
}
