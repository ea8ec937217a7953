//! `[aws]`: where references that begin with `aws-sm:` are resolved.

use serde::Deserialize;

use super::{Broken, Instance, local_only};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// Where AWS Secrets Manager is and how to sign there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    /// The region of names; without it, AWS is not asked. An ARN names its own.
    pub region: Option<String>,
    /// Another place than AWS's own.
    pub endpoint: Option<String>,
    /// The id of the access key.
    pub access_key: SecretRef,
    /// The secret access key.
    pub secret_key: SecretRef,
    /// The token of a session.
    pub session_token: Option<SecretRef>,
    /// How long after a rotation the value before counts too.
    pub overlap_seconds: u64,
}

pub(super) const TABLE: Table = Table {
    name: "aws",
    named: None,
    doc: "Where references that begin with `aws-sm:` are resolved.",
    keys: &[
        Key::new("region", Kind::Text, "The region of names. An ARN names its own.")
            .sample("eu-west-1")
            .variable("AWS_REGION"),
        Key::new("endpoint", Kind::Url, "Another place than AWS's own.")
            .sample("https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com")
            .variable("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
        Key::new("access_key", Kind::Secret, "The id of the access key, by `env:` or `file:`.")
            .or("env:AWS_ACCESS_KEY_ID"),
        Key::new("secret_key", Kind::Secret, "The secret access key, by `env:` or `file:`.")
            .or("env:AWS_SECRET_ACCESS_KEY"),
        Key::new(
            "session_token",
            Kind::Secret,
            "The token of a session, by `env:` or `file:`. Without it: the variable \
             `AWS_SESSION_TOKEN`, where it is set.",
        )
        .sample("env:AWS_SESSION_TOKEN"),
        Key::new(
            "overlap_seconds",
            Kind::seconds(0, 604_800),
            "How long after a rotation the value before counts too.",
        )
        .or("86400"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    local_only(table, &["access_key", "secret_key", "session_token"])
}
