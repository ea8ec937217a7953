//! Fixes that a model wrote: where one may be asked for, what of the code is told, and the fix
//! that comes of it, proved like every other and held against more.

use std::collections::{BTreeMap, BTreeSet};

use quell_catalog::{Check, Control, Predicate, Truth};
use quell_model::{Fix, FixState, IssueKey, Safety, WrittenFix};

use crate::code::{Code, Place};
use crate::engine::{Ask, blank, checks_for, closing, fix_id, uncovered};
use crate::prove::{How, Outcome, Patch, Trial, prove};
use crate::{Config, Engine, Target, Workspace, diff};

/// What stands as the recipe of a fix that a model wrote.
pub const WRITTEN: &str = "written_by_model";

/// Most blocks that are told beside the one at fault.
const MOST_NEIGHBOURS: usize = 8;
/// Most other blocks of the file that are named.
const MOST_OTHERS: usize = 40;

/// What of the code there is to tell of a fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The language, as people call it.
    pub language: &'static str,
    /// The file, below the repository.
    pub file: String,
    /// What the block is called there.
    pub address: String,
    /// What it is (`aws_s3_bucket`).
    pub kind: String,
    /// The block's text, with plain line feeds.
    pub code: String,
    /// Blocks and values that it refers to: their names and texts.
    pub neighbours: Vec<(String, String)>,
    /// The other blocks of the file, by name.
    pub others: Vec<String>,
    /// What the block calls what it makes: its names, as texts.
    pub names: Vec<String>,
    /// The arguments that its kind has; empty where that is not known.
    pub arguments: String,
    /// The arguments of its nested blocks that the fault is about.
    pub blocks: String,
}

impl Engine<'_> {
    /// Where a fault stands in the code: the place that the control's checks can judge, and that
    /// fails them.
    #[must_use]
    pub fn fault(
        &self,
        workspace: &Workspace,
        target: &Target,
        control: &Control,
    ) -> Option<Place> {
        if uncovered(target).is_some() {
            return None;
        }
        let of_file = target.file.as_deref().and_then(Workspace::language_of);
        let mut languages: Vec<_> = control.checks.iter().map(|check| check.language).collect();
        languages.retain(|language| of_file.is_none_or(|own| own == *language));
        languages.sort_unstable();
        languages.dedup();
        languages.into_iter().find_map(|language| {
            let code = workspace.code(language)?;
            let of = control.checks.iter().filter(|check| check.language == language);
            let kinds: Vec<String> = of.flat_map(|check| check.resource.clone()).collect();
            let place = code.locate(target, &kinds).ok()?;
            let fails = self.judge(workspace, control, &place) == Truth::Fails;
            fails.then_some(place)
        })
    }

    /// Whether a change of the block alone can close the fault: its checks do not only ask for
    /// another block beside it.
    #[must_use]
    pub fn is_in_block(&self, workspace: &Workspace, control: &Control, place: &Place) -> bool {
        let Some(ask) = ask(workspace, control, place) else { return false };
        checks_for(ask, place).iter().all(|check| is_own(&check.holds))
    }

    /// What of the code there is to tell of a fault.
    #[must_use]
    pub fn seen(&self, workspace: &Workspace, control: &Control, place: &Place) -> Option<Seen> {
        let ask = ask(workspace, control, place)?;
        let text = ask.code.text(&place.file)?.get(ask.code.span(place)?)?;
        let named = blocks_named(text, &checks_for(ask, place));
        let (arguments, blocks) = ask.code.arguments(place, &named).unwrap_or_default();
        let others = ask.code.places(&place.file).into_iter().filter(|one| one != place);
        Some(Seen {
            language: ask.language.name(),
            file: place.file.clone(),
            address: place.address.clone(),
            kind: ask.code.kind(place)?,
            neighbours: neighbours(ask.code, place, text),
            code: text.replace("\r\n", "\n"),
            names: names(&ask.code.raw(place)),
            others: others.map(|one| one.address).take(MOST_OTHERS).collect(),
            arguments,
            blocks,
        })
    }

    /// The fix that a model wrote for a control at a place: proved, or withheld with the reason.
    /// It is never safe: a person has to agree.
    #[must_use]
    pub fn written(
        &self,
        workspace: &Workspace,
        (control, place): (&Control, &Place),
        written: WrittenFix,
        closes: Vec<IssueKey>,
    ) -> Fix {
        let Some(ask) = ask(workspace, control, place) else {
            return closing(blank(control, None, "the block is gone"), closes);
        };
        let outcome = self.try_written(ask, place, &written);
        let also_closes = self.also_closes(ask, place, &outcome);
        let changed = outcome.change.as_ref().and_then(|change| {
            let after = ask.code.with_file(&change.file, change.text.clone());
            ask.code.replaced_by(place, &differing(&ask.code.config(place), &after.config(place)))
        });
        let mut may_break = vec![
            "A language model wrote this change. The proof is about the control and the block; \
             whether the program still works is for a person to judge."
                .to_owned(),
        ];
        may_break.extend(changed);
        may_break.extend(Some(control.explain.breaks.clone()).filter(|text| !text.is_empty()));
        may_break.extend(control.decide.as_ref().map(|text| format!("To decide: {text}")));
        let diff = outcome.change.map_or_else(String::new, |change| {
            let before = ask.code.text(&change.file).unwrap_or_default();
            diff::unified(&change.file, before, &change.text)
        });
        let Place { file, address } = place.clone();
        let id = fix_id(&[&control.id, WRITTEN, &file, &address, &written.before, &written.after]);
        let mut fix = Fix {
            id,
            recipe: WRITTEN.to_owned(),
            state: outcome.withheld.map_or(FixState::Proved, FixState::Withheld),
            safety: Safety::NeedsApproval,
            file,
            address,
            diff,
            proof: outcome.proof,
            may_break,
            written: Some(Box::new(written)),
            ..blank(control, None, "")
        };
        fix.impact.also_closes = also_closes;
        closing(fix, closes)
    }

    /// Makes the change and its proof.
    pub(crate) fn try_written(&self, ask: Ask<'_>, place: &Place, written: &WrittenFix) -> Outcome {
        let checks = checks_for(ask, place);
        if checks.is_empty() {
            let kind = ask.code.kind(place).unwrap_or_default();
            let reason = format!("the control has no predicate over `{kind}` to prove it by");
            return Outcome { withheld: Some(reason), ..Outcome::default() };
        }
        let patch = Patch { before: written.before.clone(), after: written.after.clone() };
        prove(&Trial {
            evaluator: &self.evaluator,
            code: ask.code,
            place,
            checks: &checks,
            catalogue: self.catalogue.get(&ask.language).map_or(&[], Vec::as_slice),
            how: How::Written(&patch),
        })
    }
}

fn ask<'a>(workspace: &'a Workspace, control: &'a Control, place: &Place) -> Option<Ask<'a>> {
    let language = Workspace::language_of(&place.file)?;
    let code = workspace.code(language)?;
    code.kind(place)?;
    Some(Ask { code, language, control })
}

/// Whether a predicate can hold by what stands in the block.
fn is_own(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All { all } => all.iter().all(is_own),
        Predicate::Any { any } => any.iter().any(is_own),
        Predicate::Companion { .. } | Predicate::Target { .. } => false,
        Predicate::Not { .. }
        | Predicate::Each { .. }
        | Predicate::Some { .. }
        | Predicate::Test(_) => true,
    }
}

/// The names of nested blocks that a block has, or that checks look into.
fn blocks_named(text: &str, checks: &[&Check]) -> BTreeSet<String> {
    let opened = text.lines().filter_map(|line| line.trim().strip_suffix('{'));
    let mut named: BTreeSet<String> =
        opened.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    for check in checks {
        paths(&check.holds, &mut named);
    }
    named
}

fn paths(predicate: &Predicate, into: &mut BTreeSet<String>) {
    let mut note = |path: &str| {
        into.extend(path.split('.').next().filter(|name| !name.is_empty()).map(str::to_owned));
    };
    match predicate {
        Predicate::All { all: parts } | Predicate::Any { any: parts } => {
            parts.iter().for_each(|part| paths(part, into));
        }
        Predicate::Not { not } => paths(not, into),
        Predicate::Each { each: path, .. } | Predicate::Some { some: path, .. } => note(path),
        Predicate::Companion { .. } | Predicate::Target { .. } => {}
        Predicate::Test(test) => note(&test.path),
    }
}

/// The blocks and values of the same folder that a text names.
fn neighbours(code: &dyn Code, own: &Place, text: &str) -> Vec<(String, String)> {
    let folder = |file: &str| file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let is_name = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.');
    let words: BTreeSet<&str> = text.split(|one| !is_name(one)).collect();
    let names = |address: &str| {
        words.iter().any(|word| {
            let rest = word.strip_prefix(address);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let beside = code.files().into_iter().filter(|file| folder(file) == folder(&own.file));
    let beside: Vec<&str> = beside.collect();
    let of_text = |place: &Place| {
        let text = code.text(&place.file)?.get(code.span(place)?)?;
        Some((place.address.clone(), text.replace("\r\n", "\n")))
    };
    let blocks = beside.iter().flat_map(|file| code.places(file));
    let blocks = blocks.filter(|place| place != own && names(&place.address));
    let mut found: Vec<(String, String)> = blocks.filter_map(|place| of_text(&place)).collect();
    let values = words.iter().filter(|word| word.starts_with("var.") || word.starts_with("local."));
    for value in values {
        let address = value.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
        let place = |file: &&str| Place { file: (*file).to_owned(), address: address.clone() };
        found.extend(beside.iter().map(place).find_map(|place| of_text(&place)));
    }
    found.truncate(MOST_NEIGHBOURS);
    found
}

/// The texts of a block that name what it makes.
fn names(config: &Config) -> Vec<String> {
    const NAMES: [&str; 9] = [
        "bucket",
        "cluster_identifier",
        "database_name",
        "db_name",
        "identifier",
        "name",
        "prefix",
        "domain",
        "username",
    ];
    let Config::Object(fields) = config else { return Vec::new() };
    let names =
        |key: &str| NAMES.contains(&key) || key.ends_with("_name") || key.ends_with("_prefix");
    let own = fields.iter().filter(|(key, _)| names(key)).filter_map(|(_, value)| value.as_text());
    let of_object = config.get("metadata").and_then(|about| about.get("name")?.as_text());
    own.chain(of_object).map(str::to_owned).collect()
}

/// The dotted paths at which two configurations differ.
fn differing(old: &Config, new: &Config) -> Vec<String> {
    let mut found = Vec::new();
    walk(old, new, "", &mut found);
    found
}

fn walk(old: &Config, new: &Config, path: &str, found: &mut Vec<String>) {
    if old == new {
        return;
    }
    let objects = [old, new].into_iter().filter_map(Config::as_object);
    let names: BTreeSet<String> = objects.flat_map(BTreeMap::keys).cloned().collect();
    if names.is_empty() {
        found.push(path.to_owned());
        return;
    }
    for name in names {
        let null = Config::Null;
        let (one, other) = (old.get(&name).unwrap_or(&null), new.get(&name).unwrap_or(&null));
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        walk(one, other, &path, found);
    }
}
