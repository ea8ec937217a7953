//! Language models over one trait: one file for each provider, a thin client of our own.
//!
//! A model is asked for words and for JSON of a schema, and for nothing else: no tool is ever
//! offered to it. What it answers is [`Untrusted`](quell_model::Untrusted) and decides nothing.
//! A new provider is one file and one line in [`PROVIDERS`].

mod anthropic;
mod azure;
mod chat;
mod compatible;
mod connection;
mod dialect;
mod embeddings;
mod error;
mod events;
mod gate;
mod judge;
mod kind;
mod left;
mod ollama;
mod openai_chat;
mod openai_responses;
mod price;
mod provider;
mod refusal;
mod reply;
mod request;
mod rules;
mod schema;
mod settings;
mod stream;
#[cfg(test)]
mod tests;

pub use error::{LlmError, Meaning};
pub use gate::{Gate, Pace, Pass, SharedGate, Shut, ShutBy};
pub use kind::{Kind, PROVIDERS, connect};
pub use left::{Left, Reset};
pub use price::{Price, known_batch_percent, known_price};
pub use provider::{Batch, BatchState, Future, Means, Model, Provider};
pub use reply::{Reply, Stopped, Usage};
pub use request::{Effort, Request};
pub use schema::Schema;
pub use settings::{Fixed, KeyFuture, Keys, NoKey, SchemaBy, Settings};
pub use stream::{Piece, Stream};
