//! What only registries and git hosts know, asked of those that were named.

use std::collections::BTreeSet;
use std::sync::Arc;

use quell_config::Config;
use quell_model::Clock;
use quell_pipeline::Looked;
use quell_refs::{Hosts, Resolver, Wanted};
use quell_secrets::Environment;

use super::OfflineError;
use crate::outside::policy;

/// Asks the hosts that were named, through the proxy and with the certificates of `[egress]`.
#[derive(Debug)]
pub struct Lookups(Arc<Resolver>);

impl Lookups {
    /// Made of the rules of `[egress]`. It must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the certificates, the proxy or its login cannot be used.
    pub fn open(
        config: &Config,
        environment: &Environment,
        hosts: Hosts,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OfflineError> {
        let failed = |why: String| OfflineError::Failed(why);
        let policy = policy(config, &**environment).map_err(|error| failed(error.to_string()))?;
        let resolver = Resolver::new(hosts, policy, clock);
        Ok(Self(Arc::new(resolver.map_err(|error| failed(error.to_string()))?)))
    }

    /// What each name stands for, or one sentence that says why that is not known.
    pub async fn find(&self, wanted: &BTreeSet<Wanted>) -> Looked {
        self.0.find(wanted).await
    }
}
