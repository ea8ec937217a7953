//! OpenAI, Chat Completions.

use serde_json::Value;

use crate::chat::{self, Files};
use crate::connection::Auth;
use crate::dialect::{Batches, Call, Dialect, Heard, listed};
use crate::embeddings::{Vectors, openai_body, openai_read};
use crate::kind::{Kind, Made};
use crate::rules::Rules;
use crate::{LlmError, Model, Settings};

pub(crate) const KIND: Kind = Kind {
    id: "openai",
    title: "OpenAI, Chat Completions",
    rules_of: "openai",
    url: Some(URL),
    needs_key: true,
    make,
};

/// Where OpenAI answers.
pub(crate) const URL: &str = "https://api.openai.com/v1";

fn make(_: &Settings) -> Result<Made, LlmError> {
    Ok(Made { dialect: Box::new(OpenAi), auth: Auth::Bearer, headers: &[], rules: Rules::ALL })
}

#[derive(Debug)]
struct OpenAi;

impl Dialect for OpenAi {
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
        listed(answer, "data", "id", "context_length")
    }

    fn vectors(&self) -> Option<&dyn Vectors> {
        Some(&OpenAiVectors)
    }

    fn batches(&self) -> Option<&dyn Batches> {
        Some(&Files { endpoint: "/v1/chat/completions" })
    }
}

/// Vectors at OpenAI and those that speak like it.
#[derive(Debug)]
pub(crate) struct OpenAiVectors;

impl Vectors for OpenAiVectors {
    fn path(&self, _: &str) -> Result<String, LlmError> {
        Ok("/embeddings".to_owned())
    }

    fn body(&self, model: &str, texts: &[&str]) -> Value {
        openai_body(model, texts)
    }

    fn read(&self, answer: &Value) -> Result<Vec<Value>, LlmError> {
        openai_read(answer)
    }
}
