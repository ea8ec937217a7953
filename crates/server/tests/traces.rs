//! Traces, at a collector on loopback: what is sent, and that nothing waits for it.
//!
//! A process has one subscriber, so this is a program of its own with one test.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use quell_config::{Config, FileText, Sources};
use quell_http::{Client as Outward, Policy, Request as Asked};
use quell_model::{Clock, Timestamp};
use quell_pipeline::Setup;
use quell_server::{Plan, Traces};
use quell_testkit::server::{Client, Request, delivery};
use serde_json::Value;
use tokio::runtime::Runtime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Debug)]
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A collector that keeps what it takes, until it is told to keep everybody waiting.
#[derive(Default)]
struct Collector {
    taken: Mutex<Vec<Value>>,
    hangs: AtomicBool,
}

async fn collect(State(all): State<Arc<Collector>>, Json(body): Json<Value>) -> StatusCode {
    if all.hangs.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    all.taken.lock().unwrap().push(body);
    StatusCode::OK
}

impl Collector {
    fn serve(runtime: &Runtime) -> (Arc<Self>, std::net::SocketAddr) {
        let collector = Arc::<Self>::default();
        let routes = Router::new()
            .route("/v1/traces", post(collect))
            .route("/hello", get(|| async { "hello" }))
            .with_state(Arc::clone(&collector));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, routes).await });
        (collector, address)
    }

    fn spans(&self) -> Vec<Value> {
        let taken = self.taken.lock().unwrap();
        let spans = taken.iter().flat_map(|body| {
            let service = &body["resourceSpans"][0]["resource"]["attributes"];
            assert!(service.to_string().contains("\"quell\""), "{body}");
            body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
        });
        spans.collect()
    }
}

fn attribute<'v>(span: &'v Value, name: &str) -> &'v Value {
    let all = span["attributes"].as_array().unwrap();
    all.iter().find(|one| one["key"] == name).map_or(&Value::Null, |one| &one["value"])
}

fn one<'v>(spans: &'v [Value], name: &str) -> &'v Value {
    let named: Vec<&Value> = spans.iter().filter(|span| span["name"] == name).collect();
    assert_eq!(named.len(), 1, "{name} among {spans:#?}");
    named[0]
}

#[test]
fn spans_reach_a_collector_and_one_that_hangs_stops_nobody() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (collector, address) = Collector::serve(&runtime);
    let text = format!(
        "[server]\nlisten = '127.0.0.1:0'\nimport_wait_seconds = 60\n\
         [limits]\ntoken_rate_per_second = 100000\ntoken_burst = 100000\n\
         [telemetry]\notlp_endpoint = 'http://{address}'\n"
    );
    let file = Some(FileText { path: "quell.toml", text: &text });
    let config = Config::load(&Sources { file, ..Sources::default() }).unwrap().config;
    let clock: Arc<dyn Clock> = Arc::new(Now);
    let traces = Traces::start(&config, &|_| None, &clock, runtime.handle()).unwrap().unwrap();
    tracing_subscriber::registry().with(traces.layer()).init();
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::embedded(None).unwrap();
    let plan =
        Plan { config, data: folder.path().to_owned(), setup, environment: Arc::new(|_| None) };
    let mut server = runtime.block_on(quell_server::start(plan, Arc::clone(&clock))).unwrap();
    let token = server.take_first_token().unwrap();
    let client = Client::new(server.address()).with_token(&token);

    let body = delivery("secretrun", 1, 600);
    let import = Request::post("/api/v1/imports?wait=true&name=secretname", body);
    assert_eq!(client.send(&import).unwrap().status, 200);
    let missing = client.send(&Request::get("/api/v1/issues/secretid")).unwrap();
    assert_eq!(missing.status, 404);
    // A caller's trace goes on; one that is written wrongly, or twice, does not.
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let well = format!("00-{trace}-{parent}-00");
    for path in ["/api/v1/statistics", "/health/live"] {
        let asked = Request::get(path).with("traceparent", &well);
        assert_eq!(client.send(&asked).unwrap().status, 200);
    }
    for (path, given) in [
        ("/api/v1/me", vec![format!("00-{trace}-{}-01", "0".repeat(16))]),
        ("/api/v1/jobs", vec![well.to_uppercase()]),
        ("/api/v1/status", vec![well.clone(), well.clone()]),
    ] {
        let plain = Request::get(path);
        let asked = given.iter().fold(plain, |asked, one| asked.with("traceparent", one));
        assert_eq!(client.send(&asked).unwrap().status, 200, "{path} {given:?}");
    }
    let mut policy = Policy::default();
    policy.egress.allow(format!("http://{address}").parse().unwrap());
    let asked = Asked::get(&format!("http://{address}/hello?secret=1")).unwrap();
    let hello = runtime
        .block_on(async { Outward::new(policy, Arc::clone(&clock)).unwrap().send(&asked).await });
    assert_eq!(hello.unwrap().status(), 200);
    // The job's span ends a moment after its import is answered.
    for _ in 0..500 {
        traces.flush();
        if collector.spans().iter().any(|span| span["name"] == "job import") {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }

    let spans = collector.spans();
    let request = one(&spans, "POST /api/v1/imports");
    assert_eq!(request["kind"], 2);
    assert_eq!(attribute(request, "http.response.status_code")["intValue"], "200");
    let missing = one(&spans, "GET /api/v1/issues/{id}");
    assert_eq!(attribute(missing, "http.route")["stringValue"], "/api/v1/issues/{id}");
    for name in ["GET /api/v1/statistics", "GET /health/live"] {
        let continued = one(&spans, name);
        assert_eq!(
            (&continued["traceId"], &continued["parentSpanId"]),
            (&trace.into(), &parent.into())
        );
    }
    for name in ["GET /api/v1/me", "GET /api/v1/jobs", "GET /api/v1/status"] {
        let own = one(&spans, name);
        assert_ne!(own["traceId"], trace, "{own}");
        assert_eq!(own["parentSpanId"], Value::Null, "{own}");
    }
    let (job, import) = (one(&spans, "job import"), one(&spans, "import"));
    assert_eq!(import["parentSpanId"], job["spanId"]);
    assert_eq!(import["traceId"], job["traceId"]);
    assert_eq!(job["spanId"].as_str().map(str::len), Some(16));
    let begun = |span: &Value| span["startTimeUnixNano"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(begun(job) <= begun(import) && begun(job) > 1_700_000_000_000_000_000);
    let outbound = spans.iter().find(|span| span["kind"] == 3).unwrap();
    assert_eq!(attribute(outbound, "server.address")["stringValue"], "127.0.0.1");
    // Sending is no span, or there would be no end of them.
    assert_eq!(spans.iter().filter(|span| span["kind"] == 3).count(), 1);
    let all = serde_json::to_string(&spans).unwrap();
    assert!(!all.contains("secret") && !all.contains(&token), "{all}");

    // More spans than the queue holds, while the collector takes them and never answers.
    collector.hangs.store(true, Ordering::SeqCst);
    for _ in 0..10_000 {
        tracing::info_span!(target: "quell", "much").in_scope(|| ());
    }
    for _ in 0..50 {
        assert_eq!(client.send(&Request::get("/api/v1/issues")).unwrap().status, 200);
    }
    runtime.block_on(server.stop());
    traces.stop();
}
