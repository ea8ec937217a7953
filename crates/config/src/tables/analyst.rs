//! `[analyst]`: which model is asked for what, and how much it may cost.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};
use crate::money::Money;

/// Which model is asked for what, and how much it may cost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analyst {
    /// The provider for words.
    pub small: Option<String>,
    /// The provider for narratives and code.
    pub large: Option<String>,
    /// The provider that makes vectors.
    pub vectors: Option<String>,
    /// Providers of single tasks: `small`, `large`, the name of one, or `none`.
    pub tasks: BTreeMap<String, String>,
    /// Most tokens of a tenant in a day.
    pub tokens_a_day: u64,
    /// Most money of a tenant in a day.
    pub money_a_day: Money,
    /// Most tokens of a user in a day.
    pub tokens_a_user: u64,
    /// Most money of a user in a day.
    pub money_a_user: Money,
    /// Most tokens of an incident.
    pub tokens_an_incident: u64,
    /// Most money of an incident.
    pub money_an_incident: Money,
    /// Most calls of one provider in a minute.
    pub calls_a_minute: u32,
    /// Most calls of one provider at once.
    pub most_at_once: u32,
    /// How long a surface waits for a model.
    pub wait_seconds: u64,
    /// How many days answers are kept.
    pub keep_answers_days: u32,
}

impl Analyst {
    /// The provider that a task is given to; `None` where it is given to none.
    #[must_use]
    pub fn provider(&self, task: &str, otherwise_large: bool) -> Option<&str> {
        let tier = |large: bool| if large { self.large.as_deref() } else { self.small.as_deref() };
        match self.tasks.get(task).map(String::as_str) {
            None => tier(otherwise_large),
            Some("none") => None,
            Some("small") => tier(false),
            Some("large") => tier(true),
            Some(name) => Some(name),
        }
    }

    /// Every provider that is named, with the key that names it.
    #[must_use]
    pub fn named(&self) -> Vec<(String, &str)> {
        let tiers = [("small", &self.small), ("large", &self.large), ("vectors", &self.vectors)];
        let tiers = tiers
            .into_iter()
            .filter_map(|(key, name)| Some((format!("analyst.{key}"), name.as_deref()?)));
        let tasks = self.tasks.values().map(String::as_str);
        let tasks = tasks.filter(|name| !matches!(*name, "small" | "large" | "none"));
        tiers.chain(tasks.map(|name| ("analyst.tasks".to_owned(), name))).collect()
    }
}

const MOST_TOKENS: i64 = 1_000_000_000_000;

pub(super) const TABLE: Table = Table {
    name: "analyst",
    named: None,
    doc: "Which `[llm.NAME]` is asked for what, and how much it may cost. Without a name here no \
          model is ever asked.",
    keys: &[
        Key::new("small", Kind::Text, "The provider for words and short texts.").sample("claude"),
        Key::new("large", Kind::Text, "The provider for narratives and code.").sample("claude"),
        Key::new("vectors", Kind::Text, "The provider that makes vectors.").sample("claude"),
        Key::new(
            "tasks",
            Kind::Parameters,
            "Single tasks with `small`, `large`, the name of a provider, or `none`.",
        )
        .or("{}"),
        Key::new(
            "tokens_a_day",
            Kind::things(0, MOST_TOKENS),
            "Most tokens of a tenant in a day, in UTC.",
        )
        .or("2000000"),
        Key::new(
            "money_a_day",
            Kind::Money,
            "Most money of a tenant in a day, in the money of the prices.",
        )
        .or("10"),
        Key::new("tokens_a_user", Kind::things(0, MOST_TOKENS), "Most tokens of a user in a day.")
            .or("400000"),
        Key::new("money_a_user", Kind::Money, "Most money of a user in a day.").or("2"),
        Key::new(
            "tokens_an_incident",
            Kind::things(0, MOST_TOKENS),
            "Most tokens of an incident, over all days.",
        )
        .or("200000"),
        Key::new("money_an_incident", Kind::Money, "Most money of an incident, over all days.")
            .or("1"),
        Key::new(
            "calls_a_minute",
            Kind::things(1, 100_000),
            "Most calls of one provider in a minute; after a quiet minute as many at once.",
        )
        .or("60"),
        Key::new("most_at_once", Kind::things(1, 1_000), "Most calls of one provider at once.")
            .or("4"),
        Key::new(
            "wait_seconds",
            Kind::seconds(1, 600),
            "How long a command, a page or a ticket waits for a model before what the rules say \
             stands.",
        )
        .or("20"),
        Key::new(
            "keep_answers_days",
            Kind::things(0, 400),
            "How many days an answer is kept for the same question; 0 keeps none.",
        )
        .or("30"),
    ],
    rule: no_rule,
};
