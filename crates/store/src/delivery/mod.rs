//! The outbox, and what stands at sinks.

mod deliveries;
mod outbox;
#[cfg(test)]
mod tests;

pub use deliveries::Delivery;
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
