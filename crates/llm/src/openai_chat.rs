//! OpenAI, Chat Completions.

use crate::chat::{Chat, Files, Plain};
use crate::connection::Auth;
use crate::kind::{Kind, Made};
use crate::rules::Rules;
use crate::{LlmError, Settings};

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

/// What is spoken there.
pub(crate) const OPENAI: Chat<Plain> = Chat {
    places: Plain,
    models: "/models",
    window: "context_length",
    batches: Some(Files { endpoint: "/v1/chat/completions" }),
};

fn make(_: &Settings) -> Result<Made, LlmError> {
    Ok(Made { dialect: Box::new(OPENAI), auth: Auth::Bearer, headers: &[], rules: Rules::ALL })
}
