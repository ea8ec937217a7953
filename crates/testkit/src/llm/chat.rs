//! Chat Completions.

use serde_json::{Value, json};

use super::strict;
use super::told::{Stop, Told};
use super::turn::{LlmAsked, Protocol, known, of_role};
use super::wrong::Wrong;

const FIELDS: &[&str] = &[
    "model",
    "messages",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "reasoning_effort",
    "response_format",
    "store",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "seed",
    "stop",
    "n",
];

pub(super) fn read(protocol: Protocol, target: &str, body: &Value) -> Result<LlmAsked, Wrong> {
    known(body, FIELDS)?;
    let mut turn = LlmAsked::new(protocol, body);
    if protocol == Protocol::Azure {
        deployment(&mut turn, target)?;
    }
    turn.system = of_role(body, &["system", "developer"]);
    turn.user = of_role(body, &["user"]);
    let cap = body.get("max_completion_tokens").or_else(|| body.get("max_tokens"));
    turn.most_output = cap.and_then(Value::as_u64).unwrap_or(u64::MAX);
    turn.kept = body.get("store") == Some(&Value::Bool(true));
    let told = body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    turn.tells_usage = told || !turn.streamed;
    if turn.user.is_empty() {
        return Err(Wrong::invalid("[] is too short - 'messages'"));
    }
    if body.get("stream_options").is_some() && !turn.streamed {
        let said = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Wrong::invalid(said));
    }
    parameters(protocol, &turn, body)?;
    if let Some(format) = body.get("response_format") {
        turn.schema = Some(shape(format)?);
    }
    Ok(turn)
}

/// The name of the deployment counts, and a version has to be told.
fn deployment(turn: &mut LlmAsked, target: &str) -> Result<(), Wrong> {
    let Some(rest) = target.strip_prefix("/openai/deployments/") else { return Ok(()) };
    if !rest.contains("?api-version=20") {
        return Err(Wrong::new(404, "not_found_error", "Resource not found"));
    }
    rest.split('/').next().unwrap_or_default().clone_into(&mut turn.model);
    Ok(())
}

fn parameters(protocol: Protocol, turn: &LlmAsked, body: &Value) -> Result<(), Wrong> {
    if protocol == Protocol::Compatible {
        // Servers of one's own differ; this one knows the older name alone.
        return match body.get("max_completion_tokens") {
            Some(_) => Err(Wrong::unknown_parameter("max_completion_tokens")),
            None => Ok(()),
        };
    }
    if !turn.reasons() {
        return match body.get("reasoning_effort") {
            Some(_) => Err(Wrong::unknown_parameter("reasoning_effort")),
            None => Ok(()),
        };
    }
    if body.get("max_tokens").is_some() {
        let why = "is not supported with this model. Use 'max_completion_tokens' instead.";
        return Err(Wrong::unsupported("max_tokens", why));
    }
    if body.get("temperature").is_some_and(|value| value.as_f64() != Some(1.0)) {
        let said = "Unsupported value: 'temperature' does not support this value with this model.";
        return Err(Wrong::invalid(said).code("unsupported_value").param("temperature"));
    }
    Ok(())
}

fn shape(format: &Value) -> Result<Value, Wrong> {
    let schema = format.get("json_schema");
    let name = schema.and_then(|schema| schema.get("name")?.as_str()).unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(Wrong::invalid("Invalid 'response_format.json_schema.name'"));
    }
    let inner = schema.and_then(|schema| schema.get("schema")).cloned().unwrap_or_default();
    strict::check(&inner, true)?;
    Ok(inner)
}

pub(super) fn whole(told: &Told) -> Value {
    let content = if told.refusal.is_some() { Value::Null } else { json!(told.text) };
    let finish = finish(told);
    let mut answer = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1,
        "model": told.model, "choices": [{"index": 0, "finish_reason": finish, "logprobs": null,
        "message": {"role": "assistant", "content": content, "refusal": told.refusal}}]});
    if let (Some(usage), Some(map)) = (usage(told), answer.as_object_mut()) {
        map.insert("usage".to_owned(), usage);
    }
    answer
}

pub(super) fn events(told: &Told, protocol: Protocol) -> Vec<Value> {
    let chunk = |choices: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": told.model,
            "choices": choices})
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
    };
    let mut all = Vec::new();
    if protocol == Protocol::Azure {
        let mut first = chunk(json!([]));
        if let Some(map) = first.as_object_mut() {
            map.insert("prompt_filter_results".to_owned(), json!([]));
        }
        all.push(first);
    }
    all.push(delta(json!({"role": "assistant", "content": ""}), Value::Null));
    let (name, words) = match &told.refusal {
        Some(words) => ("refusal", words.clone()),
        None => ("content", told.text.clone()),
    };
    all.extend(Told::pieces(&words).map(|piece| delta(json!({name: piece}), Value::Null)));
    all.push(delta(json!({}), finish(told)));
    if let Some(usage) = usage(told).filter(|_| told.tells_usage) {
        let mut last = chunk(json!([]));
        if let Some(map) = last.as_object_mut() {
            map.insert("usage".to_owned(), usage);
        }
        all.push(last);
    }
    all
}

fn finish(told: &Told) -> Value {
    json!(match told.stop {
        Stop::End => "stop",
        Stop::Length => "length",
        Stop::Filter => "content_filter",
        Stop::Tool => "tool_calls",
    })
}

fn usage(told: &Told) -> Option<Value> {
    let tokens = told.tokens?;
    Some(json!({"prompt_tokens": tokens.input, "completion_tokens": tokens.output,
        "total_tokens": tokens.input.saturating_add(tokens.output),
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning}}))
}
