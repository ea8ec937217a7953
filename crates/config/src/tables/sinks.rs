//! `[sinks.NAME]`: where things are delivered to.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// Where things are delivered to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// Whether anything is delivered there.
    pub enabled: bool,
    /// Which kind of sink it is.
    pub kind: String,
    /// Where its API answers.
    pub url: Option<String>,
    /// Where in it things are made.
    pub project: Option<String>,
    /// Who logs in.
    pub user: Option<SecretRef>,
    /// The login's secret.
    pub secret: Option<SecretRef>,
    /// The secret that its webhooks are signed with.
    pub signed_with: Option<SecretRef>,
    /// How often it is asked how things stand there.
    pub look_seconds: u64,
    /// Who presses its buttons: the sink's id of a person, and the name they sign in with.
    pub people: BTreeMap<String, String>,
    /// What only this kind needs, by name.
    pub options: BTreeMap<String, String>,
}

pub(super) const TABLE: Table = Table {
    name: "sinks",
    named: Some("jira-sec"),
    doc: "Where things are delivered to; docs/sinks says what each kind needs. Nothing is \
          delivered without a route that leads there.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether anything is delivered there.").or("true"),
        Key::new("kind", Kind::Text, "Which kind it is, such as `jira` or `slack`.")
            .required("jira"),
        Key::new("url", Kind::Url, "Where its API answers.").sample("https://acme.atlassian.net"),
        Key::new(
            "project",
            Kind::Text,
            "Where in it things are made: a project, a table, a channel, a repository.",
        )
        .sample("SEC"),
        Key::new("user", Kind::Secret, "Who logs in.").sample("env:JIRA_USER"),
        Key::new("secret", Kind::Secret, "The login's secret.").sample("env:JIRA_TOKEN"),
        Key::new("signed_with", Kind::Secret, "The secret that its webhooks are signed with.")
            .sample("env:JIRA_HOOK_SECRET"),
        Key::new(
            "look_seconds",
            Kind::seconds(30, 86_400),
            "How often it is asked how things stand there.",
        )
        .or("300"),
        Key::new(
            "people",
            Kind::Parameters,
            "Whose presses of buttons count: ids of people there, and the name each signs in with.",
        )
        .or("{}"),
        Key::new("options", Kind::Parameters, "What only this kind needs, by name.").or("{}"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let is_plain = table.text("url").starts_with("http://");
    let plain = Broken::warning("url", "is plain HTTP", "use `https://`");
    is_plain.then_some(plain).into_iter().collect()
}
