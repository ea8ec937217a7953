//! What every provider can do.

use std::fmt;
use std::pin::Pin;

use crate::{LlmError, Reply, Request, Stream};

/// What comes of a call, later.
pub type Future<'a, T> =
    Pin<Box<dyn std::future::Future<Output = Result<T, LlmError>> + Send + 'a>>;

const NO_BATCH: LlmError = LlmError::Unsupported("this provider takes no batches");

/// One provider with one key. Several tasks may use it at once.
///
/// No call is repeated within, but for one case: a parameter that a model does not take is left
/// out and remembered. Such a refusal costs nothing.
pub trait Provider: Send + Sync + fmt::Debug {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// What it offers.
    fn means(&self) -> Means;

    /// The bytes that asking sends, as far as is known now. A parameter that turns out to be
    /// refused is left out of them afterwards; who looks again then sees what was sent.
    ///
    /// # Errors
    /// What is known to be wrong before anything is sent.
    fn payload(&self, request: &Request) -> Result<Vec<u8>, LlmError>;

    /// Asks, and waits for the whole answer.
    fn ask<'a>(&'a self, request: &'a Request) -> Future<'a, Reply>;

    /// Asks, and hands the words on as they come.
    fn stream<'a>(&'a self, request: &'a Request) -> Future<'a, Stream>;

    /// A vector for each text, in order.
    fn embed<'a>(&'a self, texts: &'a [&'a str]) -> Future<'a, Vec<Vec<f32>>>;

    /// The models that the key may use, as the provider tells.
    fn models(&self) -> Future<'_, Vec<Model>>;

    /// Has requests answered within a day, for less. Each has a name that comes back with its
    /// answer. Tells the batch's id.
    fn submit<'a>(&'a self, _requests: &'a [(String, Request)]) -> Future<'a, String> {
        Box::pin(async { Err(NO_BATCH) })
    }

    /// How far a batch is.
    fn poll<'a>(&'a self, _batch: &'a str) -> Future<'a, Batch> {
        Box::pin(async { Err(NO_BATCH) })
    }

    /// The answers of a batch that is done, by name, in any order.
    fn collect<'a>(
        &'a self,
        _batch: &'a Batch,
        _requests: &'a [(String, Request)],
    ) -> Future<'a, Vec<(String, Result<Reply, LlmError>)>> {
        Box::pin(async { Err(NO_BATCH) })
    }
}

/// What a provider offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// Whether it holds a schema itself.
    pub schema: bool,
    /// Whether vectors are configured.
    pub embeddings: bool,
    /// Whether it takes batches.
    pub batch: bool,
}

/// A model as its provider describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub id: String,
    /// Most tokens of input, where that is told.
    pub input_tokens: Option<u64>,
}

/// A batch as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub state: BatchState,
    /// Where its answers are, once there are some, in the provider's words.
    pub answers: Vec<String>,
}

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    /// It is being worked on.
    Running,
    /// Its answers are there.
    Done,
    /// It came to nothing.
    Failed,
}
