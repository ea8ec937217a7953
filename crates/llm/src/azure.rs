//! Azure OpenAI: deployments with a version in the address, or the v1 address.

use crate::chat::{Chat, Places, plain_id};
use crate::connection::Auth;
use crate::kind::{Kind, Made};
use crate::rules::Rules;
use crate::{LlmError, Settings};

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
    let (places, models) = (Azure { version }, "/openai/v1/models");
    let dialect = Chat { places, models, window: "context_length", batches: None };
    Ok(Made { dialect: Box::new(dialect), auth, headers: &[], rules })
}

#[derive(Debug)]
struct Azure {
    version: Option<String>,
}

impl Places for Azure {
    fn path(&self, deployment: &str, call: &str) -> Result<String, LlmError> {
        let Some(version) = &self.version else { return Ok(format!("/openai/v1/{call}")) };
        let deployment = plain_id(deployment).map_err(|_| LlmError::Setting {
            name: "model",
            why: "is no name of a deployment".to_owned(),
        })?;
        Ok(format!("/openai/deployments/{deployment}/{call}?api-version={version}"))
    }
}
