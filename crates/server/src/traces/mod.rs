//! Traces: what was asked, done, imported and asked of others, sent to a collector.
//!
//! Spans are made wherever `tracing` makes them, and only where somebody asks for them. They wait
//! in a queue of fixed size; while the collector does not answer, what is too much is dropped, and
//! nothing else waits for it. No span holds what findings say.

mod caller;
mod json;
mod send;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use quell_config::Config;
use quell_model::Clock;
use tokio::runtime::Handle;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::outside::OutsideError;

pub(crate) use caller::goes_on;

/// Spans that wait; more are dropped.
const MOST_WAITING: usize = 4096;
/// Spans of one message.
const AT_ONCE: usize = 512;
/// How long spans wait for others.
const EVERY: Duration = Duration::from_secs(2);
/// How long the last ones have when the server stops.
const LAST: Duration = Duration::from_secs(6);

/// Where traces go. Its `Debug` shows nothing of them.
pub struct Traces(SdkTracerProvider);

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traces(…)")
    }
}

impl Traces {
    /// Begins to send to the collector that the configuration names; `None` where it names none.
    /// What is sent goes out on the runtime.
    ///
    /// # Errors
    /// When the collector's address is none that can be asked.
    pub fn start(
        config: &Config,
        environment: &dyn Fn(&str) -> Option<String>,
        clock: &Arc<dyn Clock>,
        runtime: &Handle,
    ) -> Result<Option<Self>, OutsideError> {
        let Some(endpoint) = &config.telemetry.otlp_endpoint else { return Ok(None) };
        let sender = send::Sender::new(config, endpoint, environment, (clock, runtime))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MOST_WAITING)
            .with_max_export_batch_size(AT_ONCE)
            .with_scheduled_delay(EVERY)
            .build();
        let sending = BatchSpanProcessor::builder(sender).with_batch_config(batches).build();
        let about = Resource::builder_empty()
            .with_service_name("quell")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOn)
            .with_span_processor(sending)
            .with_resource(about)
            .build();
        Ok(Some(Self(provider)))
    }

    /// The part of a subscriber that takes spans.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("quell"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_traced))
    }

    /// Sends what waits.
    pub fn flush(&self) {
        // What could not be sent was told of when it was tried.
        drop(self.0.force_flush());
    }

    /// Sends what waits, for some seconds, and ends. It must not be called on the runtime.
    pub fn stop(self) {
        drop(self.0.shutdown_with_timeout(LAST));
    }
}

/// Quell's own spans, and what went wrong within them.
fn is_traced(about: &Metadata<'_>) -> bool {
    let most = if about.is_span() { Level::INFO } else { Level::WARN };
    about.target().starts_with("quell") && *about.level() <= most
}
