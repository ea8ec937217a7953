//! Rules as they are written.

use std::collections::BTreeSet;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::approval::{Hash, Quorum, canonical};
use quell_model::fits;

/// Most rules of a file.
const MOST_RULES: usize = 1000;
/// Most people that a rule may ask for.
const MOST_PEOPLE: u8 = 10;
/// The roles that may agree.
const ROLES: [&str; 4] = ["analyst", "engineer", "approver", "admin"];

/// How far an action may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RulePhase)]
pub enum Phase {
    /// It is read and explained.
    Observe,
    /// It is drafted, and a person releases it.
    Assist,
    /// It runs where all that the rule asks for holds, and else waits for a person.
    Conditional,
}

impl Phase {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Assist => "assist",
            Self::Conditional => "conditional",
        }
    }
}

/// When an action may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleWindow)]
pub struct Window {
    /// The days: `mon` to `sun`.
    pub days: BTreeSet<String>,
    /// From when: `09:00`.
    pub from: String,
    /// Until when; a window does not go over midnight.
    pub to: String,
    /// The time zone: `UTC`, `Europe/Berlin`.
    #[serde(default = "utc")]
    pub zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Window {
    fn times(&self) -> Option<(Time, Time, TimeZone)> {
        let time = |text: &str| format!("{text}:00").parse::<Time>().ok();
        let (from, to) = (time(&self.from)?, time(&self.to)?);
        let zone =
            if self.zone == "UTC" { TimeZone::UTC } else { TimeZone::get(&self.zone).ok()? };
        let known = self.days.iter().all(|day| DAYS.iter().any(|(word, _)| word == day));
        (from < to && known && !self.days.is_empty()).then_some((from, to, zone))
    }

    /// Whether a moment is within it.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        let Some((from, to, zone)) = self.times() else { return false };
        let there = now.to_zoned(zone);
        let day = DAYS.iter().find(|(_, day)| *day == there.weekday());
        let is_day = day.is_some_and(|(word, _)| self.days.contains(*word));
        is_day && from <= there.time() && there.time() < to
    }
}

/// What has to hold for an action to run by a rule. What is left out is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = RuleConditions)]
pub struct Conditions {
    /// The highest risk score, 0 to 1000, of what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_risk: Option<u32>,
    /// The least confidence, in hundredths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_confidence: Option<u32>,
    /// On at most so many assets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_assets: Option<u64>,
    /// Whether there has to be a way back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reversible: bool,
    /// Within one of these; at any time where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActionRule)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// How far actions may go.
    pub phase: Phase,
    /// Kinds of action, as patterns; all where there is none.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Tenants, as patterns; all where there is none.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Accounts, as patterns; all where there is none.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Environments, as patterns; all where there is none.
    #[serde(default)]
    pub environments: Vec<String>,
    /// What has to hold for an action to run by it.
    #[serde(default)]
    pub when: Conditions,
    /// Who has to agree where it does not run by itself.
    #[serde(default)]
    pub quorum: Quorum,
}

/// What is wrong with rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    /// The text is no TOML, or has words that no rule has.
    #[error("{0}")]
    Text(String),
    /// A rule makes no sense.
    #[error("rule `{rule}`: {problem}")]
    Rule {
        /// Which.
        rule: String,
        /// What.
        problem: String,
    },
}

/// Rules of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// They, in their order.
    #[serde(default, rename = "rule")]
    pub all: Vec<Rule>,
    /// What a test of the file expects; it decides nothing.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

/// What is expected of an action.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What is to become of it.
    pub expect: super::Outcome,
    /// How many admins stand behind each rule.
    #[serde(default)]
    pub backers: usize,
    /// When; now where it is not said.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// The action.
    pub action: super::Action,
}

impl Rules {
    /// Reads rules from TOML.
    ///
    /// # Errors
    /// When the text cannot be read, or a rule makes no sense.
    pub fn parse(text: &str) -> Result<Self, RuleFault> {
        let rules: Self =
            toml::from_str(text).map_err(|error| RuleFault::Text(error.to_string()))?;
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for rule in &rules.all {
            let fault = |problem: &str| RuleFault::Rule {
                rule: rule.id.clone(),
                problem: problem.to_owned(),
            };
            if rule.id.is_empty() || rule.id.len() > 100 {
                return Err(fault("a rule has an `id` of 1 to 100 bytes"));
            }
            if !names.insert(&rule.id) {
                return Err(fault("two rules have this `id`"));
            }
            rule.check().map_err(|problem| fault(&problem))?;
        }
        if rules.all.len() > MOST_RULES {
            return Err(RuleFault::Text(format!("a file has at most {MOST_RULES} rules")));
        }
        Ok(rules)
    }
}

fn one_of(patterns: &[String], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, text))
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        if !(1..=MOST_PEOPLE).contains(&self.quorum.people) {
            return Err(format!("`quorum.people` is 1 to {MOST_PEOPLE}"));
        }
        let strange = self.quorum.roles.iter().find(|role| !ROLES.contains(&role.as_str()));
        if strange.is_some() {
            return Err(format!("`quorum.roles` are of {}", ROLES.join(", ")));
        }
        if self.when.windows.iter().any(|window| window.times().is_none()) {
            let said =
                "a window has `days` of mon to sun, `from` before `to` as 09:00, and a `zone`";
            return Err(said.to_owned());
        }
        if self.when.least_confidence.is_some_and(|least| least > 100) {
            return Err("`least_confidence` is at most 100".to_owned());
        }
        Ok(())
    }

    /// The hash of all that it says: who stands behind it stands behind these bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(canonical(self).unwrap_or_default().as_bytes())
    }

    /// Whether it is about an action. One whose environment nobody knows is in none that is named.
    pub(super) fn is_about(&self, action: &super::Action) -> bool {
        one_of(&self.kinds, &action.kind)
            && one_of(&self.tenants, &action.tenant)
            && one_of(&self.accounts, &action.account)
            && match &action.environment {
                Some(environment) => one_of(&self.environments, environment),
                None => self.environments.is_empty(),
            }
    }

    /// Whether it names kind, account and environment, each without a pattern.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        let plain =
            |all: &[String]| !all.is_empty() && all.iter().all(|text| !text.contains(['*', '?']));
        plain(&self.kinds) && plain(&self.accounts) && plain(&self.environments)
    }
}
