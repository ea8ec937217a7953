//! Azure OpenAI: deployments with a version in the address, or the v1 address.

use serde_json::Value;

use crate::chat::{self, plain_id};
use crate::connection::Auth;
use crate::dialect::{Call, Dialect, Heard, listed};
use crate::embeddings::{Vectors, openai_body, openai_read};
use crate::kind::{Kind, Made};
use crate::rules::Rules;
use crate::{LlmError, Model, Settings};

pub(crate) const KIND: Kind = Kind {
    id: "azure-openai",
    title: "Azure OpenAI",
    rules_of: "azure",
    url: None,
    needs_key: true,
    make,
};

fn make(settings: &Settings) -> Result<Made, LlmError> {
    let version = settings.api_version.clone();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if version.as_deref().is_some_and(|text| text.is_empty() || !text.chars().all(plain)) {
        let why = "is no version such as `2024-10-21`".to_owned();
        return Err(LlmError::Setting { name: "api_version", why });
    }
    let auth = if settings.bearer { Auth::Bearer } else { Auth::Header("api-key") };
    // A deployment's name does not tell its model, so refusals do.
    let rules = Rules { store: false, ..Rules::ALL };
    Ok(Made { dialect: Box::new(Azure { version }), auth, headers: &[], rules })
}

#[derive(Debug)]
struct Azure {
    version: Option<String>,
}

impl Azure {
    fn place(&self, deployment: &str, call: &str) -> Result<String, LlmError> {
        let Some(version) = &self.version else { return Ok(format!("/openai/v1/{call}")) };
        let deployment = plain_id(deployment).map_err(|_| LlmError::Setting {
            name: "model",
            why: "is no name of a deployment".to_owned(),
        })?;
        Ok(format!("/openai/deployments/{deployment}/{call}?api-version={version}"))
    }
}

impl Dialect for Azure {
    fn path(&self, model: &str) -> Result<String, LlmError> {
        self.place(model, "chat/completions")
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
        "/openai/v1/models"
    }

    fn models(&self, answer: &Value) -> Vec<Model> {
        listed(answer, "data", "id", "context_length")
    }

    fn vectors(&self) -> Option<&dyn Vectors> {
        Some(self)
    }
}

impl Vectors for Azure {
    fn path(&self, model: &str) -> Result<String, LlmError> {
        self.place(model, "embeddings")
    }

    fn body(&self, model: &str, texts: &[&str]) -> Value {
        openai_body(model, texts)
    }

    fn read(&self, answer: &Value) -> Result<Vec<Value>, LlmError> {
        openai_read(answer)
    }
}
