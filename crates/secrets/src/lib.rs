//! Secrets by reference: where a value stands is configured, the value itself never is.
//!
//! [`Secrets`] resolves a [`quell_config::SecretRef`], keeps the value for a while, renews it, and serves the
//! last good one while the place it comes from cannot be reached. No value is in any `Debug`,
//! error or log of this crate.

mod aws;
mod aws_login;
mod cache;
mod error;
mod local;
mod profile;
mod secret;
mod settings;
mod sts;
mod vault;

pub use aws_login::{AwsLogin, AwsLogins};
pub use cache::{Secrets, State};
pub use error::SecretError;
pub use local::{Environment, read_local};
pub use secret::{Secret, Values};
pub use settings::{AwsKeySource, AwsSettings, Settings, VaultLogin, VaultSettings};
