//! The values behind the references of the configuration, kept fresh beside the requests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use quell_config::SecretRef;

/// A secret's value. It is never printed.
#[derive(Clone)]
pub struct Value(Arc<[u8]>);

impl Value {
    /// Takes a value.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Arc::from(bytes))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

/// The values that count now, by reference.
#[derive(Debug, Default)]
pub struct Keeper(RwLock<BTreeMap<SecretRef, Vec<Value>>>);

impl Keeper {
    /// Sets the values that count behind a reference; two while one is being replaced.
    pub fn set(&self, reference: SecretRef, values: Vec<Value>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(reference, values);
    }

    /// The values that count now. None where the reference could not be followed yet.
    pub(crate) fn values(&self, reference: &SecretRef) -> Vec<Value> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(reference).cloned().unwrap_or_default()
    }
}
