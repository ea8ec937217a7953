//! What models answer in tests.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Answerer, LlmAsked};

/// What [`any_answer`] says in each part: nothing that a record has to say.
pub const ANY_WORDS: &str = "This deserves a closer look.";

/// An answer of any task's shape that stands whatever the records are.
#[must_use]
pub fn any_answer(turn: &LlmAsked) -> String {
    let parts = turn.schema.as_ref().and_then(|schema| schema.get("properties")?.as_object());
    let part = |(name, shape): (&String, &Value)| {
        let words = shape.get("enum").and_then(Value::as_array).and_then(|words| words.first());
        let said = || json!(format!("{ANY_WORDS} [r1]"));
        (name.clone(), words.cloned().unwrap_or_else(said))
    };
    let answer: Map<String, Value> = parts.into_iter().flatten().map(part).collect();
    Value::Object(answer).to_string()
}

/// The task `incident` answered well for one record about a database, `rds instance`, that is open
/// to the internet.
#[must_use]
pub fn open_database() -> Answerer {
    let said = |text: &str| json!(format!("{text} [r1]"));
    let answer = json!({
        "risk": said("Anyone on the internet can try to log in to <resource:1 rds instance>."),
        "why_here": said("The database is open to the internet."),
        "intent": "",
        "steps": said("Close it to the internet."),
    });
    Arc::new(move |_| answer.to_string())
}
