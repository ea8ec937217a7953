//! How parameters of a question are written.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error, IntoDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// The highest risk score.
const MOST_SCORE: u32 = 1000;

/// The direction of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The lowest first.
    Asc,
    /// The highest first.
    #[default]
    Desc,
}

/// That a parameter is not part of what a cursor was made for. Its description still has it,
/// unlike that of a field which is never written.
pub(super) const fn in_no_cursor<T>(_: &T) -> bool {
    true
}

/// The keys whose text begins so; `None` where no text of a key does.
pub(super) fn keys_that_begin<K: FromStr>(id: &str) -> Option<RangeInclusive<K>> {
    let wanted = id.trim().to_ascii_lowercase();
    let lowest = format!("{wanted:0<26}").parse().ok().filter(|_| !wanted.is_empty())?;
    // The first letter holds three bits only.
    let highest = format!("{wanted:z<26}").parse().ok()?;
    Some(lowest..=highest)
}

/// Reads a risk score.
pub(super) fn score<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    match Option::deserialize(deserializer)? {
        Some(score) if score > MOST_SCORE => {
            Err(D::Error::custom(format!("a score is 0 to {MOST_SCORE}, not {score}")))
        }
        score => Ok(score),
    }
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
    words.into_iter().map(|word: String| T::deserialize(word.into_deserializer())).collect()
}
