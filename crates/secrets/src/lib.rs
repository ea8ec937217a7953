//! Secrets by reference: where a value stands is configured, the value itself never is.
//!
//! [`Secrets`] resolves a [`SecretRef`], keeps the value for a while, renews it, and serves the
//! last good one while the place it comes from cannot be reached. No value is in any `Debug`,
//! error or log of this crate.

mod aws;
mod cache;
mod error;
mod local;
mod reference;
mod secret;
mod settings;
mod vault;

pub use cache::{Secrets, State};
pub use error::SecretError;
pub use local::{Environment, read_local};
pub use reference::{InvalidReference, SecretRef};
pub use secret::{Secret, Values};
pub use settings::{AwsSettings, Settings, VaultLogin, VaultSettings};
