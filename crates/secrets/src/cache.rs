//! Values are kept for a while, renewed, and kept on through an outage.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quell_config::{SecretPlace, SecretRef};
use quell_http::{Client, Fresh, NoValue, Renewing};
use quell_model::Clock;

use crate::aws::{Asked, Aws};
use crate::error::SecretError;
use crate::local::{self, Environment, checked};
use crate::secret::{Secret, Values};
use crate::settings::Settings;
use crate::vault::{Place, Vault};

/// References kept at once. Configurations name some dozens.
const MOST_REFERENCES: usize = 10_000;

/// Resolves references.
pub struct Secrets {
    environment: Environment,
    vault: Option<Vault>,
    aws: Option<Aws>,
    renew_after: Duration,
    renew_local_after: Duration,
    rest: Duration,
    entries: Mutex<BTreeMap<SecretRef, Arc<Entry>>>,
}

struct Entry {
    values: Renewing<Values>,
    /// What the last read failed with, as a sentence.
    failed: Mutex<Option<String>>,
}

/// How a reference does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The reference.
    pub reference: SecretRef,
    /// Whether there is a value to use.
    pub has_value: bool,
    /// Why the last read failed, if it did.
    pub failed: Option<String>,
}

impl Secrets {
    /// A resolver. Services are asked through `client`, under its rules.
    #[must_use]
    pub fn new(
        settings: Settings,
        client: &Client,
        environment: Environment,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let vault =
            settings.vault.map(|vault| Vault::new(vault, client.clone(), Arc::clone(&environment)));
        let aws =
            settings.aws.map(|aws| Aws::new(aws, client.clone(), &environment, Arc::clone(clock)));
        Self {
            environment,
            vault,
            aws,
            renew_after: settings.renew_after,
            renew_local_after: settings.renew_local_after,
            rest: settings.rest,
            entries: Mutex::default(),
        }
    }

    /// The value to use.
    ///
    /// # Errors
    /// There is none, and none from before that may still be right.
    pub async fn get(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        Ok(self.values(reference).await?.current.clone())
    }

    /// The value to use and, shortly after a rotation, the one before.
    ///
    /// # Errors
    /// There is none, and none from before that may still be right.
    pub async fn values(&self, reference: &SecretRef) -> Result<Arc<Values>, SecretError> {
        let entry = self.entry(reference);
        let got = entry.values.get(|_| self.renew(reference, &entry)).await;
        got.map_err(|error| match error {
            NoValue::Failed(error) => error,
            NoValue::Resting(left, _) => {
                let why = entry.failed().clone();
                let why = why.unwrap_or_else(|| format!("`{reference}` cannot be read"));
                SecretError::Resting { why, seconds: left.as_secs().max(1) }
            }
        })
    }

    /// Has the value read again at the next call: whoever it was shown to refused it.
    pub fn refused(&self, reference: &SecretRef) {
        self.entry(reference).values.make_due();
    }

    /// Renews what is due, so that no caller has to wait for it. Call it now and then.
    pub async fn renew_due(&self) {
        let references: Vec<SecretRef> = self.entries().keys().cloned().collect();
        for reference in references {
            if let Err(error) = self.values(&reference).await {
                tracing::warn!(%reference, %error, "a secret cannot be renewed");
            }
        }
    }

    /// How all references do that were asked for.
    #[must_use]
    pub fn states(&self) -> Vec<State> {
        let entries = self.entries();
        let state = |(reference, entry): (&SecretRef, &Arc<Entry>)| State {
            reference: reference.clone(),
            has_value: entry.values.held().is_some(),
            failed: entry.failed().clone(),
        };
        entries.iter().map(state).collect()
    }

    async fn renew(
        &self,
        reference: &SecretRef,
        entry: &Entry,
    ) -> Result<Fresh<Values>, SecretError> {
        let read = self.read(reference).await;
        *entry.failed() = read.as_ref().err().map(ToString::to_string);
        match read {
            Ok(fresh) => Ok(fresh),
            Err(error) if error.is_outage() => {
                let kept = entry.values.held().is_some();
                tracing::warn!(%reference, %error, kept, "a secret cannot be read now");
                Err(error)
            }
            Err(error) => {
                // It is gone or forbidden: the value from before must not live on.
                entry.values.forget();
                Err(error)
            }
        }
    }

    async fn read(&self, reference: &SecretRef) -> Result<Fresh<Values>, SecretError> {
        if let Some(secret) = local::read(reference, &self.environment).await {
            return Ok(Fresh::lasting(Values::single(secret?), self.renew_local_after));
        }
        let values = match reference.place() {
            SecretPlace::Vault { mount, path, field } => {
                let vault = self.vault.as_ref().ok_or_else(|| missing(reference, "VAULT_ADDR"))?;
                Values::single(vault.read(&Place { reference, mount, path, field }).await?)
            }
            SecretPlace::Aws { name, field } => {
                let aws = self.aws.as_ref().ok_or_else(|| missing(reference, "AWS_REGION"))?;
                aws.read(&Asked { reference, name, field }).await?
            }
            SecretPlace::Env(name) => return Err(SecretError::NotSet(name.to_owned())),
            SecretPlace::File(path) => return Err(SecretError::NoFile(path.to_owned())),
        };
        checked(reference, values.current.clone())?;
        Ok(Fresh::lasting(values, self.renew_after))
    }

    fn entry(&self, reference: &SecretRef) -> Arc<Entry> {
        let mut entries = self.entries();
        if entries.len() >= MOST_REFERENCES && !entries.contains_key(reference) {
            entries.clear();
        }
        let entry = entries.entry(reference.clone()).or_insert_with(|| {
            Arc::new(Entry { values: Renewing::new(self.rest), failed: Mutex::default() })
        });
        Arc::clone(entry)
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<SecretRef, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn failed(&self) -> MutexGuard<'_, Option<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("references", &self.entries().len()).finish_non_exhaustive()
    }
}

fn missing(reference: &SecretRef, variable: &'static str) -> SecretError {
    SecretError::NotConfigured { reference: reference.clone(), variable }
}
