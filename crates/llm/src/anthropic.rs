//! Anthropic, Messages.

use serde_json::{Map, Value, json};

use crate::chat::plain_id;
use crate::connection::{Auth, Connection};
use crate::dialect::{Batches, Call, Dialect, Heard, listed, number, text};
use crate::kind::{Kind, Made};
use crate::provider::{Batch, BatchState, Future};
use crate::rules::Rules;
use crate::{LlmError, Model, Settings, Stopped, Usage};

pub(crate) const KIND: Kind = Kind {
    id: "anthropic",
    title: "Anthropic, Messages",
    rules_of: "anthropic",
    url: Some("https://api.anthropic.com"),
    needs_key: true,
    make,
};

fn make(settings: &Settings) -> Result<Made, LlmError> {
    let auth = if settings.bearer { Auth::Bearer } else { Auth::Header("x-api-key") };
    let headers = &[("anthropic-version", "2023-06-01")];
    Ok(Made { dialect: Box::new(Messages), auth, headers, rules: Rules::ALL })
}

#[derive(Debug)]
struct Messages;

impl Dialect for Messages {
    fn path(&self, _: &str) -> Result<String, LlmError> {
        Ok("/v1/messages".to_owned())
    }

    fn body(&self, call: &Call<'_>) -> Value {
        let (request, rules) = (call.request, call.rules);
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("model", json!(call.model));
        put("max_tokens", json!(request.most_output));
        put("system", json!(call.instructions()));
        put("messages", json!([{"role": "user", "content": request.input}]));
        if let Some(temperature) = request.temperature.filter(|_| rules.temperature) {
            put("temperature", json!(temperature.clamp(0.0, 1.0)));
        }
        let mut output = Map::new();
        if let Some(effort) = request.effort.filter(|_| rules.effort) {
            output.insert("effort".to_owned(), json!(effort.at_least_low()));
        }
        if let Some(schema) = request.schema.as_ref().filter(|_| rules.schema) {
            let format = json!({"type": "json_schema", "schema": schema.sent()});
            output.insert("format".to_owned(), format);
        }
        if !output.is_empty() {
            put("output_config", Value::Object(output));
        }
        if call.streamed {
            put("stream", json!(true));
        }
        Value::Object(body)
    }

    fn whole(&self, answer: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        text(answer, "/id").clone_into(&mut heard.id);
        text(answer, "/model").clone_into(&mut heard.model);
        let content = answer.get("content").and_then(Value::as_array);
        // A refusal may have no content at all.
        let content = content.ok_or_else(|| LlmError::shape("content", "is no list"))?;
        for block in content.iter().filter(|block| text(block, "/type") == "text") {
            heard.say(text(block, "/text"))?;
        }
        heard.usage = answer.get("usage").map(|told| usage(told, Usage::default()));
        ended(answer, heard)
    }

    fn event(&self, event: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        match text(event, "/type") {
            "message_start" if heard.usage.is_some() => {
                Err(LlmError::shape("message_start", "came twice"))
            }
            "message_start" => {
                text(event, "/message/id").clone_into(&mut heard.id);
                text(event, "/message/model").clone_into(&mut heard.model);
                let told = event.pointer("/message/usage").unwrap_or(&Value::Null);
                heard.usage = Some(usage(told, Usage::default()));
                Ok(())
            }
            "content_block_delta" if heard.stopped.is_some() => {
                Err(LlmError::shape("content_block_delta", "words after the end"))
            }
            "content_block_delta" if text(event, "/delta/type") == "text_delta" => {
                heard.say(text(event, "/delta/text"))
            }
            "message_delta" => {
                // Its tokens are those until here, not those since.
                let told = event.get("usage").unwrap_or(&Value::Null);
                heard.usage = Some(usage(told, heard.usage.unwrap_or_default()));
                ended(event.get("delta").unwrap_or(&Value::Null), heard)
            }
            "message_stop" => {
                heard.done = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn models_path(&self) -> &'static str {
        "/v1/models"
    }

    fn models(&self, answer: &Value) -> Vec<Model> {
        listed(answer, "data", "id", "max_input_tokens")
    }

    fn batches(&self) -> Option<&dyn Batches> {
        Some(&MessageBatches)
    }
}

/// Tokens; what is not told again stays.
fn usage(told: &Value, before: Usage) -> Usage {
    let cached = number(told, "/cache_read_input_tokens");
    let input = number(told, "/input_tokens")
        .saturating_add(number(told, "/cache_creation_input_tokens"))
        .saturating_add(cached);
    let input = if input == 0 { (before.input, before.cached) } else { (input, cached) };
    let output = number(told, "/output_tokens").max(before.output);
    Usage { input: input.0, cached: input.1, output, reasoning: 0, told: true }
}

fn ended(value: &Value, heard: &mut Heard) -> Result<(), LlmError> {
    let reason = text(value, "/stop_reason");
    heard.stopped = match reason {
        "" => return Ok(()),
        "end_turn" | "stop_sequence" => Some(Stopped::End),
        "max_tokens" | "model_context_window_exceeded" => Some(Stopped::Length),
        "refusal" => {
            let category = text(value, "/stop_details/category");
            let words = if category.is_empty() { "no reason was given" } else { category };
            heard.refusal = Some(words.to_owned());
            None
        }
        "pause_turn" => {
            return Err(LlmError::Cut { why: "the provider paused it".to_owned() });
        }
        // No tool was offered.
        _ => return Err(LlmError::shape("stop_reason", "is none that was offered")),
    };
    Ok(())
}

/// Batches: the requests go up in one call, and the answers come as lines.
#[derive(Debug)]
struct MessageBatches;

impl Batches for MessageBatches {
    fn submit<'a>(
        &'a self,
        connection: &'a Connection,
        bodies: Vec<(String, Value)>,
    ) -> Future<'a, String> {
        Box::pin(async move {
            let each = |(name, body)| json!({"custom_id": name, "params": body});
            let requests: Vec<Value> = bodies.into_iter().map(each).collect();
            let asked = json!({"requests": requests});
            let (batch, _) = connection.post("/v1/messages/batches", &asked, "").await?;
            Ok(plain_id(text(&batch, "/id"))?.to_owned())
        })
    }

    fn poll<'a>(&'a self, connection: &'a Connection, batch: &'a str) -> Future<'a, Batch> {
        Box::pin(async move {
            let place = format!("/v1/messages/batches/{}", plain_id(batch)?);
            let told = connection.get(&place).await?;
            let is_done = text(&told, "/processing_status") == "ended";
            let state = if is_done { BatchState::Done } else { BatchState::Running };
            // The address that it tells is not followed: the key goes to the configured host alone.
            let answers = is_done.then(|| format!("{place}/results")).into_iter().collect();
            Ok(Batch { id: batch.to_owned(), state, answers })
        })
    }

    fn line(&self, line: &Value) -> Option<(String, Result<Value, Value>)> {
        let name = line.get("custom_id")?.as_str()?.to_owned();
        let result = line.get("result")?;
        let answer = match text(result, "/type") {
            "succeeded" => Ok(result.get("message").cloned().unwrap_or_default()),
            "errored" => Err(result.get("error").cloned().unwrap_or_default()),
            other => {
                let message = format!("the request was {}", crate::error::tame(other));
                Err(json!({"type": "error", "error": {"type": "api_error", "message": message}}))
            }
        };
        Some((name, answer))
    }
}
