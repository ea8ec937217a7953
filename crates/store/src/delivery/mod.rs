//! The outbox, and what stands at sinks: a database of its own.

mod deliveries;
mod open;
mod outbox;
#[cfg(test)]
mod tests;

pub use deliveries::Delivery;
pub(crate) use open::{FILE, MIGRATIONS, bring_over};
pub use open::{OutboxStore, flush_findings};
pub use outbox::{NewRow, OutboxFilter};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Damaged(format!("a row of the outbox cannot be read or kept: {error}"))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

fn write(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| damaged(&error))
}
