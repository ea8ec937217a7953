//! What the lines of a change say that no value shows: comments, expressions, blocks that run.

use std::collections::BTreeMap;

use quell_catalog::Language;

use super::Patch;

/// Most bytes that a block may grow by.
const MOST_GROWTH: usize = 4 << 10;
/// Longest line.
const MOST_LINE: usize = 300;
/// What makes an expression of Terraform out of a value.
const EXPRESSIONS: [&str; 8] = ["?", "(", "<<", "${", "%{", "=>", " for ", "..."];
/// Where a value of Terraform comes from that is not written out.
const ELSEWHERE: [&str; 10] = [
    "var.",
    "local.",
    "data.",
    "module.",
    "path.",
    "terraform.",
    "each.",
    "self.",
    "count.",
    "ephemeral.",
];
/// Blocks of Terraform that run something, or say how the block takes part.
const STEERING: [&str; 8] = [
    "connection",
    "dynamic",
    "lifecycle",
    "provider",
    "provisioner",
    "depends_on",
    "count",
    "for_each",
];
/// Words that begin what a Dockerfile does beside running commands.
const INSTRUCTIONS: [&str; 17] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Judges the lines that came, beside those that went.
pub(super) fn judge(
    (old, new): (&str, &str),
    language: Language,
    patch: &Patch,
) -> Result<(), String> {
    if new.len() > old.len() + MOST_GROWTH {
        return Err(format!("the block grows by more than {} KiB", MOST_GROWTH >> 10));
    }
    let odd = |one: &char| !(one.is_ascii_graphic() || matches!(one, ' ' | '\n' | '\r' | '\t'));
    if patch.after.chars().filter(odd).any(|one| !old.contains(one)) {
        return Err("the change has characters that the block did not have".into());
    }
    let (gone, come) = differing(old, new);
    if come.iter().any(|line| line.len() > MOST_LINE) {
        return Err("a new line is long".into());
    }
    let said: Vec<&str> = gone.iter().filter_map(|line| comment(line, language)).collect();
    let mut comments = come.iter().filter_map(|line| comment(line, language));
    if comments.any(|text| !said.contains(&text)) {
        return Err("a comment is new".into());
    }
    match language {
        Language::Terraform => terraform(&gone, &come),
        Language::Dockerfile => dockerfile((old, new), &gone, &come),
        Language::Kubernetes | Language::Compose | Language::GithubActions => yaml(&gone, &come),
    }
}

/// The lines that went, and those that came, without the space around them.
fn differing<'t>(old: &'t str, new: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
    let lines = |text: &'t str| text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines(old) {
        *left.entry(line).or_default() += 1;
    }
    let mut come = Vec::new();
    for line in lines(new) {
        match left.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            Some(_) | None => come.push(line),
        }
    }
    let gone = left.into_iter().flat_map(|(line, count)| std::iter::repeat_n(line, count));
    (gone.collect(), come)
}

/// A line with what stands in quotes taken out.
fn bare(line: &str) -> String {
    let mut bare = String::new();
    let mut quote = None;
    let mut escaped = false;
    for letter in line.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if letter == '\\' => escaped = true,
            Some(end) if letter == end => {
                quote = None;
                bare.push(letter);
            }
            Some(_) => {}
            None => {
                if matches!(letter, '"' | '\'') {
                    quote = Some(letter);
                }
                bare.push(letter);
            }
        }
    }
    bare
}

/// The comment of a line, where it has one. A mark in quotes counts where they are not closed.
fn comment(line: &str, language: Language) -> Option<&str> {
    let marks: &[&str] = match language {
        Language::Terraform => &["#", "//", "/*", "*/"],
        Language::Dockerfile
        | Language::Kubernetes
        | Language::Compose
        | Language::GithubActions => &["#"],
    };
    let plain = bare(line);
    let begins = marks.iter().find(|mark| plain.contains(**mark))?;
    line.rfind(begins).and_then(|at| line.get(at..))
}

fn terraform(gone: &[&str], come: &[&str]) -> Result<(), String> {
    let count = |lines: &[&str], mark: &str| {
        let inside = mark.ends_with('{');
        let of = |line: &&str| match inside {
            true => line.matches(mark).count(),
            false => bare(line).matches(mark).count(),
        };
        lines.iter().map(of).sum::<usize>()
    };
    if EXPRESSIONS.iter().any(|mark| count(come, mark) > count(gone, mark)) {
        return Err("an expression is new; a new value has to be written out".into());
    }
    let known: Vec<String> = gone.iter().flat_map(|line| words(line)).collect();
    for word in come.iter().flat_map(|line| words(line)) {
        let elsewhere = ELSEWHERE.iter().any(|from| word.starts_with(from));
        if elsewhere && !known.contains(&word) {
            return Err(format!("`{word}` is new; a new value has to be written out"));
        }
        if STEERING.contains(&word.as_str()) && !known.contains(&word) {
            return Err(format!("`{word}` is new, and says what runs or whether the block does"));
        }
    }
    Ok(())
}

/// The words of a line outside of quotes.
fn words(line: &str) -> Vec<String> {
    let bare = bare(line);
    let parts = bare.split(|one: char| !(one.is_ascii_alphanumeric() || "_-.".contains(one)));
    parts.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What is new is only words that stood in what went, in their order; no instruction but RUN moves.
fn dockerfile((old, new): (&str, &str), gone: &[&str], come: &[&str]) -> Result<(), String> {
    let others = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim);
        let other = |line: &&str| {
            let word = line.split_whitespace().next().unwrap_or_default();
            INSTRUCTIONS.contains(&word.to_ascii_uppercase().as_str())
        };
        lines.filter(other).map(str::to_owned).collect()
    };
    if others(old) != others(new) {
        return Err("an instruction changed of which the control does not speak".into());
    }
    let went = || gone.iter().flat_map(|line| line.split_whitespace());
    for line in come {
        let mut left = went();
        let is_part =
            line.split_whitespace().all(|word| word == "\\" || left.any(|one| one == word));
        let mut marks = went().filter(|word| *word == "RUN");
        if !is_part || line.starts_with("RUN") && marks.next().is_none() {
            return Err("a command is new in the build".into());
        }
    }
    Ok(())
}

/// No tag, no reference to another node, no block of text that was not there.
fn yaml(gone: &[&str], come: &[&str]) -> Result<(), String> {
    let marked = |lines: &[&str]| {
        let marks = |line: &&str| {
            let bare = bare(line);
            let words = bare.split_whitespace();
            words
                .filter(|word| {
                    word.starts_with(['!', '&', '|', '>', '%']) || *word == "<<:" || is_alias(word)
                })
                .count()
        };
        lines.iter().map(marks).sum::<usize>()
    };
    match marked(come) > marked(gone) {
        true => Err("a block of text, a tag or a reference is new".into()),
        false => Ok(()),
    }
}

fn is_alias(word: &str) -> bool {
    word.strip_prefix('*').is_some_and(|name| name.starts_with(|one: char| one.is_alphabetic()))
}
