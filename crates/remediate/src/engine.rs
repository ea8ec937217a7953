//! From an asset and a control to a fix: found, made, proved or withheld.

use quell_catalog::{Check, Control, FixRecipe, Language, RecipeSafety};
use quell_model::{Fix, FixState, IssueKey, Key, KeyHasher, Safety};

use crate::locate::{Target, locate, satellites};
use crate::prove::{Outcome, Trial, is_about, prove};
use crate::terraform::{Repository, Resource};
use crate::{Evaluator, diff, recipes};

/// Makes fixes for the controls of a catalogue.
#[derive(Debug)]
pub struct Engine<'c> {
    controls: Vec<&'c Control>,
    catalogue: Vec<&'c Check>,
    evaluator: Evaluator,
}

/// The files as they are once several fixes are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Path and whole new text of every changed file, in path order.
    pub files: Vec<(String, String)>,
    /// Fixes that could not be made upon the others: id and reason.
    pub skipped: Vec<(String, String)>,
}

impl<'c> Engine<'c> {
    /// An engine for these controls; their checks are what a fix must not make worse.
    #[must_use]
    pub fn new(controls: &[&'c Control]) -> Self {
        let catalogue = controls
            .iter()
            .flat_map(|control| &control.checks)
            .filter(|check| check.language == Language::Terraform)
            .collect();
        Self { controls: controls.to_vec(), catalogue, evaluator: Evaluator::new() }
    }

    /// Makes a fix of a control for an asset. It is always a value: proved, or withheld with
    /// the reason and whatever was found until then.
    #[must_use]
    pub fn propose(
        &self,
        repository: &Repository,
        target: &Target,
        control: &Control,
        closes: Vec<IssueKey>,
    ) -> Fix {
        let recipes: Vec<&FixRecipe> = terraform_recipes(control).collect();
        let Some(first) = recipes.first() else {
            return blank(control, None, closes, "the catalogue has no terraform recipe for it");
        };
        let kinds: Vec<String> = recipes.iter().flat_map(|fix| fix.resource.clone()).collect();
        let resource = match locate(repository, target, &kinds) {
            Ok(resource) => resource,
            Err(reason) => return blank(control, Some(first), closes, &reason),
        };
        let mut best = self.best(repository, resource, control, &recipes);
        // The fault may stand in a block beside it, where the block itself is as it should be.
        if best.as_ref().is_some_and(|fix| fix.state != FixState::Proved)
            && self.holds(repository, &resource, control)
        {
            let beside = satellites(repository, &resource, &kinds);
            let mut made =
                beside.iter().filter_map(|r| self.best(repository, *r, control, &recipes));
            best = made.find(|fix| fix.state == FixState::Proved).or(best);
        }
        match best {
            Some(fix) => Fix { closes, ..fix },
            None => Fix {
                file: resource.file.path.clone(),
                address: resource.address(),
                ..blank(
                    control,
                    Some(first),
                    closes,
                    &format!("no recipe of the control changes a `{}`", resource.kind()),
                )
            },
        }
    }

    /// The first fix of a block that is proved, else the first that was tried.
    fn best(
        &self,
        repository: &Repository,
        resource: Resource<'_>,
        control: &Control,
        recipes: &[&FixRecipe],
    ) -> Option<Fix> {
        let mut best: Option<Fix> = None;
        for fix in recipes.iter().filter(|fix| fix.resource.iter().any(|k| k == resource.kind())) {
            let outcome = self.attempt(repository, resource, control, fix);
            let made = finish(repository, &resource, control, fix, outcome);
            if made.state == FixState::Proved {
                return Some(made);
            }
            best.get_or_insert(made);
        }
        best
    }

    /// Makes several proved fixes one upon the other, each proved again where it then stands.
    #[must_use]
    pub fn apply_all(&self, repository: &Repository, fixes: &[Fix]) -> Applied {
        let mut now = repository.clone();
        let mut applied = Applied::default();
        for fix in fixes.iter().filter(|fix| fix.state == FixState::Proved) {
            match self.upon(&now, fix) {
                Ok(Some((path, text))) => now = now.with_file(&path, text),
                Ok(None) => {}
                Err(reason) => applied.skipped.push((fix.id.clone(), reason)),
            }
        }
        applied.files = repository
            .files()
            .zip(now.files())
            .filter(|(before, after)| before.text != after.text)
            .map(|(_, after)| (after.path.clone(), after.text.clone()))
            .collect();
        applied
    }

    /// One fix upon the present text; nothing where an earlier fix has done it already.
    fn upon(&self, now: &Repository, fix: &Fix) -> Result<Option<(String, String)>, String> {
        let control = self
            .controls
            .iter()
            .find(|control| control.id == fix.control)
            .ok_or_else(|| format!("no control `{}`", fix.control))?;
        let resource = now
            .resource(&fix.file, &fix.address)
            .ok_or_else(|| format!("no block `{}` in `{}`", fix.address, fix.file))?;
        let mut reason = format!("no recipe `{}`", fix.recipe);
        for recipe in terraform_recipes(control).filter(|recipe| {
            recipe.recipe == fix.recipe && recipe.resource.iter().any(|k| k == resource.kind())
        }) {
            if self.holds(now, &resource, control) {
                return Ok(None);
            }
            let outcome = self.attempt(now, resource, control, recipe);
            match (outcome.withheld, outcome.change) {
                (None, Some(change)) => return Ok(Some((change.file, change.text))),
                (Some(why), _) => reason = why,
                (None, None) => {}
            }
        }
        Err(reason)
    }

    fn holds(&self, repository: &Repository, resource: &Resource<'_>, control: &Control) -> bool {
        control.checks.iter().filter(|check| is_about(check, resource.kind())).all(|check| {
            self.evaluator.terraform(check, repository, resource) == quell_catalog::Truth::Holds
        })
    }

    fn attempt(
        &self,
        repository: &Repository,
        resource: Resource<'_>,
        control: &Control,
        fix: &FixRecipe,
    ) -> Outcome {
        let withheld = |reason: String| Outcome { withheld: Some(reason), ..Outcome::default() };
        let checks: Vec<&Check> =
            control.checks.iter().filter(|check| is_about(check, resource.kind())).collect();
        if checks.is_empty() {
            let kind = resource.kind();
            return withheld(format!("the control has no predicate over `{kind}` to prove it by"));
        }
        let Some(recipe) = recipes::by_name(&fix.recipe) else {
            return withheld(format!("there is no recipe `{}`", fix.recipe));
        };
        let trial = Trial {
            evaluator: &self.evaluator,
            repository,
            resource,
            checks: &checks,
            catalogue: &self.catalogue,
            recipe,
            fix,
            keep_elements: true,
        };
        let outcome = prove(&trial);
        if outcome.withheld.is_none() {
            return outcome;
        }
        let exact = prove(&Trial { keep_elements: false, ..trial });
        if exact.withheld.is_none() { exact } else { outcome }
    }
}

fn terraform_recipes(control: &Control) -> impl Iterator<Item = &FixRecipe> {
    control.fixes.iter().filter(|fix| fix.language == Language::Terraform)
}

/// The fix that an attempt makes.
fn finish(
    repository: &Repository,
    resource: &Resource<'_>,
    control: &Control,
    fix: &FixRecipe,
    outcome: Outcome,
) -> Fix {
    let state = outcome.withheld.map_or(FixState::Proved, FixState::Withheld);
    let (file, address) = (resource.file.path.clone(), resource.address());
    let diff = outcome.change.map_or_else(String::new, |change| {
        let before = repository.file(&change.file).map_or("", |file| file.text.as_str());
        diff::unified(&change.file, before, &change.text)
    });
    Fix {
        id: fix_id(&[&control.id, &fix.recipe, &file, &address]),
        state,
        file,
        address,
        diff,
        proof: outcome.proof,
        ..blank(control, Some(fix), Vec::new(), "")
    }
}

/// A fix withheld before a block was found.
fn blank(control: &Control, fix: Option<&FixRecipe>, closes: Vec<IssueKey>, reason: &str) -> Fix {
    let recipe = fix.map(|fix| fix.recipe.clone()).unwrap_or_default();
    let issues: Vec<String> = closes.iter().map(ToString::to_string).collect();
    let mut parts: Vec<&str> = vec![&control.id, &recipe];
    parts.extend(issues.iter().map(String::as_str));
    let safety = match fix.map(|fix| fix.safety) {
        Some(RecipeSafety::Safe) => Safety::Safe,
        Some(RecipeSafety::NeedsApproval) | None => Safety::NeedsApproval,
    };
    Fix {
        id: fix_id(&parts),
        control: control.id.clone(),
        recipe,
        title: fix.map_or_else(|| control.title.clone(), |fix| fix.title.clone()),
        closes,
        state: FixState::Withheld(reason.to_owned()),
        safety,
        file: String::new(),
        address: String::new(),
        diff: String::new(),
        proof: Vec::new(),
        may_break: fix.map(|fix| fix.breaks.clone()).unwrap_or_default(),
    }
}

fn fix_id(parts: &[&str]) -> String {
    let hasher = parts.iter().fold(KeyHasher::new("fix"), |hasher, part| hasher.part(part));
    let key: Key<Fix> = hasher.finish();
    key.short()
}
