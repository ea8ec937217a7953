//! Names the commit of an action instead of a tag, which its owner can move.
//!
//! # What it changes
//! `name@v4` becomes `name@<commit> # v4`. The commit is the one that another file of the repository
//! names for that version, else `actions.<name>@<version>` of the settings.
//!
//! # When it is withheld
//! Neither names a commit for an action, or the repository names several: none is made up.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Recipe, Request};
use crate::actions::workflow::{is_pinned, jobs, steps, text};
use crate::yaml::{Node, Step};

pub(super) const RECIPE: Recipe = Recipe { id: "pin_actions", plan };

/// A pinned action with the version in the comment behind it.
static PINNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"uses:\s*["']?([A-Za-z0-9_.\-/]+)@([0-9a-f]{40})["']?[ \t]+#[ \t]*(?:tag=)?(v?[0-9][0-9A-Za-z.\-]*)"#,
    )
    .ok()
});

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let workflow: &serde_json::Value = request.document.data();
    let known = LazyCell::new(|| pinned(request));
    let mut parts: Parts = (Vec::new(), BTreeSet::new());
    let mut take = |path: &[Step], uses| collect(request, path, uses, || &*known, &mut parts);
    for (id, job) in jobs(workflow) {
        let own = vec![Step::from("jobs"), Step::Key(id.clone())];
        take(&own, text(job, "uses"))?;
        for (at, step) in steps(job).iter().enumerate() {
            let path: Vec<Step> = own.iter().cloned().chain(["steps".into(), at.into()]).collect();
            take(&path, text(step, "uses"))?;
        }
    }
    let (parts, lacking) = parts;
    if !lacking.is_empty() {
        let lacking: Vec<String> = lacking.into_iter().collect();
        return Err(format!(
            "only its host knows which commit an action's version is: look it up and give it as {}",
            lacking.join(" and ")
        ));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let mut out = String::with_capacity(request.text.len() + 64 * parts.len());
    let mut from = 0;
    for (range, new) in parts {
        out.push_str(request.text.get(from..range.start).ok_or("a step has no place")?);
        out.push_str(&new);
        from = range.end;
    }
    out.push_str(request.text.get(from..).ok_or("a step has no place")?);
    Ok(Some(out))
}

/// Replacements, and the settings that are lacking.
type Parts = (Vec<(Range<usize>, String)>, BTreeSet<String>);

/// The replacement for one `uses`, where it names no commit yet.
fn collect<'k>(
    request: &Request<'_>,
    path: &[Step],
    uses: Option<&str>,
    known: impl Fn() -> &'k BTreeSet<Pinned<'k>>,
    (parts, lacking): &mut Parts,
) -> Result<(), String> {
    let Some(uses) = uses.filter(|uses| !is_pinned(uses)) else { return Ok(()) };
    let shown: String = uses.chars().filter(|letter| !letter.is_control()).take(100).collect();
    let (name, version) = uses
        .split_once('@')
        .ok_or_else(|| format!("`{shown}` names no version: a person must say which"))?;
    if shown.len() < uses.len() || shown.contains('`') {
        return Err("an action has an odd name".into());
    }
    let Some(commit) = commit(request, known(), (name, version)) else {
        lacking.insert(format!("`actions.{uses}`"));
        return Ok(());
    };
    let inside: Vec<Step> = path.iter().cloned().chain(["uses".into()]).collect();
    let node = request.root.at(&inside).filter(|node| !node.is_blank()).ok_or("it has no place")?;
    parts.push(replacement(request, node, version, &commit)?);
    Ok(())
}

fn replacement(
    request: &Request<'_>,
    node: &Node,
    version: &str,
    commit: &str,
) -> Result<(Range<usize>, String), String> {
    let odd = "an action is written in a way that is not changed";
    let span = request.document.span_of(node);
    let written = request.text.get(span.clone()).ok_or(odd)?;
    let rest = request.text.get(span.end..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default().trim();
    let comment = if line.is_empty() { format!(" # {version}") } else { String::new() };
    let at = format!("@{version}");
    if written.matches(&at).count() != 1 || !(line.is_empty() || line.starts_with('#')) {
        return Err(odd.into());
    }
    Ok((span, format!("{}{comment}", written.replace(&at, &format!("@{commit}")))))
}

/// An action, its full version and its commit, as a line of the repository names them.
type Pinned<'r> = (&'r str, &'r str, &'r str);

/// Every action that a file of the repository names with its commit and version.
fn pinned<'r>(request: &Request<'r>) -> BTreeSet<Pinned<'r>> {
    let texts = request.all.texts().filter_map(|text| Some((text, PINNED.as_ref()?)));
    let found = texts.flat_map(|(text, pattern)| pattern.captures_iter(text));
    let group = |found: &Captures<'r>, at| found.get(at).map_or("", |part| part.as_str());
    found.map(|found| (group(&found, 1), group(&found, 3), group(&found, 2))).collect()
}

/// The commit that stands for a version of an action.
fn commit(
    request: &Request<'_>,
    known: &BTreeSet<Pinned<'_>>,
    (name, version): (&str, &str),
) -> Option<String> {
    let same = known
        .iter()
        .filter(|(action, full, _)| action.eq_ignore_ascii_case(name) && is_of(full, version));
    let found: BTreeSet<&str> = same.map(|(_, _, commit)| *commit).collect();
    if let (1, Some(one)) = (found.len(), found.first()) {
        return Some((*one).to_owned());
    }
    let named = request.wish.settings.get(&format!("actions.{name}@{version}"));
    let is_commit = |one: &&str| is_pinned(&format!("x@{one}"));
    named.filter(is_commit).map(ToOwned::to_owned)
}

/// Whether a full version is the one meant: `v4.1.2` for `v4`.
fn is_of(full: &str, version: &str) -> bool {
    full == version || full.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'pin_actions'";
    const SHA: &str = "11bd71901bbe5b1630ceea73d27597364c9af683";

    fn steps(rest: &str) -> String {
        format!(
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@{SHA} # v4.2.2\n{rest}"
        )
    }

    #[test]
    fn a_commit_that_the_repository_names_is_used() {
        check(
            FIX,
            &steps(
                "      - uses: actions/checkout@v4\n      - uses: \"actions/checkout@v4.2.2\" # why\n      - uses: ./x\n",
            ),
            &steps(&format!(
                "      - uses: actions/checkout@{SHA} # v4\n      - uses: \"actions/checkout@{SHA}\" # why\n      - uses: ./x\n"
            )),
        );
    }

    #[test]
    fn no_commit_is_made_up() {
        refuse(
            FIX,
            &steps("      - uses: actions/checkout@v3\n"),
            "give it as `actions.actions/checkout@v3`",
        );
        refuse(
            FIX,
            &steps("      - uses: other/one@v4\n      - uses: other/two/a@main\n"),
            "`actions.other/one@v4` and `actions.other/two/a@main`",
        );
        let long = "x".repeat(101);
        refuse(FIX, &steps(&format!("      - uses: a/{long}@v4\n")), "an odd name");
    }
}
