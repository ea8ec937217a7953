//! Connections and routes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, HOST, REFERRER_POLICY, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;
use tracing::Instrument;

use crate::api::{self, Problem};
use crate::limits::{TwoLengths, Watched};
use crate::signin;
use crate::state::App;
use crate::traces::goes_on;
use crate::web;

/// Most bytes of the head of a request.
const MOST_HEAD_BYTES: usize = 64 << 10;
/// How long to wait when the system has no more sockets.
const NO_SOCKETS: Duration = Duration::from_millis(100);

/// Marks a request that says its length in two ways.
#[derive(Debug, Clone, Copy)]
struct HasTwoLengths;

/// Every route.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let (v1, description) = api::router(app);
    v1.merge(api::docs(&description))
        .merge(web::routes(app))
        .merge(signin::routes())
        .route("/health/live", get(api::live))
        .route("/health/ready", get(api::ready))
        .route("/metrics", get(api::metrics))
        .fallback(nothing_there)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(app), guard))
        .layer(from_fn(safe_headers))
        .layer(from_fn_with_state(Arc::clone(app), measure))
        .with_state(Arc::clone(app))
}

async fn nothing_there(headers: HeaderMap) -> Response {
    if web::is_browser(&headers) {
        return web::refused(&Problem::not_found("such page"), None);
    }
    Problem::not_found("such address; `/api/v1/openapi.json` names all").into_response()
}

async fn wrong_method() -> Problem {
    Problem::wrong_method()
}

/// Counts and times each answer by its route.
async fn measure(State(app): State<Arc<App>>, request: Request<Body>, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let span = span_of(&request, route);
    goes_on(&span, request.headers());
    let begun = tokio::time::Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    app.metrics.request(route, status.as_u16(), begun.elapsed().as_secs_f64());
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    response
}

/// A span for a request. It holds the route's pattern, never what a client wrote.
fn span_of(request: &Request<Body>, route: &str) -> tracing::Span {
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    };
    tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    )
}

/// Turns away what two servers in a row could read differently, and names that are not ours.
async fn guard(State(app): State<Arc<App>>, request: Request<Body>, next: Next) -> Response {
    let headers = request.headers();
    if request.extensions().get::<HasTwoLengths>().is_some() {
        return closing(Problem::invalid(
            "a request has `Content-Length` or `Transfer-Encoding`, not both",
        ));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    // A request line may name a host too, and then that one counts (RFC 9112 3.2.2).
    let line = request.uri().authority().is_none_or(|named| app.answers_to(named.as_str()));
    match host {
        Some(host) if line && app.answers_to(host) => {
            // What follows may be a request to one server and a body to another (RFC 9112 6.1).
            let chunked = headers.contains_key(TRANSFER_ENCODING);
            let response = next.run(request).await;
            if chunked { closing(response) } else { response }
        }
        _ => closing(Problem::invalid(
            "this host name is not answered; `server.allow_hosts` names those that are",
        )),
    }
}

fn closing(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response
        .headers_mut()
        .insert(axum::http::header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn safe_headers(request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = HeaderName::from_static("content-security-policy");
    headers
        .entry(policy)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Listens until it is told to stop, and then until every answer is given.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let router = router(&app);
    let most = usize::try_from(app.config.limits.connections).unwrap_or(Semaphore::MAX_PERMITS);
    let room = Arc::new(Semaphore::new(most));
    let ending = GracefulShutdown::new();
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            _ = stop.changed() => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let router = router.clone();
                let app = Arc::clone(&app);
                tokio::spawn(connection((app, router), (stream, peer), permit, ending.watcher()));
            }
            // No more sockets, or a connection that ended before it was taken.
            Err(error) => {
                tracing::warn!(%error, "a connection is not taken");
                tokio::time::sleep(NO_SOCKETS).await;
            }
        }
    }
    drop(listener);
    ending.shutdown().await;
}

async fn connection(
    (app, router): (Arc<App>, Router),
    (stream, peer): (TcpStream, SocketAddr),
    permit: OwnedSemaphorePermit,
    watcher: hyper_util::server::graceful::Watcher,
) {
    app.metrics.connections.inc();
    // Without it small answers wait for the next acknowledgement.
    drop(stream.set_nodelay(true));
    let found = TwoLengths::default();
    let stream = Watched::new(stream, found.clone());
    // The service is cloned for each request.
    let requests = Arc::new(AtomicU64::new(0));
    let service = hyper_util::service::TowerToHyperService::new(router.map_request(
        move |mut request: Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            if found.is(requests.fetch_add(1, Ordering::Relaxed) + 1) {
                request.extensions_mut().insert(HasTwoLengths);
            }
            request.map(Body::new)
        },
    ));
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(app.config.limits.header_seconds))
        .max_buf_size(MOST_HEAD_BYTES)
        .keep_alive(!app.stopping.load(Ordering::SeqCst));
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    // A peer that breaks off is its own affair.
    drop(watcher.watch(serving).await);
    app.metrics.connections.dec();
    drop(permit);
}

/// A page for people.
pub(crate) fn page(status: StatusCode, html: String, policy: &'static str) -> Response {
    let mut response = (status, axum::response::Html(html)).into_response();
    let name = HeaderName::from_static("content-security-policy");
    let headers = response.headers_mut();
    headers.insert(name, HeaderValue::from_static(policy));
    // From a page that tells nobody where it came from, browsers send forms with `Origin: null`, which
    // may be anybody's (Fetch, 3.1).
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
