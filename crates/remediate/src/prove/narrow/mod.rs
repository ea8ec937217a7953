//! A change of rights is offered only where nothing is allowed after that was not before.
//!
//! The proof is made on what the texts say: each right of the changed policy or role must lie in
//! one statement, or be allowed by the rules, of before. Where that cannot be shown, the change is
//! withheld. What comes new beside a block is not compared: there was nothing before.

mod glob;
mod iam;
mod rbac;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Trial, failed, unknown};
use crate::Config;
use crate::code::{Change, Code, Place};
use crate::diff::changed_lines;

/// Attributes that hold a policy of AWS, beside the block that one is written as.
const POLICIES: [&str; 5] =
    ["policy", "access_policy", "access_policies", "assume_role_policy", "policy_document"];
/// How the block that a policy is written as is called.
const DOCUMENT: &str = "data.aws_iam_policy_document";

/// Whether the change takes rights and gives none; none where it touches no rights.
pub(super) fn narrows(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Option<Finding> {
    let mut places = vec![trial.place.clone()];
    if change.added.is_none() && change.place() != *trial.place {
        places.push(change.place());
    }
    let others = change.with.iter().chain(&change.parts);
    places.extend(others.filter(|place| *place != trial.place).cloned());
    let moved = LazyCell::new(|| moved_accounts(trial, after, change));
    let mut found = None;
    for place in places {
        match at((trial, after, change), &place, || moved.as_slice()) {
            None => {}
            Some(Ok(words)) => _ = found.get_or_insert(Ok(words)),
            Some(Err(why)) => return Some(Err(why)),
        }
    }
    found
}

/// Whether a value of a kind is one whose change is compared here, right by right.
pub(super) fn compares(kind: &str, root: &str, old: &Config) -> bool {
    if rbac::KINDS.contains(&kind) {
        return ["rules", "subjects", "roleRef", "aggregationRule"].contains(&root);
    }
    let stood = !matches!(old.get(root), None | Some(Config::Null));
    kind == DOCUMENT || kind.starts_with("aws_") && POLICIES.contains(&root) && stood
}

fn at<'m>(
    (trial, after, change): (&Trial<'_>, &dyn Code, &Change),
    place: &Place,
    moved: impl Fn() -> &'m [Moved],
) -> Option<Finding> {
    let kind = trial.code.kind(place)?;
    let [old, new] = [trial.code, after].map(|code| code.config(place).without_parts());
    let told = |result: Result<String, String>| match result {
        Ok(words) => Ok(words),
        Err(why) => unknown(format!(
            "that the change only takes rights away is not certain: {why}; a person must decide"
        )),
    };
    if rbac::KINDS.contains(&kind.as_str()) {
        let said = ["rules", "subjects", "roleRef", "aggregationRule"];
        let is_same = said.iter().all(|name| old.get(name) == new.get(name));
        return (!is_same).then(|| told(rbac::narrows(&rbac::rebound(&old, moved()), &new)));
    }
    if !kind.trim_start_matches("data.").starts_with("aws_") {
        return None;
    }
    let same = || no_new_expression(trial, change, &new);
    if kind == DOCUMENT {
        return (old != new).then(|| told(iam::narrows(&old, &new, same())));
    }
    let mut found = None;
    for name in POLICIES {
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) if old != new => {
                let result = told(iam::narrows(old, new, same()));
                if result.is_err() {
                    return Some(result);
                }
                found = Some(result);
            }
            (Some(Config::Object(_)), None) => {
                return Some(failed(format!("the change takes the whole `{name}` away")));
            }
            (Some(_) | None, _) => {}
        }
    }
    found
}

/// An account that the same change takes into another namespace: its name, and the namespace before
/// and after.
type Moved = (String, String, String);

/// The accounts that move. One counts only where nobody of that name was in the other namespace
/// before.
fn moved_accounts(trial: &Trial<'_>, after: &dyn Code, change: &Change) -> Vec<Moved> {
    let known = accounts(trial.code);
    let mut moved = Vec::new();
    for place in change.with.iter().chain([trial.place, &change.place()]) {
        if trial.code.kind(place).as_deref() != Some(ACCOUNT) {
            continue;
        }
        let (old, new) = (named(&trial.code.config(place)), named(&after.config(place)));
        let (Some((name, from)), Some((same, to))) = (old, new) else { continue };
        if name == same && from != to && !known.contains(&(name.clone(), to.clone())) {
            moved.push((name, from, to));
        }
    }
    moved
}

/// How an account of Kubernetes is called.
const ACCOUNT: &str = "ServiceAccount";

/// Name and namespace of an object.
fn named(config: &Config) -> Option<(String, String)> {
    let metadata = config.get("metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Config::as_text);
    Some((text("name")?.to_owned(), text("namespace").unwrap_or("default").to_owned()))
}

/// Name and namespace of every account that there is.
fn accounts(code: &dyn Code) -> BTreeSet<(String, String)> {
    let places = code.files().into_iter().flat_map(|file| code.places(file));
    let accounts = places.filter(|place| code.kind(place).as_deref() == Some(ACCOUNT));
    accounts.filter_map(|place| named(&code.config(&place))).collect()
}

/// Whether every expression in the lines that are new stood in those that went, or is one whose
/// value is known to be a reference: then what is not known is the same before and after.
fn no_new_expression(trial: &Trial<'_>, change: &Change, new: &Config) -> bool {
    let before = trial.code.text(&change.file).unwrap_or_default();
    let (old, added) = changed_lines(before, &change.text, 0);
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for expression in expressions(old) {
        *left.entry(expression).or_default() += 1;
    }
    let mut known = Vec::new();
    references(new, &mut known);
    expressions(added).into_iter().all(|expression| match left.get_mut(expression) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        Some(_) | None => known.iter().any(|one| one == expression),
    })
}

/// Names with a dot that stand outside of plain text (`var.a`, `aws_s3_bucket.b.arn`), and calls.
fn expressions(text: &str) -> Vec<&str> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "_.-[]\"*".contains(letter);
    let mut found = Vec::new();
    for line in text.lines() {
        let mut parts = line.split('"').enumerate().flat_map(|(at, part)| {
            // Inside of quotes only what a template puts in is an expression.
            let inside = at % 2 == 1;
            let pieces = part.split("${").enumerate();
            pieces
                .filter(move |(at, _)| !inside || *at > 0)
                .map(|(_, piece)| piece.split('}').next().unwrap_or_default())
                .collect::<Vec<_>>()
        });
        let mut words = Vec::new();
        for part in parts.by_ref() {
            words.extend(part.split(|letter: char| !is_name(letter)));
        }
        let is_expression = |word: &&str| {
            word.split_once('.').is_some_and(|(head, rest)| {
                head.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !rest.is_empty()
            })
        };
        found.extend(words.into_iter().filter(is_expression));
    }
    found
}

fn references(value: &Config, into: &mut Vec<String>) {
    match value {
        Config::Reference { address, attribute } => into.push(format!("{address}.{attribute}")),
        Config::List(items) => items.iter().for_each(|item| references(item, into)),
        Config::Object(fields) => fields.values().for_each(|field| references(field, into)),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Partly(_)
        | Config::Unknown => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_stand_in_templates_and_outside_of_quotes() {
        let text = "  Resource = [\"${aws_s3_bucket.b.arn}/*\", var.x, \"arn:aws:s3:::a.b\"]\n  Action = \"s3:*\"";
        assert_eq!(expressions(text), ["aws_s3_bucket.b.arn", "var.x"]);
        assert_eq!(expressions("\"Resource\": \"${var.a}\""), ["var.a"]);
    }
}
