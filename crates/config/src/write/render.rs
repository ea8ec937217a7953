//! A configuration as the text of a file that says the same.

use super::example::put;
use super::toml_value;
use crate::load::{Entry, Loaded};

impl Loaded {
    /// The text of a file that says the same, defaults included.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let mut last = "";
        for entry in &self.entries {
            let (table, key) = entry.key.rsplit_once('.').unwrap_or(("", &entry.key));
            if table != last {
                put(&mut out, format_args!("{}[{table}]\n", gap(last)));
                last = table;
            }
            put(&mut out, format_args!("{key} = {}\n", entry.toml()));
        }
        out
    }
}

/// An empty line stands between tables.
const fn gap(last: &str) -> &'static str {
    if last.is_empty() { "" } else { "\n" }
}

impl Entry {
    /// The value as a file writes it.
    #[must_use]
    pub fn toml(&self) -> String {
        toml_value(&self.value)
    }
}
