//! Messages.

use serde_json::{Value, json};

use super::strict;
use super::told::{Stop, Told};
use super::turn::{LlmAsked, Protocol, known, of_role};
use super::wrong::Wrong;

const FIELDS: &[&str] = &[
    "model",
    "max_tokens",
    "system",
    "messages",
    "temperature",
    "output_config",
    "stream",
    "tools",
    "thinking",
    "metadata",
];

pub(super) fn read(body: &Value) -> Result<LlmAsked, Wrong> {
    known(body, FIELDS)?;
    let mut turn = LlmAsked::new(Protocol::Messages, body);
    turn.user = of_role(body, &["user"]);
    let cap = body.get("max_tokens").and_then(Value::as_u64).filter(|cap| *cap > 0);
    turn.most_output = cap.ok_or_else(|| Wrong::invalid("max_tokens: Field required"))?;
    if turn.user.is_empty() {
        return Err(Wrong::invalid("messages: at least one message is required"));
    }
    let is_new = ["-opus-5", "-sonnet-5", "-haiku-5", "-opus-4-7"];
    let is_new = is_new.iter().any(|part| turn.model.contains(part));
    if is_new && body.get("temperature").is_some() {
        let said = "`temperature` is deprecated for this model.";
        return Err(Wrong::invalid(said).code("invalid").param("temperature"));
    }
    let config = body.get("output_config");
    if turn.model.contains("-haiku-4")
        && config.is_some_and(|config| config.get("effort").is_some())
    {
        return Err(Wrong::unknown_parameter("output_config.effort"));
    }
    if let Some(format) = config.and_then(|config| config.get("format")) {
        if turn.model.starts_with("claude-old") {
            return Err(Wrong::unknown_parameter("output_config.format"));
        }
        let schema = format.get("schema").cloned().unwrap_or_default();
        strict::check(&schema, false)?;
        turn.schema = Some(schema);
    }
    Ok(turn)
}

fn reason(told: &Told) -> (&'static str, Value) {
    match (&told.refusal, told.stop) {
        (Some(_), _) => ("refusal", json!({"category": "cyber"})),
        (None, Stop::End) => ("end_turn", Value::Null),
        (None, Stop::Length) => ("max_tokens", Value::Null),
        (None, Stop::Filter) => ("refusal", json!({"category": "filter"})),
        (None, Stop::Tool) => ("tool_use", Value::Null),
    }
}

pub(super) fn whole(told: &Told) -> Value {
    let content = match (&told.refusal, told.text.is_empty()) {
        (Some(_), _) | (None, true) => json!([]),
        (None, false) => json!([{"type": "text", "text": told.text}]),
    };
    let (reason, details) = reason(told);
    let mut answer = json!({"id": "msg_1", "type": "message", "role": "assistant",
        "model": told.model, "content": content, "stop_reason": reason,
        "stop_details": details});
    if let (Some(tokens), Some(map)) = (told.tokens, answer.as_object_mut()) {
        let usage = json!({"input_tokens": tokens.input.saturating_sub(tokens.cached),
            "cache_read_input_tokens": tokens.cached, "cache_creation_input_tokens": 0,
            "output_tokens": tokens.output});
        map.insert("usage".to_owned(), usage);
    }
    answer
}

pub(super) fn events(told: &Told) -> Vec<Value> {
    let (reason, details) = reason(told);
    let tokens = told.tokens.unwrap_or_default();
    let start = json!({"id": "msg_1", "type": "message", "model": told.model, "content": [],
        "usage": {"input_tokens": tokens.input.saturating_sub(tokens.cached),
            "cache_read_input_tokens": tokens.cached, "output_tokens": 1}});
    let mut all = vec![json!({"type": "message_start", "message": start})];
    if told.refusal.is_none() && !told.text.is_empty() {
        all.push(json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}}));
        all.extend(Told::pieces(&told.text).map(|piece| {
            json!({"type": "content_block_delta", "index": 0,
                "delta": {"type": "text_delta", "text": piece}})
        }));
        all.push(json!({"type": "content_block_stop", "index": 0}));
    }
    all.push(json!({"type": "message_delta", "usage": {"output_tokens": tokens.output},
        "delta": {"stop_reason": reason, "stop_details": details}}));
    all.push(json!({"type": "message_stop"}));
    all
}
