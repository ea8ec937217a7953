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
    /// Hosts that may be asked for what only they know.
    pub look_up: Vec<String>,
}

pub(super) const TABLE: Table = Table {
    name: "fix",
    named: None,
    doc: "What fixes need from you; docs/fixes.md lists the parameters. `quell fix` reads this \
          table from the file in the repository, and these variables.",
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
        Key::new(
            "look_up",
            Kind::Networks,
            "Hosts that are asked for what only they know: registries of images, hosts of git, \
             registries of Terraform. In the file of a repository that is not the working \
             directory it counts only where `--config` names that file.",
        )
        .or(""),
    ],
    rule: no_rule,
};
