//! Text that no sink has seen yet: what is ours and what came from outside stay apart in it.
//!
//! A sink turns each span into its own form with its own escaper. Data never becomes markup, since
//! only [`Span`] says what is strong, code or a link, and data is [`Untrusted`].

mod link;
mod plain;
#[cfg(test)]
mod tests;

use quell_model::Untrusted;
use serde::{Deserialize, Serialize};

pub use link::{Hosts, NotALink, SafeLink};
pub use plain::{plain, plain_line};

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Quell's own words.
    Own(String),
    /// Quell's own words, strong.
    Strong(String),
    /// Text from outside.
    Data(Untrusted),
    /// Text from outside, shown as code: names, ids, addresses.
    Code(Untrusted),
    /// A link with words of Quell's own.
    Link {
        /// The words.
        words: String,
        /// Where it leads.
        to: SafeLink,
    },
}

/// A line: spans one after another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line(pub Vec<Span>);

impl Line {
    /// A line of Quell's own words.
    #[must_use]
    pub fn own(words: impl Into<String>) -> Self {
        Self(vec![Span::Own(words.into())])
    }

    /// A line of text from outside.
    #[must_use]
    pub fn data(text: impl Into<Untrusted>) -> Self {
        Self(vec![Span::Data(text.into())])
    }

    /// The line with a span more.
    #[must_use]
    pub fn and(mut self, span: Span) -> Self {
        self.0.push(span);
        self
    }

    /// The line with words of Quell's own more.
    #[must_use]
    pub fn and_own(self, words: impl Into<String>) -> Self {
        self.and(Span::Own(words.into()))
    }

    /// The line with text from outside more.
    #[must_use]
    pub fn and_data(self, text: impl Into<Untrusted>) -> Self {
        self.and(Span::Data(text.into()))
    }

    /// The line with text from outside more, shown as code.
    #[must_use]
    pub fn and_code(self, text: impl Into<Untrusted>) -> Self {
        self.and(Span::Code(text.into()))
    }
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A heading.
    Heading(Line),
    /// A paragraph.
    Paragraph(Line),
    /// Points.
    List(Vec<Line>),
    /// Numbered steps.
    Steps(Vec<Line>),
    /// Names of Quell's own, each with what it says.
    Facts(Vec<(String, Line)>),
    /// Text from outside on lines of its own: a diff, a record.
    Code {
        /// `diff`, `json`, … as code fences name it; a word of Quell's own.
        language: String,
        /// The text.
        text: Untrusted,
    },
}

/// The body of a letter, or a note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Body(pub Vec<Block>);

impl Body {
    /// A body of one paragraph.
    #[must_use]
    pub fn paragraph(line: Line) -> Self {
        Self(vec![Block::Paragraph(line)])
    }

    /// The body with a block more.
    #[must_use]
    pub fn and(mut self, block: Block) -> Self {
        self.0.push(block);
        self
    }
}
