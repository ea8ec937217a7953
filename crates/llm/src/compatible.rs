//! Any server that speaks Chat Completions: vLLM, llama.cpp, LiteLLM, a gateway.

use serde_json::Value;

use crate::chat;
use crate::connection::Auth;
use crate::dialect::{Call, Dialect, Heard, listed};
use crate::embeddings::Vectors;
use crate::kind::{Kind, Made};
use crate::openai_chat::OpenAiVectors;
use crate::rules::Rules;
use crate::{LlmError, Model, Settings};

pub(crate) const KIND: Kind = Kind {
    id: "openai-compatible",
    title: "A server that speaks OpenAI's Chat Completions",
    rules_of: "compatible",
    url: None,
    needs_key: false,
    make,
};

fn make(_: &Settings) -> Result<Made, LlmError> {
    // The older name of the cap is the one that all of them know.
    let rules = Rules { newer_cap: false, store: false, ..Rules::ALL };
    Ok(Made { dialect: Box::new(Compatible), auth: Auth::Bearer, headers: &[], rules })
}

#[derive(Debug)]
struct Compatible;

impl Dialect for Compatible {
    fn path(&self, _: &str) -> Result<String, LlmError> {
        Ok("/chat/completions".to_owned())
    }

    fn body(&self, call: &Call<'_>) -> Value {
        chat::body(call)
    }

    fn whole(&self, answer: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        chat::whole(answer, heard)
    }

    fn event(&self, event: &Value, heard: &mut Heard) -> Result<(), LlmError> {
        chat::event(event, heard)
    }

    fn models_path(&self) -> &'static str {
        "/models"
    }

    fn models(&self, answer: &Value) -> Vec<Model> {
        listed(answer, "data", "id", "max_model_len")
    }

    fn vectors(&self) -> Option<&dyn Vectors> {
        Some(&OpenAiVectors)
    }
}
