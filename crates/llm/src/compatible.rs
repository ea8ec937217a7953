//! Any server that speaks Chat Completions: vLLM, llama.cpp, LiteLLM, a gateway.

use crate::chat::{Chat, Plain};
use crate::connection::Auth;
use crate::kind::{Kind, Made};
use crate::rules::Rules;
use crate::{LlmError, Settings};

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
    let dialect = Chat { places: Plain, models: "/models", window: "max_model_len", batches: None };
    Ok(Made { dialect: Box::new(dialect), auth: Auth::Bearer, headers: &[], rules })
}
