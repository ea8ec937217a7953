//! `[access]`: an organisation's own rules.

use std::path::PathBuf;

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};

/// An organisation's own rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// A folder of policies in Cedar.
    pub policies: Option<PathBuf>,
}

pub(super) const TABLE: Table = Table {
    name: "access",
    named: None,
    doc: "Who may do what, beside the built-in roles.",
    keys: &[Key::new(
        "policies",
        Kind::Path,
        "A folder of policies in Cedar, `*.cedar`, judged beside the built-in ones. They may permit \
         or forbid more; a forbid wins. The server does not start with one that is wrong.",
    )
    .sample("/etc/quell/policies")],
    rule: no_rule,
};
