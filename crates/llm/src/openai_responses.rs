//! OpenAI, Responses. Nothing is kept there: `store` is false in every call.

use serde_json::{Map, Value, json};

use crate::chat::Files;
use crate::connection::Auth;
use crate::dialect::{Batches, Call, Dialect, Heard, number, text};
use crate::embeddings::Vectors;
use crate::kind::{Kind, Made};
use crate::openai_chat::{OPENAI, URL};
use crate::refusal::Whose;
use crate::rules::Rules;
use crate::{LlmError, Model, Settings, Stopped, Usage};

pub(crate) const KIND: Kind = Kind {
    id: "openai-responses",
    title: "OpenAI, Responses",
    rules_of: "openai",
    url: Some(URL),
    needs_key: true,
    make,
};

/// The least cap that the API takes.
const LEAST_OUTPUT: u32 = 16;

fn make(_: &Settings) -> Result<Made, LlmError> {
    Ok(Made { dialect: Box::new(Responses), auth: Auth::Bearer, headers: &[], rules: Rules::ALL })
}

#[derive(Debug)]
struct Responses;

impl Dialect for Responses {
    fn path(&self, _: &str) -> Result<String, LlmError> {
        Ok("/responses".to_owned())
    }

    fn body(&self, call: &Call<'_>) -> Value {
        let (request, rules) = (call.request, call.rules);
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("model", json!(call.model));
        put("instructions", json!(call.instructions()));
        put("input", json!(request.input));
        put("max_output_tokens", json!(request.most_output.max(LEAST_OUTPUT)));
        put("store", json!(false));
        if let Some(temperature) = request.temperature.filter(|_| rules.temperature) {
            put("temperature", json!(temperature));
        }
        if let Some(effort) = request.effort.filter(|_| rules.effort) {
            put("reasoning", json!({"effort": effort.as_str()}));
        }
        if let Some(schema) = request.schema.as_ref().filter(|_| rules.schema) {
            let format = json!({"type": "json_schema", "name": schema.name, "strict": true,
                "schema": schema.sent()});
            put("text", json!({"format": format}));
        }
        if call.streamed {
            put("stream", json!(true));
        }
        Value::Object(body)
    }

    fn whole(&self, answer: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        text(answer, "/id").clone_into(&mut heard.id);
        text(answer, "/model").clone_into(&mut heard.model);
        heard.usage = usage(answer);
        let output = answer.get("output").and_then(Value::as_array);
        let output = output.ok_or_else(|| LlmError::shape("output", "is no list"))?;
        let messages = output.iter().filter(|item| text(item, "/type") == "message");
        let parts = messages.filter_map(|item| item.get("content")?.as_array()).flatten();
        for part in parts {
            match text(part, "/type") {
                "output_text" => heard.say(text(part, "/text"))?,
                "refusal" => heard.refusal = Some(text(part, "/refusal").to_owned()),
                other => {
                    return Err(LlmError::shape("output.content.type", crate::error::tame(other)));
                }
            }
        }
        heard.stopped = Some(stopped(answer)?);
        Ok(())
    }

    fn event(&self, event: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        if let Some(sequence) = event.get("sequence_number").and_then(Value::as_u64) {
            // One that came before is the same again.
            if heard.sequence.is_some_and(|last| sequence <= last) {
                return Ok(());
            }
            heard.sequence = Some(sequence);
        }
        match text(event, "/type") {
            "response.output_text.delta" => heard.say(text(event, "/delta")),
            "response.completed" | "response.incomplete" | "response.failed" => {
                let mut whole = Heard::default();
                let answer = event.get("response");
                let answer = answer.ok_or_else(|| LlmError::shape("response", "is missing"))?;
                if let Some(error) = failed(answer) {
                    return Err(error);
                }
                self.whole(answer, &mut whole)?;
                if !whole.text.starts_with(&heard.text) {
                    return Err(LlmError::shape("response", "differs from what was streamed"));
                }
                *heard = Heard { done: true, ..whole };
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn models_path(&self) -> &'static str {
        OPENAI.models_path()
    }

    fn models(&self, answer: &Value) -> Vec<Model> {
        OPENAI.models(answer)
    }

    fn vectors(&self) -> Option<&dyn Vectors> {
        OPENAI.vectors()
    }

    fn batches(&self) -> Option<&dyn Batches> {
        Some(&Files { endpoint: "/v1/responses" })
    }
}

/// The error of a response that failed.
fn failed(answer: &Value) -> Option<LlmError> {
    let whose = Whose { model: text(answer, "/model"), key: None };
    crate::refusal::of_event(answer, whose)
}

fn usage(answer: &Value) -> Option<Usage> {
    let usage = answer.get("usage").filter(|usage| usage.is_object())?;
    Some(Usage {
        input: number(usage, "/input_tokens"),
        cached: number(usage, "/input_tokens_details/cached_tokens"),
        output: number(usage, "/output_tokens"),
        reasoning: number(usage, "/output_tokens_details/reasoning_tokens"),
        told: true,
    })
}

fn stopped(answer: &Value) -> Result<Stopped, LlmError> {
    match (text(answer, "/status"), text(answer, "/incomplete_details/reason")) {
        ("completed", _) => Ok(Stopped::End),
        ("incomplete", "max_output_tokens") => Ok(Stopped::Length),
        ("incomplete", "content_filter") => Ok(Stopped::Filter),
        ("incomplete" | "in_progress" | "queued" | "cancelled", _) => {
            Err(LlmError::Cut { why: "the provider did not finish it".to_owned() })
        }
        (other, _) => Err(LlmError::shape("status", crate::error::tame(other))),
    }
}
