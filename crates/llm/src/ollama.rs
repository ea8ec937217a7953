//! Ollama, its own protocol.

use serde_json::{Map, Value, json};

use crate::connection::Auth;
use crate::dialect::{Call, Dialect, Heard, listed, text};
use crate::embeddings::Vectors;
use crate::events::Framing;
use crate::kind::{Kind, Made};
use crate::rules::Rules;
use crate::{Effort, LlmError, Model, Settings, Stopped, Usage};

pub(crate) const KIND: Kind = Kind {
    id: "ollama",
    title: "Ollama",
    rules_of: "ollama",
    url: Some("http://127.0.0.1:11434"),
    needs_key: false,
    make,
};

/// The least window that is asked for.
const LEAST_WINDOW: u64 = 4_096;

fn make(settings: &Settings) -> Result<Made, LlmError> {
    let dialect = Box::new(Ollama { window: settings.context_tokens });
    Ok(Made { dialect, auth: Auth::Bearer, headers: &[], rules: Rules::ALL })
}

#[derive(Debug)]
struct Ollama {
    window: Option<u32>,
}

impl Ollama {
    /// The window: it is small by default, and what does not fit is cut without a word.
    fn window(&self, call: &Call<'_>) -> u64 {
        let wanted = call.request.input_estimate().saturating_add(call.request.most_output.into());
        let rounded = wanted.div_ceil(1_024).saturating_mul(1_024).max(LEAST_WINDOW);
        self.window.map_or(rounded, u64::from)
    }
}

impl Dialect for Ollama {
    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn path(&self, _: &str) -> Result<String, LlmError> {
        Ok("/api/chat".to_owned())
    }

    fn body(&self, call: &Call<'_>) -> Value {
        let (request, rules) = (call.request, call.rules);
        let mut options = Map::new();
        options.insert("num_predict".to_owned(), json!(request.most_output));
        options.insert("num_ctx".to_owned(), json!(self.window(call)));
        if let Some(temperature) = request.temperature.filter(|_| rules.temperature) {
            options.insert("temperature".to_owned(), json!(temperature));
        }
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
        put("stream", json!(call.streamed));
        put("options", Value::Object(options));
        if let Some(schema) = request.schema.as_ref().filter(|_| rules.schema) {
            put("format", schema.sent());
        }
        match request.effort.filter(|_| rules.effort) {
            Some(Effort::Minimal) => {
                put("think", json!(false));
            }
            Some(effort) => {
                put("think", json!(effort.as_str()));
            }
            None => {}
        }
        Value::Object(body)
    }

    fn whole(&self, answer: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        if answer.pointer("/message/content").is_none_or(|words| !words.is_string()) {
            return Err(LlmError::shape("message.content", "is no text"));
        }
        self.event(answer, heard)?;
        if heard.done { Ok(()) } else { Err(LlmError::shape("done", "is not true")) }
    }

    fn event(&self, event: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        text(event, "/model").clone_into(&mut heard.model);
        text(event, "/created_at").clone_into(&mut heard.id);
        heard.say(text(event, "/message/content"))?;
        if event.get("done") != Some(&Value::Bool(true)) {
            return Ok(());
        }
        heard.done = true;
        heard.stopped = match text(event, "/done_reason") {
            "" | "stop" => Some(Stopped::End),
            "length" => Some(Stopped::Length),
            "load" | "unload" => {
                return Err(LlmError::Cut { why: "the model was only loaded".to_owned() });
            }
            other => return Err(LlmError::shape("done_reason", crate::error::tame(other))),
        };
        let count = |name: &str| event.get(name).and_then(Value::as_u64);
        let counts = count("prompt_eval_count").zip(count("eval_count"));
        heard.usage =
            counts.map(|(input, output)| Usage { input, output, told: true, ..Usage::default() });
        Ok(())
    }

    fn models_path(&self) -> &'static str {
        "/api/tags"
    }

    fn models(&self, answer: &Value) -> Vec<Model> {
        listed(answer, "models", "name", "context_length")
    }

    fn vectors(&self) -> Option<&dyn Vectors> {
        Some(self)
    }
}

impl Vectors for Ollama {
    fn path(&self, _: &str) -> Result<String, LlmError> {
        Ok("/api/embed".to_owned())
    }

    fn body(&self, model: &str, texts: &[&str]) -> Value {
        json!({"model": model, "input": texts, "truncate": false})
    }

    fn read(&self, answer: &Value) -> Result<Vec<Value>, LlmError> {
        let all = answer.get("embeddings").and_then(Value::as_array).cloned();
        all.ok_or_else(|| LlmError::shape("embeddings", "is no list"))
    }
}
