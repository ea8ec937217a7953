//! The proof of a change, made on the texts before and after, whoever made the change.

mod silence;

use std::collections::BTreeSet;
use std::ops::Range;

use quell_catalog::{Check, FixRecipe, Language, Truth};
use quell_model::{Proof, ProofCheck, Verdict};

use crate::recipes::{Change, Recipe, Request};
use crate::terraform::{Repository, Resource, edit, resolve};
use crate::{Config, Evaluator};

/// What a change is proved against.
#[derive(Clone, Copy)]
pub(crate) struct Trial<'t> {
    pub(crate) evaluator: &'t Evaluator,
    pub(crate) repository: &'t Repository,
    pub(crate) resource: Resource<'t>,
    /// The control's own checks that are about this resource type; all must hold.
    pub(crate) checks: &'t [&'t Check],
    /// Every check of the catalogue.
    pub(crate) catalogue: &'t [&'t Check],
    pub(crate) recipe: &'t Recipe,
    pub(crate) fix: &'t FixRecipe,
    /// Whether lists keep the elements they have.
    pub(crate) keep_elements: bool,
}

/// What came out: the proof so far, the change if there was one, and why it is withheld.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) proof: Vec<Proof>,
    pub(crate) change: Option<Change>,
    pub(crate) withheld: Option<String>,
}

impl Outcome {
    fn check(&mut self, check: ProofCheck, result: Result<String, (Verdict, String)>) -> bool {
        let (verdict, detail) = match result {
            Ok(detail) => (Verdict::Passed, detail),
            Err((verdict, detail)) => {
                self.withheld.get_or_insert_with(|| detail.clone());
                (verdict, detail)
            }
        };
        self.proof.push(Proof { check, verdict, detail });
        verdict == Verdict::Passed
    }
}

type Finding = Result<String, (Verdict, String)>;

/// Makes the change and every check of its proof, stopping where nothing can be learned further.
pub(crate) fn prove(trial: &Trial<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    if !outcome.check(ProofCheck::ParsesBefore, parses_before(trial))
        || !outcome.check(ProofCheck::FailedBefore, failed_before(trial))
    {
        return outcome;
    }
    let change = match plan(trial, trial.repository, trial.resource) {
        Ok(change) => change,
        Err(reason) => {
            outcome.withheld = Some(reason);
            return outcome;
        }
    };
    let before = trial.repository.file(&change.file).map_or("", |file| file.text.as_str());
    if change.text == before {
        outcome.withheld =
            Some("the recipe finds nothing to change, yet the predicate does not hold".into());
        return outcome;
    }
    let after = trial.repository.with_file(&change.file, change.text.clone());
    let parses = outcome.check(ProofCheck::ParsesAfter, parses_after(&after, &change));
    if parses {
        outcome.check(ProofCheck::HoldsAfter, holds_after(trial, &after, &change));
        outcome.check(ProofCheck::NotSilenced, silence::not_silenced(trial, &after, &change));
        outcome.check(ProofCheck::NothingWorse, nothing_worse(trial, &after, &change));
        outcome.check(ProofCheck::OnlyTheBlock, only_the_block(trial, &after, &change));
        outcome.check(ProofCheck::Idempotent, idempotent(trial, &after, &change));
    }
    outcome.change = Some(change);
    outcome
}

fn plan(
    trial: &Trial<'_>,
    repository: &Repository,
    resource: Resource<'_>,
) -> Result<Change, String> {
    let keep_elements = trial.keep_elements;
    (trial.recipe.plan)(&Request { repository, resource, fix: trial.fix, keep_elements })
}

fn failed<T>(detail: impl Into<String>) -> Result<T, (Verdict, String)> {
    Err((Verdict::Failed, detail.into()))
}

fn unknown<T>(detail: impl Into<String>) -> Result<T, (Verdict, String)> {
    Err((Verdict::Unknown, detail.into()))
}

/// The block's own file has been parsed; a companion may also stand in another file.
fn parses_before(trial: &Trial<'_>) -> Finding {
    let folder = trial.resource.file.folder();
    let broken = trial.repository.module_files(folder).find_map(|file| file.body().err());
    match broken {
        Some(error) if trial.fix.companion.is_some() => {
            unknown(format!("{error}, and the companion may stand there"))
        }
        Some(_) | None => Ok(format!("`{}` parses", trial.resource.file.path)),
    }
}

fn failed_before(trial: &Trial<'_>) -> Finding {
    let skips = silence::skips(&trial.resource);
    let also = if skips.is_empty() {
        String::new()
    } else {
        format!("; the block carries a skip comment (`{skips}`), which stays")
    };
    match truth(trial, trial.repository, &trial.resource) {
        Truth::Fails => Ok(format!("the predicate fails at {}{also}", trial.resource.place())),
        Truth::Holds => failed(
            "the block already satisfies it: the running resource has drifted from the code, or \
             the scan is older",
        ),
        Truth::Unknown => unknown(format!(
            "at {} it depends on values that the files do not give",
            trial.resource.place()
        )),
    }
}

fn truth(trial: &Trial<'_>, repository: &Repository, resource: &Resource<'_>) -> Truth {
    let mut all = Truth::Holds;
    for check in trial.checks {
        match trial.evaluator.terraform(check, repository, resource) {
            Truth::Holds => {}
            Truth::Fails => return Truth::Fails,
            Truth::Unknown => all = Truth::Unknown,
        }
    }
    all
}

fn parses_after(after: &Repository, change: &Change) -> Finding {
    match after.file(&change.file).map(|file| file.body()) {
        Some(Ok(_)) => Ok(format!("`{}` parses", change.file)),
        Some(Err(error)) => failed(format!("after the change {error}")),
        None => failed(format!("`{}` is not in the repository", change.file)),
    }
}

fn again<'r>(trial: &Trial<'_>, after: &'r Repository) -> Option<Resource<'r>> {
    after.resource(&trial.resource.file.path, &trial.resource.address())
}

fn holds_after(trial: &Trial<'_>, after: &Repository, change: &Change) -> Finding {
    let Some(resource) = again(trial, after) else { return failed("the block is gone") };
    if let Some(address) = dangling(trial, after, change) {
        return failed(format!("the change refers to `{address}`, which is not in the module"));
    }
    match truth(trial, after, &resource) {
        Truth::Holds => Ok("the predicate holds on the changed configuration".into()),
        Truth::Fails => failed("the predicate still fails after the change"),
        Truth::Unknown => {
            unknown("after the change it depends on values that the files do not give")
        }
    }
}

/// A block that the change refers to and that the module does not have.
fn dangling(trial: &Trial<'_>, after: &Repository, change: &Change) -> Option<String> {
    let changed = after.resource(&change.file, &change.address)?;
    let old = trial.repository.resource(&change.file, &change.address);
    let known =
        old.map(|old| references(&resolve::resource(trial.repository, &old))).unwrap_or_default();
    let folder = changed.file.folder();
    references(&resolve::resource(after, &changed)).into_iter().find(|address| {
        !known.contains(address)
            && !after.module_resources(folder).any(|one| one.has_address(address))
    })
}

/// The blocks that a configuration refers to.
fn references(config: &Config) -> BTreeSet<String> {
    match config {
        Config::Reference { address, .. } => [address.clone()].into(),
        Config::List(items) => items.iter().flat_map(references).collect(),
        Config::Object(fields) => fields.values().flat_map(references).collect(),
        Config::Null | Config::Bool(_) | Config::Number(_) | Config::Text(_) | Config::Unknown => {
            BTreeSet::new()
        }
    }
}

fn nothing_worse(trial: &Trial<'_>, after: &Repository, change: &Change) -> Finding {
    let mut held = 0_usize;
    let mut addresses = vec![(trial.resource.file.path.clone(), trial.resource.address())];
    addresses.push((change.file.clone(), change.address.clone()));
    addresses.dedup();
    for (path, address) in addresses {
        let Some(before) = trial.repository.resource(&path, &address) else { continue };
        let Some(now) = after.resource(&path, &address) else {
            return failed(format!("`{address}` is gone"));
        };
        for check in trial.catalogue.iter().filter(|check| is_about(check, before.kind())) {
            if trial.evaluator.terraform(check, trial.repository, &before) != Truth::Holds {
                continue;
            }
            held += 1;
            if trial.evaluator.terraform(check, after, &now) != Truth::Holds {
                return failed(format!(
                    "another predicate of the catalogue on `{address}` no longer holds"
                ));
            }
        }
    }
    Ok(format!("{held} predicates that held on the block still hold"))
}

/// Whether a check reads Terraform resources of a type.
pub(crate) fn is_about(check: &Check, kind: &str) -> bool {
    check.language == Language::Terraform && check.resource.iter().any(|one| one == kind)
}

fn only_the_block(trial: &Trial<'_>, after: &Repository, change: &Change) -> Finding {
    let Some(before) = trial.repository.file(&change.file) else {
        return failed(format!("`{}` is not in the repository", change.file));
    };
    let span = if change.added {
        let at = edit::line_end(&before.text, trial.resource.span().end);
        at..at
    } else {
        match trial.repository.resource(&change.file, &change.address) {
            Some(block) => block.span(),
            None => return failed(format!("`{}` was not there before", change.address)),
        }
    };
    let Some(middle) = middle(&before.text, &change.text, &span) else {
        return failed("text outside the block changed");
    };
    let blocks_before = before.blocks().count();
    let blocks_after = after.file(&change.file).map_or(0, |file| file.blocks().count());
    if change.added {
        let new = Repository::parse([("new.tf".to_owned(), middle.to_owned())]);
        let one = new.resources().map(|one| one.address()).collect::<Vec<_>>();
        if one != [change.address.clone()] || blocks_after != blocks_before + 1 {
            return failed("more than one companion block was added");
        }
        return Ok(format!("one new block, `{}`; all other bytes are the same", change.address));
    }
    if blocks_after != blocks_before {
        return failed("the number of blocks in the file changed");
    }
    Ok(format!("only `{}` changed; all other bytes are the same", change.address))
}

/// What stands in the new text where `span` stood in the old, if all around it is the same.
fn middle<'t>(before: &str, after: &'t str, span: &Range<usize>) -> Option<&'t str> {
    let head = before.get(..span.start)?;
    let tail = before.get(span.end..)?;
    after.strip_prefix(head)?.strip_suffix(tail)
}

fn idempotent(trial: &Trial<'_>, after: &Repository, change: &Change) -> Finding {
    let Some(resource) = again(trial, after) else { return failed("the block is gone") };
    match plan(trial, after, resource) {
        Ok(second) if second.text == change.text => Ok("a second run changes nothing".into()),
        Ok(second) if second.file != change.file => {
            failed(format!("a second run would change `{}`", second.file))
        }
        Ok(_) => failed("a second run would change it again"),
        Err(reason) => unknown(format!("a second run stops: {reason}")),
    }
}

#[cfg(test)]
mod tests;
