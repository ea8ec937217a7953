//! Judges predicates over configurations, strictly: what is unknown never counts as proved.

mod case;
mod truth;
mod value_test;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use quell_catalog::{Predicate, Truth};
use regex::Regex;

pub use case::judge_case;
use truth::not;
pub(crate) use truth::{all, any, known};

use crate::Config;

/// Judges predicates. Each regular expression is compiled once.
#[derive(Debug, Default)]
pub struct Evaluator {
    patterns: Mutex<HashMap<String, Option<Arc<Regex>>>>,
}

/// What stands around a judged configuration.
pub(crate) trait Surroundings {
    /// Judges the companions of a kind that refer to it through `link`: holds where one does.
    fn companion(
        &self,
        kind: &str,
        link: &str,
        judge: &dyn Fn(&Config, &dyn Surroundings) -> Truth,
    ) -> Truth;

    /// Judges the one thing that a value refers to; unknown where that is not found.
    fn target(
        &self,
        _value: &Config,
        _judge: &dyn Fn(&Config, &dyn Surroundings) -> Truth,
    ) -> Truth {
        Truth::Unknown
    }
}

impl Evaluator {
    /// An evaluator that has compiled nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges a predicate on a configuration that stands alone; companions are unknown.
    #[must_use]
    pub fn evaluate(&self, predicate: &Predicate, config: &Config) -> Truth {
        self.judge(predicate, config, None)
    }

    pub(crate) fn judge(
        &self,
        predicate: &Predicate,
        config: &Config,
        around: Option<&dyn Surroundings>,
    ) -> Truth {
        match predicate {
            Predicate::All { all: parts } => {
                all(parts.iter().map(|part| self.judge(part, config, around)))
            }
            Predicate::Any { any: parts } => {
                any(parts.iter().map(|part| self.judge(part, config, around)))
            }
            Predicate::Not { not: part } => not(self.judge(part, config, around)),
            Predicate::Each { each, holds } => {
                all(elements(config, each).map(|element| self.element(holds, element, around)))
            }
            Predicate::Some { some, holds } => {
                any(elements(config, some).map(|element| self.element(holds, element, around)))
            }
            Predicate::Companion { companion, link, holds } => match around {
                Some(around) => around.companion(companion, link, &|config, there| {
                    self.judge(holds, config, Some(there))
                }),
                None => Truth::Unknown,
            },
            Predicate::Target { target, holds } => {
                let mut named = elements(config, target);
                match (around, named.next(), named.next()) {
                    (Some(around), Some(value), None) => around
                        .target(value, &|config, there| self.judge(holds, config, Some(there))),
                    (_, _, _) => Truth::Unknown,
                }
            }
            Predicate::Test(test) => value_test::judge(self, test, config),
        }
    }

    fn element(
        &self,
        predicate: &Predicate,
        element: &Config,
        around: Option<&dyn Surroundings>,
    ) -> Truth {
        match element {
            Config::Unknown | Config::Partly(_) | Config::Reference { .. } => Truth::Unknown,
            Config::Null
            | Config::Bool(_)
            | Config::Number(_)
            | Config::Text(_)
            | Config::List(_)
            | Config::Object(_) => self.judge(predicate, element, around),
        }
    }

    /// Whether the pattern is found in the text; `None` where it is not a regular expression.
    pub(crate) fn finds(&self, pattern: &str, text: &str) -> Option<bool> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        // What a search learns of its pattern stays with the pattern, and not with a copy of it.
        let known = patterns.get(pattern).cloned();
        let regex = known.unwrap_or_else(|| {
            let made = Regex::new(pattern).ok().map(Arc::new);
            patterns.insert(pattern.to_owned(), made.clone());
            made
        });
        drop(patterns);
        regex.map(|regex| regex.is_match(text))
    }
}

/// Every element at a dotted path; a lone value counts as one element, an absent one as none.
fn elements<'c>(config: &'c Config, path: &str) -> impl Iterator<Item = &'c Config> {
    let mut level: Vec<&Config> = vec![config];
    for segment in path.split('.').filter(|segment| !segment.is_empty()) {
        level = level.into_iter().flat_map(flattened).collect();
        level = level.into_iter().filter_map(|value| step(value, segment)).collect();
    }
    level
        .into_iter()
        .flat_map(flattened)
        .filter(|value| **value != Config::Null)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The elements of a list; anything else alone.
pub(crate) fn flattened(value: &Config) -> Vec<&Config> {
    match value {
        Config::List(items) => items.iter().collect(),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Object(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => vec![value],
    }
}

/// One segment further; what is unknown stays so.
pub(crate) fn step<'c>(value: &'c Config, segment: &str) -> Option<&'c Config> {
    match value {
        Config::Object(fields) => fields.get(segment),
        Config::Unknown | Config::Partly(_) | Config::Reference { .. } => Some(&Config::Unknown),
        Config::Null | Config::Bool(_) | Config::Number(_) | Config::Text(_) | Config::List(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests;
