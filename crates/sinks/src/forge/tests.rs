//! Data stays data: hostile letters have the same markup as harmless ones.

use jiff::Timestamp;
use quell_deliver::letter::{ChangedFile, CodeChange};
use quell_deliver::text::Hosts;
use quell_deliver::{Block, Body, Key, Label, Letter, Line, SafeLink, Span};
use quell_model::{Severity, TenantId, Untrusted};

use super::{bears, letter_text, mark, note_text, title_text};
use crate::testing::hostile::payloads;

/// A letter with one text in every place for data.
pub(crate) fn letter(text: &str, change: Option<CodeChange>) -> Letter {
    let data = || Untrusted::from(text);
    let hosts = Hosts::default().with("https://quell.example");
    let page = SafeLink::new("https://quell.example/fixes/1", &hosts).unwrap();
    let mixed = || Line::own("The bucket ").and_code(data()).and_data(data()).and_own(" is open");
    Letter {
        key: Key::new(&TenantId::default(), "github", "fix:a", 0),
        title: Line::own("Open bucket ").and_data(data()),
        body: Body::default()
            .and(Block::Heading(Line::own("Why ").and_data(data())))
            .and(Block::Paragraph(mixed()))
            .and(Block::Paragraph(Line::data(data())))
            .and(Block::List(vec![Line::data(data()), mixed()]))
            .and(Block::Steps(vec![Line::data(data()), mixed()]))
            .and(Block::Facts(vec![("Asset".to_owned(), Line(vec![Span::Code(data())]))]))
            .and(Block::Code { language: "diff".to_owned(), text: data() })
            .and(Block::Paragraph(Line(vec![
                Span::Strong("Look:".to_owned()),
                Span::Link { words: "the page".to_owned(), to: page.clone() },
                Span::Data(data()),
            ]))),
        severity: Severity::High,
        due: Some("2026-12-01T12:00:00Z".parse::<Timestamp>().unwrap()),
        labels: vec![Label::new("prod")],
        files: Vec::new(),
        page: Some(page),
        owner: Some(data()),
        change,
        item: None,
        records: Vec::new(),
        asks: None,
    }
}

/// A change of one file.
pub(crate) fn change(before: Option<&str>, after: &str) -> CodeChange {
    CodeChange {
        repository: "acme/shop".to_owned(),
        base: "main".to_owned(),
        base_commit: None,
        files: vec![ChangedFile {
            path: "infra/main.tf".to_owned(),
            before: before.map(str::to_owned),
            after: after.to_owned(),
            executable: false,
        }],
        message: "Close the bucket".to_owned(),
        proved: Vec::new(),
    }
}

fn run(text: &str) -> usize {
    text.chars().take_while(|c| *c == '`').count()
}

/// The text without what stands in code: each span is `C`, each fence `F`.
fn skeleton(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let ticks = run(line);
        let (_, rest) = line.split_at(ticks);
        if ticks >= 3 && !rest.contains('`') {
            let ends = |line: &str| run(line) >= ticks && run(line) == line.trim_end().len();
            assert!(lines.any(ends), "a fence has no end: {text}");
            out.push_str(&format!("F{rest}\n"));
            continue;
        }
        out.push_str(&spans(line));
        out.push('\n');
    }
    out
}

/// A line with `C` for each span of code, and escapes kept.
fn spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            let mut chars = rest.chars();
            out.extend(chars.by_ref().take(2));
            rest = chars.as_str();
        } else if c == '`' {
            let (ticks, after) = rest.split_at(run(rest));
            rest = behind(after, ticks.len()).unwrap_or_else(|| panic!("no end: {line}"));
            out.push('C');
        } else {
            out.push(c);
            rest = rest.split_at(c.len_utf8()).1;
        }
    }
    out
}

/// What follows the end of a span: a run of just so many backticks.
fn behind(text: &str, ticks: usize) -> Option<&str> {
    let mut rest = text;
    while let Some((_, from)) = rest.find('`').map(|at| rest.split_at(at)) {
        let (found, after) = from.split_at(run(from));
        if found.len() == ticks {
            return Some(after);
        }
        rest = after;
    }
    None
}

/// How much of a span was left out differs with the data, and is Quell's own words.
fn without_counts(text: &str) -> String {
    let mut parts = text.split(" … (");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    out.replace("C C", "CC")
}

#[test]
fn hostile_data_has_the_markup_of_harmless_data() {
    let all = payloads();
    assert!(all.len() >= 60, "{}", all.len());
    for most in [65_536, 1_000_000] {
        let benign = without_counts(&skeleton(&letter_text(&letter("plain", None), most)));
        for payload in all.iter().filter(|payload| !payload.is_empty()) {
            let written = letter_text(&letter(payload, None), most);
            let hostile = without_counts(&skeleton(&written));
            let shown = payload.escape_debug().to_string();
            if hostile.contains("left out here") {
                // What is cut may lose markup of Quell's own, and gains none.
                let gains =
                    |mark: &&str| hostile.matches(mark).count() > benign.matches(mark).count();
                let gained = ["](", "<", "@", "#", "**", "://"].into_iter().find(gains);
                assert_eq!(gained, None, "{shown:.200}");
            } else {
                assert_eq!(hostile, benign, "{shown:.200}");
            }
            assert_eq!(written.matches("<!--").count(), 1, "{payload:?}");
            assert!(written.ends_with("-->") && !written.lines().any(|line| line.starts_with('/')));
        }
    }
}

#[test]
fn nothing_in_a_text_closes_a_ticket_in_a_commit_message() {
    for payload in payloads() {
        let letter = letter(&payload, None);
        let text = letter_text(&letter, 65_536) + &title_text(&letter.title, 256);
        let low = text.to_lowercase();
        for word in ["fix", "fixes", "closes", "closes:", "resolves", "implements"] {
            for reference in ["#", "acme/", "https://", "proj-"] {
                assert!(!low.contains(&format!("{word} {reference}")), "{payload:?}");
            }
        }
    }
}

#[test]
fn a_title_has_one_span_and_refers_to_nothing() {
    for payload in payloads() {
        for most in [255, 256, 40] {
            let title = title_text(&letter(&payload, None).title, most);
            assert!(title.chars().count() <= most, "{payload:?} {title}");
            assert!(title.matches('`').count() == 2 || !title.contains('`'), "{title}");
            let outside = spans(&title);
            assert!(
                outside.trim_end_matches('C').trim() == "Open bucket",
                "{payload:?}: {outside}"
            );
            let mut chars = title.chars().peekable();
            while let Some(c) = chars.next() {
                let next = chars.peek().copied().unwrap_or(' ');
                assert!(!matches!(c, '@' | '#') || !next.is_alphanumeric(), "{title}");
            }
        }
    }
}

#[test]
fn a_long_text_is_cut_where_nothing_breaks_and_keeps_its_mark() {
    let long = "ä`\\\u{202e}\n".repeat(40_000);
    for most in [2_000, 65_536] {
        let letter = letter(&long, None);
        let text = letter_text(&letter, most);
        assert!(text.chars().count() <= most, "{}", text.chars().count());
        assert!(bears(&text, &letter.key) && text.contains("left out here"));
        let _ = skeleton(&text);
    }
}

#[test]
fn another_key_in_the_data_is_no_mark() {
    let other = Key::new(&TenantId::default(), "github", "fix:other", 0);
    let body = Body::paragraph(Line::data(mark(&other).as_str())).and(Block::Code {
        language: "text".to_owned(),
        text: format!("\n{}\n", mark(&other)).as_str().into(),
    });
    let key = Key::new(&TenantId::default(), "github", "fix:a", 0);
    let text = note_text(&body, &key, 65_536);
    assert!(bears(&text, &key) && !bears(&text, &other));
}
