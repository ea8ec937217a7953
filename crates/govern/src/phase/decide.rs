//! Whether an action runs, waits or is refused, and why.

use quell_model::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::{Phase, Rule};
use crate::approval::{Hash, Quorum};

/// What is known of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PolicyAction)]
pub struct Action {
    /// Its kind: `fix.patch`.
    pub kind: String,
    /// Whose data it is about.
    pub tenant: String,
    /// The account that it changes something in.
    #[serde(default)]
    pub account: String,
    /// The environment, where it is known.
    #[serde(default)]
    pub environment: Option<String>,
    /// The risk score of what it is about, 0 to 1000, where it is known.
    #[serde(default)]
    pub risk: Option<u32>,
    /// How sure it is, in hundredths, where that is known.
    #[serde(default)]
    pub confidence: Option<u32>,
    /// Whether it is proved that it does what it is for.
    #[serde(default)]
    pub proved: bool,
    /// Whether nothing that runs can notice it.
    #[serde(default)]
    pub safe: bool,
    /// Whether there is a way back.
    #[serde(default)]
    pub reversible: bool,
    /// How many assets it changes, where that is known.
    #[serde(default)]
    pub assets: Option<u64>,
}

impl Action {
    /// Whether it changes production. What nobody names may be.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.environment.as_deref().is_none_or(|word| word.eq_ignore_ascii_case("production"))
    }
}

/// What becomes of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PolicyOutcome)]
pub enum Outcome {
    /// It runs by rule.
    Runs,
    /// It waits for people.
    Waits,
    /// It is refused.
    Refused,
}

/// What becomes of an action, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyVerdict)]
pub struct Verdict {
    /// What.
    pub outcome: Outcome,
    /// How far it may go.
    pub phase: Phase,
    /// The rule that says so; none where there is no rule for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Who has to agree, where it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<Quorum>,
    /// Why, one sentence each.
    pub because: Vec<String>,
}

impl Verdict {
    fn refused(phase: Phase, rule: Option<&Rule>, because: String) -> Self {
        let rule = rule.map(|rule| rule.id.clone());
        Self { outcome: Outcome::Refused, phase, rule, quorum: None, because: vec![because] }
    }
}

/// What becomes of an action by some rules. `backers` says how many different admins stand behind
/// the bytes of a rule.
#[must_use]
pub fn decide(
    rules: &[Rule],
    action: &Action,
    backers: &dyn Fn(&Hash) -> usize,
    now: Timestamp,
) -> Verdict {
    let about: Vec<&Rule> = rules.iter().filter(|rule| rule.is_about(action)).collect();
    if let Some(rule) = about.iter().find(|rule| rule.phase == Phase::Observe) {
        let said = format!("rule `{}` says that it is only observed", rule.id);
        return Verdict::refused(Phase::Observe, Some(rule), said);
    }
    let Some(strictest) = about.iter().max_by_key(|rule| rule.quorum.people) else {
        let said = "no rule is about it, so it is only observed".to_owned();
        return Verdict::refused(Phase::Observe, None, said);
    };
    if !action.proved {
        let said = "it is not proved that it does what it is for".to_owned();
        return Verdict::refused(strictest.phase, Some(strictest), said);
    }
    let mut because = Vec::new();
    for rule in about.iter().filter(|rule| rule.phase == Phase::Conditional) {
        let against = against(rule, action, backers, now);
        if against.is_empty() {
            return Verdict {
                outcome: Outcome::Runs,
                phase: Phase::Conditional,
                rule: Some(rule.id.clone()),
                quorum: None,
                because: vec![format!("all that rule `{}` asks for holds", rule.id)],
            };
        }
        because.extend(against.into_iter().map(|why| format!("rule `{}`: {why}", rule.id)));
    }
    if because.is_empty() {
        because.push(format!("rule `{}` has a person release it", strictest.id));
    }
    Verdict {
        outcome: Outcome::Waits,
        phase: strictest.phase,
        rule: Some(strictest.id.clone()),
        quorum: Some(strictest.quorum.clone()),
        because,
    }
}

/// What speaks against running by a rule.
fn against(
    rule: &Rule,
    action: &Action,
    backers: &dyn Fn(&Hash) -> usize,
    now: Timestamp,
) -> Vec<String> {
    let mut against = Vec::new();
    let mut unless = |holds: bool, why: String| {
        if !holds {
            against.push(why);
        }
    };
    let when = &rule.when;
    unless(action.safe, "what runs may notice it, so a person decides".to_owned());
    if let Some(most) = when.most_risk {
        let risk = action.risk.map_or_else(|| "not known".to_owned(), |risk| risk.to_string());
        unless(
            action.risk.is_some_and(|risk| risk <= most),
            format!("its risk is {risk}, above {most}"),
        );
    }
    if let Some(least) = when.least_confidence {
        let sure =
            action.confidence.map_or_else(|| "not known".to_owned(), |sure| format!("{sure} %"));
        unless(
            action.confidence.is_some_and(|sure| sure >= least),
            format!("its confidence is {sure}, below {least} %"),
        );
    }
    if let Some(most) = when.most_assets {
        let assets =
            action.assets.map_or_else(|| "not known".to_owned(), |count| count.to_string());
        unless(
            action.assets.is_some_and(|count| count <= most),
            format!("the number of assets that it changes is {assets}, above {most}"),
        );
    }
    if when.reversible {
        unless(action.reversible, "there is no way back".to_owned());
    }
    if !when.windows.is_empty() {
        let inside = when.windows.iter().any(|window| window.holds_at(now));
        unless(inside, "this is outside of its change windows".to_owned());
    }
    if action.is_production() {
        unless(
            rule.is_exact(),
            "a production change needs a person, unless a rule names its kind, account and \
             environment"
                .to_owned(),
        );
        unless(
            backers(&rule.hash()) >= 2,
            "a production change needs a person, unless two admins stand behind the rule"
                .to_owned(),
        );
    }
    against
}
