//! A row of a table, whose columns are found whatever their case.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::Text;
use crate::Rejection;

/// A row of a table.
#[derive(Debug, Default)]
pub(crate) struct Row<'a>(HashMap<String, Cow<'a, str>>);

impl Row<'_> {
    /// The first of these columns that says something.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&str> {
        let text = |name: &&str| Some(self.0.get(&plain(name))?.trim());
        let says = |text: &&str| !matches!(*text, "" | "-" | "null" | "None" | "N/A");
        names.iter().filter_map(text).find(says)
    }

    /// The same as a scalar, for wire types that are read from rows too.
    pub(crate) fn text(&self, names: &[&str]) -> Text<'_> {
        self.get(names).map_or(Text::EMPTY, Text::from)
    }

    /// The text of a column that must be filled.
    ///
    /// # Errors
    /// Where it is missing or empty; the reason names it.
    pub(crate) fn needed(&self, name: &str) -> Result<&str, Rejection> {
        let cell = self.get(&[name]);
        cell.ok_or_else(|| Rejection::new(format!("column `{name}` is missing or empty")))
    }

    /// The same, or nothing.
    pub(crate) fn or_empty(&self, names: &[&str]) -> &str {
        self.get(names).unwrap_or_default()
    }
}

/// A column's name as it is compared: lower case, without blanks, `_` and `-`.
pub(crate) fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-'));
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Columns)
    }
}

struct Columns;

impl<'de> Visitor<'de> for Columns {
    type Value = Row<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut row = HashMap::new();
        while let Some((name, text)) = map.next_entry::<Cow<'de, str>, Text<'de>>()? {
            if let Some(text) = text.into_text() {
                row.insert(plain(&name), text);
            }
        }
        Ok(Row(row))
    }
}
