//! How parameters of a question are written.

use std::ops::RangeInclusive;
use std::str::FromStr;

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

/// The keys whose text begins so; `None` where no text of a key does.
pub(super) fn keys_that_begin<K: FromStr>(id: &str) -> Option<RangeInclusive<K>> {
    let wanted = id.trim().to_ascii_lowercase();
    let lowest = format!("{wanted:0<26}").parse().ok().filter(|_| !wanted.is_empty())?;
    // The first letter holds three bits only.
    let highest = format!("{wanted:z<26}").parse().ok()?;
    Some(lowest..=highest)
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
