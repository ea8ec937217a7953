//! Routes: what goes where, and when. They are data, written by an operator.

mod facts;
mod hours;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use quell_model::{IncidentKind, Severity, fits};

pub use facts::{Facts, Subject};
pub use hours::{Hours, NoHours};

/// A rule that says what goes where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// The sinks that it leads to.
    pub to: Vec<String>,
    /// What it is for.
    pub what: What,
    /// What has to hold.
    pub when: When,
    /// Hours at which nobody is told, except of what is worse than `despite`.
    pub quiet: Option<Quiet>,
    /// Where it is told of once a day, and not at once.
    pub digest: Option<Hours>,
    /// Whom else it is told to when nobody begins.
    pub escalate: Option<Escalate>,
    /// Whether a person lets each go.
    pub release: Release,
    /// Letters that it writes in an hour. The rest waits: it is a storm, and the riskiest went first.
    pub letters_an_hour: u32,
}

/// What a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Fixes, and incidents that no fix closes: nothing is told twice, and nothing is left out.
    Work,
    /// Fixes alone.
    Fixes,
    /// Incidents alone.
    Incidents,
    /// Plans that wait for people.
    Approvals,
    /// What ends soon, or waits for people.
    Reminders,
}

impl What {
    /// The word for it, as the configuration writes it.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "work" => Self::Work,
            "fixes" => Self::Fixes,
            "incidents" => Self::Incidents,
            "approvals" => Self::Approvals,
            "reminders" => Self::Reminders,
            _ => return None,
        })
    }
}

/// What has to hold of a subject. What is left out is not asked for. Patterns have `*` and `?`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// The severity or more.
    pub least_severity: Option<Severity>,
    /// The risk score, 0 to 1000, or more.
    pub least_score: Option<u32>,
    /// Who owns it, as patterns.
    pub owners: Vec<String>,
    /// The team that it is for, as patterns.
    pub teams: Vec<String>,
    /// What it is for: `production`, as patterns.
    pub environments: Vec<String>,
    /// Accounts, as patterns.
    pub accounts: Vec<String>,
    /// Controls, as patterns.
    pub controls: Vec<String>,
    /// What holds incidents together.
    pub kinds: Vec<IncidentKind>,
}

impl When {
    /// Whether all of it holds. Of a list that a subject has, one is enough.
    #[must_use]
    pub fn holds(&self, facts: &Facts) -> bool {
        let some = |patterns: &[String], texts: &[String]| {
            patterns.is_empty() || texts.iter().any(|text| patterns.iter().any(|p| fits(p, text)))
        };
        self.least_severity.is_none_or(|least| facts.severity >= least)
            && self.least_score.is_none_or(|least| facts.score >= least)
            && some(&self.owners, &facts.owners)
            && some(&self.teams, &facts.teams)
            && some(&self.environments, &facts.environments)
            && some(&self.accounts, &facts.accounts)
            && some(&self.controls, &facts.controls)
            && (self.kinds.is_empty() || facts.kind.is_some_and(|kind| self.kinds.contains(&kind)))
    }
}

/// Hours at which nobody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    /// Which.
    pub hours: Hours,
    /// What is this bad or worse is told all the same.
    pub despite: Severity,
}

/// Whom else it is told to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalate {
    /// When nobody began after this time.
    pub after: Duration,
    /// The sinks.
    pub to: Vec<String>,
}

/// Whether a person lets each letter go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// A person does.
    Person,
    /// The route itself does.
    Rule,
}

impl Route {
    /// Whether it leads somewhere for a subject.
    #[must_use]
    pub fn takes(&self, facts: &Facts) -> bool {
        let is_meant = match (self.what, facts.subject) {
            (What::Work | What::Fixes, Subject::Fix) => true,
            (What::Incidents, Subject::Incident) => true,
            (What::Work, Subject::Incident) => !facts.has_fix,
            (What::Reminders, subject) => subject.is_reminder(),
            (What::Approvals, Subject::Plan) => true,
            (What::Fixes | What::Approvals, Subject::Incident)
            | (What::Incidents | What::Approvals, Subject::Fix)
            | (What::Work | What::Fixes | What::Incidents, Subject::Plan) => false,
            (
                What::Work | What::Fixes | What::Incidents | What::Approvals,
                Subject::ExceptionEnd | Subject::ExceptionReview | Subject::Approval,
            ) => false,
        };
        is_meant && self.when.holds(facts)
    }

    /// From when on it may be told: now, or when the quiet hours end.
    #[must_use]
    pub fn from_when(&self, severity: Severity, now: Timestamp) -> Timestamp {
        let quiet = self.quiet.as_ref().filter(|quiet| severity < quiet.despite);
        quiet.and_then(|quiet| quiet.hours.end_of(now)).unwrap_or(now)
    }
}
