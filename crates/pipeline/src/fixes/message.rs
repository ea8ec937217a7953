//! The commit message of a fix: what, why, proof, rollback.

use quell_catalog::Catalog;
use quell_model::{Fix, Verdict};

/// Longest subject.
const SUBJECT: usize = 70;
/// Width of the text below it.
const WIDTH: usize = 72;

/// The commit message of a fix.
#[must_use]
pub fn commit_message(fix: &Fix, catalog: &Catalog) -> String {
    let mut text = subject(fix);
    text.push_str("\n\n");
    let mut place = format!("{} in {}", fix.address, fix.file);
    if !fix.also_in.is_empty() {
        place.push_str(&format!(", with it {}", fix.also_in.join(", ")));
    }
    paragraph(&mut text, &format!("{place}: {}.", fix.title));
    if let Some(control) = catalog.control(&fix.control) {
        let why = control.explain.why.replace("{asset}", &fix.address);
        paragraph(&mut text, &format!("Why: {why} ({})", fix.control));
    }
    let passed = fix.proof.iter().filter(|proof| proof.verdict == Verdict::Passed);
    text.push_str("Proof:\n");
    for proof in passed {
        item(&mut text, &proof.detail);
    }
    text.push('\n');
    if !fix.may_break.is_empty() {
        text.push_str("May break:\n");
        fix.may_break.iter().for_each(|harm| item(&mut text, harm));
        text.push('\n');
    }
    paragraph(&mut text, "Rollback: `git revert` of this commit, then apply again.");
    if fix.written.is_some() {
        text.push_str("Quell-Written-By: language model\n");
    }
    text.push_str(&format!("Quell-Fix: {}\n", fix.id));
    for issue in &fix.closes {
        text.push_str(&format!("Quell-Closes: {issue}\n"));
    }
    text
}

/// The title, with the block where there is room for it.
fn subject(fix: &Fix) -> String {
    let title = plain(&fix.title);
    let with_place = format!("{title} ({})", plain(&fix.address));
    if with_place.chars().count() <= SUBJECT {
        return with_place;
    }
    if title.chars().count() <= SUBJECT {
        return title;
    }
    let cut: String = title.chars().take(SUBJECT - 1).collect();
    format!("{}…", cut.trim_end())
}

fn paragraph(text: &mut String, words: &str) {
    wrap(text, words, "");
    text.push('\n');
}

fn item(text: &mut String, words: &str) {
    text.push_str("- ");
    wrap(text, words, "  ");
}

/// Breaks words into lines; those after the first are indented.
fn wrap(text: &mut String, words: &str, indent: &str) {
    let mut width = indent.len();
    for (at, word) in plain(words).split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 && width + 1 + length > WIDTH {
            text.push('\n');
            text.push_str(indent);
            width = indent.len();
        } else if at > 0 {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += length;
    }
    text.push('\n');
}

/// One line without control characters: names come from files of others.
fn plain(text: &str) -> String {
    let shown = text.split(|c: char| c.is_whitespace() || c.is_control());
    shown.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
