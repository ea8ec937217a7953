//! `[hooks.NAME]`: webhooks, and how their senders prove who they are.

use std::collections::BTreeMap;

use quell_model::TenantId;
use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};
use crate::secret::HookSecret;

/// A webhook at `/api/v1/hooks/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// Whether it is answered.
    pub enabled: bool,
    /// The format of its bodies, or `auto`.
    pub format: String,
    /// Whose findings they are.
    pub tenant: TenantId,
    /// The platform whose webhook it is.
    pub source: Option<String>,
    /// How senders prove who they are.
    pub auth: Auth,
    /// The header with the secret (`header`) or the signature (`hmac`).
    pub header: Option<String>,
    /// The user of `basic`.
    pub user: Option<String>,
    /// The hash of the signature.
    pub algorithm: Algorithm,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What stands before the signature in the header.
    pub prefix: String,
    /// The header with the time of sending.
    pub timestamp: Option<String>,
    /// The header with the sender's id of the delivery.
    pub delivery: Option<String>,
    /// What is signed; see [`Hook::signed_text`].
    pub signed: Option<String>,
    /// How far that time may lie from now.
    pub tolerance_seconds: u64,
    /// One or two secrets that count; for `oidc` sets of keys, in place of those that are fetched.
    #[serde(default)]
    pub secrets: Vec<HookSecret>,
    /// What the tokens of `oidc` have to say; see [`Hook::token_says`].
    pub token: BTreeMap<String, String>,
    /// Requests a second.
    pub rate_per_second: u32,
    /// Requests at once.
    pub burst: u32,
}

/// What may be said of a token; the first two have to be.
const TOKEN: [&str; 4] = ["audience", "email", "issuer", "keys_url"];

impl Hook {
    /// What a token has to say: `audience` or `email`; empty where that is not said.
    #[must_use]
    pub fn token_says(&self, name: &str) -> &str {
        self.token.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Who signs the tokens.
    #[must_use]
    pub fn token_issuer(&self) -> &str {
        self.token.get("issuer").map_or("https://accounts.google.com", String::as_str)
    }

    /// Where the keys are that sign the tokens, where no set of them is given.
    #[must_use]
    pub fn token_keys_url(&self) -> Option<&str> {
        let url = self.token.get("keys_url").map(String::as_str);
        let asked = self.auth == Auth::Oidc && self.secrets.is_empty();
        asked.then(|| url.unwrap_or("https://www.googleapis.com/oauth2/v3/certs"))
    }

    /// What is signed: text with `{body}`, and `{timestamp}` and `{id}` of the headers.
    #[must_use]
    pub fn signed_text(&self) -> &str {
        match (&self.signed, &self.timestamp) {
            (Some(signed), _) => signed,
            (None, Some(_)) => "{timestamp}.{body}",
            (None, None) => "{body}",
        }
    }
}

/// How senders prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// A user and a password.
    Basic,
    /// `Authorization: Bearer`.
    Bearer,
    /// A secret in a header of its own.
    Header,
    /// A signature over the raw body.
    Hmac,
    /// A secret in the address, as `?token=…`.
    Query,
    /// A token that an identity provider signed, as Pub/Sub sends.
    Oidc,
}

/// The hash of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Base64, with its padding.
    Base64,
    /// Hexadecimal.
    Hex,
}

pub(super) const TABLE: Table = Table {
    name: "hooks",
    named: Some("wiz"),
    doc: "A webhook at `/api/v1/hooks/NAME`: what it brings, and how its sender proves who it is.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it is answered.").or("true"),
        Key::new("format", Kind::Format, "The format of the bodies.").or("auto"),
        Key::new("tenant", Kind::Tenant, "Whose findings they are.").or("default"),
        Key::new(
            "source",
            Kind::Text,
            "The `[sources.NAME]` whose webhook it is. One that only announces is then asked for the rest.",
        )
        .sample("lacework"),
        Key::new(
            "auth",
            Kind::Choice(&["basic", "bearer", "header", "query", "oidc", "hmac"]),
            "How senders prove who they are: user and password, a bearer token, a secret in a \
             header, a secret in the address (`?token=…`, where a sender can do nothing else), a \
             signature over the raw body, or a token that an identity provider signed.",
        )
        .required("hmac"),
        Key::new(
            "header",
            Kind::Header,
            "The header with the secret (`header`) or with the signature (`hmac`).",
        )
        .sample("X-Signature"),
        Key::new("user", Kind::Text, "The user of `basic`.").sample("wiz"),
        Key::new("algorithm", Kind::Choice(&["sha256", "sha512"]), "The hash of the signature.")
            .or("sha256"),
        Key::new("encoding", Kind::Choice(&["hex", "base64"]), "How the signature is written.")
            .or("hex"),
        Key::new(
            "prefix",
            Kind::Text,
            "What stands before the signature in its header, such as `sha256=`.",
        )
        .or(""),
        Key::new("timestamp", Kind::Header, "The header with the time of sending, for `hmac`.")
            .sample("X-Timestamp"),
        Key::new("delivery", Kind::Header, "The header with the sender's id of the delivery.")
            .sample("X-Delivery-Id"),
        Key::new(
            "signed",
            Kind::Template,
            "What is signed. Without it: `{body}`, or `{timestamp}.{body}` where `timestamp` is \
             set.",
        )
        .sample("{timestamp}.{body}"),
        Key::new(
            "tolerance_seconds",
            Kind::seconds(1, 3600),
            "How far that time may lie from now, in both directions.",
        )
        .or("300"),
        Key::new(
            "secrets",
            Kind::Secrets,
            "The secrets that count; two while one is being replaced. Needed for all but `oidc`, \
             where they are sets of keys in place of those that are fetched.",
        )
        .sample("env:WIZ_HOOK_SECRET"),
        Key::new(
            "token",
            Kind::Parameters,
            "What the tokens of `oidc` have to say: `audience`, `email`, `issuer` (Google's \
             without it), and at `keys_url` the keys that sign them (Google's without it).",
        )
        .or("{}"),
        Key::new("rate_per_second", Kind::things(1, 1_000_000), "Requests a second.").or("1000"),
        Key::new("burst", Kind::things(1, 1_000_000), "Requests at once above that rate.")
            .or("5000"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let auth = table.text("auth");
    let mut broken = Vec::new();
    for (key, with) in [
        ("header", &["header", "hmac"][..]),
        ("user", &["basic"]),
        ("algorithm", &["hmac"]),
        ("encoding", &["hmac"]),
        ("prefix", &["hmac"]),
        ("timestamp", &["hmac"]),
        ("signed", &["hmac"]),
        ("tolerance_seconds", &["hmac"]),
    ] {
        if table.said(key) && !auth.is_empty() && !with.contains(&auth) {
            let problem = format!("has no meaning with `auth = \"{auth}\"`");
            broken.push(Broken::error(key, &problem, "take it out, or change `auth`"));
        }
    }
    if matches!(auth, "header" | "hmac") && !table.said("header") {
        let problem = format!("is missing, and `auth = \"{auth}\"` needs it");
        broken.push(Broken::error("header", &problem, "name the header"));
    }
    if auth == "basic" && !table.said("user") {
        let problem = "is missing, and `auth = \"basic\"` needs it";
        broken.push(Broken::error("user", problem, "name the user"));
    }
    if table.said("signed") {
        broken.extend(signed_rule(table));
    }
    if auth == "oidc" {
        broken.extend(token_rule(table));
    } else if !auth.is_empty() && !table.said("secrets") {
        let next = "set it to a list of one or two references";
        broken.push(Broken::error("secrets", "is missing", next));
    }
    broken
}

/// What a token has to say must be said, or any token of the provider's would do.
fn token_rule(table: &Instance<'_>) -> Vec<Broken> {
    let said = table.parameters("token");
    let mut broken = Vec::new();
    for name in TOKEN.iter().take(2).filter(|name| !said.iter().any(|told| told == *name)) {
        let problem = format!("holds no `{name}`, and `auth = \"oidc\"` needs it");
        broken.push(Broken::error("token", &problem, "add it"));
    }
    for name in said.iter().filter(|name| !TOKEN.contains(&name.as_str())) {
        let problem = format!("holds `{name}`, which says nothing");
        broken.push(Broken::error("token", &problem, "take it out"));
    }
    broken
}

/// What is signed and the headers must go together: a time that is not signed proves nothing.
fn signed_rule(table: &Instance<'_>) -> Vec<Broken> {
    let signed = table.text("signed");
    let mut broken = Vec::new();
    for (word, key) in [("{timestamp}", "timestamp"), ("{id}", "delivery")] {
        if signed.contains(word) && !table.said(key) {
            let problem = format!("is missing, and `signed` holds `{word}`");
            broken.push(Broken::error(key, &problem, "name the header"));
        }
    }
    if table.said("timestamp") && !signed.contains("{timestamp}") {
        let problem = "holds no `{timestamp}`, so the time of sending proves nothing";
        broken.push(Broken::error("signed", problem, "add it, or take out `timestamp`"));
    }
    broken
}
