//! The Chat Completions protocol, which OpenAI, Azure and many servers speak.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::connection::Connection;
use crate::dialect::{Batches, Call, Dialect, Heard, listed, number, text};
use crate::embeddings::{Vectors, openai_body, openai_read};
use crate::provider::{Batch, BatchState, Future};
use crate::{LlmError, Model, Stopped, Usage};

/// Most bytes of the answers of a batch.
pub(crate) const MOST_BATCH_BYTES: u64 = 200 << 20;
/// Between the parts of an upload. It is longer than any line of JSON can hold by chance.
const BORDER: &str = "quell-batch-7d1f0c5e9a3b4826";

/// Where calls go.
pub(crate) trait Places: Send + Sync + fmt::Debug {
    /// The path of a call, such as `chat/completions`.
    fn path(&self, model: &str, call: &str) -> Result<String, LlmError>;
}

/// Every call has a path of its own, whatever the model.
#[derive(Debug)]
pub(crate) struct Plain;

impl Places for Plain {
    fn path(&self, _: &str, call: &str) -> Result<String, LlmError> {
        Ok(format!("/{call}"))
    }
}

/// The protocol, with what differs between those that speak it.
#[derive(Debug)]
pub(crate) struct Chat<P> {
    /// Where calls go.
    pub(crate) places: P,
    /// Where the models are listed.
    pub(crate) models: &'static str,
    /// The name under which a model's window is listed.
    pub(crate) window: &'static str,
    /// How batches are taken, where they are.
    pub(crate) batches: Option<Files>,
}

impl<P: Places> Dialect for Chat<P> {
    fn path(&self, model: &str) -> Result<String, LlmError> {
        self.places.path(model, "chat/completions")
    }

    fn body(&self, call: &Call<'_>) -> Value {
        body(call)
    }

    fn whole(&self, answer: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        whole(answer, heard)
    }

    fn event(&self, told: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        event(told, heard)
    }

    fn models_path(&self) -> &'static str {
        self.models
    }

    fn models(&self, answer: &Value) -> Vec<Model> {
        listed(answer, "data", "id", self.window)
    }

    fn vectors(&self) -> Option<&dyn Vectors> {
        Some(self)
    }

    fn batches(&self) -> Option<&dyn Batches> {
        self.batches.as_ref().map(|files| files as &dyn Batches)
    }
}

impl<P: Places> Vectors for Chat<P> {
    fn path(&self, model: &str) -> Result<String, LlmError> {
        self.places.path(model, "embeddings")
    }

    fn body(&self, model: &str, texts: &[&str]) -> Value {
        openai_body(model, texts)
    }

    fn read(&self, answer: &Value) -> Result<Vec<Value>, LlmError> {
        openai_read(answer)
    }
}

/// What is sent.
fn body(call: &Call<'_>) -> Value {
    let (request, rules) = (call.request, call.rules);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("model", json!(call.model));
    put(
        "messages",
        json!([
            {"role": "system", "content": call.instructions()},
            {"role": "user", "content": request.input},
        ]),
    );
    let cap = if rules.newer_cap { "max_completion_tokens" } else { "max_tokens" };
    put(cap, json!(request.most_output));
    if let Some(temperature) = request.temperature.filter(|_| rules.temperature) {
        put("temperature", json!(temperature));
    }
    if let Some(effort) = request.effort.filter(|_| rules.effort) {
        put("reasoning_effort", json!(effort.as_str()));
    }
    if let Some(schema) = request.schema.as_ref().filter(|_| rules.schema) {
        let schema = json!({"name": schema.name, "strict": true, "schema": schema.sent()});
        put("response_format", json!({"type": "json_schema", "json_schema": schema}));
    }
    if rules.store {
        put("store", json!(false));
    }
    if call.streamed {
        put("stream", json!(true));
        if rules.stream_usage {
            put("stream_options", json!({"include_usage": true}));
        }
    }
    Value::Object(body)
}

/// Reads a whole answer.
fn whole(answer: &Value, heard: &mut Heard) -> Result<(), LlmError> {
    about(answer, heard);
    let choice = answer.pointer("/choices/0");
    let choice = choice.ok_or_else(|| LlmError::shape("choices[0]", "is missing"))?;
    match choice.pointer("/message/content") {
        Some(Value::String(words)) => heard.say(words)?,
        Some(Value::Null) | None => {}
        Some(_) => return Err(LlmError::shape("choices[0].message.content", "is no text")),
    }
    refusal(choice, "/message/refusal", heard);
    heard.stopped = stopped(choice)?;
    Ok(())
}

/// Reads an event of a stream.
fn event(event: &Value, heard: &mut Heard) -> Result<(), LlmError> {
    about(event, heard);
    // The last one holds the usage and no choice, the first one of Azure the filter's verdict.
    let Some(choice) = event.pointer("/choices/0") else { return Ok(()) };
    let words = text(choice, "/delta/content");
    if !words.is_empty() && heard.stopped.is_some() {
        return Err(LlmError::shape("choices[0].delta", "words after the end"));
    }
    heard.say(words)?;
    refusal(choice, "/delta/refusal", heard);
    if let Some(stopped) = stopped(choice)? {
        heard.stopped = Some(stopped);
    }
    Ok(())
}

fn about(answer: &Value, heard: &mut Heard) {
    for (name, place) in [("/id", &mut heard.id), ("/model", &mut heard.model)] {
        if place.is_empty() {
            text(answer, name).clone_into(place);
        }
    }
    if let Some(usage) = answer.get("usage").filter(|usage| usage.is_object()) {
        heard.usage = Some(Usage {
            input: number(usage, "/prompt_tokens"),
            cached: number(usage, "/prompt_tokens_details/cached_tokens"),
            output: number(usage, "/completion_tokens"),
            reasoning: number(usage, "/completion_tokens_details/reasoning_tokens"),
            told: true,
        });
    }
}

fn refusal(choice: &Value, pointer: &str, heard: &mut Heard) {
    let words = text(choice, pointer);
    if !words.is_empty() {
        let all = heard.refusal.get_or_insert_default();
        if all.len() < 4_096 {
            all.push_str(words);
        }
    }
}

fn stopped(choice: &Value) -> Result<Option<Stopped>, LlmError> {
    match choice.get("finish_reason").and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some("stop" | "eos" | "end_turn") => Ok(Some(Stopped::End)),
        Some("length" | "max_tokens") => Ok(Some(Stopped::Length)),
        Some("content_filter") => Ok(Some(Stopped::Filter)),
        // No tool was offered.
        Some(_) => Err(LlmError::shape("choices[0].finish_reason", "is none that was offered")),
    }
}

/// Batches of OpenAI: a file goes up, and files come down.
#[derive(Debug)]
pub(crate) struct Files {
    /// The call that each line is for.
    pub(crate) endpoint: &'static str,
}

impl Batches for Files {
    fn submit<'a>(
        &'a self,
        connection: &'a Connection,
        bodies: Vec<(String, Value)>,
    ) -> Future<'a, String> {
        Box::pin(async move {
            let mut file = Vec::new();
            for (name, body) in bodies {
                let line = json!({"custom_id": name, "method": "POST", "url": self.endpoint,
                    "body": body});
                file.extend_from_slice(line.to_string().as_bytes());
                file.push(b'\n');
            }
            let (kind, form) = upload(&file);
            let file = connection.put_form("/files", (&kind, form)).await?;
            let asked = json!({"input_file_id": id_of(&file)?, "endpoint": self.endpoint,
                "completion_window": "24h"});
            let (batch, _) = connection.post("/batches", &asked, "").await?;
            Ok(id_of(&batch)?.to_owned())
        })
    }

    fn poll<'a>(&'a self, connection: &'a Connection, batch: &'a str) -> Future<'a, Batch> {
        Box::pin(async move {
            let told = connection.get(&format!("/batches/{}", plain_id(batch)?)).await?;
            let state = match text(&told, "/status") {
                "completed" => BatchState::Done,
                // What was answered until then is there.
                "expired" | "cancelled" if !text(&told, "/output_file_id").is_empty() => {
                    BatchState::Done
                }
                "failed" | "expired" | "cancelled" => BatchState::Failed,
                _ => BatchState::Running,
            };
            let files = [text(&told, "/output_file_id"), text(&told, "/error_file_id")];
            let mut answers = Vec::new();
            for file in files.into_iter().filter(|file| !file.is_empty()) {
                answers.push(format!("/files/{}/content", plain_id(file)?));
            }
            Ok(Batch { id: batch.to_owned(), state, answers })
        })
    }

    fn line(&self, line: &Value) -> Option<(String, Result<Value, Value>)> {
        let name = line.get("custom_id")?.as_str()?.to_owned();
        let body = line.pointer("/response/body").filter(|body| !body.is_null());
        let is_well = number(line, "/response/status_code") == 200;
        let answer = match body {
            Some(body) if is_well => Ok(body.clone()),
            Some(body) => Err(body.clone()),
            None => Err(line.clone()),
        };
        Some((name, answer))
    }
}

fn id_of(value: &Value) -> Result<&str, LlmError> {
    value.get("id").and_then(Value::as_str).ok_or_else(|| LlmError::shape("id", "is missing"))
}

/// An id that may stand in a path.
pub(crate) fn plain_id(id: &str) -> Result<&str, LlmError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let well = !id.is_empty() && id.len() <= 200 && id.chars().all(plain) && !id.contains("..");
    if well { Ok(id) } else { Err(LlmError::shape("id", "is none")) }
}

/// A form with one file.
fn upload(file: &[u8]) -> (String, Vec<u8>) {
    let head = format!(
        "--{BORDER}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{BORDER}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\n\
         Content-Type: application/jsonl\r\n\r\n"
    );
    let mut form = head.into_bytes();
    form.extend_from_slice(file);
    form.extend_from_slice(format!("\r\n--{BORDER}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BORDER}"), form)
}
