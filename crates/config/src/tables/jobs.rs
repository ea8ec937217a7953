//! `[jobs]`: how work is done, and done again.

use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};

/// Jobs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// Jobs at once.
    pub workers: u32,
    /// How often a job is tried.
    pub attempts: u32,
    /// How long a worker may be silent before its job is given to another.
    pub lease_seconds: u64,
    /// The first wait after a failure; it doubles.
    pub backoff_first_seconds: u64,
    /// The longest wait.
    pub backoff_most_seconds: u64,
}

pub(super) const TABLE: Table = Table {
    name: "jobs",
    named: None,
    doc: "How work is done, and done again when it fails.",
    keys: &[
        Key::new("workers", Kind::things(1, 64), "Jobs at once.").or("2"),
        Key::new(
            "attempts",
            Kind::things(1, 100),
            "How often a job is tried before it is put aside with the reason.",
        )
        .or("5"),
        Key::new(
            "lease_seconds",
            Kind::seconds(10, 3600),
            "How long a worker may be silent before its job is given to another.",
        )
        .or("60"),
        Key::new(
            "backoff_first_seconds",
            Kind::seconds(1, 3600),
            "The wait after the first failure; it doubles with each.",
        )
        .or("5"),
        Key::new("backoff_most_seconds", Kind::seconds(1, 86_400), "The longest wait.").or("900"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let (first, most) =
        (table.number("backoff_first_seconds"), table.number("backoff_most_seconds"));
    if first <= most {
        return Vec::new();
    }
    let help = "make it shorter, or `backoff_most_seconds` longer";
    vec![Broken::error("backoff_first_seconds", "is longer than `backoff_most_seconds`", help)]
}
