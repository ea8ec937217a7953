//! What one prompt with the same facts would take that nothing guards: what to write, and the facts
//! as they stand.

use serde_json::{Map, Value, json};

use crate::{Call, Shape, Task};

/// Bytes of a token, about: what models make of our words and of identifiers.
const BYTES: usize = 4;

/// Tokens of so many bytes, about. Only a provider knows the number.
#[must_use]
pub const fn estimate(bytes: usize) -> usize {
    bytes.div_ceil(BYTES)
}

/// Bytes that a call sends: our words, the facts and the shape of the answer.
#[must_use]
pub fn guarded_bytes(call: &Call<'_>) -> usize {
    call.instructions().len() + call.input().len() + call.schema().to_string().len()
}

/// Bytes of one prompt that nothing guards: what the task is, what each part has to hold, and the
/// same fields of the same records, neither masked nor cut.
#[must_use]
pub fn plain_bytes(call: &Call<'_>) -> usize {
    let task = call.task();
    let mut words = format!(
        "{}. Answer as JSON with these fields, from the facts below. Keep it short and say only \
         what the facts carry.\n",
        task.title
    );
    for part in &task.parts {
        words.push_str(&format!(
            "- {}: {}, {} to {} sentences\n",
            part.name, part.title, part.least, part.most
        ));
    }
    let mut records: Vec<Value> = Vec::new();
    for record in call.told() {
        let mut value = Map::new();
        value.insert("id".to_owned(), json!(record.id));
        for field in &record.fields {
            value.insert(field.name.to_string(), json!(field.value));
        }
        records.push(Value::Object(value));
    }
    let figures: Map<String, Value> =
        call.figures().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    words.len() + json!({"figures": figures, "records": records}).to_string().len()
}

/// Bytes of an answer's words alone, as JSON of plain lists.
pub(super) fn words(task: &Task, answer: &Value) -> usize {
    let mut plain = Map::new();
    for part in &task.parts {
        let Some(value) = answer.get(&part.name) else { continue };
        let value = match part.shape {
            Shape::Sentences => {
                let all = value.as_array().into_iter().flatten();
                all.filter_map(|one| one.get("text")).cloned().collect()
            }
            Shape::Choice(_) | Shape::Text => value.clone(),
        };
        plain.insert(part.name.clone(), value);
    }
    Value::Object(plain).to_string().len()
}
