//! The tree of one document, with the bytes at which everything stands.

use std::ops::Range;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    /// From its first to behind its last byte, without its anchor and tag and without the line
    /// end. A value that is left out has an empty span behind its colon or dash.
    pub(crate) span: Range<usize>,
    /// The number of its anchor; 0 where it has none.
    pub(crate) anchor: usize,
    /// Whether a tag such as `!Sub` stands before it.
    pub(crate) tagged: bool,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Plain or quoted text, a number, a truth or nothing.
    Scalar {
        /// The text, without quotes.
        value: String,
        /// How it is written.
        style: Style,
    },
    /// A list.
    Sequence {
        /// The elements.
        items: Vec<Item>,
        /// Whether it stands in brackets.
        flow: bool,
    },
    /// A mapping.
    Mapping {
        /// Keys and values.
        entries: Vec<Entry>,
        /// Whether it stands in braces.
        flow: bool,
        /// Whether a key is written with `?`, so that it is left alone.
        explicit: bool,
    },
    /// What another node of the document is, by the number of its anchor.
    Alias(usize),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// On lines of its own, below `|` or `>`.
    Block,
}

/// An element of a list.
#[derive(Debug)]
pub(crate) struct Item {
    /// Where its dash stands; in brackets, where its value begins.
    pub(crate) dash: usize,
    /// The element.
    pub(crate) value: Node,
}

/// A key with its value.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// The bytes of the key, with its quotes.
    pub(crate) key_span: Range<usize>,
    /// The byte behind the colon; behind the key where there is no colon.
    pub(crate) colon_end: usize,
    /// The value.
    pub(crate) value: Node,
}

/// One step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A key of a mapping.
    Key(String),
    /// An element of a list.
    Item(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(item: usize) -> Self {
        Self::Item(item)
    }
}

impl Item {
    /// From its dash to behind its value.
    pub(crate) fn span(&self) -> Range<usize> {
        let written = self.value.span.start > self.dash;
        self.dash..self.value.span.end.max(self.dash + usize::from(written))
    }
}

impl Entry {
    /// From the key to behind the value.
    pub(crate) fn span(&self) -> Range<usize> {
        self.key_span.start..self.end()
    }

    /// Behind its last byte.
    pub(crate) fn end(&self) -> usize {
        self.value.span.end.max(self.colon_end)
    }
}

impl Node {
    /// Whether nothing is written there.
    pub(crate) fn is_blank(&self) -> bool {
        let plain = matches!(&self.kind, Kind::Scalar { style: Style::Plain, .. });
        plain && self.span.is_empty()
    }

    /// The entry of a key, where it is a mapping.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        let Kind::Mapping { entries, .. } = &self.kind else { return None };
        entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key, where it is a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The elements, where it is a list.
    pub(crate) fn items(&self) -> &[Item] {
        if let Kind::Sequence { items, .. } = &self.kind { items } else { &[] }
    }

    /// One step down.
    pub(crate) fn step(&self, step: &Step) -> Option<&Self> {
        match step {
            Step::Key(key) => self.get(key),
            Step::Item(at) => self.items().get(*at).map(|item| &item.value),
        }
    }

    /// The node at the end of a path; aliases are not followed.
    pub(crate) fn at(&self, path: &[Step]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| node.step(step))
    }

    /// Its children in the order of the text.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Scalar { .. } | Kind::Alias(_) => Vec::new(),
            Kind::Sequence { items, .. } => items.iter().map(|item| &item.value).collect(),
            Kind::Mapping { entries, .. } => entries.iter().map(|entry| &entry.value).collect(),
        }
    }

    /// Whether an alias of this anchor stands in the tree.
    pub(crate) fn uses(&self, anchor: usize) -> bool {
        match &self.kind {
            Kind::Alias(of) => *of == anchor,
            Kind::Scalar { .. } | Kind::Sequence { .. } | Kind::Mapping { .. } => {
                self.children().into_iter().any(|child| child.uses(anchor))
            }
        }
    }
}

/// A path for people: `spec.containers[0].image`.
pub(crate) fn shown(path: &[Step]) -> String {
    path.iter().fold(String::new(), |mut text, step| {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.extend([".", key]),
            Step::Item(at) => text.push_str(&format!("[{at}]")),
        }
        text
    })
}
