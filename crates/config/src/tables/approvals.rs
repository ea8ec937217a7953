//! `[approvals]`: what may happen by rule, and who agrees to the rest.

use std::path::PathBuf;

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};

/// What may happen by rule, and who agrees to the rest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// A file of rules; without one only what comes with Quell holds.
    pub rules: Option<PathBuf>,
    /// Hours after which a plan that nobody carried out is void.
    pub plan_hours: u32,
    /// How often one person may agree in an hour.
    pub most_per_hour: u32,
    /// Hours after which people are reminded of what waits for them.
    pub remind_hours: u32,
}

pub(super) const TABLE: Table = Table {
    name: "approvals",
    named: None,
    doc: "What may happen by rule, and who agrees to the rest; docs/governance.md.",
    keys: &[
        Key::new(
            "rules",
            Kind::Path,
            "A file of your own rules; without one all is only observed.",
        )
        .sample("rules.toml"),
        Key::new(
            "plan_hours",
            Kind::things(1, 720),
            "Hours after which a plan that nobody carried out is void.",
        )
        .or("72"),
        Key::new(
            "most_per_hour",
            Kind::things(1, 1000),
            "How often one person may agree to plans in an hour.",
        )
        .or("20"),
        Key::new(
            "remind_hours",
            Kind::things(0, 720),
            "Hours after which a route of `reminders` tells of what waits for people; 0 tells at once.",
        )
        .or("24"),
    ],
    rule: no_rule,
};
