//! The tables of the configuration: one file each, with its keys and the type they become.

mod access;
mod analyst;
mod approvals;
mod audit;
mod aws;
mod buckets;
mod containment;
mod egress;
mod exceptions;
mod fix;
mod folders;
mod hooks;
mod intake;
mod inventory;
mod jobs;
mod limits;
mod llm;
mod owners;
mod routes;
mod server;
mod service_levels;
mod sign_in;
mod sinks;
mod sources;
mod telemetry;
mod vault;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

pub use access::Access;
pub use analyst::Analyst;
pub use approvals::Approvals;
pub use audit::{Audit, AuditForm, AuditStream, AuditTo, AuditTransport};
pub use aws::Aws;
pub use buckets::Bucket;
pub use containment::Containment;
pub use egress::Egress;
pub use exceptions::Exceptions;
pub use fix::Fix;
pub use folders::Folder;
pub use hooks::{Algorithm, Auth, Encoding, Hook};
pub use intake::Intake;
pub use inventory::Inventory;
pub use jobs::Jobs;
pub use limits::Limits;
pub use llm::Llm;
pub use owners::Owners;
pub use routes::Route;
pub use server::{Server, Tls};
pub use service_levels::ServiceLevels;
pub use sign_in::SignIn;
pub use sinks::Sink;
pub use sources::Source;
pub use telemetry::{LogFormat, LogLevel, Telemetry};
pub use vault::{Vault, VaultLogin};

use crate::key::Table;
use crate::secret::{SecretKind, SecretRef};

/// Every table, in the order in which they are shown.
pub const TABLES: &[Table] = &[
    server::TABLE,
    sign_in::TABLE,
    access::TABLE,
    intake::TABLE,
    sources::TABLE,
    hooks::TABLE,
    folders::TABLE,
    buckets::TABLE,
    vault::TABLE,
    aws::TABLE,
    jobs::TABLE,
    limits::TABLE,
    egress::TABLE,
    telemetry::TABLE,
    audit::TABLE,
    audit::STREAMS,
    inventory::TABLE,
    owners::TABLE,
    exceptions::TABLE,
    service_levels::TABLE,
    approvals::TABLE,
    containment::TABLE,
    fix::TABLE,
    sinks::TABLE,
    routes::TABLE,
    llm::TABLE,
    analyst::TABLE,
];

/// The whole configuration. Every value is within its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The server.
    pub server: Server,
    /// How people sign in.
    pub sign_in: SignIn,
    /// An organisation's own rules.
    pub access: Access,
    /// What comes in.
    pub intake: Intake,
    /// Platforms that are asked, by name.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
    /// Webhooks, by the name in their address.
    #[serde(default)]
    pub hooks: BTreeMap<String, Hook>,
    /// Watched folders, by name.
    #[serde(default)]
    pub folders: BTreeMap<String, Folder>,
    /// Polled buckets, by name.
    #[serde(default)]
    pub buckets: BTreeMap<String, Bucket>,
    /// HashiCorp Vault.
    pub vault: Vault,
    /// AWS Secrets Manager.
    pub aws: Aws,
    /// Jobs.
    pub jobs: Jobs,
    /// What clients may use.
    pub limits: Limits,
    /// What Quell may reach.
    pub egress: Egress,
    /// Logs and traces.
    pub telemetry: Telemetry,
    /// What is kept of the audit log elsewhere.
    pub audit: Audit,
    /// Where its records go, by name.
    #[serde(default)]
    pub audit_streams: BTreeMap<String, AuditStream>,
    /// Exports of CMDBs, by name.
    #[serde(default)]
    pub inventory: BTreeMap<String, Inventory>,
    /// What counts where several things name an owner.
    pub owners: Owners,
    /// How long exceptions may last.
    pub exceptions: Exceptions,
    /// By when issues are to be dealt with.
    pub service_levels: ServiceLevels,
    /// What may happen by rule.
    pub approvals: Approvals,
    /// Where attacks may be contained, by name.
    #[serde(default)]
    pub containment: BTreeMap<String, Containment>,
    /// What `quell fix` reads.
    pub fix: Fix,
    /// Where things are delivered to, by name.
    #[serde(default)]
    pub sinks: BTreeMap<String, Sink>,
    /// What goes where, by name.
    #[serde(default)]
    pub routes: BTreeMap<String, Route>,
    /// Providers of language models, by name.
    #[serde(default)]
    pub llm: BTreeMap<String, Llm>,
    /// Which of them is asked for what, and how much it may cost.
    pub analyst: Analyst,
}

impl Config {
    /// Every reference to a secret that is used, with the key that holds it.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, &SecretRef)> {
        let hooks = self.hooks.iter().flat_map(|(name, hook)| {
            hook.secrets.iter().map(move |one| (format!("hooks.{name}.secrets"), &one.secret))
        });
        let buckets = self.buckets.iter().flat_map(|(name, bucket)| {
            let keys = [("access_key", &bucket.access_key), ("secret_key", &bucket.secret_key)];
            keys.into_iter().filter_map(move |(key, one)| {
                Some((format!("buckets.{name}.{key}"), one.as_ref()?))
            })
        });
        let sources = self.sources.iter().flat_map(|(name, source)| {
            let id = source.key_id.iter().map(move |id| (format!("sources.{name}.key_id"), id));
            id.chain([(format!("sources.{name}.key_secret"), &source.key_secret)])
        });
        let sign_in = self.sign_in.client_secret.iter();
        let sign_in = sign_in.map(|one| ("sign_in.client_secret".to_owned(), one));
        let inventories = self.inventory.iter().flat_map(|(name, one)| {
            let keys = [("user", &one.user), ("password", &one.password)];
            keys.into_iter().filter_map(move |(key, one)| {
                Some((format!("inventory.{name}.{key}"), one.as_ref()?))
            })
        });
        let streams = self.audit_streams.iter().filter_map(|(name, stream)| {
            Some((format!("audit_streams.{name}.token"), stream.token.as_ref()?))
        });
        let sinks = self.sinks.iter().flat_map(|(name, sink)| {
            let keys = [
                ("user", &sink.user),
                ("secret", &sink.secret),
                ("signed_with", &sink.signed_with),
            ];
            keys.into_iter()
                .filter_map(move |(key, one)| Some((format!("sinks.{name}.{key}"), one.as_ref()?)))
        });
        let models = self
            .llm
            .iter()
            .filter_map(|(name, one)| Some((format!("llm.{name}.secret"), one.secret.as_ref()?)));
        let own = sign_in.chain(sources).chain(hooks).chain(buckets).chain(streams);
        let containment = self.containment.iter().flat_map(|(name, one)| {
            let keys = [("user", &one.user), ("secret", &one.secret)];
            keys.into_iter().filter_map(move |(key, one)| {
                Some((format!("containment.{name}.{key}"), one.as_ref()?))
            })
        });
        let own = own.chain(inventories).chain(containment).chain(sinks).chain(models);
        let mut used: Vec<(String, &SecretRef)> = own.collect();
        let names = |kind| used.iter().any(|(_, reference)| reference.kind() == kind);
        let (vault, aws) = (names(SecretKind::Vault), names(SecretKind::AwsSecretsManager));
        if vault {
            used.extend(self.vault_login());
        }
        if aws {
            used.extend(self.aws_keys());
        }
        used
    }

    fn vault_login(&self) -> Vec<(String, &SecretRef)> {
        let vault = &self.vault;
        let keys = match vault.login {
            VaultLogin::Token => vec![("token", &vault.token)],
            VaultLogin::Approle => {
                vec![("role_id", &vault.role_id), ("secret_id", &vault.secret_id)]
            }
        };
        keys.into_iter().map(|(key, one)| (format!("vault.{key}"), one)).collect()
    }

    fn aws_keys(&self) -> Vec<(String, &SecretRef)> {
        let aws = &self.aws;
        let keys = [
            ("access_key", &aws.access_key),
            ("secret_key", &aws.secret_key),
            ("session_token", &aws.session_token),
        ];
        let given = keys.into_iter().filter_map(|(key, one)| Some((key, one.as_ref()?)));
        given.map(|(key, one)| (format!("aws.{key}"), one)).collect()
    }
}

/// What must hold between the keys of a table.
pub(crate) type Rule = fn(&Instance<'_>) -> Vec<Broken>;

/// For a table whose keys do not depend on each other.
pub(crate) const fn no_rule(_: &Instance<'_>) -> Vec<Broken> {
    Vec::new()
}

/// What opens a vault stands in no vault.
fn local_only(table: &Instance<'_>, keys: &[&'static str]) -> Vec<Broken> {
    let local =
        |text: &str| text.is_empty() || text.starts_with("env:") || text.starts_with("file:");
    let wrong = keys.iter().filter(|key| !local(table.text(key)));
    wrong.map(|key| Broken::error(key, "must be a reference by `env:` or `file:`", "")).collect()
}

/// Half a key signs nothing.
fn both_keys(table: &Instance<'_>) -> Option<Broken> {
    let [id, secret] = ["access_key", "secret_key"].map(|key| table.text(key).is_empty());
    let (missing, given) = match (id, secret) {
        (true, false) => ("access_key", "secret_key"),
        (false, true) => ("secret_key", "access_key"),
        (true, true) | (false, false) => return None,
    };
    let next = "name both, or neither to have the key found where AWS's own tools look";
    let what = if given == "secret_key" {
        "is missing beside `secret_key`"
    } else {
        "is missing beside `access_key`"
    };
    Some(Broken::error(missing, what, next))
}

/// One table with its values.
pub(crate) struct Instance<'v> {
    /// Its values, and whether somebody said them.
    pub(crate) values: BTreeMap<&'static str, (&'v Value, bool)>,
}

impl Instance<'_> {
    pub(crate) fn text(&self, key: &str) -> &str {
        self.values.get(key).and_then(|(value, _)| value.as_str()).unwrap_or_default()
    }

    /// The names in a table of text.
    pub(crate) fn parameters(&self, key: &str) -> Vec<String> {
        let table = self.values.get(key).and_then(|(value, _)| value.as_object());
        table.into_iter().flat_map(|table| table.keys().cloned()).collect()
    }

    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        self.values.get(key).and_then(|(value, _)| value.as_i64())
    }

    /// Whether somebody said it; a default does not count.
    pub(crate) fn said(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|(_, said)| *said)
    }
}

/// A rule that does not hold.
pub(crate) struct Broken {
    pub(crate) key: &'static str,
    pub(crate) problem: String,
    pub(crate) help: String,
    /// Whether it only deserves a look.
    pub(crate) warning: bool,
}

impl Broken {
    pub(crate) fn error(key: &'static str, problem: &str, help: &str) -> Self {
        Self { key, problem: problem.to_owned(), help: help.to_owned(), warning: false }
    }

    pub(crate) fn warning(key: &'static str, problem: &str, help: &str) -> Self {
        Self { warning: true, ..Self::error(key, problem, help) }
    }
}
