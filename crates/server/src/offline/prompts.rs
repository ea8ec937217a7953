//! Cases of prompts asked from a command line: one call each, with nothing of anybody's estate in it.

use std::sync::Arc;

use quell_analyst::Call;
use quell_config::Config;
use quell_llm::{Reply, Stopped};
use quell_model::Clock;
use quell_pipeline::analyst::{Model, request_of};
use quell_secrets::Environment;
use serde_json::Value;
use tokio::time::Instant;

use super::OfflineError;
use crate::models::{Models, model};
use crate::outside::Outside;
use crate::start::StartError;

/// A provider that cases are asked of.
#[derive(Debug)]
pub struct Examined(Model);

/// What one call brought.
#[derive(Debug, Clone, Default)]
pub struct Examination {
    /// The answer, where there is one of the right shape.
    pub answer: Option<Value>,
    /// What failed.
    pub error: Option<String>,
    /// How long it took.
    pub millis: u64,
    /// Tokens of input and answer.
    pub tokens: [u64; 2],
    /// What it cost, in millionths, where a price is known.
    pub cost: Option<u64>,
}

/// A provider of the configuration, ready to be asked. It must be called within a tokio runtime.
///
/// # Errors
/// There is no such provider, or a setting is wrong.
pub fn prompts_provider(
    config: &Config,
    name: &str,
    environment: Environment,
    clock: &Arc<dyn Clock>,
) -> Result<Examined, OfflineError> {
    let none = || OfflineError::NoLlm(name.to_owned());
    let one = config.llm.get(name).filter(|one| one.enabled).ok_or_else(none)?;
    let outside = Arc::new(Outside::new(config, environment, clock).map_err(StartError::from)?);
    let models = Models::new(config, &outside, clock, Some(name));
    let models = models.map_err(|error| OfflineError::Failed(format!("[llm]: {error}")))?;
    let (_, provider) = models.iter().next().ok_or_else(none)?;
    let provider = Arc::clone(provider);
    Ok(Examined(model(provider, one)))
}

impl Examined {
    /// The model's name in the configuration.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.0.model
    }

    /// Asks once. What fails is told and not tried again, so that a measurement is one.
    pub async fn ask(&self, call: &Call<'_>) -> Examination {
        let request = request_of(call, &self.0);
        let start = Instant::now();
        let came = self.0.provider.ask(&request).await;
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match came {
            Ok(reply) => {
                let tokens = [reply.usage.input, reply.usage.output];
                let cost = self.0.price.map(|price| price.of(&reply.usage));
                let (answer, error) = read(reply);
                Examination { answer, error, millis, tokens, cost }
            }
            Err(error) => {
                Examination { error: Some(error.to_string()), millis, ..Examination::default() }
            }
        }
    }
}

fn read(reply: Reply) -> (Option<Value>, Option<String>) {
    let no = |why: &str| (None, Some(why.to_owned()));
    match (reply.stopped, reply.json) {
        (Stopped::End, Some(answer)) => (Some(answer), None),
        (Stopped::End, None) => no("the answer has no shape"),
        (Stopped::Length, _) => no("the answer was cut at the most tokens of the task"),
        (Stopped::Filter, _) => no("the provider's filter ended it"),
        (Stopped::Refusal(words), _) => no(&format!("the model refused: {words}")),
    }
}
