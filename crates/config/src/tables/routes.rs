//! `[routes.NAME]`: what goes where.

use quell_model::TenantId;
use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};

/// What goes where.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Whether it leads anywhere.
    pub enabled: bool,
    /// Whose data it is for.
    pub tenant: TenantId,
    /// The sinks that it leads to.
    pub sinks: Vec<String>,
    /// What it is for.
    pub what: String,
    /// Whether a person lets each letter go.
    pub release: String,
    /// The severity or more.
    pub least_severity: String,
    /// The risk score or more.
    pub least_score: u32,
    /// Who owns it, as patterns.
    pub owners: Vec<String>,
    /// The team that it is for, as patterns.
    pub teams: Vec<String>,
    /// What its assets are for, as patterns.
    pub environments: Vec<String>,
    /// Their accounts, as patterns.
    pub accounts: Vec<String>,
    /// The controls that fail, as patterns.
    pub controls: Vec<String>,
    /// What holds incidents together.
    pub kinds: Vec<String>,
    /// The time zone of the hours below.
    pub zone: String,
    /// When quiet hours begin.
    pub quiet_from: Option<String>,
    /// When they end.
    pub quiet_to: Option<String>,
    /// What is told all the same.
    pub quiet_despite: String,
    /// When it is told once a day, and not at once.
    pub digest_at: Option<String>,
    /// After how many hours in which nobody began others are told.
    pub escalate_hours: Option<u32>,
    /// Who those are.
    pub escalate_to: Vec<String>,
    /// Letters in an hour.
    pub letters_an_hour: u32,
}

const SEVERITIES: &[&str] = &["informational", "low", "medium", "high", "critical"];

pub(super) const TABLE: Table = Table {
    name: "routes",
    named: Some("payments"),
    doc: "What goes where. All that is named has to hold; of a list one is enough, and `*` and `?` \
          stand for any text and any character. docs/delivery.md.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it leads anywhere.").or("true"),
        Key::new("tenant", Kind::Tenant, "Whose data it is for.").or("default"),
        Key::new("sinks", Kind::Words, "The sinks that it leads to.").required("jira-sec"),
        Key::new(
            "what",
            Kind::Choice(&["work", "fixes", "incidents", "approvals", "reminders"]),
            "`work`: one for each fix, and one for each incident that no fix closes. `approvals`: \
             one for each plan that waits for people, at once. `reminders`: exceptions that end \
             soon, and what waits for people.",
        )
        .or("work"),
        Key::new(
            "release",
            Kind::Choice(&["person", "rule"]),
            "`person`: each waits until somebody lets it go. `rule`: this route lets it go.",
        )
        .or("person"),
        Key::new("least_severity", Kind::Choice(SEVERITIES), "This severity or more.").or("high"),
        Key::new("least_score", Kind::things(0, 1000), "This risk score or more.").or("0"),
        Key::new("owners", Kind::Words, "Who owns it.").or(""),
        Key::new("teams", Kind::Words, "The team that it is for.").or(""),
        Key::new("environments", Kind::Words, "What its assets are for.").or(""),
        Key::new("accounts", Kind::Words, "Their accounts.").or(""),
        Key::new("controls", Kind::Words, "The controls that fail.").or(""),
        Key::new("kinds", Kind::Words, "What holds incidents together, such as `campaign`.").or(""),
        Key::new("zone", Kind::Text, "The time zone of the hours below.").or("UTC"),
        Key::new("quiet_from", Kind::Text, "When quiet hours begin.").sample("22:00"),
        Key::new("quiet_to", Kind::Text, "When they end.").sample("06:30"),
        Key::new(
            "quiet_despite",
            Kind::Choice(SEVERITIES),
            "What is this bad is told in quiet hours too.",
        )
        .or("critical"),
        Key::new("digest_at", Kind::Text, "When it is told once a day, and not at once.")
            .sample("08:00"),
        Key::new(
            "escalate_hours",
            Kind::things(1, 8760),
            "After how many hours in which nobody began others are told too.",
        )
        .sample("24"),
        Key::new("escalate_to", Kind::Words, "The sinks of those others.").or(""),
        Key::new(
            "letters_an_hour",
            Kind::things(1, 1_000_000),
            "Letters that it writes in an hour, the riskiest first. The rest waits.",
        )
        .or("100"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (key, other) in [("quiet_from", "quiet_to"), ("quiet_to", "quiet_from")] {
        if table.said(key) && !table.said(other) {
            broken.push(Broken::error(other, "is missing beside the other end", ""));
        }
    }
    if table.said("escalate_hours") && !table.said("escalate_to") {
        let next = "name the sinks that are told then";
        broken.push(Broken::error("escalate_to", "is missing beside `escalate_hours`", next));
    }
    broken
}
