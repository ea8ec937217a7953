//! What one prompt with the same facts would take that nothing guards: the task's words without the
//! guard's, and the facts as they stand. It is never sent.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::cited::sentences;
use crate::{Call, Shape, TaskError};

/// Bytes of a token, about: what models make of our words and of identifiers.
const BYTES: usize = 4;

/// Tokens of so many bytes, about. Only a provider knows the number.
#[must_use]
pub const fn estimate(bytes: usize) -> usize {
    bytes.div_ceil(BYTES)
}

/// All that is told and answered, as one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// What is sent.
    pub told: String,
    /// What is answered.
    pub answered: String,
}

impl Texts {
    /// The texts of a call and an answer to it: our words, the facts and the shape.
    #[must_use]
    pub fn guarded(call: &Call<'_>, answer: &Value) -> Self {
        Self { told: sent(call).join("\n"), answered: answer.to_string() }
    }

    /// The texts of one prompt that nothing guards: the same words without the guard's, the same
    /// fields of the same records, neither masked nor cut, and the same sentences as plain prose.
    ///
    /// # Errors
    /// When the task's words cannot be filled in, which a test excludes.
    pub fn plain(call: &Call<'_>, answer: &Value) -> Result<Self, TaskError> {
        let told = [call.unguarded()?, facts(call)].join("\n");
        Ok(Self { told, answered: prose(call, answer) })
    }

    /// Bytes of both.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.told.len() + self.answered.len()
    }
}

/// Bytes that a call sends: our words, the facts and the shape of the answer.
#[must_use]
pub fn guarded_bytes(call: &Call<'_>) -> usize {
    sent(call).iter().map(|text| text.len()).sum()
}

/// What a call sends: our words, the facts and the shape of the answer.
fn sent<'c>(call: &'c Call<'_>) -> [Cow<'c, str>; 3] {
    [call.instructions().into(), call.input().into(), call.schema().to_string().into()]
}

/// The facts as they stand. A prompt of which nothing is cited needs no ids.
fn facts(call: &Call<'_>) -> String {
    let mut records: Vec<Value> = Vec::new();
    for record in call.told() {
        let mut value = Map::new();
        value.insert("is".to_owned(), json!(record.kind));
        for field in &record.fields {
            value.insert(field.name.to_string(), json!(field.value));
        }
        records.push(Value::Object(value));
    }
    let mut all = Map::new();
    let figures: Map<String, Value> =
        call.figures().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    if !figures.is_empty() {
        all.insert("figures".to_owned(), Value::Object(figures));
    }
    all.insert("records".to_owned(), Value::Array(records));
    Value::Object(all).to_string()
}

/// The words of an answer alone, a line for each part, with names put back.
fn prose(call: &Call<'_>, answer: &Value) -> String {
    let mut lines = Vec::new();
    for part in &call.task().parts {
        let Some(value) = answer.get(&part.name) else { continue };
        let words = match part.shape {
            Shape::Sentences => {
                let texts = sentences(value).into_iter().map(|(text, _)| text);
                texts.collect::<Vec<_>>().join(" ")
            }
            Shape::Choice(_) | Shape::Text => value.as_str().unwrap_or_default().to_owned(),
        };
        lines.push(call.open(&words));
    }
    lines.join("\n")
}
