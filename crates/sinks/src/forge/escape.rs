//! The one place where data becomes a part of Markdown.
//!
//! Data stands in code spans and fences, where no markup, link, mention or reference is read.
//! Descriptions may end up in commit messages, and there code spans protect from nothing. So words
//! that close tickets and beginnings of comments are broken in code too.

use quell_model::{Untrusted, shown};

/// Breaks words apart without a trace for the eye.
const JOINER: char = '\u{2060}';
/// A blank that no pattern of a closing word takes for one.
const HARD_BLANK: char = '\u{a0}';
/// What closes a ticket when its number follows.
const CLOSING: [&str; 16] = [
    "close",
    "closes",
    "closed",
    "closing",
    "fix",
    "fixes",
    "fixed",
    "fixing",
    "resolve",
    "resolves",
    "resolved",
    "resolving",
    "implement",
    "implements",
    "implemented",
    "implementing",
];

/// Data on one line as a code span, of at most so many characters of data.
pub(crate) fn code(text: &Untrusted, most: usize) -> String {
    let (text, left) = cut(text.raw(), most);
    let text = harmless(&shown(text, false));
    if text.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let edge = |c: Option<char>| matches!(c, Some('`' | ' '));
    let pad = if edge(text.chars().next()) || edge(text.chars().next_back()) { " " } else { "" };
    let more = if left > 0 { format!(" … ({left} more characters)") } else { String::new() };
    format!("{ticks}{pad}{text}{pad}{ticks}{more}")
}

/// Data as a fence, with how many characters were left out.
pub(crate) fn fence(language: &str, text: &Untrusted, most: usize) -> (String, usize) {
    let (text, left) = cut(text.raw(), most);
    let mut inner = String::new();
    for line in shown(text, true).lines() {
        // A command of GitLab's begins its line.
        let blank = if line.starts_with('/') { " " } else { "" };
        inner.push_str(blank);
        inner.push_str(&harmless(line));
        inner.push('\n');
    }
    let ticks = "`".repeat((longest_run(&inner) + 1).max(3));
    (format!("{ticks}{}\n{inner}{ticks}", known(language)), left)
}

/// Data in a title: a code span, and broken apart where a commit message would read something.
pub(crate) fn title(text: &Untrusted, most: usize) -> String {
    let (text, left) = cut(text.raw(), most);
    let text = broken(&harmless(&shown(text, false).replace('`', "'")));
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    format!("`{text}{}`", if left > 0 { "…" } else { "" })
}

/// Quell's own words, so that they are words and nothing else.
pub(crate) fn own(words: &str, begins_line: bool) -> String {
    let mut out = String::with_capacity(words.len());
    let mut digits = begins_line;
    for (at, c) in broken(words).chars().enumerate() {
        let first = begins_line && at == 0;
        let marks_line = first && matches!(c, '#' | '-' | '+' | '=' | ':' | '/');
        let numbers_line = digits && at > 0 && matches!(c, '.' | ')');
        let marks = matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '$' | '!'
        );
        if marks_line || numbers_line || marks {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
        digits = digits && c.is_ascii_digit();
    }
    out
}

/// The text up to so many characters, and how many there are more.
fn cut(text: &str, most: usize) -> (&str, usize) {
    match text.char_indices().nth(most) {
        Some((end, _)) => {
            let (head, tail) = text.split_at(end);
            (head, tail.chars().count())
        }
        None => (text, 0),
    }
}

/// No comment begins in it, and no word in it closes anything.
fn harmless(text: &str) -> String {
    let text = text.replace("<!--", "<! --");
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars() {
        let closes = || CLOSING.contains(&word.to_ascii_lowercase().as_str());
        if c == ' ' && closes() {
            out.push(HARD_BLANK);
        } else {
            out.push(c);
        }
        if c.is_ascii_alphabetic() {
            word.push(c);
        } else if c != ':' {
            word.clear();
        }
    }
    out
}

/// Mentions and references broken apart. Ids of clouds and of weaknesses stay whole.
fn broken(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        let next = chars.peek().copied().unwrap_or(' ');
        let refers = matches!(c, '@' | '#' | '!' | '~' | '%' | '&' | '$' | '^' | '*')
            && (next.is_alphanumeric() || matches!(next, '_' | '"'));
        let numbered = c == '-' && next.is_ascii_digit() && ends_with_gh(&out);
        if refers || numbered || (c == '[' && next != ']') {
            out.push(JOINER);
        }
    }
    out
}

/// Whether a text ends with `GH-`, which begins a reference of GitHub's.
fn ends_with_gh(text: &str) -> bool {
    let head = text.strip_suffix("GH-").or_else(|| text.strip_suffix("gh-"));
    head.is_some_and(|head| !head.ends_with(char::is_alphanumeric))
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or_default()
}

/// Languages that are shown as text. Others could be drawn.
fn known(language: &str) -> &str {
    const KNOWN: [&str; 14] = [
        "bash",
        "diff",
        "dockerfile",
        "hcl",
        "json",
        "python",
        "rego",
        "sh",
        "sql",
        "terraform",
        "text",
        "toml",
        "xml",
        "yaml",
    ];
    if KNOWN.contains(&language) { language } else { "text" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_longer_than_any_run_in_it() {
        for (text, expected) in [
            ("plain", "`plain`"),
            ("a`b", "``a`b``"),
            ("``", "``` `` ```"),
            ("`", "`` ` ``"),
            (" x ", "`  x  `"),
            ("a\r\nb", "`a\\u{d}\\u{a}b`"),
            ("", ""),
            ("<!-- quell-x -->", "`<! -- quell-x -->`"),
            ("Fixes: #1 and closes o/r#2", "`Fixes:\u{a0}#1 and closes\u{a0}o/r#2`"),
            ("prefix a", "`prefix a`"),
        ] {
            assert_eq!(code(&text.into(), 100), expected);
        }
        assert_eq!(code(&"äöü".into(), 2), "`äö` … (1 more characters)");
    }

    #[test]
    fn a_fence_cannot_be_ended_by_what_stands_in_it() {
        let (text, left) = fence("mermaid", &"a\n````\n/close\n<!-- x -->".into(), 100);
        assert_eq!(text, "`````text\na\n````\n /close\n<! -- x -->\n`````");
        assert_eq!(left, 0);
    }

    #[test]
    fn a_title_refers_to_nothing() {
        let text = title(&"@a #1 GH-1 o/r#2 ~x `y`".into(), 100);
        assert_eq!(text, "`@\u{2060}a #\u{2060}1 GH-\u{2060}1 o/r#\u{2060}2 ~\u{2060}x 'y'`");
    }

    #[test]
    fn own_words_stay_words() {
        assert_eq!(own("# s3_bucket is *open*", true), "\\# s3\\_bucket is \\*\u{2060}open\\*");
        assert_eq!(own("12. of <b>", true), "12\\. of \\<b\\>");
        assert_eq!(own("/close", true), "\\/close");
        assert_eq!(own("version 1.2", false), "version 1.2");
    }
}
