//! How parameters of a question are written.

use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// The direction of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The lowest first.
    Asc,
    /// The highest first.
    #[default]
    Desc,
}

/// Reads several values: as a list, or as one text with commas between.
pub(super) fn listed<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        List(Vec<String>),
    }
    let words = match Written::deserialize(deserializer)? {
        Written::Text(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
        Written::List(words) => words,
    };
    let words = words.into_iter().filter(|word: &String| !word.is_empty());
    words.map(|word| T::deserialize(word.into_deserializer())).collect()
}
