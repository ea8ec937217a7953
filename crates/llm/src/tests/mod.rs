//! The providers against their double.

mod batches;
mod faults;
mod rounds;

use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Policy};
use quell_model::FixedClock;
use quell_testkit::double::Double;
use quell_testkit::llm::{Answerer, LLM_KEY, LlmDouble};

use crate::{Fixed, Provider, Reply, Request, Settings, connect};

/// Every kind: its id, the path of its address, a version, and a model.
const KINDS: &[(&str, &str, Option<&str>, &str)] = &[
    ("openai", "/v1", None, "gpt-5.6-luna"),
    ("openai-responses", "/v1", None, "gpt-5.6-luna"),
    ("anthropic", "", None, "claude-haiku-5-5"),
    ("azure-openai", "", None, "triage"),
    ("azure-openai", "", Some("2024-10-21"), "triage"),
    ("ollama", "", None, "llama3.2"),
    ("openai-compatible", "/compatible/v1", None, "qwen3"),
];

struct Stage {
    models: Arc<LlmDouble>,
    double: Double,
    client: Client,
}

impl Stage {
    async fn new() -> Self {
        Self::with(LlmDouble::default()).await
    }

    async fn answering(answerer: Answerer) -> Self {
        Self::with(LlmDouble::new(answerer)).await
    }

    async fn with(models: LlmDouble) -> Self {
        let models = Arc::new(models);
        let double = Double::start(Arc::clone(&models) as _).await.unwrap();
        let mut policy = Policy::default();
        policy.egress.allow(double.url().parse().unwrap());
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        let client = Client::new(policy, Arc::new(FixedClock(now))).unwrap();
        Self { models, double, client }
    }

    fn settings(&self, kind: &(&str, &str, Option<&str>, &str)) -> Settings {
        let (id, path, version, model) = *kind;
        let url = format!("{}{path}", self.double.url());
        Settings {
            api_version: version.map(str::to_owned),
            embedding_model: Some("vectors".to_owned()),
            timeout: Duration::from_secs(20),
            ..Settings::new("test", id, model).at(&url)
        }
    }

    fn provider(&self, settings: Settings) -> Box<dyn Provider> {
        connect(settings, self.client.clone(), Arc::new(Fixed(LLM_KEY.into()))).unwrap()
    }

    fn of(&self, kind: &(&str, &str, Option<&str>, &str)) -> Box<dyn Provider> {
        self.provider(self.settings(kind))
    }
}

fn plain() -> Request {
    Request::new("", "Answer briefly.", "Is the bucket public? It is.")
}

/// The same question, once whole and once streamed.
async fn both(provider: &dyn Provider, request: &Request) -> (Reply, Reply) {
    let whole = provider.ask(request).await.unwrap();
    let streamed = provider.stream(request).await.unwrap().whole().await.unwrap();
    (whole, streamed)
}
