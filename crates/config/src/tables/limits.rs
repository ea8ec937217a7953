//! `[limits]`: what clients may use.

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};

/// What clients may use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Connections at once.
    pub connections: u32,
    /// Requests a second of one token.
    pub token_rate_per_second: u32,
    /// Requests of one token at once above that rate.
    pub token_burst: u32,
    /// How long the headers of a request may take.
    pub header_seconds: u64,
    /// How long a body may take; of an import, how long a pause may be.
    pub body_seconds: u64,
    /// Most items of one page.
    pub page_items: u32,
}

pub(super) const TABLE: Table = Table {
    name: "limits",
    named: None,
    doc: "What clients may use.",
    keys: &[
        Key::new("connections", Kind::things(16, 100_000), "Connections at once.").or("8192"),
        Key::new(
            "token_rate_per_second",
            Kind::things(1, 100_000),
            "Requests a second of one token; beyond, they are answered with 429.",
        )
        .or("100"),
        Key::new(
            "token_burst",
            Kind::things(1, 100_000),
            "Requests of one token at once above that rate.",
        )
        .or("200"),
        Key::new(
            "header_seconds",
            Kind::seconds(1, 120),
            "How long the headers of a request may take.",
        )
        .or("10"),
        Key::new(
            "body_seconds",
            Kind::seconds(1, 600),
            "How long the body of a request may take. An import may take longer, as long as no \
             pause in it does.",
        )
        .or("30"),
        Key::new(
            "page_items",
            Kind::things(10, 10_000),
            "Most items of one page, whatever a client asks for.",
        )
        .or("1000"),
    ],
    rule: no_rule,
};
