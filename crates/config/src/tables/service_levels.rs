//! `[service_levels]`: by when issues are to be dealt with.

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table, Unit};

/// By when issues are to be dealt with. 0 days means that nothing is due.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLevels {
    /// Days for critical issues.
    pub critical_days: u32,
    /// Days for high ones, and those of unknown severity.
    pub high_days: u32,
    /// Days for medium ones.
    pub medium_days: u32,
    /// Days for low ones.
    pub low_days: u32,
    /// Of these days, how many where the asset is reached from the internet.
    pub exposed_percent: u32,
    /// Of these days, how many in environments that are known to be no production.
    pub other_percent: u32,
}

const DAYS: Kind = Kind::Integer { least: 0, most: 3650, unit: Unit::Days };
const PERCENT: Kind = Kind::Integer { least: 1, most: 1000, unit: Unit::Percent };

pub(super) const TABLE: Table = Table {
    name: "service_levels",
    named: None,
    doc: "By when issues are to be dealt with, from when a tool first saw them; \
          docs/governance.md. 0 days means that nothing is due.",
    keys: &[
        Key::new("critical_days", DAYS, "For critical issues.").or("7"),
        Key::new("high_days", DAYS, "For high ones, and those of unknown severity.").or("30"),
        Key::new("medium_days", DAYS, "For medium ones.").or("90"),
        Key::new("low_days", DAYS, "For low ones.").or("0"),
        Key::new(
            "exposed_percent",
            PERCENT,
            "How much of that time where the asset is reached from the internet.",
        )
        .or("50"),
        Key::new(
            "other_percent",
            PERCENT,
            "How much of that time in an environment known to be no production.",
        )
        .or("200"),
    ],
    rule: no_rule,
};
