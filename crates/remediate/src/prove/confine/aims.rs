//! What a control speaks of: the paths of its checks, and the lists whose elements it judges.

use quell_catalog::{Check, Language, Predicate, Truth, ValueTest};

use super::MAY_GO;
use super::leaves::{Leaf, differing, leaves};
use crate::{Config, Evaluator};

/// The paths that the checks of a control look at.
#[derive(Debug)]
pub(super) struct Aims<'c> {
    language: Language,
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
        for List { path, holds, fine } in &self.lists {
            let Some(fine) = fine else { continue };
            let (mut before, mut after) = (self.at(old, path), self.at(new, path));
            before.retain(|element| match after.iter().position(|other| other == element) {
                Some(at) => {
                    after.swap_remove(at);
                    false
                }
                None => true,
            });
            if before.iter().any(|element| evaluator.evaluate(holds, element) == *fine) {
                return Err(format!(
                    "an element of `{path}` changed or went that was not at fault"
                ));
            }
            if after.len() > before.len() {
                return Err(format!("an element of `{path}` is new"));
            }
            let went = unpaired(before, &after, path);
            let name = path.rsplit('.').next().unwrap_or_default();
            if !went.is_empty() && !MAY_GO.contains(&name) {
                return Err(format!(
                    "an element of `{path}` went, and not only what is wrong with it"
                ));
            }
            free.extend(went.into_iter().flatten());
        }
        Ok(free)
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
        | Config::Unknown => {}
    }
}

/// The elements that none of the new ones was made of, as their values.
fn unpaired(before: Vec<Config>, after: &[Config], path: &str) -> Vec<Vec<Leaf>> {
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
