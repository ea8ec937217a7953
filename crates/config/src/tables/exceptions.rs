//! `[exceptions]`: how long exceptions may last, and who reviews them.

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table, Unit};

/// How long exceptions may last, and who reviews them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// Days for critical issues.
    pub critical_days: u32,
    /// Days for high ones, and those of unknown severity.
    pub high_days: u32,
    /// Days for medium ones.
    pub medium_days: u32,
    /// Days for low ones, and those that are only information.
    pub low_days: u32,
    /// From this severity on two reviewers have to agree.
    pub two_reviewers_from: String,
    /// How many days before the end the owner is reminded.
    pub remind_days: u32,
}

const fn days(most: i64) -> Kind {
    Kind::Integer { least: 1, most, unit: Unit::Days }
}

pub(super) const TABLE: Table = Table {
    name: "exceptions",
    named: None,
    doc: "How long exceptions may last, and who reviews them; docs/exceptions.md.",
    keys: &[
        Key::new("critical_days", days(3650), "How long critical issues may be hidden.").or("30"),
        Key::new(
            "high_days",
            days(3650),
            "How long high ones may be, and those of unknown severity.",
        )
        .or("90"),
        Key::new("medium_days", days(3650), "How long medium ones may be.").or("180"),
        Key::new(
            "low_days",
            days(3650),
            "How long low ones may be, and those that are only information.",
        )
        .or("365"),
        Key::new(
            "two_reviewers_from",
            Kind::Choice(&["informational", "low", "medium", "high", "critical"]),
            "From this severity on two reviewers have to agree.",
        )
        .or("critical"),
        Key::new("remind_days", days(90), "How long before its end the owner is reminded.").or("7"),
    ],
    rule: no_rule,
};
