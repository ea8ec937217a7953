//! Values that the code does not give and that a registry or a git host knows: what withheld fixes
//! ask for is looked up, and they are made again with it.

use std::collections::BTreeSet;
use std::fmt;

use quell_model::{FixState, Timestamp};
use quell_refs::{Known, Wanted};
use quell_remediate::{Found, Settings, asked};

use super::propose::{Answer, Case, Workbench};

/// Rounds of questions: an image that has a tag now may get a digest.
const MOST_ROUNDS: usize = 3;
/// Most of what a host said of a failure that is told.
const MOST_SAID: usize = 300;
/// The host of actions.
const ACTIONS: &str = "github.com";
/// The parameters that can be looked up.
const NAMES: [&str; 6] = [
    "actions.*",
    "dockerfile.image.*",
    "kubernetes.image_digest.*",
    "kubernetes.image_tag.*",
    "terraform.commit.*",
    "terraform.module.*",
];

/// What is known of each that was asked for, or one sentence that says why nothing is.
pub use quell_refs::Answers as Looked;

/// Who looks up what only a registry or a git host knows.
pub struct LookUp<'a> {
    /// Asks all of these at once.
    pub find: &'a dyn Fn(&BTreeSet<Wanted>) -> Looked,
    /// When, for the proof.
    pub at: Timestamp,
}

impl fmt::Debug for LookUp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LookUp({})", self.at)
    }
}

/// Looks up what the waiting cases ask for and answers them again. Each name is asked for once.
pub(super) fn look_up(
    bench: &mut Workbench<'_>,
    waiting: Vec<(usize, Case)>,
    look_up: &LookUp<'_>,
    answers: &mut [Answer],
) {
    let mut known = Looked::new();
    let mut waiting = waiting;
    for _ in 0..MOST_ROUNDS {
        let names: BTreeSet<String> = waiting
            .iter()
            .filter_map(|(at, _)| Some(names_in(reason(answers.get(*at)?)?)))
            .flatten()
            .collect();
        let new: BTreeSet<Wanted> = names
            .iter()
            .filter_map(|name| wanted_of(name))
            .filter(|one| !known.contains_key(one))
            .collect();
        if new.is_empty() {
            break;
        }
        known.extend((look_up.find)(&new));
        let settings = names.iter().fold(bench.engine.settings().clone(), |settings, name| {
            match wanted_of(name).and_then(|one| known.get(&one)) {
                Some(Ok(found)) => with(settings, name, found, look_up.at),
                Some(Err(_)) | None => settings,
            }
        });
        bench.engine.set_settings(settings);
        let again = bench.answers_again(&waiting);
        for ((at, _), answer) in waiting.iter().zip(again) {
            if let Some(slot) = answers.get_mut(*at) {
                *slot = answer;
            }
        }
        waiting.retain(|(at, _)| answers.get(*at).is_some_and(waits));
    }
    for (at, _) in waiting {
        if let Some(answer) = answers.get_mut(at) {
            say_why(answer, &known);
        }
    }
}

/// Whether an answer waits for something that can be looked up.
pub(super) fn waits(answer: &Answer) -> bool {
    reason(answer).is_some_and(|reason| !names_in(reason).is_empty())
}

fn names_in(reason: &str) -> Vec<String> {
    asked(reason, &NAMES).into_iter().map(ToOwned::to_owned).collect()
}

/// Why there is no fix.
fn reason(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::Fix(fix, _) => match &fix.state {
            FixState::Withheld(reason) => Some(reason),
            FixState::Proved => None,
        },
        Answer::None(unfixed, _) => Some(&unfixed.reason),
    }
}

/// What a parameter asks for, where somebody can be asked.
#[must_use]
pub fn wanted_of(name: &str) -> Option<Wanted> {
    let of = |begin: &str| name.strip_prefix(begin);
    let image = ["dockerfile.image.", "kubernetes.image_digest.", "kubernetes.image_tag."];
    if let Some(image) = image.iter().find_map(|begin| of(begin)) {
        return Some(Wanted::Digest { image: image.to_owned() });
    }
    if let Some((action, version)) = of("actions.").and_then(|rest| rest.rsplit_once('@')) {
        // An action may stand in a folder of its repository.
        let mut parts = action.split('/');
        let (owner, repository) = (parts.next()?, parts.next()?);
        let repository = format!("{ACTIONS}/{owner}/{repository}");
        return Some(Wanted::Commit { repository, version: version.to_owned() });
    }
    if let Some((repository, version)) =
        of("terraform.commit.").and_then(|rest| rest.rsplit_once('@'))
    {
        let (repository, version) = (repository.to_owned(), version.to_owned());
        return Some(Wanted::Commit { repository, version });
    }
    let (module, constraint) = of("terraform.module.")?.split_once('@')?;
    Some(Wanted::Module { module: module.to_owned(), constraint: constraint.to_owned() })
}

/// The settings with what was found for a parameter.
fn with(settings: Settings, name: &str, known: &Known, at: Timestamp) -> Settings {
    let found = || Found { value: known.value.clone(), from: format!("{} on {at}", known.from) };
    // No host knows which version is meant where none is named; what the name stands for now is
    // its digest.
    match name.strip_prefix("kubernetes.image_tag.") {
        Some(image) => {
            let digest = format!("kubernetes.image_digest.{image}");
            settings.with_found(&format!("{digest}:latest"), found()).with_found(&digest, found())
        }
        None => settings.with_found(name, found()),
    }
}

/// Tells beside the reason why nothing was found.
fn say_why(answer: &mut Answer, known: &Looked) {
    let names = reason(answer).map(names_in).unwrap_or_default();
    let failed = names.iter().filter_map(|name| known.get(&wanted_of(name)?)?.as_ref().err());
    let failed: BTreeSet<&String> = failed.collect();
    let Some(first) = failed.into_iter().next() else { return };
    let said: String = first.chars().take(MOST_SAID).collect();
    match answer {
        Answer::Fix(fix, _) => {
            if let FixState::Withheld(reason) = &mut fix.state {
                *reason = format!("{reason}; it was looked up, and {said}");
            }
        }
        Answer::None(unfixed, _) => {
            unfixed.reason = format!("{}; it was looked up, and {said}", unfixed.reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_name_what_is_asked_for() {
        let digest = |image: &str| Some(Wanted::Digest { image: image.to_owned() });
        let commit = |repository: &str, version: &str| {
            let (repository, version) = (repository.to_owned(), version.to_owned());
            Some(Wanted::Commit { repository, version })
        };
        let module = Wanted::Module { module: "o/vpc/aws".into(), constraint: "~> 5.0".into() };
        for (name, expected) in [
            ("kubernetes.image_digest.nginx:1.27", digest("nginx:1.27")),
            ("kubernetes.image_tag.ghcr.io/a/b", digest("ghcr.io/a/b")),
            ("dockerfile.image.alpine", digest("alpine")),
            ("actions.actions/checkout@v4", commit("github.com/actions/checkout", "v4")),
            ("actions.a/b/c/d@main", commit("github.com/a/b", "main")),
            ("terraform.commit.github.com/o/r@HEAD", commit("github.com/o/r", "HEAD")),
            ("terraform.module.o/vpc/aws@~> 5.0", Some(module)),
            ("kubernetes.namespace", None),
            ("actions.x@v1", None),
            ("actions.x/y", None),
        ] {
            assert_eq!(wanted_of(name), expected, "{name}");
        }
    }
}
