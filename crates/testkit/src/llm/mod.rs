//! A double of language models' providers: five protocols, streams, and what goes wrong with them.
//!
//! It answers with what a closure says, so that a test can make the worst model there is. It
//! refuses what the vendors refuse.

mod answers;
mod chat;
mod fault;
mod messages;
mod ollama;
mod responses;
mod sample;
mod strict;
mod told;
mod turn;
mod wrong;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::double::Platform;
use crate::net::{Answer, Asked};

pub use answers::{ANY_WORDS, any_answer, open_database};
pub use fault::{FAULTS, LlmFault};
pub use sample::sample;
pub use turn::{LlmAsked, Protocol};

use told::Told;
use wrong::Wrong;

/// The key that it takes.
pub const LLM_KEY: &str = "k3y-of-the-double-of-models";

/// Says what the model answers.
pub type Answerer = Arc<dyn Fn(&LlmAsked) -> String + Send + Sync>;

/// All providers at once: each by the paths of its protocol. OpenAI is below `/v1`, a server that
/// speaks like it below `/compatible/v1`.
pub struct LlmDouble {
    answerer: Answerer,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: VecDeque<LlmFault>,
    always: Option<LlmFault>,
    asked: Vec<LlmAsked>,
    kept: usize,
    tools: usize,
    files: Vec<String>,
    batches: Vec<Vec<(String, Value)>>,
}

impl Default for LlmDouble {
    fn default() -> Self {
        Self::new(Arc::new(default_answer))
    }
}

/// The smallest answer that fits: a value of the schema, or a word.
fn default_answer(asked: &LlmAsked) -> String {
    asked.schema.as_ref().map_or_else(|| "Yes.".to_owned(), |schema| sample(schema).to_string())
}

impl LlmDouble {
    /// A model that answers what a closure says.
    #[must_use]
    pub fn new(answerer: Answerer) -> Self {
        Self { answerer, state: Mutex::default() }
    }

    /// Has the next call go wrong.
    pub fn next(&self, fault: LlmFault) {
        self.state().next.push_back(fault);
    }

    /// Has all calls go wrong from now on, until `None`.
    pub fn always(&self, fault: Option<LlmFault>) {
        self.state().always = fault;
    }

    /// What the model was asked, in order; refused calls are not in it.
    #[must_use]
    pub fn asked(&self) -> Vec<LlmAsked> {
        self.state().asked.clone()
    }

    /// Calls whose answer the provider would have kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.state().kept
    }

    /// Calls that offered a tool.
    #[must_use]
    pub fn tools_offered(&self) -> usize {
        self.state().tools
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self) -> Option<LlmFault> {
        let mut state = self.state();
        state.next.pop_front().or(state.always)
    }

    /// One question to the model.
    fn turn(&self, asked: &Asked, protocol: Protocol) -> Answer {
        let fault = self.fault();
        if let Some(answer) = fault.and_then(|fault| fault.instead(protocol)) {
            return answer;
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let read = turn::read(asked, protocol, &body);
        let turn = match read {
            Ok(turn) => turn,
            Err(wrong) => return wrong.answer(protocol),
        };
        {
            let mut state = self.state();
            state.kept += usize::from(turn.kept);
            state.tools += usize::from(body.get("tools").is_some());
            state.asked.push(turn.clone());
        }
        let mut told = Told::new(&turn, (self.answerer)(&turn));
        if let Some(fault) = fault {
            fault.change(&turn, &mut told);
        }
        let answer =
            if turn.streamed { told.stream(protocol, fault) } else { told.whole(protocol, fault) };
        fault.map_or(answer.clone(), |fault| fault.spoil(answer))
    }

    fn embed(&self, asked: &Asked, protocol: Protocol) -> Answer {
        if let Some(answer) = self.fault().and_then(|fault| fault.instead(protocol)) {
            return answer;
        }
        if let Err(wrong) = turn::login(asked, protocol) {
            return wrong.answer(protocol);
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let texts: Vec<&str> = match body.get("input") {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if texts.is_empty() || texts.len() > 2_048 || texts.iter().any(|text| text.is_empty()) {
            return Wrong::invalid("'$.input' is invalid.").answer(protocol);
        }
        let vectors: Vec<Value> = texts.iter().map(|text| vector(text)).collect();
        let answer = if protocol == Protocol::Ollama {
            json!({"model": body.get("model"), "embeddings": vectors})
        } else {
            let entries: Vec<Value> = vectors
                .into_iter()
                .enumerate()
                .map(
                    |(at, vector)| json!({"object": "embedding", "index": at, "embedding": vector}),
                )
                .collect();
            json!({"object": "list", "data": entries, "model": body.get("model"),
                "usage": {"prompt_tokens": 1, "total_tokens": 1}})
        };
        json_answer(200, &answer)
    }

    fn models(&self, asked: &Asked, protocol: Protocol) -> Answer {
        if let Err(wrong) = turn::login(asked, protocol) {
            return wrong.answer(protocol);
        }
        let models = if protocol == Protocol::Ollama {
            json!({"models": [{"name": "llama3.2:latest", "model": "llama3.2:latest"}]})
        } else {
            json!({"data": [{"id": "small-model", "object": "model", "max_input_tokens": 200_000},
                {"id": "large-model", "object": "model"}]})
        };
        json_answer(200, &models)
    }

    fn batch(&self, asked: &Asked) -> Answer {
        let mut state = self.state();
        let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("POST", ["v1", "files"]) => {
                let text = String::from_utf8_lossy(&asked.body).into_owned();
                if !text.contains("name=\"purpose\"\r\n\r\nbatch\r\n") {
                    return Wrong::invalid("purpose").answer(Protocol::Chat);
                }
                state.files.push(text);
                json_answer(200, &json!({"id": format!("file-{}", state.files.len() - 1)}))
            }
            ("POST", ["v1", "batches"]) => {
                let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
                let file = body.get("input_file_id").and_then(Value::as_str).unwrap_or_default();
                let file = file.strip_prefix("file-").and_then(|at| at.parse::<usize>().ok());
                let Some(text) = file.and_then(|at| state.files.get(at).cloned()) else {
                    return Wrong::invalid("no such file").answer(Protocol::Chat);
                };
                let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
                let named = lines.filter_map(|line: Value| {
                    Some((line.get("custom_id")?.as_str()?.to_owned(), line.get("body")?.clone()))
                });
                let batch = named.collect();
                state.batches.push(batch);
                json_answer(
                    200,
                    &json!({"id": format!("batch_{}", state.batches.len() - 1),
                    "status": "validating"}),
                )
            }
            ("POST", ["v1", "messages", "batches"]) => {
                let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
                let all = body.get("requests").and_then(Value::as_array).cloned();
                let named = all.unwrap_or_default().into_iter().filter_map(|one| {
                    Some((one.get("custom_id")?.as_str()?.to_owned(), one.get("params")?.clone()))
                });
                let batch = named.collect();
                state.batches.push(batch);
                json_answer(
                    200,
                    &json!({"id": format!("msgbatch_{}", state.batches.len() - 1),
                    "processing_status": "in_progress"}),
                )
            }
            ("GET", ["v1", "batches", id]) => {
                let file = id.replace("batch_", "out-");
                json_answer(200, &json!({"id": id, "status": "completed", "output_file_id": file}))
            }
            ("GET", ["v1", "messages", "batches", id]) => json_answer(
                200,
                &json!({"id": id, "processing_status": "ended",
                    "results_url": "https://elsewhere.example/results"}),
            ),
            ("GET", ["v1", "files", id, "content"]) => self.answers(&state, id, Protocol::Chat),
            ("GET", ["v1", "messages", "batches", id, "results"]) => {
                self.answers(&state, id, Protocol::Messages)
            }
            _ => Answer::new(404, ""),
        }
    }

    /// The answers of a batch, the last first.
    fn answers(&self, state: &State, id: &str, protocol: Protocol) -> Answer {
        let number = id.rsplit(['_', '-']).next().and_then(|at| at.parse::<usize>().ok());
        let Some(batch) = number.and_then(|at| state.batches.get(at)) else {
            return Answer::new(404, "");
        };
        let mut lines = String::new();
        for (name, body) in batch.iter().rev() {
            let chat = body.get("messages").is_some();
            let spoken = match (protocol, chat) {
                (Protocol::Chat, false) => Protocol::Responses,
                (other, _) => other,
            };
            let whole = match turn::of_body(spoken, "", body) {
                Ok(turn) => Told::new(&turn, (self.answerer)(&turn)).value(spoken),
                Err(wrong) => wrong.value(spoken),
            };
            let line = match (protocol, whole.get("error").is_some_and(|error| !error.is_null())) {
                (Protocol::Messages, true) => {
                    json!({"custom_id": name, "result": {"type": "errored", "error": whole}})
                }
                (Protocol::Messages, false) => {
                    json!({"custom_id": name, "result": {"type": "succeeded", "message": whole}})
                }
                (_, failed) => json!({"custom_id": name, "response":
                    {"status_code": if failed { 400 } else { 200 }, "body": whole}, "error": null}),
            };
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        Answer::new(200, lines).header("content-type", "application/jsonl")
    }
}

impl fmt::Debug for LlmDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LlmDouble({} asked)", self.state().asked.len())
    }
}

impl Platform for LlmDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        let path = asked.path.as_str();
        let is_anthropic = asked.header("anthropic-version").is_some();
        if path.starts_with("/v1/files") || path.contains("/batches") {
            return self.batch(asked);
        }
        let Some(protocol) = Protocol::of(path, is_anthropic) else {
            return Answer::new(404, r#"{"message":"no Route matched with those values"}"#)
                .header("content-type", "application/json");
        };
        if path.ends_with("/models") || path.ends_with("/tags") {
            return self.models(asked, protocol);
        }
        if path.ends_with("/embeddings") || path.ends_with("/embed") {
            return self.embed(asked, protocol);
        }
        self.turn(asked, protocol)
    }
}

/// Eight numbers that follow from a text.
fn vector(text: &str) -> Value {
    let sum = |first: usize| {
        let own = text.bytes().skip(first).step_by(8);
        own.fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()) % 1_000)
    };
    (0..8).map(|first| f64::from(sum(first)) / 1_000.0).collect()
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string()).header("content-type", "application/json")
}
