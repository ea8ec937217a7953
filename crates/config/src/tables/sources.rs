//! `[sources.NAME]`: platforms that are asked over the network.

use std::collections::BTreeMap;

use quell_model::TenantId;
use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// A platform that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Whether it is asked.
    pub enabled: bool,
    /// Which platform it is.
    pub kind: String,
    /// Whose findings they are.
    pub tenant: TenantId,
    /// Where its API answers.
    pub url: Option<String>,
    /// Where tokens are had, where that is elsewhere.
    pub login_at: Option<String>,
    /// The account, tenant or project at the vendor.
    pub account: Option<String>,
    /// The id of the key.
    pub key_id: Option<SecretRef>,
    /// The key.
    pub key_secret: SecretRef,
    /// How often it is asked for what is new.
    pub every_seconds: u64,
    /// The hour of the day at which it is read whole, in UTC.
    pub nightly_hour: i8,
    /// Only these streams; none means all.
    pub streams: Vec<String>,
    /// What only this platform needs, by name.
    pub options: BTreeMap<String, String>,
}

pub(super) const TABLE: Table = Table {
    name: "sources",
    named: Some("wiz-prod"),
    doc: "A platform that is asked over the network; docs/platforms says what each one needs.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it is asked.").or("true"),
        Key::new("kind", Kind::Format, "Which platform it is, such as `wiz` or `prisma`.")
            .required("wiz"),
        Key::new("tenant", Kind::Tenant, "Whose findings they are.").or("default"),
        Key::new("url", Kind::Url, "Where its API answers.").sample("https://api.eu1.app.wiz.io"),
        Key::new("login_at", Kind::Url, "Where tokens are had, where that is elsewhere.")
            .sample("https://auth.app.wiz.io"),
        Key::new("account", Kind::Text, "The account, tenant or project at the vendor.")
            .sample("acme"),
        Key::new("key_id", Kind::Secret, "The id of the key.").sample("env:WIZ_CLIENT_ID"),
        Key::new("key_secret", Kind::Secret, "The key.").required("env:WIZ_CLIENT_SECRET"),
        Key::new(
            "every_seconds",
            Kind::seconds(30, 86_400),
            "How often it is asked for what is new.",
        )
        .or("300"),
        Key::new(
            "nightly_hour",
            Kind::things(0, 23),
            "The hour of the day at which it is read whole, in UTC.",
        )
        .or("2"),
        Key::new("streams", Kind::Hosts, "Only these streams; an empty list means all.").or(""),
        Key::new("options", Kind::Parameters, "What only this platform needs, by name.").or("{}"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let plain =
        ["url", "login_at"].into_iter().filter(|key| table.text(key).starts_with("http://"));
    plain.map(|key| Broken::warning(key, "is plain HTTP", "use `https://`")).collect()
}
