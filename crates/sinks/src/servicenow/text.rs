//! How a letter looks: lines without markup. The one markup of journals, `[code]`, is broken.

use std::collections::BTreeMap;

use jiff::Timestamp;
use quell_deliver::{Attachment, Body, Key, Letter, Line};
use quell_model::Untrusted;

use crate::common::flat;

/// Widths of columns, in UTF-16 units. What is longer is cut by `ServiceNow` without a word.
const TITLE: usize = 160;
const DESCRIPTION: usize = 4_000;
const JOURNAL: usize = 60_000;

/// A title.
pub(super) fn title(line: &Line) -> String {
    let text = flat::cut(&without_code(&flat::line(line)), TITLE, char::len_utf16);
    if text.trim().is_empty() { "Finding".to_owned() } else { text }
}

/// All that is said, with Quell's page and the mark at its end.
pub(super) fn description(letter: &Letter) -> String {
    let page = letter.page.as_ref();
    let page = page.map(|page| format!("Quell: {}\n", page.as_str())).unwrap_or_default();
    let end = format!("\n\n{page}{}", letter.key.mark());
    let body = without_code(&flat::body(&letter.body));
    let room = DESCRIPTION.saturating_sub(flat::length(&end, char::len_utf16));
    flat::cut(&body, room, char::len_utf16) + &end
}

/// What is said beside a record, with what it is found again by at its end.
pub(super) fn journal(body: &Body, word: &str, key: &Key) -> String {
    let end = format!("\n\n{}", found_by(word, key));
    let room = JOURNAL.saturating_sub(end.len());
    flat::cut(&without_code(&flat::body(body)), room, char::len_utf16) + &end
}

/// What closes a record says, without what it is found by.
pub(super) fn close_notes(body: &Body) -> String {
    let text = flat::cut(&without_code(&flat::body(body)), DESCRIPTION, char::len_utf16);
    if text.trim().is_empty() { "Dealt with.".to_owned() } else { text }
}

/// What an entry of a journal is found again by.
pub(super) fn found_by(word: &str, key: &Key) -> String {
    format!("({word} {})", key.mark())
}

/// A moment as `ServiceNow` reads it: in UTC, without a `T`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A moment as `ServiceNow` writes it.
pub(super) fn read_moment(text: &str) -> Option<Timestamp> {
    let (day, time) = text.trim().split_once(' ')?;
    format!("{day}T{time}Z").parse().ok()
}

/// What a map holds for an owner.
pub(super) fn named<'a>(map: &'a BTreeMap<String, String>, owner: &Untrusted) -> Option<&'a str> {
    map.get(owner.raw()).map(String::as_str)
}

/// The bytes of a file.
pub(super) fn file(attachment: &Attachment) -> Vec<u8> {
    attachment.text.raw().as_bytes().to_vec()
}

/// Text in which no `[code]` begins or ends what is shown as HTML.
fn without_code(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in lower.match_indices('[') {
        let after = lower.get(at + 1..).unwrap_or_default().trim_start();
        let after = after.strip_prefix('/').unwrap_or(after).trim_start();
        if after.starts_with("code") {
            out.push_str(text.get(done..at).unwrap_or_default());
            out.push_str("[ ");
            done = at + 1;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_utc_without_a_t() {
        let at: Timestamp = "2026-03-01T23:30:05.9+02:00".parse().unwrap();
        assert_eq!(moment(at), "2026-03-01 21:30:05");
        assert_eq!(read_moment("2026-03-01 21:30:05").map(moment), Some(moment(at)));
        assert_eq!(read_moment("2026-03-01T21:30:05Z"), None);
        assert_eq!(read_moment(""), None);
    }
}
