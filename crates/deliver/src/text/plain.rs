//! Text as lines for people: mail, pagers, logs, and what a dry run prints.

use quell_model::shown;

use super::{Block, Body, Line, Span};

/// A line as plain text. What cannot be seen in data is written out.
#[must_use]
pub fn plain_line(line: &Line) -> String {
    let mut out = String::new();
    for span in &line.0 {
        match span {
            Span::Own(words) | Span::Strong(words) => out.push_str(words),
            Span::Data(text) | Span::Code(text) => out.push_str(&shown(text.raw(), false)),
            Span::Link { words, to } if words == to.as_str() => out.push_str(words),
            Span::Link { words, to } => {
                out.push_str(words);
                out.push_str(": ");
                out.push_str(to.as_str());
            }
        }
    }
    out
}

/// A body as plain text, with a blank line between its parts.
#[must_use]
pub fn plain(body: &Body) -> String {
    let parts: Vec<String> = body.0.iter().map(block).collect();
    parts.join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(line) => plain_line(line).to_uppercase(),
        Block::Paragraph(line) => plain_line(line),
        Block::List(lines) => joined(lines.iter().map(|line| format!("- {}", plain_line(line)))),
        Block::Steps(lines) => joined(
            lines.iter().enumerate().map(|(at, line)| format!("{}. {}", at + 1, plain_line(line))),
        ),
        Block::Facts(facts) => {
            joined(facts.iter().map(|(name, line)| format!("{name}: {}", plain_line(line))))
        }
        Block::Code { text, .. } => {
            joined(text.raw().lines().map(|line| format!("    {}", shown(line, true))))
        }
    }
}

fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}
