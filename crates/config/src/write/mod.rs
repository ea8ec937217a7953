//! What is made from the list of keys: an example, a schema, a page, and a configuration as text.

mod example;
mod page;
mod render;
mod schema;

pub use example::example;
pub use page::page;
pub use schema::schema;

use serde_json::Value;

use crate::key::Key;
use crate::text;

/// A value as the file writes it, on one line.
pub(crate) fn toml_value(value: &Value) -> String {
    toml::Value::try_from(value).map_or_else(|_| "\"\"".to_owned(), |value| value.to_string())
}

/// The value that the example shows for a key.
fn shown_value(key: &Key) -> String {
    text::value(key.kind, key.shown()).map_or_else(|_| "\"\"".to_owned(), |v| toml_value(&v))
}
