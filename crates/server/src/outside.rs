//! What the server asks of others: the one client, and the secrets that it resolves through it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use quell_config::{Config, SecretRef, VaultLogin as Login, weak_secret};
use quell_http::{Allow, Client, HttpError, Policy, Proxy, Roots};
use quell_model::Clock;
use quell_secrets::{AwsSettings, Environment, Secret, SecretError, Secrets, Settings};
use quell_secrets::{SecretRef as Reference, VaultLogin, VaultSettings};
use quell_sources::live::Live;
use secrecy::SecretString;

use crate::state::App;

/// How often secrets are looked at; each is read again when it is due.
const RENEW_EVERY: Duration = Duration::from_secs(15);

/// The variable in which AWS's own tools find the token of a session.
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";

/// Why the server cannot ask others.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The certificates cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The configuration allows something odd.
    #[error("`egress.allow`: {0}")]
    Allow(String),
    /// The client cannot be made.
    #[error("requests to others cannot be made: {0}")]
    Http(#[from] HttpError),
    /// A secret has no value.
    #[error("{0}")]
    Secret(#[from] SecretError),
    /// A reference is none.
    #[error("`{0}` is no reference to a secret: {1}")]
    Reference(String, String),
    /// A secret must not be used.
    #[error("the secret behind `{0}` {1}; choose another")]
    Weak(String, &'static str),
}

/// The one client, and the secrets.
pub(crate) struct Outside {
    pub(crate) client: Client,
    /// The rules of all clients.
    policy: Policy,
    secrets: Secrets,
    /// The values that count now, for those who cannot wait.
    held: RwLock<BTreeMap<SecretRef, Vec<Secret>>>,
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Outside {
    pub(crate) fn new(
        config: &Config,
        environment: Environment,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, OutsideError> {
        let policy = policy(config, &*environment)?;
        let client = Client::new(policy.clone(), Arc::clone(clock))?;
        let (vault, aws) = (vault(config)?, aws(config, &environment)?);
        let settings = Settings { vault, aws, ..Settings::default() };
        let secrets = Secrets::new(settings, &client, environment, clock);
        Ok(Self { client, policy, secrets, held: RwLock::default() })
    }

    /// A client that keeps a platform's limits.
    pub(crate) fn client_for(
        &self,
        live: &Live,
        clock: &Arc<dyn Clock>,
    ) -> Result<Client, HttpError> {
        let rates = live.call_rates.iter();
        let policy = Policy {
            rate: live.rate.unwrap_or_default(),
            account_rates: rates.map(|(call, rate)| ((*call).to_owned(), *rate)).collect(),
            ..self.policy.clone()
        };
        Client::new(policy, Arc::clone(clock))
    }

    /// The values that count now behind a reference; none where it could not be followed yet.
    pub(crate) fn values(&self, reference: &SecretRef) -> Vec<Secret> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(reference).cloned().unwrap_or_default()
    }

    /// Reads the value behind a reference, which names a value that another service made.
    pub(crate) async fn read_any(&self, reference: &SecretRef) -> Result<Secret, OutsideError> {
        Ok(self.secrets.get(&parsed(reference)?).await?)
    }

    /// Reads the values behind a reference, and holds them where nobody could guess them.
    async fn read(&self, reference: &SecretRef) -> Result<(), OutsideError> {
        let text = reference.as_str();
        let values = self.secrets.values(&parsed(reference)?).await?;
        let all = [Some(&values.current), values.previous.as_ref()];
        let all: Vec<Secret> = all.into_iter().flatten().cloned().collect();
        if let Some(why) = all.iter().find_map(|value| weak_secret(value.expose())) {
            return Err(OutsideError::Weak(text.to_owned(), why));
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.insert(reference.clone(), all);
        Ok(())
    }

    /// Lets a value go that its place says is none any more. Through an outage it stays.
    fn let_go(&self, reference: &SecretRef, error: &OutsideError) {
        if matches!(error, OutsideError::Secret(error) if error.is_outage()) {
            return;
        }
        self.held.write().unwrap_or_else(PoisonError::into_inner).remove(reference);
    }

    /// Reads what the configuration names, so that a missing secret shows at the start.
    pub(crate) async fn read_all(&self, config: &Config) -> Result<(), OutsideError> {
        for reference in references(config) {
            self.read(reference).await?;
        }
        Ok(())
    }
}

/// The rules of all clients.
pub(crate) fn policy(
    config: &Config,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Policy, OutsideError> {
    let mut policy = Policy::default();
    for rule in &config.egress.allow {
        let rule: Allow = rule.parse().map_err(|e| OutsideError::Allow(format!("{rule}: {e}")))?;
        policy.egress.allow(rule);
    }
    if let Some(path) = &config.egress.ca_file {
        let pem = std::fs::read(path)
            .map_err(|source| OutsideError::Certificates { path: path.clone(), source })?;
        policy.roots = Roots::SystemAnd(pem);
    }
    if let Some(url) = config.egress.proxy.clone() {
        let login = config.egress.proxy_login.as_ref();
        let login = login.map(|reference| login_of(reference, environment)).transpose()?;
        policy.proxy = Some(Proxy { url, login });
    }
    Ok(policy)
}

/// User and password of the proxy, as `user:password`.
fn login_of(
    reference: &SecretRef,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<(String, SecretString), OutsideError> {
    let wrong = |why: &str| OutsideError::Reference(reference.as_str().to_owned(), why.to_owned());
    let read = quell_secrets::read_local(&parsed(reference)?, environment);
    let secret = read.ok_or_else(|| wrong("name it by `env:` or `file:`"))??;
    let pair = secret.expose_text().and_then(|text| text.split_once(':'));
    let (user, password) = pair.ok_or_else(|| wrong("it is to be `user:password`"))?;
    Ok((user.to_owned(), SecretString::from(password)))
}

fn parsed(reference: &SecretRef) -> Result<Reference, OutsideError> {
    let text = reference.as_str();
    text.parse().map_err(|error| OutsideError::Reference(text.to_owned(), format!("{error}")))
}

/// What the configuration names for webhooks: others are read when they are needed.
fn references(config: &Config) -> impl Iterator<Item = &SecretRef> {
    let hooks = config.hooks.values().filter(|hook| hook.enabled);
    hooks.flat_map(|hook| hook.secrets.iter().map(|secret| &secret.secret))
}

/// Keeps the values fresh until the server stops. One that cannot be read stays as it was.
pub(crate) async fn keep_fresh(app: Arc<App>) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        for reference in references(&app.config) {
            if let Err(error) = app.outside.read(reference).await {
                tracing::warn!(%reference, %error, "a secret is not renewed");
                app.outside.let_go(reference, &error);
            }
        }
    }
}

/// Where Vault is and how to log in there.
fn vault(config: &Config) -> Result<Option<VaultSettings>, OutsideError> {
    let vault = &config.vault;
    let Some(address) = vault.address.clone() else { return Ok(None) };
    let login = match vault.login {
        Login::Approle => VaultLogin::AppRole {
            mount: vault.mount.clone(),
            role_id: parsed(&vault.role_id)?,
            secret_id: parsed(&vault.secret_id)?,
        },
        Login::Token => VaultLogin::Token(parsed(&vault.token)?),
    };
    Ok(Some(VaultSettings { address, namespace: vault.namespace.clone(), login }))
}

/// Where AWS Secrets Manager is and how to sign there.
fn aws(config: &Config, environment: &Environment) -> Result<Option<AwsSettings>, OutsideError> {
    let aws = &config.aws;
    let Some(region) = aws.region.clone() else { return Ok(None) };
    let session_token = match &aws.session_token {
        Some(reference) => Some(parsed(reference)?),
        None => environment(SESSION_TOKEN).map(|_| Reference::Env(SESSION_TOKEN.to_owned())),
    };
    Ok(Some(AwsSettings {
        region,
        endpoint: aws.endpoint.clone(),
        access_key: parsed(&aws.access_key)?,
        secret_key: parsed(&aws.secret_key)?,
        session_token,
        overlap: Duration::from_secs(aws.overlap_seconds),
    }))
}
