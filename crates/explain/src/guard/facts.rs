//! What is known in a call: each record with its words, and what holds for all.

use std::collections::{BTreeMap, HashSet};

use quell_catalog::{CloudSteps, Control};

use super::tokens::{self, Token};

/// What sentences may say.
#[derive(Debug, Default)]
pub struct Facts {
    records: BTreeMap<String, Words>,
    common: Words,
    commands: Vec<String>,
}

/// Texts, as they stand and as their words.
#[derive(Debug, Default)]
struct Words {
    words: HashSet<String>,
    texts: Vec<String>,
}

impl Facts {
    /// Adds a record: an id that may be cited, and all that the model was given of it.
    pub fn record(&mut self, id: &str, text: &str) {
        self.records.entry(id.to_owned()).or_default().add(text);
    }

    /// Adds what holds whatever is cited: counts, scores, dates that were given with the task.
    pub fn common(&mut self, text: &str) {
        self.common.add(text);
    }

    /// Adds what the catalogue says of a control.
    pub fn control(&mut self, control: &Control) {
        self.common.add(&control.id);
        self.common.add(&control.title);
        let explain = &control.explain;
        for text in [&explain.what, &explain.why, &explain.cause, &explain.intent, &explain.breaks]
        {
            self.common.add(text);
        }
        for step in &explain.steps {
            self.common.add(step);
        }
    }

    /// Adds commands of the catalogue. Only these may stand in a sentence.
    pub fn steps(&mut self, steps: &CloudSteps) {
        for command in steps.look.iter().chain(&steps.run).chain(&steps.rollback) {
            let line = command.join(" ");
            self.common.add(&line);
            self.commands.push(folded(&line));
        }
    }

    /// Whether a record was given.
    pub(super) fn has_record(&self, id: &str) -> bool {
        self.records.contains_key(id)
    }

    /// Whether a command is one of the catalogue's.
    pub(super) fn has_command(&self, line: &str) -> bool {
        let line = folded(line);
        self.commands.iter().any(|command| {
            command
                .strip_prefix(line.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    }

    /// Whether something stands in what is cited, or holds for all.
    pub(super) fn knows(&self, token: &Token<'_>, cited: &[String]) -> bool {
        let core = Token { text: tokens::core(token.text), ..*token };
        let cited = cited.iter().filter_map(|id| self.records.get(id));
        let mut all = cited.chain(std::iter::once(&self.common));
        all.any(|words| words.has(token) || words.has(&core))
    }
}

impl Words {
    fn add(&mut self, text: &str) {
        let text = folded(text);
        for word in text.split_whitespace() {
            for piece in pieces(word) {
                self.words.insert(piece.to_owned());
            }
        }
        self.texts.push(text);
    }

    fn has(&self, token: &Token<'_>) -> bool {
        let text = folded(token.text);
        if text.contains(' ') {
            return self.texts.iter().any(|known| contains_whole(known, &text));
        }
        // `denial-of-service` where the record says `denial of service`.
        let apart = text.contains('-').then(|| text.replace('-', " "));
        let is_apart = |apart: &String| self.texts.iter().any(|known| contains_whole(known, apart));
        self.words.contains(&text)
            || apart.as_ref().is_some_and(is_apart)
            || self.words.contains(text.trim_end_matches('s')) && token.is_named
            || number(&text).is_some_and(|text| self.words.contains(text))
    }
}

/// A word and what it is made of: `--flag=value`, `"key":"value"`, `a/b`, `name:tag`.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let inner = word.trim_matches(|c: char| {
        !c.is_alphanumeric() && !matches!(c, '-' | '/' | '*' | '$' | '\u{1}')
    });
    let plain = word.trim_matches(|c: char| {
        matches!(c, '"' | '\'' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '`')
    });
    let dotted = plain.trim_end_matches(['.', ':']);
    let parts = inner.split(['"', '\'', '=', ',', '(', ')', '[', ']', '{', '}', '<', '>']);
    let finer = inner.split(['/', ':', '@', '"', '=', ',', '#']);
    let all = [inner, plain, dotted].into_iter().chain(parts).chain(finer);
    // A sentence ends within a word where the next field begins: `4444.","tool":`.
    let ends = |piece: &'_ str| piece.trim_end_matches(['.', ':', '!', '?']).len();
    all.flat_map(move |piece| [Some(piece), piece.get(..ends(piece))].into_iter().flatten())
        .flat_map(|piece| [Some(piece), before_last(piece)].into_iter().flatten())
        .flat_map(|piece| std::iter::once(piece).chain(parts_of_time(piece)))
        .filter(|piece| !piece.is_empty())
}

/// `scripts/backup.sh` of `scripts/backup.sh:14`, `shop/web` of `shop/web:1.2` and of
/// `shop/web@sha256`.
fn before_last(word: &str) -> Option<&str> {
    word.rsplit_once([':', '@']).map(|(before, _)| before)
}

/// The day and the time of `2026-11-20T10:00:00Z`: a sentence may say either.
fn parts_of_time(word: &str) -> impl Iterator<Item = &str> {
    let parts = word.split_once(['T', 't']).filter(|(day, time)| {
        let bytes = day.as_bytes();
        bytes.len() == 10 && bytes.get(4) == Some(&b'-') && time.contains(':')
    });
    let parts = parts.map(|(day, time)| {
        let time = time.trim_end_matches(['Z', 'z']);
        let whole = time.split_once('.').map_or(time, |(whole, _)| whole);
        let minutes = whole.rsplit_once(':').map_or(whole, |(minutes, _)| minutes);
        [day, time, whole, minutes]
    });
    parts.into_iter().flatten()
}

/// A number without what a sentence puts behind it.
fn number(text: &str) -> Option<&str> {
    let plain = text.strip_suffix('%').or_else(|| text.strip_suffix("th")).unwrap_or(text);
    let plain = plain.trim_start_matches(['+', '~', '≥', '≤', '#']);
    (plain != text && !plain.is_empty()).then_some(plain)
}

fn contains_whole(known: &str, text: &str) -> bool {
    known.match_indices(text).any(|(at, _)| {
        let before = known.get(..at).and_then(|head| head.chars().next_back());
        let after = known.get(at + text.len()..).and_then(|tail| tail.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// As texts are compared: small letters, one blank between words.
fn folded(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
