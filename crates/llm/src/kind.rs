//! The kinds of provider.

use std::sync::Arc;

use quell_http::Client;

use crate::connection::{Auth, Connection};
use crate::dialect::{Dialect, Speaker};
use crate::rules::{Learned, Rules};
use crate::{
    Keys, LlmError, Provider, Settings, anthropic, azure, compatible, ollama, openai_chat,
    openai_responses,
};

/// All of them.
pub static PROVIDERS: &[Kind] = &[
    anthropic::KIND,
    azure::KIND,
    ollama::KIND,
    openai_chat::KIND,
    compatible::KIND,
    openai_responses::KIND,
];

/// A kind of provider.
#[derive(Debug)]
pub struct Kind {
    /// Its id in `[llm.NAME] kind`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Under what name the tables of models and prices know it.
    pub rules_of: &'static str,
    /// Where it answers, where the vendor has one address.
    pub url: Option<&'static str>,
    /// Whether it needs a key.
    pub needs_key: bool,
    pub(crate) make: fn(&Settings) -> Result<Made, LlmError>,
}

/// What makes a kind of provider.
pub(crate) struct Made {
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) auth: Auth,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) rules: Rules,
}

impl Kind {
    /// The kind of this id.
    #[must_use]
    pub fn of(id: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|kind| kind.id == id)
    }
}

/// Makes a provider. Nothing is asked yet.
///
/// # Errors
/// A setting is wrong.
pub fn connect(
    settings: Settings,
    client: Client,
    keys: Arc<dyn Keys>,
) -> Result<Box<dyn Provider>, LlmError> {
    let wrong = |name, why: String| LlmError::Setting { name, why };
    let kind = Kind::of(&settings.kind).ok_or_else(|| {
        let known: Vec<&str> = PROVIDERS.iter().map(|kind| kind.id).collect();
        wrong("kind", format!("is none of {}", known.join(", ")))
    })?;
    let url = settings.url.as_deref().or(kind.url);
    let url = url.ok_or_else(|| wrong("url", "is missing".to_owned()))?;
    let base = url.trim_end_matches('/').to_owned();
    if base.contains(['?', '#']) {
        return Err(wrong("url", "must have no query".to_owned()));
    }
    let made = (kind.make)(&settings)?;
    let place = (base, made.auth);
    let connection = Connection::new(&settings, place, made.headers, (client, keys));
    Ok(Box::new(Speaker {
        settings,
        kind: kind.rules_of,
        connection,
        dialect: Arc::from(made.dialect),
        rules: made.rules,
        learned: Learned::default(),
    }))
}
