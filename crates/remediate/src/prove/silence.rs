//! A fix removes the fault, not the finding: no skip comment, no block switched off.

use std::collections::BTreeSet;

use quell_model::Verdict;

use super::{Finding, Trial, failed, has_same_outline};
use crate::Config;
use crate::code::{Change, Code, Place};
use crate::diff::changed_lines;
use crate::evaluate::step;

/// What scanners take as an order to look away, in lower case.
const MARKS: [&str; 12] = [
    "checkov:skip",
    "checkov.io/skip",
    "bridgecrew:skip",
    "tfsec:ignore",
    "trivy:ignore",
    "#nosec",
    "# nosec",
    "nosemgrep",
    "kics-scan ignore",
    "kics-scan disable",
    "terrascan:skip",
    "hadolint ignore",
];

/// The first line of the block, or right above it, that carries a skip comment.
pub(super) fn skips(code: &dyn Code, place: &Place) -> String {
    let (Some(span), Some(text)) = (code.span(place), code.text(&place.file)) else {
        return String::new();
    };
    let above = text.get(..span.start).unwrap_or_default().trim_end();
    let above = above.rsplit('\n').next().filter(|line| {
        let line = line.trim_start();
        line.starts_with('#') || line.starts_with("//")
    });
    let inside = text.get(span).unwrap_or_default();
    above
        .into_iter()
        .chain(inside.lines())
        .map(str::trim)
        .find(|line| marks(line) > 0)
        .map(|line| line.chars().filter(|letter| !letter.is_control()).take(120).collect())
        .unwrap_or_default()
}

/// No skip comment was added, nothing taken away or switched off.
pub(super) fn not_silenced(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Finding {
    for (path, text) in change.files() {
        let before = trial.code.text(path).unwrap_or_default();
        let (old, new) = changed_lines(before, text, 0);
        if marks(new) > marks(old) {
            return failed("a skip comment was added");
        }
    }
    let fewer = || after.places(&change.file).len() < trial.code.places(&change.file).len();
    if !has_same_outline(trial, after, change) && fewer() {
        return failed("a resource was taken away");
    }
    if after.kind(trial.place).is_none() {
        return failed("the block is gone");
    }
    let switches = trial.code.switches();
    let (old, new) = (trial.code.config(trial.place), after.config(trial.place));
    if let Some(switch) = switches.iter().find(|switch| at(&old, switch) != at(&new, switch)) {
        return Err((Verdict::Failed, format!("`{switch}` of the block changed")));
    }
    for place in change.with.iter().chain(&change.parts) {
        let (old, new) = (trial.code.config(place), after.config(place));
        if let Some(switch) = switches.iter().find(|switch| at(&old, switch) != at(&new, switch)) {
            return failed(format!("`{switch}` of `{}` changed", place.address));
        }
    }
    if change.added.is_some() {
        let added = after.config(&change.place());
        let own =
            |switch: &&'static str| at(&added, switch).is_some() && at(&old, switch).is_none();
        if switches.iter().any(own) {
            return failed("the new block can be switched off");
        }
    }
    let place = change.place();
    let said = texts(&trial.code.config(&place));
    if let Some(text) = texts(&after.config(&place)).difference(&said).find(|text| is_all(text)) {
        return failed(format!("`{text}` is another spelling of everything"));
    }
    Ok("no skip comment added, nothing taken away or switched off".into())
}

/// The value at a dotted path.
fn at<'c>(config: &'c Config, path: &str) -> Option<&'c Config> {
    path.split('.').try_fold(config, |value, segment| match value {
        Config::List(items) => items.iter().find_map(|item| step(item, segment)),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Object(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => step(value, segment),
    })
}

/// Every text of a configuration.
fn texts(config: &Config) -> BTreeSet<String> {
    match config {
        Config::Text(text) => [text.clone()].into(),
        Config::List(items) => items.iter().flat_map(texts).collect(),
        Config::Object(fields) => fields.values().flat_map(texts).collect(),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => BTreeSet::new(),
    }
}

/// Whether a text means everything without being the plain `*`, `0.0.0.0/0` or `::/0` that
/// predicates look for: `**`, `0.0.0.0/1`, `1.2.3.4/0`.
fn is_all(text: &str) -> bool {
    let plain = text == "0.0.0.0/0" || text == "::/0";
    let text = text.trim();
    if text.len() > 1 && text.contains('*') && text.chars().all(|one| matches!(one, '*' | '?')) {
        return true;
    }
    let Some((address, length)) = text.split_once('/') else { return false };
    if !address.contains(':') && address.split('.').count() != 4 {
        return false;
    }
    let written = |letter: char| letter.is_ascii_hexdigit() || matches!(letter, '.' | ':');
    !plain && address.chars().all(written) && length.parse::<u8>().is_ok_and(|length| length < 8)
}

fn marks(text: &str) -> usize {
    let lower = text.to_ascii_lowercase();
    MARKS.iter().map(|mark| lower.matches(mark).count()).sum()
}
