//! What the server asks of others: the one client, and the secrets that it resolves through it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use quell_config::{Config, SecretRef, VaultLogin as VaultBy, weak_secret};
use quell_http::{Allow, Client, HttpError, Policy, Proxy, Rate, Request, Roots, Sizes};
use quell_model::Clock;
use quell_secrets::{
    AwsKeySource, AwsLogins, AwsSettings, Environment, Secret, SecretError, Secrets, Settings,
};
use quell_secrets::{VaultLogin, VaultSettings};
use quell_sources::live::{Credential, Credentials, Live, LiveError};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::state::App;

/// How often secrets are looked at; each is read again when it is due.
const RENEW_EVERY: Duration = Duration::from_secs(15);

/// How long a set of keys is taken as it is; their owners announce new ones for a day and more.
const KEYS_RENEWED: Duration = Duration::from_secs(3_600);
/// When a set that could not be had is asked for again.
const KEYS_AGAIN: Duration = Duration::from_secs(60);
const KEY_SIZES: Sizes = Sizes { received_bytes: 256 << 10, decoded_bytes: 256 << 10, ratio: 200 };

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
    /// The login of the proxy is none.
    #[error("`egress.proxy_login`: {0}")]
    ProxyLogin(&'static str),
    /// A secret must not be used.
    #[error("the secret behind `{0}` {1}; choose another")]
    Weak(String, &'static str),
}

/// The one client, and the secrets.
pub(crate) struct Outside {
    pub(crate) client: Client,
    /// The rules of all clients.
    policy: Policy,
    environment: Environment,
    secrets: Secrets,
    /// The values that count now, for those who cannot wait.
    held: RwLock<BTreeMap<SecretRef, Vec<Secret>>>,
    /// Sets of keys that sign tokens, by their URL.
    keys: RwLock<BTreeMap<String, KeySet>>,
}

/// A set of keys, and when it is looked at again.
#[derive(Debug)]
struct KeySet {
    text: Option<Arc<Vec<u8>>>,
    again: Instant,
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
        let (vault, aws) = (vault(config), aws(config));
        let settings = Settings { vault, aws, ..Settings::default() };
        let secrets = Secrets::new(settings, &client, Arc::clone(&environment), clock);
        Ok(Self {
            client,
            policy,
            environment,
            secrets,
            held: RwLock::default(),
            keys: RwLock::default(),
        })
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

    /// A client that keeps a sink's limit.
    pub(crate) fn client_at(
        &self,
        rate: Option<Rate>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Client, HttpError> {
        let policy = Policy { rate: rate.unwrap_or_default(), ..self.policy.clone() };
        Client::new(policy, Arc::clone(clock))
    }

    /// A secret as text, read now.
    pub(crate) async fn text(&self, reference: &SecretRef) -> Result<SecretString, String> {
        let secret = self.read_any(reference).await.map_err(|error| error.to_string())?;
        let text = secret.expose_text().map(|text| text.trim_end().to_owned().into());
        text.ok_or_else(|| format!("`{reference}` is no text"))
    }

    /// The values that count now behind a reference; none where it could not be followed yet.
    pub(crate) fn values(&self, reference: &SecretRef) -> Vec<Secret> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(reference).cloned().unwrap_or_default()
    }

    /// Reads the value behind a reference, which names a value that another service made.
    pub(crate) async fn read_any(&self, reference: &SecretRef) -> Result<Secret, OutsideError> {
        Ok(self.secrets.get(reference).await?)
    }

    /// The key that AWS's own tools would use, for requests to a region.
    pub(crate) fn own_keys(
        &self,
        config: &Config,
        region: &str,
        clock: &Arc<dyn Clock>,
    ) -> AwsLogins {
        let place = (region, config.aws.sts_endpoint.as_deref());
        AwsLogins::new(AwsKeySource::Chain, place, &self.client, &self.environment, clock)
    }

    /// Reads the values behind a reference, and holds them where nobody could guess them.
    async fn read(&self, reference: &SecretRef) -> Result<(), OutsideError> {
        let text = reference.as_str();
        let values = self.secrets.values(reference).await?;
        let all = [Some(&values.current), values.previous.as_ref()];
        let all: Vec<Secret> = all.into_iter().flatten().cloned().collect();
        if let Some(why) = all.iter().find_map(|value| weak_secret(value.expose())) {
            return Err(OutsideError::Weak(text.to_owned(), why));
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.insert(reference.clone(), all);
        Ok(())
    }

    /// A set of keys, where it was had.
    pub(crate) fn keys(&self, url: &str) -> Option<Arc<Vec<u8>>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(url)?.text.clone()
    }

    /// Has a set of keys anew where it is time. Through an outage the last one serves.
    async fn fetch_keys(&self, url: &str) {
        let now = Instant::now();
        let due = |set: &KeySet| set.again <= now;
        let held = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(url).map(due);
        if held == Some(false) {
            return;
        }
        let got = match Request::get(url) {
            Ok(request) => self.client.send(&request.sizes(KEY_SIZES)).await,
            Err(error) => Err(error),
        };
        let (text, rest) = match got {
            Ok(answer) => (Some(Arc::new(answer.into_body())), KEYS_RENEWED),
            Err(error) => {
                tracing::warn!(%error, "the keys that sign the tokens of a webhook cannot be had");
                (self.keys(url), KEYS_AGAIN)
            }
        };
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(url.to_owned(), KeySet { text, again: now + rest });
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
    let wrong = |why: &'static str| OutsideError::ProxyLogin(why);
    let read = quell_secrets::read_local(reference, environment);
    let secret = read.ok_or_else(|| wrong("name it by `env:` or `file:`"))??;
    let pair = secret.expose_text().and_then(|text| text.split_once(':'));
    let (user, password) = pair.ok_or_else(|| wrong("it is to be `user:password`"))?;
    Ok((user.to_owned(), SecretString::from(password)))
}

/// What the configuration names for webhooks: others are read when they are needed.
fn references(config: &Config) -> impl Iterator<Item = &SecretRef> {
    let hooks = config.hooks.values().filter(|hook| hook.enabled);
    hooks.flat_map(|hook| hook.secrets.iter().map(|secret| &secret.secret))
}

/// Keeps the values fresh until the server stops. One that cannot be read stays as it was.
pub(crate) async fn keep_fresh(app: Arc<App>) {
    loop {
        let hooks = app.config.hooks.values().filter(|hook| hook.enabled);
        for url in hooks.filter_map(|hook| hook.token_keys_url()) {
            app.outside.fetch_keys(url).await;
        }
        tokio::time::sleep(RENEW_EVERY).await;
        for reference in references(&app.config) {
            if let Err(error) = app.outside.read(reference).await {
                tracing::warn!(%reference, %error, "a secret is not renewed");
                app.outside.let_go(reference, &error);
            }
        }
    }
}

/// A login that is read when it is needed.
pub(crate) struct Login {
    pub(crate) outside: Arc<Outside>,
    /// The id of the key, or the user; none where there is only a key.
    pub(crate) id: Option<SecretRef>,
    pub(crate) secret: SecretRef,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.secret)
    }
}

impl Credentials for Login {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, LiveError>> + Send + '_>> {
        Box::pin(async {
            let read = async |reference: &SecretRef| {
                self.outside.text(reference).await.map_err(LiveError::Secret)
            };
            let id = match &self.id {
                Some(id) => read(id).await?,
                None => String::new().into(),
            };
            Ok(Credential { id, secret: read(&self.secret).await? })
        })
    }
}

/// Where Vault is and how to log in there.
fn vault(config: &Config) -> Option<VaultSettings> {
    let vault = &config.vault;
    let address = vault.address.clone()?;
    let login = match vault.login {
        VaultBy::Approle => VaultLogin::AppRole {
            mount: vault.mount.clone(),
            role_id: vault.role_id.clone(),
            secret_id: vault.secret_id.clone(),
        },
        VaultBy::Token => VaultLogin::Token(vault.token.clone()),
    };
    Some(VaultSettings { address, namespace: vault.namespace.clone(), login })
}

/// Where AWS Secrets Manager is and how to sign there.
fn aws(config: &Config) -> Option<AwsSettings> {
    let aws = &config.aws;
    let region = aws.region.clone()?;
    let token = aws.session_token.as_ref();
    Some(AwsSettings {
        region,
        endpoint: aws.endpoint.clone(),
        keys: key_source(aws.access_key.as_ref(), aws.secret_key.as_ref(), token),
        sts_endpoint: aws.sts_endpoint.clone(),
        overlap: Duration::from_secs(aws.overlap_seconds),
    })
}

/// The key that is named, or the one that AWS's own tools would use.
fn key_source(
    access_key: Option<&SecretRef>,
    secret_key: Option<&SecretRef>,
    session_token: Option<&SecretRef>,
) -> AwsKeySource {
    match (access_key, secret_key) {
        (Some(access_key), Some(secret_key)) => AwsKeySource::Given {
            access_key: access_key.clone(),
            secret_key: secret_key.clone(),
            session_token: session_token.cloned(),
        },
        _ => AwsKeySource::Chain,
    }
}

#[cfg(test)]
mod tests {
    use quell_config::{FileText, Sources};
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_proxy_s_login_is_read_where_it_is_named() {
        let text = "[egress]\nproxy = 'http://proxy.example:3128'\nproxy_login = 'env:PROXY'\n";
        let file = Some(FileText { path: "quell.toml", text });
        let config = Config::load(&Sources { file, ..Sources::default() }).unwrap().config;
        let with = |value: Option<&str>| policy(&config, &|_| value.map(str::to_owned));
        let login = with(Some("me:a:b")).unwrap().proxy.unwrap().login.unwrap();
        assert_eq!((login.0.as_str(), login.1.expose_secret()), ("me", "a:b"));
        assert!(matches!(with(Some("nobody")), Err(OutsideError::ProxyLogin(_))));
        assert!(matches!(with(None), Err(OutsideError::Secret(_))));
    }
}
