//! Where something stands that may not leave.

mod cloud;
mod context;
mod encoded;
mod network;
mod pairs;
mod personal;
mod secrets;
mod unknown;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::kind::Kind;
use crate::view::View;

/// How often texts within texts are opened.
const MOST_DEPTH: u8 = 3;

/// A part of a text, by its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
    /// What it is, in our words.
    pub(crate) about: Cow<'static, str>,
}

impl Found {
    pub(crate) fn new(
        (start, end): (usize, usize),
        kind: Kind,
        about: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { start, end, kind, about: about.into() }
    }
}

/// Everything in a text, in its order. Parts may overlap.
pub(crate) fn all(text: &str) -> Vec<Found> {
    within(text, 0)
}

fn within(text: &str, depth: u8) -> Vec<Found> {
    let plain = View::plain(text);
    let mut found = in_view(&plain, depth);
    let mut last = plain.unescaped();
    // Escapes of escapes are undone too: a log line in a string in a body.
    for _ in 0..MOST_DEPTH {
        let Some(view) = last else { break };
        found.extend(in_view(&view, depth));
        last = view.unescaped();
    }
    found
}

fn in_view(view: &View, depth: u8) -> Vec<Found> {
    let text = view.text.as_str();
    let mut found = Vec::new();
    secrets::find(text, &mut found);
    context::find(text, &mut found);
    pairs::find(text, &mut found);
    personal::find(text, &mut found);
    cloud::find(text, &mut found);
    network::find(text, &mut found);
    unknown::find(text, &mut found);
    if depth < MOST_DEPTH {
        encoded::find(text, depth, &mut found);
    }
    for one in &mut found {
        (one.start, one.end) = view.span(one.start, one.end);
    }
    found
}

/// A pattern that is compiled once. Tests compile each.
type Pattern = LazyLock<Option<Regex>>;

/// Where a pattern is in a text.
fn each<'t>(pattern: &'t Pattern, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
    pattern.iter().flat_map(|pattern| pattern.captures_iter(text))
}

/// The part of a pattern called `v`, or all of it.
fn value_of(found: &Captures<'_>) -> Option<(usize, usize)> {
    let part = found.name("v").or_else(|| found.get(0))?;
    Some((part.start(), part.end()))
}

/// Whether a byte before and one behind a part are no part of a word.
pub(crate) fn stands_alone(text: &str, (start, end): (usize, usize), more: &[u8]) -> bool {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || more.contains(b);
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    !before.is_some_and(is_word) && !bytes.get(end).is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found, as the texts with their kinds.
    pub(super) fn found(text: &str) -> Vec<(String, &'static str)> {
        let mut found: Vec<_> = all(text)
            .into_iter()
            .map(|one| (text.get(one.start..one.end).unwrap().to_owned(), one.kind.word()))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn a_text_in_a_text_in_a_text_is_read() {
        let mail = found(r#"{"body":"{\"to\":\"ada\\u0040example.org\"}"}"#);
        assert!(mail.contains(&(r"ada\\u0040example.org".to_owned(), "email")), "{mail:?}");
    }
}
