//! Ollama's own protocol.

use serde_json::{Value, json};

use super::told::{Stop, Told};
use super::turn::{LlmAsked, Protocol, known, of_role};
use super::wrong::Wrong;

const FIELDS: &[&str] =
    &["model", "messages", "stream", "options", "format", "think", "keep_alive", "tools"];

pub(super) fn read(body: &Value) -> Result<LlmAsked, Wrong> {
    known(body, FIELDS)?;
    let mut turn = LlmAsked::new(Protocol::Ollama, body);
    // It streams unless it is told not to.
    turn.streamed = body.get("stream") != Some(&Value::Bool(false));
    turn.system = of_role(body, &["system"]);
    turn.user = of_role(body, &["user"]);
    let option = |name: &str| body.pointer(&format!("/options/{name}")).and_then(Value::as_u64);
    turn.most_output = option("num_predict").unwrap_or(u64::MAX);
    // What does not fit into the window is cut without a word; four bytes are a token here.
    let window = usize::try_from(option("num_ctx").unwrap_or(4_096)).unwrap_or(usize::MAX);
    let room = window.saturating_mul(4);
    if turn.user.len() > room {
        let from = turn.user.ceil_char_boundary(turn.user.len() - room);
        turn.user = turn.user.split_off(from);
    }
    if body.get("think").is_some_and(|think| think != &Value::Bool(false))
        && !turn.model.starts_with("gpt-oss")
    {
        return Err(Wrong::invalid(&format!("\"{}\" does not support thinking", turn.model))
            .code("invalid")
            .param("think"));
    }
    turn.schema = body.get("format").filter(|format| format.is_object()).cloned();
    Ok(turn)
}

pub(super) fn whole(told: &Told) -> Value {
    line(told, told.refusal.as_deref().unwrap_or(&told.text), true)
}

fn line(told: &Told, words: &str, is_last: bool) -> Value {
    let mut line = json!({"model": told.model, "created_at": "2026-11-20T10:00:00Z",
        "message": {"role": "assistant", "content": words}, "done": is_last});
    let Some(map) = line.as_object_mut().filter(|_| is_last) else { return line };
    let reason = match told.stop {
        Stop::End => "stop",
        Stop::Length => "length",
        Stop::Filter => "filter",
        Stop::Tool => "tool_calls",
    };
    map.insert("done_reason".to_owned(), json!(reason));
    if let Some(tokens) = told.tokens {
        map.insert("prompt_eval_count".to_owned(), json!(tokens.input));
        map.insert("eval_count".to_owned(), json!(tokens.output));
    }
    line
}

pub(super) fn events(told: &Told) -> Vec<Value> {
    let words = told.refusal.as_deref().unwrap_or(&told.text);
    let mut all: Vec<Value> = Told::pieces(words).map(|piece| line(told, &piece, false)).collect();
    all.push(line(told, "", true));
    all
}
