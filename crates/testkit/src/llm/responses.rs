//! Responses.

use serde_json::{Value, json};

use super::strict;
use super::told::{Stop, Told};
use super::turn::{LlmAsked, Protocol, known};
use super::wrong::Wrong;

const FIELDS: &[&str] = &[
    "model",
    "instructions",
    "input",
    "max_output_tokens",
    "temperature",
    "reasoning",
    "text",
    "store",
    "stream",
    "tools",
    "top_p",
    "metadata",
];

pub(super) fn read(body: &Value) -> Result<LlmAsked, Wrong> {
    known(body, FIELDS)?;
    let mut turn = LlmAsked::new(Protocol::Responses, body);
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    (turn.system, turn.user) = (text("instructions"), text("input"));
    turn.most_output = body.get("max_output_tokens").and_then(Value::as_u64).unwrap_or(u64::MAX);
    // What is not said is kept.
    turn.kept = body.get("store") != Some(&Value::Bool(false));
    if turn.most_output < 16 {
        return Err(Wrong::invalid("Expected a value >= 16").param("max_output_tokens"));
    }
    if turn.reasons() && body.get("temperature").is_some() {
        let why = "is not supported with this model.";
        return Err(Wrong::unsupported("temperature", why));
    }
    if !turn.reasons() && body.get("reasoning").is_some() {
        let why = "is not supported with this model.";
        return Err(Wrong::unsupported("reasoning.effort", why));
    }
    if let Some(format) = body.pointer("/text/format") {
        if format.get("name").is_none() || format.get("json_schema").is_some() {
            return Err(Wrong::invalid("Missing required parameter: 'text.format.name'."));
        }
        let schema = format.get("schema").cloned().unwrap_or_default();
        strict::check(&schema, true)?;
        turn.schema = Some(schema);
    }
    Ok(turn)
}

pub(super) fn whole(told: &Told) -> Value {
    let part = match &told.refusal {
        Some(words) => json!({"type": "refusal", "refusal": words}),
        None => json!({"type": "output_text", "text": told.text, "annotations": []}),
    };
    let (status, why) = match told.stop {
        Stop::End => ("completed", Value::Null),
        Stop::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
        Stop::Filter => ("incomplete", json!({"reason": "content_filter"})),
        Stop::Tool => ("tool_calls", Value::Null),
    };
    let usage = told.tokens.map(|tokens| {
        json!({"input_tokens": tokens.input, "output_tokens": tokens.output,
            "input_tokens_details": {"cached_tokens": tokens.cached},
            "output_tokens_details": {"reasoning_tokens": tokens.reasoning}})
    });
    json!({"id": "resp_1", "object": "response", "model": told.model, "status": status,
        "error": null, "incomplete_details": why, "usage": usage,
        "output": [{"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}]})
}

pub(super) fn events(told: &Told) -> Vec<Value> {
    let mut all = vec![json!({"type": "response.created", "response": {"id": "resp_1"}})];
    if told.refusal.is_none() {
        all.extend(
            Told::pieces(&told.text)
                .map(|piece| json!({"type": "response.output_text.delta", "delta": piece})),
        );
    }
    let last = match told.stop {
        Stop::End | Stop::Tool => "response.completed",
        Stop::Length | Stop::Filter => "response.incomplete",
    };
    all.push(json!({"type": last, "response": whole(told)}));
    for (at, event) in all.iter_mut().enumerate() {
        if let Some(map) = event.as_object_mut() {
            map.insert("sequence_number".to_owned(), json!(at));
        }
    }
    all
}
