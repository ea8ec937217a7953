//! `[sign_in]`: how people sign in.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::no_rule;
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// How people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The identity provider.
    pub issuer: Option<String>,
    /// What Quell is called there.
    pub client_id: String,
    /// What Quell proves that with, where the provider asks for it.
    pub client_secret: Option<SecretRef>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claim that names groups.
    pub groups_claim: String,
    /// The role that each group gives.
    #[serde(default)]
    pub roles: BTreeMap<String, String>,
    /// The role of whoever signs in.
    pub default_role: String,
    /// The tenant of who signs in there.
    pub tenant: String,
    /// Whether local people sign in with a password.
    pub passwords: bool,
    /// How long a session lasts that nobody uses.
    pub idle_minutes: u64,
    /// How long a session lasts at most.
    pub session_hours: u64,
    /// Whether the cookie goes over plain HTTP on loopback.
    pub plain_loopback: bool,
}

pub(super) const TABLE: Table = Table {
    name: "sign_in",
    named: None,
    doc: "How people sign in: at an identity provider by OpenID Connect, or with a password here.",
    keys: &[
        Key::new(
            "issuer",
            Kind::Url,
            "The identity provider, as its `issuer` says. Register `<public_url>/sign-in/return` \
             there as the address to come back to.",
        )
        .sample("https://idp.example.com"),
        Key::new("client_id", Kind::Text, "What Quell is called at the provider.").or("quell"),
        Key::new(
            "client_secret",
            Kind::Secret,
            "What Quell proves that with, where the provider asks for it. PKCE is used with and \
             without it.",
        )
        .sample("env:QUELL_OIDC_SECRET"),
        Key::new("scopes", Kind::Words, "What is asked for.").or("openid,profile,email"),
        Key::new("groups_claim", Kind::Text, "The claim that names a person's groups.")
            .or("groups"),
        Key::new(
            "roles",
            Kind::Parameters,
            "The role that each group gives: `viewer`, `analyst`, `engineer`, `approver`, \
             `auditor` or `admin`. A group with limits is made by `quell user group`.",
        )
        .or("{}"),
        Key::new(
            "default_role",
            Kind::Choice(&["none", "viewer", "analyst", "engineer", "approver", "auditor"]),
            "The role of whoever signs in at the provider. With `none`, who is in no group that \
             gives a role is turned away.",
        )
        .or("none"),
        Key::new("tenant", Kind::Tenant, "The tenant of who signs in at the provider.")
            .or("default"),
        Key::new(
            "passwords",
            Kind::Truth,
            "Whether people that `quell user add` made sign in with a password.",
        )
        .or("true"),
        Key::new(
            "idle_minutes",
            Kind::things(1, 1_440),
            "How long a session lasts that nobody uses.",
        )
        .or("30"),
        Key::new("session_hours", Kind::things(1, 168), "How long a session lasts at most.")
            .or("12"),
        Key::new(
            "plain_loopback",
            Kind::Truth,
            "Whether the cookie of a session goes over plain HTTP, to try Quell on one machine. It \
             only counts where the server listens on loopback. Without it the cookie is \
             `__Host-`, and browsers send it over HTTPS alone.",
        )
        .or("false"),
    ],
    rule: no_rule,
};
