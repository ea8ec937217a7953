//! `[fix]`: what `quell fix` reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};

/// What `quell fix` reads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// Folders or files of the user's policies.
    pub policies: Vec<PathBuf>,
    /// Values that fixes would otherwise have to ask for, by dotted name.
    pub parameters: BTreeMap<String, String>,
}

pub(super) const TABLE: Table = Table {
    name: "fix",
    named: None,
    doc: "What fixes need from you; docs/fixes.md lists the parameters. `quell fix` reads this \
          table from the file in the repository, and these two variables.",
    keys: &[
        Key::new(
            "policies",
            Kind::Paths,
            "Folders or files of your own policies; a fix that one refuses is withheld.",
        )
        .or(""),
        Key::new(
            "parameters",
            Kind::Parameters,
            "Values that a fix would otherwise have to ask for.",
        )
        .or("{}"),
    ],
    rule: no_rule,
};
