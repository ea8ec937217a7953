//! `[containment.NAME]`: where attacks may be contained, and by which login.

use quell_model::TenantId;
use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table};
use crate::secret::SecretRef;

/// Where attacks may be contained.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Containment {
    /// Whether anything may be contained there.
    pub enabled: bool,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which platform it is.
    pub kind: String,
    /// The cluster, account, subscription or project.
    pub target: String,
    /// What it is for.
    pub environment: Option<String>,
    /// Where it answers.
    pub url: Option<String>,
    /// The id of the key.
    pub user: Option<SecretRef>,
    /// What makes logins, or is one that ends soon.
    pub secret: Option<SecretRef>,
    /// What acts: a service account or a role.
    pub acts_as: Option<String>,
    /// What the role asks for from others.
    pub external_id: Option<String>,
    /// The region in which the role is taken.
    pub region: Option<String>,
    /// Most that is begun within an hour.
    pub most_per_hour: u32,
}

const KINDS: &[&str] = &["kubernetes", "aws", "azure", "google"];

pub(super) const TABLE: Table = Table {
    name: "containment",
    named: Some("prod-cluster"),
    doc: "Where attacks may be contained, and by which login; docs/containment.md. What is kept \
          here may only make logins; what acts is made from it for one action.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether anything may be contained there.").or("true"),
        Key::new("tenant", Kind::Tenant, "Whose it is.").or("default"),
        Key::new("kind", Kind::Choice(KINDS), "Which platform it is.").required("kubernetes"),
        Key::new(
            "target",
            Kind::Text,
            "The cluster's name, as actions name it, or the id of the account, the subscription \
             or the project.",
        )
        .required("prod"),
        Key::new(
            "environment",
            Kind::Text,
            "What it is for, as rules and policies name it; without it, it counts as production.",
        )
        .sample("production"),
        Key::new(
            "url",
            Kind::Url,
            "Where it answers: the API server of a cluster. Elsewhere only where that is not the \
             platform's own address.",
        )
        .sample("https://kubernetes.example:6443"),
        Key::new("user", Kind::Secret, "AWS: the id of the key that may take the role.")
            .sample("env:CONTAIN_KEY_ID"),
        Key::new(
            "secret",
            Kind::Secret,
            "Kubernetes: the token that may make tokens. AWS: the key's secret; without one the \
             key that AWS's own tools would use. Azure and Google Cloud: a token that ends \
             within two hours, with its end.",
        )
        .sample("env:CONTAIN_TOKEN"),
        Key::new(
            "acts_as",
            Kind::Text,
            "Kubernetes: the service account that acts, as `NAMESPACE/NAME`. AWS: the role, by \
             its ARN.",
        )
        .sample("quell/contain"),
        Key::new("external_id", Kind::Text, "AWS: what the role asks for from others.")
            .sample("quell-7f3a"),
        Key::new("region", Kind::Text, "AWS: the region in which the role is taken.")
            .sample("eu-west-1"),
        Key::new("most_per_hour", Kind::things(1, 1000), "Most that is begun within an hour.")
            .or("10"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let needed: &[&'static str] = match table.text("kind") {
        "kubernetes" => &["url", "secret", "acts_as"],
        "aws" => &["acts_as", "region"],
        "azure" | "google" => &["secret"],
        _ => &[],
    };
    let missing = needed.iter().filter(|key| !table.said(key));
    let mut broken: Vec<Broken> =
        missing.map(|key| Broken::error(key, "is missing; this platform needs it", "")).collect();
    if table.said("user") && !table.said("secret") {
        broken.push(Broken::error("secret", "is missing beside `user`", "name both, or neither"));
    }
    if table.text("url").starts_with("http://") {
        broken.push(Broken::warning("url", "is plain HTTP", "use `https://`"));
    }
    broken
}
