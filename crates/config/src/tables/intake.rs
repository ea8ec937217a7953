//! `[intake]`: what comes in, and how long it is kept.

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table, Unit};

/// What comes in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intake {
    /// Most bytes of one webhook's body.
    pub hook_max_bytes: u64,
    /// Most bytes that wait to be written.
    pub queue_bytes: u64,
    /// How long raw payloads are kept; 0 keeps them for ever.
    pub raw_retention_days: u32,
    /// A sync that would close a larger share of what is open is held.
    pub hold_closing_percent: u8,
}

pub(super) const TABLE: Table = Table {
    name: "intake",
    named: None,
    doc: "What comes in by webhook, and how long it is kept.",
    keys: &[
        Key::new(
            "hook_max_bytes",
            Kind::bytes(1 << 10, 8 << 20),
            "Most bytes of the body of one webhook; a longer one is answered with 413.",
        )
        .or("8388608"),
        Key::new(
            "queue_bytes",
            Kind::bytes(16 << 20, 4 << 30),
            "Most bytes in memory that wait to be written; beyond, webhooks are answered with 503.",
        )
        .or("67108864"),
        Key::new(
            "raw_retention_days",
            Kind::Integer { least: 0, most: 3650, unit: Unit::Days },
            "How long raw payloads are kept for `quell replay`; 0 keeps them for ever.",
        )
        .or("30"),
        Key::new(
            "hold_closing_percent",
            Kind::Integer { least: 1, most: 100, unit: Unit::Percent },
            "A sync that would close a larger share of what is open is held until a person \
             agrees; 100 holds none.",
        )
        .or("20"),
    ],
    rule: no_rule,
};
