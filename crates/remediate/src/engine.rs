//! From an asset and a control to a fix: found, made, proved or withheld.

use std::collections::{BTreeMap, BTreeSet};

use quell_catalog::{Check, Control, FixRecipe, Language, RecipeSafety, Truth};
use quell_model::{
    Effect, Fix, FixState, Impact, IssueKey, Key, KeyHasher, Proof, ProofCheck, Reversible, Safety,
    Verdict,
};

use crate::code::{Change, Code, Place, Wish};
use crate::prove::{How, Outcome, Trial, is_about, prove};
use crate::{Evaluator, Found, Settings, Target, Workspace, diff};

/// Makes fixes for the controls of a catalogue.
#[derive(Debug)]
pub struct Engine<'c> {
    pub(crate) controls: Vec<&'c Control>,
    /// Every check of the catalogue, by the language it reads.
    pub(crate) catalogue: BTreeMap<Language, Vec<&'c Check>>,
    pub(crate) evaluator: Evaluator,
    settings: Settings,
}

/// What is asked of one language: a control in its code.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) code: &'a dyn Code,
    pub(crate) language: Language,
    pub(crate) control: &'a Control,
}

/// The files as they are once several fixes are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Path and whole new text of every changed file, in path order.
    pub files: Vec<(String, String)>,
    /// Fixes that could not be made upon the others: id and reason.
    pub skipped: Vec<(String, String)>,
    /// What each fix made upon those before it, in order.
    pub steps: Vec<Step>,
    /// Fixes that those before them have made already.
    pub covered: Vec<String>,
}

/// What one fix made upon those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The fix's id.
    pub fix: String,
    /// What it changed, a part of each file.
    pub parts: Vec<Splice>,
}

/// The part of a file that a step changed; all around it stayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The file's path.
    pub path: String,
    /// The first byte of it, in the text before the step.
    pub start: usize,
    /// How many bytes went.
    pub gone: usize,
    /// What stands there instead.
    pub text: String,
}

impl Step {
    fn made(fix: &Fix, now: &Workspace, texts: &Texts) -> Self {
        let before = |path: &str| now.text(path).unwrap_or_default();
        let parts = texts.iter().filter(|(path, text)| before(path) != text);
        let parts = parts.map(|(path, text)| Splice::between(path, before(path), text));
        Self { fix: fix.id.clone(), parts: parts.collect() }
    }
}

impl Splice {
    /// What makes one text of another, in whole lines.
    fn between(path: &str, before: &str, after: &str) -> Self {
        let (old, new) = diff::changed_lines(before, after, 0);
        let start = diff::changed_from(before, after);
        Self { path: path.to_owned(), start, gone: old.len(), text: new.to_owned() }
    }

    /// The text after the step; none where this is not the text before it.
    #[must_use]
    pub fn apply(&self, before: &str) -> Option<String> {
        let (head, rest) = (before.get(..self.start)?, before.get(self.start..)?);
        Some([head, self.text.as_str(), rest.get(self.gone..)?].concat())
    }
}

impl<'c> Engine<'c> {
    /// An engine for these controls; their checks are what a fix must not make worse.
    #[must_use]
    pub fn new(controls: &[&'c Control]) -> Self {
        let mut catalogue: BTreeMap<Language, Vec<&'c Check>> = BTreeMap::new();
        for check in controls.iter().flat_map(|control| &control.checks) {
            catalogue.entry(check.language).or_default().push(check);
        }
        let (evaluator, settings) = (Evaluator::new(), Settings::default());
        Self { controls: controls.to_vec(), catalogue, evaluator, settings }
    }

    /// The same engine with values that the user has said once for all.
    #[must_use]
    pub fn with_settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The values that the user has said, and those that were looked up.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Counts with these values from now on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Makes a fix of a control for an asset. It is always a value: proved, or withheld with
    /// the reason and whatever was found until then.
    #[must_use]
    pub fn propose(
        &self,
        workspace: &Workspace,
        target: &Target,
        control: &Control,
        closes: Vec<IssueKey>,
    ) -> Fix {
        let mut best: Option<Fix> = None;
        for language in languages(target, control) {
            let made = match workspace.code(language) {
                Some(code) => self.in_language(Ask { code, language, control }, target),
                None => blank(control, None, "the repository has no file of that language"),
            };
            if made.state == FixState::Proved {
                return closing(made, closes);
            }
            if best.as_ref().is_none_or(|best| best.file.is_empty() && !made.file.is_empty()) {
                best = Some(made);
            }
        }
        let none = || {
            let missing = || no_recipe(target, control);
            blank(control, None, &control.decide.clone().unwrap_or_else(missing))
        };
        closing(best.unwrap_or_else(none), closes)
    }

    fn in_language(&self, ask: Ask<'_>, target: &Target) -> Fix {
        let Ask { code, language, control } = ask;
        let recipes: Vec<&FixRecipe> = recipes_in(control, language).collect();
        let kinds: Vec<String> = recipes.iter().flat_map(|fix| fix.resource.clone()).collect();
        let first = recipes.first().copied();
        let place = match code.locate(target, &kinds) {
            Ok(place) => place,
            Err(reason) => return blank(control, first, &reason),
        };
        let mut best = self.best(ask, &place);
        // The fault may stand in a block beside it, where the block itself is as it should be.
        if best.as_ref().is_some_and(|fix| fix.state != FixState::Proved) && self.holds(ask, &place)
        {
            let beside = code.beside(&place, &kinds);
            let mut made = beside.iter().filter_map(|place| self.best(ask, place));
            best = made.find(|fix| fix.state == FixState::Proved).or(best);
        }
        best.unwrap_or_else(|| {
            let kind = code.kind(&place).unwrap_or_default();
            let reason = format!("no recipe of the control changes a `{kind}`");
            Fix { file: place.file, address: place.address, ..blank(control, first, &reason) }
        })
    }

    /// The first fix of a place that is proved, else the first that was tried.
    fn best(&self, ask: Ask<'_>, place: &Place) -> Option<Fix> {
        let mut best: Option<Fix> = None;
        for fix in recipes_for(ask, place) {
            // What moves together is one fix, whichever part of it was asked for.
            let first = ask.code.leader(place, fix);
            let place = first.as_ref().unwrap_or(place);
            let outcome = self.attempt(ask, place, fix);
            let also_closes = self.also_closes(ask, place, &outcome);
            let mut made = finish(ask, place, fix, outcome);
            made.impact.also_closes = also_closes;
            if made.state == FixState::Proved {
                return Some(made);
            }
            best.get_or_insert(made);
        }
        best
    }

    /// Other controls that fail at the place and hold there after a proved change.
    pub(crate) fn also_closes(
        &self,
        ask: Ask<'_>,
        place: &Place,
        outcome: &Outcome,
    ) -> Vec<String> {
        let (Some(change), None) = (&outcome.change, &outcome.withheld) else {
            return Vec::new();
        };
        let kind = ask.code.kind(place).unwrap_or_default();
        let fails = |check: &Check| {
            check.language == ask.language
                && is_about(check, &kind)
                && ask.code.judge(&self.evaluator, check, place) == Truth::Fails
        };
        let others = self.controls.iter().filter(|other| other.id != ask.control.id);
        let failing: Vec<&&Control> =
            others.filter(|other| other.checks.iter().any(fails)).collect();
        if failing.is_empty() {
            return Vec::new();
        }
        let after = change.made(ask.code);
        let closed = failing.into_iter().filter(|other| {
            self.holds(Ask { code: &*after, language: ask.language, control: other }, place)
        });
        closed.map(|control| control.id.clone()).collect()
    }

    /// Whether a control holds at a place, by its own checks.
    #[must_use]
    pub fn judge(&self, workspace: &Workspace, control: &Control, place: &Place) -> Truth {
        let language = Workspace::language_of(&place.file);
        let code = language.and_then(|language| Some((language, workspace.code(language)?)));
        let Some((language, code)) = code else { return Truth::Unknown };
        let checks = checks_for(Ask { code, language, control }, place);
        if checks.is_empty() {
            return Truth::Unknown;
        }
        let truth = |check: &Check| code.judge(&self.evaluator, check, place);
        let all: Vec<Truth> = checks.into_iter().map(truth).collect();
        if all.contains(&Truth::Fails) {
            Truth::Fails
        } else if all.contains(&Truth::Unknown) {
            Truth::Unknown
        } else {
            Truth::Holds
        }
    }

    /// Makes several proved fixes one upon the other, each proved again where it then stands.
    #[must_use]
    pub fn apply_all(&self, workspace: &Workspace, fixes: &[Fix]) -> Applied {
        let mut now = workspace.clone();
        let mut applied = Applied::default();
        let mut proved: Vec<&Fix> =
            fixes.iter().filter(|fix| fix.state == FixState::Proved).collect();
        // A companion copies what it needs of its block, so that it is made last.
        proved.sort_by_key(|fix| self.makes_companion(fix));
        for fix in proved {
            match self.upon(&now, fix) {
                Ok(Some(texts)) => {
                    applied.steps.push(Step::made(fix, &now, &texts));
                    let texts = texts.into_iter();
                    now = texts.fold(now, |now, (path, text)| now.with_file(&path, text));
                }
                Ok(None) => applied.covered.push(fix.id.clone()),
                Err(reason) => applied.skipped.push((fix.id.clone(), reason)),
            }
        }
        let changed = |path: &&str| workspace.text(path) != now.text(path);
        let text = |path: &str| now.text(path).map(|text| (path.to_owned(), text.to_owned()));
        applied.files = now.files().into_iter().filter(changed).filter_map(text).collect();
        applied
    }

    /// Whether a fix puts something beside a block instead of changing it.
    fn makes_companion(&self, fix: &Fix) -> bool {
        let control = self.controls.iter().find(|control| control.id == fix.control);
        control.is_some_and(|control| {
            control.fixes.iter().any(|one| one.recipe == fix.recipe && one.companion.is_some())
        })
    }

    /// One fix upon the present text; nothing where an earlier fix has done it already.
    fn upon(&self, now: &Workspace, fix: &Fix) -> Result<Option<Texts>, String> {
        let control = self
            .controls
            .iter()
            .find(|control| control.id == fix.control)
            .ok_or_else(|| format!("no control `{}`", fix.control))?;
        let place = Place { file: fix.file.clone(), address: fix.address.clone() };
        let missing = || format!("no block `{}` in `{}`", fix.address, fix.file);
        let language = Workspace::language_of(&fix.file).ok_or_else(missing)?;
        let code = now.code(language).ok_or_else(missing)?;
        let ask = Ask { code, language, control };
        code.kind(&place).ok_or_else(missing)?;
        if let Some(written) = &fix.written {
            if self.holds(ask, &place) {
                return Ok(None);
            }
            let outcome = self.try_written(ask, &place, written);
            return match (outcome.withheld, outcome.change) {
                (None, Some(change)) => Ok(Some(texts(change))),
                (Some(why), _) => Err(why),
                (None, None) => Err(missing()),
            };
        }
        let mut reason = format!("no recipe `{}`", fix.recipe);
        for recipe in recipes_for(ask, &place).filter(|recipe| recipe.recipe == fix.recipe) {
            if self.holds(ask, &place) {
                return Ok(None);
            }
            let outcome = self.attempt(ask, &place, recipe);
            match (outcome.withheld, outcome.change) {
                (None, Some(change)) => return Ok(Some(texts(change))),
                (Some(why), _) => reason = why,
                (None, None) => {}
            }
        }
        Err(reason)
    }

    /// Whether every check of the control that is about a place holds there.
    pub(crate) fn holds(&self, ask: Ask<'_>, place: &Place) -> bool {
        let holds = |check: &Check| ask.code.judge(&self.evaluator, check, place) == Truth::Holds;
        checks_for(ask, place).into_iter().all(holds)
    }

    /// Whether what stands at a place is what the recipe is made for.
    fn fits(&self, ask: Ask<'_>, place: &Place, fix: &FixRecipe) -> bool {
        let Some(when) = &fix.when else { return true };
        let check = Check {
            language: ask.language,
            resource: fix.resource.clone(),
            at: None,
            holds: when.clone(),
            pass: Vec::new(),
            fail: Vec::new(),
        };
        ask.code.judge(&self.evaluator, &check, place) == Truth::Holds
    }

    fn attempt(&self, ask: Ask<'_>, place: &Place, fix: &FixRecipe) -> Outcome {
        let checks = checks_for(ask, place);
        if checks.is_empty() {
            let kind = ask.code.kind(place).unwrap_or_default();
            let reason = format!("the control has no predicate over `{kind}` to prove it by");
            return Outcome { withheld: Some(reason), ..Outcome::default() };
        }
        if !self.fits(ask, place, fix) {
            let reason =
                fix.otherwise.as_deref().unwrap_or("the recipe does not fit what stands there");
            return Outcome { withheld: Some(reason.to_owned()), ..Outcome::default() };
        }
        let wish = Wish { fix, settings: &self.settings, keep_elements: true, parts: false };
        let trial = Trial {
            evaluator: &self.evaluator,
            code: ask.code,
            place,
            checks: &checks,
            catalogue: self.catalogue.get(&ask.language).map_or(&[], Vec::as_slice),
            how: How::Recipe(wish),
        };
        let outcome = prove(&trial);
        if outcome.withheld.is_none() {
            return self.sourced(ask.code, outcome);
        }
        let exact = Wish { keep_elements: false, ..wish };
        let parts = ask.code.has_parts(place).then_some(Wish { parts: true, ..wish });
        let mut refused = None;
        for wish in [Some(exact), parts].into_iter().flatten() {
            let other = prove(&Trial { how: How::Recipe(wish), ..trial });
            if other.withheld.is_none() {
                return self.sourced(ask.code, other);
            }
            // What is laid upon it may ask for something that the place itself does not.
            refused = Some(other).filter(|other| wish.parts && other.change.is_none());
        }
        refused.unwrap_or(outcome)
    }

    /// The same with where values of the change were looked up. That is told by the text: a value
    /// counts where it stands in the new lines and in none of the old.
    fn sourced(&self, code: &dyn Code, mut outcome: Outcome) -> Outcome {
        let mut found = self.settings.found().peekable();
        let Some(change) = outcome.change.as_ref().filter(|_| found.peek().is_some()) else {
            return outcome;
        };
        let before = code.text(&change.file).unwrap_or_default();
        let (old, new) = diff::changed_lines(before, &change.text, 0);
        // Of a source only its commit may stand there.
        let mark = |value: &'_ str| value.rsplit('=').next().unwrap_or(value).to_owned();
        let is_new = |found: &&Found| {
            let mark = mark(&found.value);
            new.contains(&mark) && !old.contains(&mark)
        };
        let said: BTreeSet<&str> = found.filter(is_new).map(|one| one.from.as_str()).collect();
        if said.is_empty() {
            return outcome;
        }
        let said: Vec<&str> = said.into_iter().collect();
        let detail = format!("as told by {}", said.join(", "));
        let proof = Proof { check: ProofCheck::LookedUp, verdict: Verdict::Passed, detail };
        outcome.proof.push(proof);
        outcome
    }
}

/// Path and whole new text of each file that a fix changes.
type Texts = Vec<(String, String)>;

fn texts(change: Change) -> Texts {
    std::iter::once((change.file, change.text)).chain(change.others).collect()
}

/// The languages in which the control has recipes, of those that the target can be written in.
fn languages(target: &Target, control: &Control) -> Vec<Language> {
    let of_file = target.file.as_deref().and_then(Workspace::language_of);
    let mut languages: Vec<Language> = control.fixes.iter().map(|fix| fix.language).collect();
    languages.retain(|language| of_file.is_none_or(|own| own == *language));
    if uncovered(target).is_some() {
        languages.clear();
    }
    languages.sort_unstable();
    languages.dedup();
    languages
}

/// The language that something is written in, where that is one whose fixes are still to come.
pub(crate) fn uncovered(target: &Target) -> Option<&'static str> {
    let begins = |with: &str| {
        target.kind.starts_with(with)
            || target.address.as_deref().is_some_and(|address| address.starts_with(with))
    };
    let file = target.file.as_deref().unwrap_or_default();
    let name = file.rsplit('/').next().unwrap_or_default();
    if begins("AWS::") {
        Some("CloudFormation")
    } else if file.ends_with(".bicep") {
        Some("Bicep")
    } else if begins("Microsoft.") {
        Some("Azure Resource Manager")
    } else if matches!(name, "serverless.yml" | "serverless.yaml") {
        Some("Serverless")
    } else {
        None
    }
}

/// Why nothing is offered, and what a person can do.
fn no_recipe(target: &Target, control: &Control) -> String {
    if let Some(language) = uncovered(target) {
        return format!("fixes of {language} files are not covered yet");
    }
    let missing = match target.file.as_deref().and_then(Workspace::language_of) {
        Some(language) => format!("the catalogue has no {} recipe for it", language.name()),
        None => "the catalogue has no recipe for it".to_owned(),
    };
    match control.explain.steps.first() {
        Some(step) => format!("{missing}; what to do: {}", step.trim_end_matches('.')),
        None => missing,
    }
}

fn recipes_in(control: &Control, language: Language) -> impl Iterator<Item = &FixRecipe> {
    control.fixes.iter().filter(move |fix| fix.language == language)
}

fn recipes_for<'a>(ask: Ask<'a>, place: &Place) -> impl Iterator<Item = &'a FixRecipe> {
    let kind = ask.code.kind(place).unwrap_or_default();
    recipes_in(ask.control, ask.language).filter(move |fix| fix.resource.contains(&kind))
}

pub(crate) fn checks_for<'a>(ask: Ask<'a>, place: &Place) -> Vec<&'a Check> {
    let kind = ask.code.kind(place).unwrap_or_default();
    let own = |check: &&Check| check.language == ask.language && is_about(check, &kind);
    ask.control.checks.iter().filter(own).collect()
}

pub(crate) fn closing(fix: Fix, closes: Vec<IssueKey>) -> Fix {
    if !fix.file.is_empty() {
        return Fix { closes, ..fix };
    }
    let issues: Vec<String> = closes.iter().map(ToString::to_string).collect();
    let mut parts: Vec<&str> = vec![&fix.control, &fix.recipe];
    parts.extend(issues.iter().map(String::as_str));
    Fix { id: fix_id(&parts), closes, ..fix }
}

/// The fix that an attempt makes.
fn finish(ask: Ask<'_>, place: &Place, fix: &FixRecipe, outcome: Outcome) -> Fix {
    let state = outcome.withheld.map_or(FixState::Proved, FixState::Withheld);
    let Place { file, address } = place.clone();
    let diff = outcome.change.as_ref().map_or_else(String::new, |change| {
        let before = |path: &str| ask.code.text(path).unwrap_or_default();
        let each = change.files().map(|(path, text)| diff::unified(path, before(path), text));
        each.collect()
    });
    let also_in = outcome.change.map(|change| change.others).unwrap_or_default();
    let also_in = also_in.into_iter().map(|(path, _)| path).collect();
    let mut may_break = fix.breaks.clone();
    let mut effects = fix.effects.clone().unwrap_or_default();
    if let Some(replaces) = ask.code.replaces(place, fix)
        && effects.insert(Effect::Replaces)
    {
        may_break.push(replaces);
    }
    may_break.extend(
        ask.code
            .unseen(place)
            .map(|unseen| format!("{}: what else it says is not known.", unseen.from)),
    );
    Fix {
        id: fix_id(&[&ask.control.id, &fix.recipe, &file, &address]),
        state,
        file,
        address,
        also_in,
        diff,
        proof: outcome.proof,
        may_break,
        impact: Impact {
            effects: effects.into_iter().collect(),
            reversible: if fix.for_good { Reversible::No } else { Reversible::Unknown },
            ..Impact::default()
        },
        ..blank(ask.control, Some(fix), "")
    }
}

/// A fix withheld before a block was found.
pub(crate) fn blank(control: &Control, fix: Option<&FixRecipe>, reason: &str) -> Fix {
    let recipe = fix.map(|fix| fix.recipe.clone()).unwrap_or_default();
    let safety = match fix.map(|fix| fix.safety) {
        Some(RecipeSafety::Safe) => Safety::Safe,
        Some(RecipeSafety::NeedsApproval) | None => Safety::NeedsApproval,
    };
    Fix {
        id: fix_id(&[&control.id, &recipe]),
        control: control.id.clone(),
        recipe,
        title: fix.map_or_else(|| control.title.clone(), |fix| fix.title.clone()),
        closes: Vec::new(),
        state: FixState::Withheld(reason.to_owned()),
        safety,
        file: String::new(),
        address: String::new(),
        also_in: Vec::new(),
        diff: String::new(),
        proof: Vec::new(),
        may_break: fix.map(|fix| fix.breaks.clone()).unwrap_or_default(),
        impact: Impact::default(),
        written: None,
    }
}

pub(crate) fn fix_id(parts: &[&str]) -> String {
    let hasher = parts.iter().fold(KeyHasher::new("fix"), |hasher, part| hasher.part(part));
    let key: Key<Fix> = hasher.finish();
    key.short()
}
