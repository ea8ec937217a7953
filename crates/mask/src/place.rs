//! Placeholders, and what they come back as.

use std::sync::LazyLock;

use regex::Regex;

use crate::kind::Kind;

/// Longest description in a placeholder.
const MOST_ABOUT: usize = 60;

/// A placeholder as a model sees it.
pub(crate) fn placeholder(kind: Kind, number: usize, about: &str) -> String {
    let about: String = about
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '/'))
        .take(MOST_ABOUT)
        .collect();
    let word = kind.word();
    match about.trim() {
        "" => format!("<{word}:{number}>"),
        about => format!("<{word}:{number} {about}>"),
    }
}

static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"<(?P<word>[a-z]{2,9}):(?P<number>\d{1,6})(?: [^<>\n]{0,80})?>").ok()
});

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// What the model wrote.
    Words(String),
    /// What stood where it names a placeholder, as the record has it.
    Data(Kind, String),
    /// A placeholder whose value does not come back.
    Kept(Kind),
    /// A placeholder that was never given out.
    Invented(String),
}

/// Takes an answer apart. `value` gives what stood at a placeholder.
pub(crate) fn pieces<'a>(
    answer: &str,
    value: impl Fn(Kind, usize) -> Option<&'a str>,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for one in PLACEHOLDER.iter().flat_map(|pattern| pattern.captures_iter(answer)) {
        let Some(whole) = one.get(0) else { continue };
        let text = |name| one.name(name).map_or("", |part| part.as_str());
        let Some(kind) = Kind::of_word(text("word")) else { continue };
        let number = text("number").parse().unwrap_or(0);
        words(answer.get(at..whole.start()), &mut pieces);
        pieces.push(match value(kind, number) {
            Some(_) if !kind.comes_back() => Piece::Kept(kind),
            Some(value) => Piece::Data(kind, value.to_owned()),
            None => Piece::Invented(whole.as_str().to_owned()),
        });
        at = whole.end();
    }
    words(answer.get(at..), &mut pieces);
    pieces
}

fn words(text: Option<&str>, pieces: &mut Vec<Piece>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        pieces.push(Piece::Words(text.to_owned()));
    }
}

/// Whether a text at a place reads like a placeholder, and would be taken for one.
pub(crate) fn imitations(text: &str) -> Vec<usize> {
    let all = PLACEHOLDER.iter().flat_map(|pattern| pattern.find_iter(text));
    all.map(|one| one.start()).collect()
}
