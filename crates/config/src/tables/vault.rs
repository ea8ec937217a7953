//! `[vault]`: where references that begin with `vault:` are resolved.

use serde::Deserialize;

use super::{Broken, Instance, local_only};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// Where Vault is and how to log in there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// Where it answers; without it, there is none.
    pub address: Option<String>,
    /// The namespace, for Vault Enterprise.
    pub namespace: Option<String>,
    /// How to log in.
    pub login: VaultLogin,
    /// The token.
    pub token: SecretRef,
    /// Where AppRole is mounted.
    pub mount: String,
    /// The role of AppRole.
    pub role_id: SecretRef,
    /// The secret of the role.
    pub secret_id: SecretRef,
}

/// How to log in to Vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VaultLogin {
    /// With AppRole.
    Approle,
    /// With a token, for example one that an agent keeps in a file.
    Token,
}

pub(super) const TABLE: Table = Table {
    name: "vault",
    named: None,
    doc: "Where references that begin with `vault:` are resolved.",
    keys: &[
        Key::new("address", Kind::Url, "Where Vault answers.")
            .sample("https://vault.example.com:8200")
            .variable("VAULT_ADDR"),
        Key::new("namespace", Kind::Text, "The namespace, for Vault Enterprise.")
            .sample("security")
            .variable("VAULT_NAMESPACE"),
        Key::new("login", Kind::Choice(&["token", "approle"]), "How to log in.").or("token"),
        Key::new(
            "token",
            Kind::Secret,
            "The token of `token`, by `env:` or `file:`; an agent may keep it in a file.",
        )
        .or("env:VAULT_TOKEN"),
        Key::new("mount", Kind::Text, "Where AppRole is mounted.").or("approle"),
        Key::new("role_id", Kind::Secret, "The role of `approle`, by `env:` or `file:`.")
            .or("env:VAULT_ROLE_ID"),
        Key::new("secret_id", Kind::Secret, "The secret of that role, by `env:` or `file:`.")
            .or("env:VAULT_SECRET_ID"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    local_only(table, &["token", "role_id", "secret_id"])
}
