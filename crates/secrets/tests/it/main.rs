//! References resolved against the doubles of Vault and AWS.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aws;
mod chain;
mod support;
mod vault;

use quell_secrets::{Secret, SecretError, Secrets};
use support::{NOW, eager, reference, secrets};

async fn get(secrets: &Secrets, text: &str) -> Result<Secret, SecretError> {
    secrets.get(&reference(text)).await
}

fn text(secret: &Secret) -> &str {
    secret.expose_text().unwrap()
}
