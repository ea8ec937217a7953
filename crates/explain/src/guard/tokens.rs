//! What in a sentence has to be known from somewhere: names, numbers, flags, paths, versions.

use super::compounds;
use super::words::{PLAIN, TERMS};

/// Stands where a record's own words are, in the text that is judged.
pub(super) const DATA: &str = "\u{1}";
/// The same, so that what a model glued to it is judged as a word of its own.
pub(super) const APART: &str = " \u{1} ";

/// A part of a sentence that has to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// Whether only what names it makes it a name: `the package left-pad`.
    pub(super) is_named: bool,
}

/// Words behind which, or before which, a name stands.
const NAMERS: &[(&str, Names)] = &[
    ("package", Names::Any),
    ("packages", Names::Any),
    ("library", Names::Any),
    ("libraries", Names::Any),
    ("dependency", Names::Any),
    ("dependencies", Names::Any),
    ("module", Names::Any),
    ("gem", Names::Any),
    ("crate", Names::Any),
    ("plugin", Names::Any),
    ("wheel", Names::Any),
    ("image", Names::NoVerb),
    ("user", Names::NoVerb),
    ("role", Names::NoVerb),
    ("bucket", Names::NoVerb),
    ("function", Names::NoVerb),
    ("named", Names::Any),
    ("called", Names::Any),
    ("install", Names::Any),
    ("installs", Names::Any),
    ("flag", Names::NoVerb),
    ("option", Names::NoVerb),
    ("attribute", Names::NoVerb),
    ("parameter", Names::NoVerb),
    ("command", Names::NoVerb),
    ("tool", Names::NoVerb),
    ("group", Names::NoVerb),
    ("malware", Names::Any),
    ("campaign", Names::Any),
    ("actor", Names::Any),
    ("ransomware", Names::Any),
    ("domain", Names::NoVerb),
    ("host", Names::NoVerb),
    ("hostname", Names::NoVerb),
    ("account", Names::NoVerb),
];

/// Which unknown words beside another are names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// All: beside what code is made of, and what attacks.
    Any,
    /// Those that do not end as verbs and the like do.
    NoVerb,
}

/// Ends of verbs and the like: `the user signed in`.
const ENDS: &[&str] = &[
    "ing", "ied", "ted", "ded", "ned", "sed", "ked", "led", "red", "ged", "ly", "tion", "tions",
    "ment",
];

/// Verbs behind a name.
const VERBS: &[&str] = &[
    "is", "was", "are", "were", "has", "had", "have", "does", "did", "can", "could", "may",
    "might", "will", "would", "should", "must", "said", "says", "ran", "runs", "sent", "took",
    "got", "made", "came", "went", "began", "left", "lost", "owns", "uses", "holds", "itself",
];

/// Everything in a sentence that has to be known.
pub(super) fn of(text: &str) -> Vec<Token<'_>> {
    let said = said(text);
    let words: Vec<&str> = said.iter().map(|said| said.word).filter(|word| *word != DATA).collect();
    let mut tokens: Vec<Token<'_>> = words
        .iter()
        .filter(|word| needs_proof(word))
        .map(|word| Token { text: word, is_named: false })
        .collect();
    for pair in words.windows(2) {
        let [before, after] = pair else { continue };
        for (namer, name) in [(before, after), (after, before)] {
            let is_verb = || name.len() > 5 && ENDS.iter().any(|end| name.ends_with(end));
            let may_be_name = match names_of(namer.rsplit('-').next().unwrap_or(namer)) {
                Some(Names::Any) => true,
                Some(Names::NoVerb) => !is_verb(),
                None => false,
            };
            if may_be_name && is_unknown(name) {
                tokens.push(Token { text: name, is_named: true });
            }
        }
    }
    // A sentence begins with a capital. A word that does not, and is none of prose, goes on with
    // what the sentence before it named.
    let begins_small = text.trim_start().starts_with(|c: char| c.is_lowercase());
    if let Some(first) = words.first().filter(|word| begins_small && is_unknown(word)) {
        tokens.push(Token { text: first, is_named: true });
    }
    tokens.extend(capitals(&said).map(|text| Token { text, is_named: true }));
    tokens.extend(quoted(text).map(|text| Token { text, is_named: true }));
    tokens
}

/// A word as it stands.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    word: &'a str,
    /// Whether a sentence may begin with it.
    begins: bool,
    /// Whether it owns what comes behind it: `Contoso's`.
    owns: bool,
}

/// The words of a text in their order; where a record's own words are, [`DATA`].
fn said(text: &str) -> Vec<Said<'_>> {
    let mut begins = true;
    let pieces = text.split(|c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '“' | '”' | '—' | '–')
    });
    let mut words = Vec::new();
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        // `i.e.` has its points.
        let word = if TERMS.contains(piece) { piece } else { trimmed(piece) };
        if !word.is_empty() {
            let owns = piece.contains("'s") || piece.contains("’s");
            words.push(Said { word, begins, owns });
            begins = false;
        }
        let end = piece.trim_end_matches(['"', '\'', '’', ']', '}', '>', '`']);
        begins |= end.ends_with(['.', '!', '?', ':', '…']) && !TERMS.contains(end);
    }
    words
}

/// Words with a capital that only a name has there. A sentence begins with one, so that its first
/// word is a name only where it stands as one.
fn capitals<'a>(said: &[Said<'a>]) -> impl Iterator<Item = &'a str> {
    said.iter().enumerate().filter_map(|(at, one)| {
        let next = said.get(at + 1);
        let is_capital =
            [one.word, core(one.word)].iter().any(|word| word.starts_with(char::is_uppercase));
        let is_capital = is_capital && !needs_proof(one.word);
        let stands = !one.begins || stands_as_name(one, next);
        (is_capital && stands && !is_common(one.word)).then_some(one.word)
    })
}

/// Whether the first word of a sentence stands there as a name does: alone, as the owner of
/// something, before another name, or before a verb without an article.
fn stands_as_name(one: &Said<'_>, next: Option<&Said<'_>>) -> bool {
    let Some(next) = next.filter(|next| !next.begins) else { return true };
    let is_of_prose = one.word.len() > 4
        && ["ing", "ed", "ly", "s", "ion", "ment", "ity", "ness", "ure", "ance", "ence"]
            .iter()
            .any(|end| one.word.ends_with(end));
    let is_verb = VERBS.contains(&next.word) || next.word.len() > 4 && next.word.ends_with("ed");
    let is_name = next.word.starts_with(char::is_uppercase) && !is_common(next.word);
    one.owns || is_name || (is_verb && !is_of_prose)
}

/// Whether a word is known whatever capital it begins with.
fn is_common(word: &str) -> bool {
    [word, core(word)].into_iter().any(|word| {
        PLAIN.contains(word.to_ascii_lowercase().as_str())
            || TERMS.contains(word)
            || compounds::is_listed(word)
            || quell_catalog::is_common(word)
    })
}

/// Whether a word is none that stands in prose without a meaning of its own, and looks like one.
fn is_unknown(word: &str) -> bool {
    !PLAIN.contains(core(word).to_ascii_lowercase().as_str())
        && !compounds::is_listed(word)
        && !TERMS.contains(word)
        && !needs_proof(word)
}

/// What a word makes of the words beside it.
fn names_of(word: &str) -> Option<Names> {
    NAMERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, names)| *names)
}

/// A word without the marks of a sentence round it.
fn trimmed(word: &str) -> &str {
    let word = word.trim_matches(|c: char| {
        matches!(
            c,
            '"' | '\'' | '`' | '’' | '‘' | '[' | ']' | '{' | '}' | '!' | '?' | '…' | '<' | '>'
        )
    });
    let word = word.trim_end_matches(['.', ':', '!', '?']);
    word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word)
}

/// What stands in quotation marks is a name, or somebody's words: both have to be known.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let marks = [
        ('"', '"'),
        ('“', '”'),
        ('„', '“'),
        ('`', '`'),
        ('‘', '’'),
        ('«', '»'),
        ('»', '«'),
        ('‹', '›'),
        ('「', '」'),
    ];
    let between = marks.into_iter().flat_map(move |(open, close)| {
        let mut rest = text;
        std::iter::from_fn(move || {
            let (_, behind) = rest.split_once(open)?;
            let (inside, after) = behind.trim_start_matches(open).split_once(close)?;
            rest = after;
            Some(inside)
        })
    });
    let marks = |c: char| c.is_whitespace() || "\"'`“”„‘’«»‹›".contains(c);
    let between = between.chain(apostrophes(text)).map(move |inside| inside.trim_matches(marks));
    between.filter(|inside| !inside.is_empty() && *inside != DATA)
}

/// What stands between apostrophes that are no part of a word: `'x y'`, but not `the owner's`.
fn apostrophes(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let before = move |at: usize| text.get(..at).and_then(|head| head.chars().next_back());
    let behind = move |at: usize| text.get(at + 1..).and_then(|tail| tail.chars().next());
    let ends = text.match_indices('\'').map(|(at, _)| at);
    let opens = ends.clone().filter(move |at| !is_word(before(*at)) && behind(*at).is_some());
    opens.filter_map(move |open| {
        let mut closes = ends.clone().filter(|at| *at > open + 1 && !is_word(behind(*at)));
        text.get(open + 1..closes.next()?)
    })
}

/// Whether a word is a name, a number, a flag or a path by its form.
fn needs_proof(word: &str) -> bool {
    if TERMS.contains(word) || TERMS.contains(core(word)) || word == DATA {
        return false;
    }
    let has = |test: fn(char) -> bool| word.chars().any(test);
    let has_mark = has(|c| {
        matches!(c, '_' | '/' | ':' | '.' | '@' | '#' | '=' | '+' | '*' | '$' | '\\' | '%')
    });
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let inner = word.split('-').flat_map(|part| part.chars().skip(1));
    let capitals = inner.filter(|c| c.is_uppercase()).count();
    let is_flag = word.starts_with('-') && letters > 0;
    // Letters of other scripts make a name that only looks known, or words that nobody can judge.
    let is_other = has(|c| c.is_alphabetic() && !is_latin(c));
    has(|c| c.is_numeric())
        || has_mark
        || is_flag
        || is_other
        || (capitals > 0 && letters > 1)
        || !compounds::is_plain(word)
}

/// What is left of a word when what prose puts before or behind a name is taken off:
/// `internet` of `internet-facing`.
pub(super) fn core(word: &str) -> &str {
    compounds::core(word)
}

const fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}')
}
