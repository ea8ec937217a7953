//! `[owners]`: what counts where several things name an owner.

use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};

/// Where an owner may be named.
const PLACES: &[&str] = &["cmdb", "tag", "codeowners", "source"];

/// What counts where several things name an owner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owners {
    /// What counts most first.
    pub order: Vec<String>,
    /// Tags that name the owner.
    pub tags: Vec<String>,
}

pub(super) const TABLE: Table = Table {
    name: "owners",
    named: None,
    doc: "Which owner counts where several are named; docs/owners.md.",
    keys: &[
        Key::new(
            "order",
            Kind::Words,
            "What counts most first: `cmdb`, `tag`, `codeowners`, `source`. What is left out \
             counts last.",
        )
        .or("cmdb,tag,codeowners,source"),
        Key::new(
            "tags",
            Kind::Words,
            "Tags that name the owner, the one that counts most first; none means the usual ones.",
        )
        .or(""),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let order = table.values.get("order").and_then(|(value, _)| value.as_array());
    let words: Vec<&str> =
        order.into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let strange = words.iter().any(|word| !PLACES.contains(word));
    let twice =
        words.iter().enumerate().any(|(at, word)| words.iter().skip(at + 1).any(|w| w == word));
    let help = "the words are `cmdb`, `tag`, `codeowners` and `source`, each once";
    (strange || twice)
        .then(|| Broken::error("order", "holds another word, or one twice", help))
        .into_iter()
        .collect()
}
