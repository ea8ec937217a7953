//! Sending spans to a collector: OTLP over HTTP, as JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use quell_config::Config;
use quell_http::{Allow, Client, Deadlines, Policy, Request, Retry};
use quell_model::Clock;
use tokio::runtime::Handle;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::json;
use crate::outside::{OutsideError, policy};

/// How long a collector has to answer.
const ANSWER: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Sender {
    client: Client,
    url: String,
    runtime: Handle,
    about: Resource,
    /// Whether the last message was not taken.
    fails: AtomicBool,
}

impl Sender {
    pub(super) fn new(
        config: &Config,
        endpoint: &str,
        environment: &dyn Fn(&str) -> Option<String>,
        (clock, runtime): (&Arc<dyn Clock>, &Handle),
    ) -> Result<Self, OutsideError> {
        let mut policy = Policy {
            deadlines: Deadlines { first_byte: ANSWER, whole: ANSWER, ..Deadlines::default() },
            // Newer spans wait meanwhile.
            retry: Retry { attempts: 1, ..Retry::default() },
            redirects: 0,
            ..policy(config, environment)?
        };
        let base = endpoint.trim_end_matches('/');
        // The operator named this place: it may be the machine itself.
        let place: String = base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let rule: Allow =
            place.parse().map_err(|e| OutsideError::Allow(format!("{place}: {e}")))?;
        policy.egress.allow(rule);
        let inside = runtime.enter();
        let client = Client::new(policy, Arc::clone(clock))?;
        drop(inside);
        Ok(Self {
            client,
            url: format!("{base}/v1/traces"),
            runtime: runtime.clone(),
            about: Resource::builder_empty().build(),
            fails: AtomicBool::new(false),
        })
    }

    /// Says when it begins to fail, and when that is over; not each time.
    fn note(&self, error: Option<&str>) {
        let failed = self.fails.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !failed => tracing::warn!(error, "traces are not taken"),
            None if failed => tracing::info!("traces are taken again"),
            Some(_) | None => {}
        }
    }
}

impl SpanExporter for Sender {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let body = json::message(&self.about, &batch);
        let request = Request::post(&self.url).and_then(|request| request.json(&body));
        let client = self.client.clone();
        // Sending makes no spans, which would have to be sent.
        let sending = async move { client.send(&request?).await.map(|_| ()) };
        let sent = self.runtime.spawn(sending.with_subscriber(NoSubscriber::default())).await;
        let error = match sent {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        self.note(error.as_deref());
        error.map_or(Ok(()), |error| Err(OTelSdkError::InternalFailure(error)))
    }

    fn set_resource(&mut self, about: &Resource) {
        self.about = about.clone();
    }
}
