//! What a provider is made from.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

use crate::LlmError;

/// How one provider is reached. Where nothing is configured, nothing is ever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name in the configuration.
    pub name: String,
    /// Which kind it is: an id of [`PROVIDERS`](crate::PROVIDERS).
    pub kind: String,
    /// Where its API answers; the vendor's own address where there is one.
    pub url: Option<String>,
    /// The model, or the deployment, that is asked where a request names none.
    pub model: String,
    /// The model that makes vectors.
    pub embedding_model: Option<String>,
    /// The version of the API in the address (Azure's deployments).
    pub api_version: Option<String>,
    /// How the shape of an answer is asked for.
    pub schema_by: SchemaBy,
    /// Whether the key goes as `Authorization: Bearer` where the vendor has a header of its own.
    pub bearer: bool,
    /// Most tokens of input and answer together; what is longer is refused before it is sent.
    pub context_tokens: Option<u32>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Most bytes of an answer.
    pub most_bytes: u64,
}

impl Settings {
    /// Settings with all else as it is by default.
    #[must_use]
    pub fn new(name: &str, kind: &str, model: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            url: None,
            model: model.to_owned(),
            embedding_model: None,
            api_version: None,
            schema_by: SchemaBy::Auto,
            bearer: false,
            context_tokens: None,
            timeout: Duration::from_secs(120),
            most_bytes: 4 << 20,
        }
    }

    /// At another address.
    #[must_use]
    pub fn at(mut self, url: &str) -> Self {
        self.url = Some(url.to_owned());
        self
    }
}

/// How the shape of an answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SchemaBy {
    /// By the provider's own means, else in words.
    #[default]
    Auto,
    /// By the provider's own means alone.
    Native,
    /// In words alone.
    Words,
}

impl FromStr for SchemaBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "native" => Ok(Self::Native),
            "words" => Ok(Self::Words),
            other => Err(format!("`{other}` is none of auto, native, words")),
        }
    }
}

/// What comes of reading a key, later.
pub type KeyFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<SecretString>, LlmError>> + Send + 'a>>;

/// Where the key comes from, read anew for each call, so that a rotated one holds at once.
pub trait Keys: Send + Sync + fmt::Debug {
    /// The key as it is now; `None` where none is needed.
    fn read(&self) -> KeyFuture<'_>;
}

/// No key: a server of one's own.
#[derive(Debug, Clone, Copy)]
pub struct NoKey;

impl Keys for NoKey {
    fn read(&self) -> KeyFuture<'_> {
        Box::pin(async { Ok(None) })
    }
}

/// A key that stays.
#[derive(Debug, Clone)]
pub struct Fixed(pub SecretString);

impl Keys for Fixed {
    fn read(&self) -> KeyFuture<'_> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }
}
