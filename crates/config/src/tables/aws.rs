//! `[aws]`: where references that begin with `aws-sm:` are resolved.

use serde::Deserialize;

use super::{Broken, Instance, both_keys, local_only};
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
    /// The id of the access key; without it, the key is found where AWS's own tools look.
    pub access_key: Option<SecretRef>,
    /// The secret access key.
    pub secret_key: Option<SecretRef>,
    /// The token of a session.
    pub session_token: Option<SecretRef>,
    /// Another place than AWS's own for taking a role.
    pub sts_endpoint: Option<String>,
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
        Key::new(
            "access_key",
            Kind::Secret,
            "The id of the access key, by `env:` or `file:`. Without it: the variables, the \
             profile files or the workload's token that AWS's own tools use.",
        )
        .sample("env:QUELL_AWS_ID"),
        Key::new("secret_key", Kind::Secret, "The secret access key, by `env:` or `file:`.")
            .sample("env:QUELL_AWS_KEY"),
        Key::new("session_token", Kind::Secret, "The token of a session, by `env:` or `file:`.")
            .sample("file:/run/secrets/aws-session"),
        Key::new("sts_endpoint", Kind::Url, "Another place than AWS's own for taking a role.")
            .sample("https://vpce-2.sts.eu-west-1.vpce.amazonaws.com")
            .variable("AWS_ENDPOINT_URL_STS"),
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
    let mut broken = local_only(table, &["access_key", "secret_key", "session_token"]);
    broken.extend(both_keys(table));
    broken
}
