//! Language models tried out from a command line, and what they cost.

use std::path::Path;
use std::sync::Arc;

use quell_config::{Analyst, Config};
use quell_model::{Clock, TenantId, Timestamp};
use quell_secrets::Environment;
use quell_store::ServerStore;
use serde_json::{Value, json};

use super::OfflineError;
use super::platforms::told;
use crate::models::{
    Models, SpendReport, SpendWish, SpentBy, model, spend_limits, spend_report, try_it,
};
use crate::outside::Outside;
use crate::start::StartError;

/// Tries each of the means of each provider, or of one: small calls that cost a little.
/// It must be called within a tokio runtime.
///
/// # Errors
/// There is no such provider, or a setting is wrong. What does not work is told in the answer.
pub async fn llm_test(
    config: &Config,
    name: Option<&str>,
    environment: Environment,
    clock: Arc<dyn Clock>,
) -> Result<Value, OfflineError> {
    if let Some(name) = name
        && !config.llm.get(name).is_some_and(|one| one.enabled)
    {
        return Err(OfflineError::NoLlm(name.to_owned()));
    }
    let outside = Arc::new(Outside::new(config, environment, &clock).map_err(StartError::from)?);
    let models = Models::new(config, &outside, &clock, name);
    let models = models.map_err(|error| OfflineError::Failed(format!("[llm]: {error}")))?;
    let mut items = Vec::new();
    let mut well = true;
    for (name, provider) in models.iter() {
        let Some(one) = config.llm.get(name) else { continue };
        let trial = try_it(&model(Arc::clone(provider), one)).await;
        well &= trial.is_well();
        items.push(told(&trial)?);
    }
    Ok(json!({ "well": well, "items": items }))
}

/// What models cost a tenant in so many days, and what is left of today's limits. A directory
/// without a database stays so.
///
/// # Errors
/// When the directory cannot be used.
pub fn llm_spend(
    data: &Path,
    analyst: &Analyst,
    tenant: &TenantId,
    (days, by): (u32, SpentBy),
    now: Timestamp,
) -> Result<SpendReport, OfflineError> {
    let mut store = data.join("server.db").exists().then(|| ServerStore::open(data)).transpose()?;
    if let Some(store) = &mut store {
        // Without a server nobody else gives up what has no end.
        store.spend_sweep(now)?;
        store.batch_sweep(now)?;
    }
    let limits = spend_limits(analyst);
    Ok(spend_report(store.as_ref(), &limits, (tenant, None), SpendWish { days, by }, now)?)
}
