//! What a control speaks of: the paths of its checks, and the lists whose elements it judges.

use std::collections::BTreeSet;

use quell_catalog::{Check, Language, Predicate, Truth, ValueTest};

use super::MAY_GO;
use super::leaves::{Leaf, differing, leaves, with_old};
use crate::{Config, Evaluator};

/// The paths that the checks of a control look at.
#[derive(Debug)]
pub(super) struct Aims<'c> {
    pub(super) language: Language,
    tests: Vec<(String, &'c ValueTest)>,
    lists: Vec<List<'c>>,
}

/// A list whose elements are judged one by one.
#[derive(Debug)]
struct List<'c> {
    path: String,
    holds: &'c Predicate,
    /// What an element is judged as that is as it should be; none where one of them is enough.
    fine: Option<Truth>,
}

impl<'c> Aims<'c> {
    /// Those of some checks.
    pub(super) fn of(checks: &[&'c Check], language: Language) -> Self {
        let mut aims = Self { language, tests: Vec::new(), lists: Vec::new() };
        for check in checks {
            aims.collect(&check.holds, "", true);
        }
        aims
    }

    fn collect(&mut self, predicate: &'c Predicate, path: &str, wanted: bool) {
        match predicate {
            Predicate::All { all: parts } | Predicate::Any { any: parts } => {
                parts.iter().for_each(|part| self.collect(part, path, wanted));
            }
            Predicate::Not { not } => self.collect(not, path, !wanted),
            Predicate::Each { each, holds } => {
                let path = joined(path, each);
                self.collect(holds, &path, wanted);
                let fine = wanted.then_some(Truth::Holds);
                self.lists.push(List { path, holds, fine });
            }
            Predicate::Some { some, holds } => {
                let path = joined(path, some);
                self.collect(holds, &path, wanted);
                let fine = (!wanted).then_some(Truth::Fails);
                self.lists.push(List { path, holds, fine });
            }
            // What they speak of stands in another block.
            Predicate::Companion { .. } | Predicate::Target { .. } => {}
            Predicate::Test(test) => self.tests.push((joined(path, &test.path), test)),
        }
    }

    /// Whether a check looks at a path, or at what it is a part of.
    pub(super) fn speaks_of(&self, path: &str) -> bool {
        self.tests.iter().any(|(aim, _)| self.covers(aim, path))
    }

    fn covers(&self, aim: &str, path: &str) -> bool {
        let aim: Vec<&str> = aim.split('.').collect();
        let path: Vec<&str> = path.split('.').collect();
        if self.language == Language::Terraform {
            return path.starts_with(&aim) || aim.starts_with(&path);
        }
        // In a manifest the path begins at what the check is told to look at.
        path.windows(aim.len()).any(|part| part == aim)
    }

    /// Whether a setting may come new beside what a check looks at: in the same nested block, or
    /// named after it. It must not have been there with another value.
    pub(super) fn may_add(&self, path: &str, old: &Config) -> bool {
        let root = path.split('.').next().unwrap_or_default();
        let has_some =
            self.lists.iter().any(|list| list.fine.is_none() && path.starts_with(&list.path));
        let is_new = !leaves(old, "").iter().any(|leaf| leaf.path == path);
        let near = self.tests.iter().any(|(aim, _)| match aim.split_once('.') {
            Some((own, _)) => own == root,
            None => root.len() > 3 && (root.contains(aim.as_str()) || aim.contains(root)),
        });
        near && (is_new || has_some)
    }

    /// Whether a value is one of several of which this one was not at fault.
    pub(super) fn holds_alone(&self, evaluator: &Evaluator, leaf: &Leaf, old: &Config) -> bool {
        let beside =
            |aim: &str| leaves(old, "").iter().filter(|one| self.covers(aim, &one.path)).count();
        let own = self.tests.iter().filter(|(aim, _)| self.covers(aim, &leaf.path));
        let mut own = own.filter(|(aim, _)| beside(aim) > 1).peekable();
        if own.peek().is_none() || self.lists.iter().any(|list| leaf.path.starts_with(&list.path)) {
            return false;
        }
        let alone = |(aim, test): &(String, &ValueTest)| {
            let value = match *aim == leaf.path {
                true => Config::List(vec![leaf.value.clone()]),
                false => Config::Object([(leaf.name().to_owned(), leaf.value.clone())].into()),
            };
            let test = ValueTest { path: String::new(), ..(*test).clone() };
            evaluator.evaluate(&Predicate::Test(Box::new(test)), &value)
        };
        own.all(|one| alone(one) == Truth::Holds)
    }

    /// Whether a value would be one more in what a check looks at as a whole, where something
    /// stood there before.
    pub(super) fn is_part_of_what_stood(&self, path: &str, old: &Config) -> bool {
        let deeper = |aim: &str| {
            self.language == Language::Terraform
                && path.strip_prefix(aim).is_some_and(|rest| rest.starts_with('.'))
        };
        let mut aims = self.tests.iter().map(|(aim, _)| aim.as_str()).filter(|aim| deeper(aim));
        let exact = self.tests.iter().any(|(aim, _)| aim == path);
        !exact && aims.any(|aim| leaves(old, "").iter().any(|leaf| self.covers(aim, &leaf.path)))
    }

    /// Judges the elements of each list that is judged by element. What was fine must stay as it
    /// was, none may come, and only such may go as are rules and not what is ruled. The values of
    /// those that went are given back.
    pub(super) fn elements(
        &self,
        evaluator: &Evaluator,
        old: &Config,
        new: &Config,
    ) -> Result<Vec<Leaf>, String> {
        let mut free = Vec::new();
        // A workflow is not judged as it is written.
        if self.language == Language::GithubActions {
            return Ok(free);
        }
        let paths: BTreeSet<&str> = self.lists.iter().map(|list| list.path.as_str()).collect();
        for path in paths {
            let (mut before, mut after) = (self.at(old, path), self.at(new, path));
            before.retain(|element| match after.iter().position(|other| is_same(other, element)) {
                Some(at) => {
                    after.swap_remove(at);
                    false
                }
                None => true,
            });
            free.extend(self.elements_at(evaluator, path, (&before, &after))?);
        }
        Ok(free)
    }

    /// The same of the elements of one list that are not the same before and after.
    fn elements_at(
        &self,
        evaluator: &Evaluator,
        path: &str,
        (before, after): (&[Config], &[Config]),
    ) -> Result<Vec<Leaf>, String> {
        let judged = self.lists.iter().filter(|list| list.path == path);
        let (each, some): (Vec<_>, Vec<_>) = judged.partition(|list| list.fine.is_some());
        if each.is_empty() {
            let holds = |element: &Config| {
                some.iter().any(|list| evaluator.evaluate(list.holds, element) == Truth::Holds)
            };
            // One that came leaves those that stood there as they are.
            let after = if after.len() > before.len() { &[] } else { after };
            return match some.is_empty() || before.iter().all(|old| kept(old, after, holds)) {
                true => Ok(Vec::new()),
                false => Err(format!("an element of `{path}` changed, and one was to come")),
            };
        }
        let is_fine = |element: &Config| {
            each.iter().all(|list| Some(evaluator.evaluate(list.holds, element)) == list.fine)
        };
        let (fine, wrong): (Vec<&Config>, Vec<&Config>) =
            before.iter().partition(|element| is_fine(element));
        // What fed a command that goes may go with it.
        let fed = fine.iter().filter(|element| feeds(element)).count();
        if fine.len() > fed || fed > wrong.len() {
            return Err(format!("an element of `{path}` changed or went that was not at fault"));
        }
        if after.len() > before.len() {
            return Err(format!("an element of `{path}` is new"));
        }
        let needed = |old: &Config, new: &Config| needs_all(old, new, &is_fine);
        if let Some(name) = after.iter().find_map(|new| needed(nearest(before, new)?, new)) {
            return Err(format!("`{path}.{name}` changed, which the control does not need"));
        }
        let went = unpaired(before, after, path);
        let name = path.rsplit('.').next().unwrap_or_default();
        if !went.is_empty() && !MAY_GO.contains(&name) {
            return Err(format!("an element of `{path}` went, and not only what is wrong with it"));
        }
        Ok(went.into_iter().flatten().collect())
    }

    /// The elements of a list.
    fn at(&self, config: &Config, path: &str) -> Vec<Config> {
        let names: Vec<&str> = path.split('.').filter(|name| !name.is_empty()).collect();
        let mut found = Vec::new();
        reach(config, &names, self.language != Language::Terraform, &mut found);
        found
    }
}

/// Values at some names below each other, from here or, where that is said, from anywhere below.
fn reach(config: &Config, names: &[&str], anywhere: bool, found: &mut Vec<Config>) {
    let Some((first, rest)) = names.split_first() else {
        match config {
            Config::List(items) => found.extend(items.iter().cloned()),
            Config::Null => {}
            Config::Bool(_)
            | Config::Number(_)
            | Config::Text(_)
            | Config::Object(_)
            | Config::Reference { .. }
            | Config::Partly(_)
            | Config::Unknown => found.push(config.clone()),
        }
        return;
    };
    match config {
        Config::List(items) => items.iter().for_each(|item| reach(item, names, anywhere, found)),
        Config::Object(fields) => {
            if let Some(value) = fields.get(*first) {
                reach(value, rest, false, found);
            }
            if anywhere {
                let others = fields.iter().filter(|(name, _)| name != first);
                others.for_each(|(_, value)| reach(value, names, true, found));
            }
        }
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => {}
    }
}

/// The former element that is most like a new one.
fn nearest<'c>(before: &'c [Config], new: &Config) -> Option<&'c Config> {
    let own = leaves(new, "");
    before.iter().min_by_key(|old| {
        let moved = differing(&leaves(old, ""), &own);
        moved.gone.len() + moved.come.len()
    })
}

/// The first value that changed without need: with the former one it would be fine as well.
fn needs_all(old: &Config, new: &Config, is_fine: &impl Fn(&Config) -> bool) -> Option<String> {
    let moved = differing(&leaves(old, ""), &leaves(new, ""));
    let unneeded = moved.gone.into_iter().find(|leaf| {
        let path: Vec<&str> = leaf.path.split('.').collect();
        with_old(new, old, &path).is_some_and(|former| former != *new && is_fine(&former))
    });
    unneeded.map(|leaf| leaf.path)
}

/// The first statement or rule that came, or that says other things than the one it was made of.
pub(super) fn statements(old: &Config, new: &Config, root: &str) -> Result<(), String> {
    let of = |config: &Config| {
        let mut found = Vec::new();
        let names: &[&str] = match config.get(root).and_then(|policy| policy.get("Statement")) {
            Some(_) => &["Statement"],
            None => &[],
        };
        if let Some(root) = config.get(root) {
            reach(root, names, false, &mut found);
        }
        found
    };
    let (mut before, mut after) = (of(old), of(new));
    before.retain(|one| match after.iter().position(|other| other == one) {
        Some(at) => {
            after.swap_remove(at);
            false
        }
        None => true,
    });
    if after.len() > before.len() {
        return Err(format!("a statement of `{root}` is new"));
    }
    let same = |old: &Config, new: &Config| match (old, new) {
        (Config::Object(old), Config::Object(new)) => {
            let more = ["Condition", "condition", "resourceNames"];
            old.keys().all(|key| new.contains_key(key))
                && new.keys().all(|key| old.contains_key(key) || more.contains(&key.as_str()))
        }
        (old, new) => old == new,
    };
    match after.iter().all(|new| nearest(&before, new).is_some_and(|old| same(old, new))) {
        true => Ok(()),
        false => Err(format!("a statement of `{root}` says other things than before")),
    }
}

/// Whether two elements say the same, wherever they stand in the file.
fn is_same(one: &Config, other: &Config) -> bool {
    let without = |config: &Config| match config.as_object() {
        Some(fields) if fields.contains_key("program") => {
            let fields = fields.iter().filter(|(name, _)| *name != "line");
            Config::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        Some(_) | None => config.clone(),
    };
    without(one) == without(other)
}

/// Whether an element is a command that only hands text on.
fn feeds(element: &Config) -> bool {
    let program = element.get("program").and_then(Config::as_text);
    program.is_some_and(|program| matches!(program, "echo" | "printf"))
}

/// Where one element of several is enough, those that stood there stay, or are what is switched
/// on: one value of it is another, and it is the element that was asked for.
fn kept(old: &Config, after: &[Config], holds: impl Fn(&Config) -> bool) -> bool {
    let own = leaves(old, "");
    after.iter().any(|new| {
        let moved = differing(&own, &leaves(new, ""));
        let is_switch = |leaf: &Leaf| {
            matches!(leaf.value, Config::Bool(_)) || matches!(leaf.name(), "status" | "value")
        };
        let one = moved.gone.len() == 1 && moved.come.iter().all(is_switch);
        one && moved.come.len() == 1 && holds(new) && !holds(old)
    })
}

/// The elements that none of the new ones was made of, as their values.
fn unpaired(before: &[Config], after: &[Config], path: &str) -> Vec<Vec<Leaf>> {
    let mut before: Vec<Vec<Leaf>> = before.iter().map(|one| leaves(one, path)).collect();
    for element in after {
        let own = leaves(element, path);
        let nearest = before.iter().enumerate().min_by_key(|(_, one)| {
            let moved = differing(one, &own);
            moved.gone.len() + moved.come.len()
        });
        if let Some((at, _)) = nearest {
            before.remove(at);
        }
    }
    before
}

fn joined(path: &str, more: &str) -> String {
    match (path.is_empty(), more.is_empty()) {
        (true, _) => more.to_owned(),
        (false, true) => path.to_owned(),
        (false, false) => format!("{path}.{more}"),
    }
}
