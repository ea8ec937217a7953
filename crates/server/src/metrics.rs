//! Numbers for Prometheus. `docs/server.md` names each.

use std::sync::Mutex;

use prometheus_client::encoding::text::encode;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::data::locked;

/// Labels, each name with its value.
type Labels = Vec<(&'static str, String)>;

/// The numbers of a server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram>,
    deliveries: Family<Labels, Counter>,
    records: Family<Labels, Counter>,
    jobs: Family<Labels, Counter>,
    waiting: Family<Labels, Gauge>,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// How long the oldest delivery waits that is not taken in yet.
    pub(crate) behind_seconds: Gauge,
    pub(crate) clock_ahead_seconds: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(0.001, 2.0, 15));
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("quell")),
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            deliveries: Family::default(),
            records: Family::default(),
            jobs: Family::default(),
            waiting: Family::default(),
            connections: Gauge::default(),
            behind_seconds: Gauge::default(),
            clock_ahead_seconds: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&self) {
        let registry = &mut *locked(&self.registry);
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time until the answer began",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register(
            "hook_deliveries",
            "Webhooks, by what became of them",
            self.deliveries.clone(),
        );
        registry.register("records", "Records read, by what became of them", self.records.clone());
        registry.register("jobs", "Jobs ended, by kind and state", self.jobs.clone());
        registry.register("jobs_waiting", "Jobs that wait or run", self.waiting.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register_with_unit(
            "intake_behind",
            "How long the oldest delivery waits that is not taken in yet",
            Unit::Seconds,
            self.behind_seconds.clone(),
        );
        registry.register_with_unit(
            "clock_ahead",
            "How much of what the clock says is not believed since it jumped ahead",
            Unit::Seconds,
            self.clock_ahead_seconds.clone(),
        );
    }

    /// One request answered. The route is its pattern, never what a client wrote.
    pub(crate) fn request(&self, route: &str, status: u16, seconds: f64) {
        let class = format!("{}xx", status / 100);
        let labels = vec![("route", route.to_owned()), ("status", class)];
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&vec![("route", route.to_owned())]).observe(seconds);
    }

    /// One webhook. Only hooks that are configured have a name here.
    pub(crate) fn delivery(&self, hook: &str, became: &'static str) {
        let labels = vec![("hook", hook.to_owned()), ("became", became.to_owned())];
        self.deliveries.get_or_create(&labels).inc();
    }

    /// Records of a source.
    pub(crate) fn records(&self, source: &str, became: &'static str, count: u64) {
        let labels = vec![("source", source.to_owned()), ("became", became.to_owned())];
        self.records.get_or_create(&labels).inc_by(count);
    }

    /// One job ended.
    pub(crate) fn job(&self, kind: &str, state: &'static str) {
        let labels = vec![("kind", kind.to_owned()), ("state", state.to_owned())];
        self.jobs.get_or_create(&labels).inc();
    }

    /// How many jobs wait or run.
    pub(crate) fn waiting(&self, state: &'static str, count: u64) {
        let labels = vec![("state", state.to_owned())];
        self.waiting.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// All of them as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &locked(&self.registry)).is_err() {
            text.clear();
        }
        text
    }
}
