//! Words with a hyphen: those that are words of prose, and the rest, which are names.

use std::collections::HashSet;

use super::words::{BEFORE, BEHIND, WHOLE};

/// What is left of a word without what prose puts before or behind it.
pub(super) fn core(word: &str) -> &str {
    let is_in =
        |list: &HashSet<&str>, word: &str| list.contains(word.to_ascii_lowercase().as_str());
    if let Some((rest, last)) = word.rsplit_once('-')
        && is_in(&BEHIND, last)
        && !rest.is_empty()
    {
        return rest;
    }
    match word.split_once('-') {
        Some((first, rest)) if is_in(&BEFORE, first) && !rest.is_empty() => rest,
        Some(_) | None => word,
    }
}

/// Whether a word is one of prose, as far as hyphens tell.
pub(super) fn is_plain(word: &str) -> bool {
    let between = |word: &str| {
        let mut parts = word.trim_matches('-').split('-');
        let count = parts.clone().count();
        count > 1 && parts.all(|part| part.chars().all(char::is_alphanumeric))
    };
    if !between(word) {
        return true;
    }
    let rest = core(word);
    is_listed(word) || is_listed(rest) || !rest.contains('-')
}

/// Whether a word is whole with its hyphens.
pub(super) fn is_listed(word: &str) -> bool {
    WHOLE.contains(word.to_ascii_lowercase().as_str())
}
