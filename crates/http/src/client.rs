//! The client: one exchange after another, each under the rules.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use backon::{ExponentialBuilder, Retryable as _};
use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use quell_model::Clock;
use secrecy::ExposeSecret as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;
use url::Url;

use crate::body::Body;
use crate::egress::{Egress, Refusal, host_text};
use crate::error::{Deadline, HttpError, Place, Remote};
use crate::lookup::{Denied, Guarded, Lookup, SystemLookup};
use crate::pace::{Key, Pace};
use crate::policy::{Policy, Proxy};
use crate::redact::said;
use crate::redirect::{self, Hop};
use crate::request::Request;
use crate::response::{Limits, Response, Streamed, fault_error};
use crate::retry::{is_passing, may_repeat, pause, retry_after};
use crate::tls;

/// Bytes kept of the body of an answer that is no success.
const ERROR_BYTES: usize = 16 << 10;

/// An HTTP client under one policy. Clones share connections, rates and pauses.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    egress: Arc<Egress>,
    policy: Policy,
    pace: Pace,
    at_once: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A client that resolves names as the system does. It must be made within a tokio runtime.
    ///
    /// # Errors
    /// The CA bundle or the proxy cannot be used.
    pub fn new(policy: Policy, clock: Arc<dyn Clock>) -> Result<Self, HttpError> {
        Self::with_lookup(policy, clock, Arc::new(SystemLookup))
    }

    /// A client that takes addresses of names from `lookup`.
    ///
    /// # Errors
    /// The CA bundle or the proxy cannot be used.
    pub fn with_lookup(
        policy: Policy,
        clock: Arc<dyn Clock>,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, HttpError> {
        let egress = Arc::new(policy.egress.clone());
        let client = connections(&policy, &egress, lookup)?;
        let pace = Pace::new(&policy);
        let at_once = Arc::new(Semaphore::new(policy.at_once.clamp(1, 10_000)));
        Ok(Self { inner: Arc::new(Inner { client, egress, policy, pace, at_once, clock }) })
    }

    /// Sends a request and reads the whole reply, trying again where that does no harm.
    ///
    /// # Errors
    /// The rules, the network or the remote say no; [`HttpError::verdict`] tells what to do.
    pub async fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.repeat(request, || async {
            let reply = Box::pin(self.traced(request)).await?;
            reply.collect().await
        })
        .await
    }

    /// Sends a request and hands the body on as it comes. It is tried again until the head of a
    /// reply is there, not after.
    ///
    /// # Errors
    /// The rules, the network or the remote say no; [`HttpError::verdict`] tells what to do.
    pub async fn open(&self, request: &Request) -> Result<Streamed, HttpError> {
        self.repeat(request, || Box::pin(self.traced(request))).await
    }

    async fn repeat<T, F>(
        &self,
        request: &Request,
        attempt: impl FnMut() -> F,
    ) -> Result<T, HttpError>
    where
        F: Future<Output = Result<T, HttpError>>,
    {
        let rule = request.retry.unwrap_or(self.inner.policy.retry);
        let start = Instant::now();
        let steps = ExponentialBuilder::new()
            .with_min_delay(rule.first_wait)
            .with_max_delay(rule.longest_wait)
            .with_max_times(usize::from(rule.attempts.saturating_sub(1)));
        let repeated = attempt
            .retry(steps)
            .sleep(tokio::time::sleep)
            .when(|error| may_repeat(error, request.idempotent))
            .adjust(|error, step| {
                let wait = pause(error, step?, &rule);
                (start.elapsed() + wait < rule.total).then_some(wait)
            })
            .notify(|error, wait| {
                tracing::debug!(%error, wait_millis = wait.as_millis(), "a request is tried again");
            });
        let place = request.place();
        timeout(rule.total, repeated).await.unwrap_or(Err(HttpError::Deadline {
            place,
            deadline: Deadline::Whole,
            within: rule.total,
        }))
    }

    /// One attempt, with the redirects it meets.
    /// One attempt, as a span: where it went and what came of it, and nothing of what was said.
    async fn traced(&self, request: &Request) -> Result<Streamed, HttpError> {
        let span = tracing::info_span!(
            "outbound",
            otel.name = %request.method,
            otel.kind = "client",
            otel.status_code = tracing::field::Empty,
            http.request.method = %request.method,
            server.address = host_text(&request.url),
            http.response.status_code = tracing::field::Empty,
        );
        let reply = self.attempt(request).instrument(span.clone()).await;
        let status = match &reply {
            Ok(reply) => Some(reply.status()),
            Err(error) => {
                span.record("otel.status_code", "ERROR");
                error.status()
            }
        };
        if let Some(status) = status {
            span.record("http.response.status_code", i64::from(status));
        }
        reply
    }

    async fn attempt(&self, request: &Request) -> Result<Streamed, HttpError> {
        let inner = &self.inner;
        let mut hop = first_hop(request);
        inner.egress.check_url(&hop.url)?;
        self.turn(&hop.url, request).await?;
        let permit = Arc::clone(&inner.at_once).acquire_owned().await;
        let permit = permit.map_err(|_| HttpError::Crowded { place: request.place() })?;
        let deadlines = request.deadlines.unwrap_or(inner.policy.deadlines);
        let limits = Limits { deadlines, end: Instant::now() + deadlines.whole };
        let most = if request.stays { 0 } else { inner.policy.redirects };
        for _ in 0..=most {
            let reply = self.exchange(&hop, limits).await?;
            match redirect::next(&hop, reply.status().as_u16(), reply.headers())? {
                Some(_) if request.stays => break,
                Some(next) => {
                    inner.egress.check_url(&next.url)?;
                    self.turn(&next.url, request).await?;
                    hop = next;
                }
                None => return self.taken(request, &hop, reply, (limits, permit)).await,
            }
        }
        let host = host_text(&hop.url).unwrap_or_default();
        let why = if request.stays { "which is never followed here" } else { "too often" };
        Err(Refusal::Redirect { host, why }.into())
    }

    async fn turn(&self, url: &Url, request: &Request) -> Result<(), HttpError> {
        let longest = request.retry.unwrap_or(self.inner.policy.retry).total;
        if self.inner.pace.turn(&key(url, &request.account), longest).await {
            Ok(())
        } else {
            Err(HttpError::Crowded { place: Place::of(url) })
        }
    }

    /// One request on the wire, until the head of its reply.
    async fn exchange(&self, hop: &Hop, limits: Limits) -> Result<reqwest::Response, HttpError> {
        let mut request = reqwest::Request::new(hop.method.clone(), hop.url.clone());
        request.headers_mut().clone_from(&hop.headers);
        if !hop.body.is_empty() {
            *request.body_mut() = Some(hop.body.clone().into());
        }
        if let Some(outgoing) = &hop.outgoing {
            *request.body_mut() = Some(outgoing.begin());
        }
        let deadlines = limits.deadlines;
        let head = Instant::now() + deadlines.first_byte;
        match timeout_at(head.min(limits.end), self.inner.client.execute(request)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(failure(&error, Place::of(&hop.url), &self.inner.policy)),
            Err(_) => {
                let (deadline, within) = if head < limits.end {
                    (Deadline::FirstByte, deadlines.first_byte)
                } else {
                    (Deadline::Whole, deadlines.whole)
                };
                Err(HttpError::Deadline { place: Place::of(&hop.url), deadline, within })
            }
        }
    }

    /// A reply that is no redirect: a success to read, or an error.
    async fn taken(
        &self,
        request: &Request,
        hop: &Hop,
        reply: reqwest::Response,
        (limits, permit): (Limits, OwnedSemaphorePermit),
    ) -> Result<Streamed, HttpError> {
        let place = Place::of(&hop.url);
        let status = reply.status().as_u16();
        let success = reply.status().is_success() || status == 304;
        let sizes = request.sizes.unwrap_or(self.inner.policy.sizes);
        let encoding = reply.headers().get(CONTENT_ENCODING).map(|v| v.to_str().unwrap_or("?"));
        let encoding = encoding.filter(|_| !request.raw);
        let body = Body::new(encoding, sizes);
        // The body of an error is only shown, so one that cannot be read is left out.
        let body = if success { body } else { body.or_else(|_| Body::new(None, sizes)) };
        let body = body.map_err(|fault| fault_error(fault, &place))?;
        if success && request.method != http::Method::HEAD {
            body.announced(reply.content_length()).map_err(|fault| fault_error(fault, &place))?;
        }
        let headers = reply.headers().clone();
        let streamed =
            Streamed { place, status, headers, reply, body, limits, ended: false, _permit: permit };
        if success { Ok(streamed) } else { Err(self.refusal(request, hop, streamed).await) }
    }

    /// An answer that is no success, with the start of what it says.
    async fn refusal(&self, request: &Request, hop: &Hop, mut reply: Streamed) -> HttpError {
        let mut body = Vec::new();
        while body.len() <= ERROR_BYTES {
            match reply.next().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) | Err(_) => break,
            }
        }
        let cut = body.len() > ERROR_BYTES;
        body.truncate(ERROR_BYTES);
        let longest = self.inner.policy.retry.longest_wait;
        let wait = retry_after(&reply.headers, self.inner.clock.now(), longest);
        let secrets = request.secrets();
        let id = ["x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-correlation-id"];
        let id = id.iter().find_map(|name| reply.headers.get(*name));
        let remote = Box::new(Remote {
            place: reply.place.clone(),
            status: reply.status,
            request_id: id.map(|value| said(value.as_bytes(), false, &secrets)),
            said: said(&body, cut, &secrets),
            body,
            headers: reply.headers.clone(),
            retry_after: wait,
        });
        if !is_passing(remote.status) {
            return HttpError::Remote(remote);
        }
        if let Some(wait) = wait.filter(|_| matches!(remote.status, 429 | 503)) {
            self.inner.pace.hold(&key(&hop.url, &request.account), wait);
        }
        HttpError::Busy(remote)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

fn key(url: &Url, account: &str) -> Key {
    (host_text(url).unwrap_or_default(), account.to_owned())
}

fn first_hop(request: &Request) -> Hop {
    let mut headers = request.headers.clone();
    let coding = if request.raw { "identity" } else { "gzip" };
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
    Hop {
        method: request.method.clone(),
        url: request.url.clone(),
        headers,
        body: request.body.clone(),
        outgoing: request.outgoing.clone(),
    }
}

/// The connections below: no redirects, no retries, no proxy of the environment, no cookies.
fn connections(
    policy: &Policy,
    egress: &Arc<Egress>,
    lookup: Arc<dyn Lookup>,
) -> Result<reqwest::Client, HttpError> {
    let setup = |error: reqwest::Error| {
        HttpError::Setup(format!("the HTTP client cannot be made ({})", why(&error)))
    };
    let proxy = policy.proxy.as_ref().map(proxy).transpose()?;
    let (proxy, proxy_host) = proxy.unzip();
    let resolver = Guarded { lookup, egress: Arc::clone(egress), proxy: proxy_host };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config(&policy.roots)?)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(policy.user_agent.as_str())
        .connect_timeout(policy.deadlines.connect)
        .pool_max_idle_per_host(4)
        .pool_idle_timeout(std::time::Duration::from_secs(30))
        .tcp_keepalive(std::time::Duration::from_secs(15))
        .dns_resolver(Arc::new(resolver));
    #[cfg(target_os = "linux")]
    {
        // A connection whose other end is gone is dropped, whatever waits on it.
        builder = builder.tcp_user_timeout(std::time::Duration::from_secs(20));
    }
    if let Some(proxy) = proxy {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(setup)
}

/// The proxy and its host.
fn proxy(proxy: &Proxy) -> Result<(reqwest::Proxy, String), HttpError> {
    let fault =
        || HttpError::Setup("`egress.proxy` is no `http://host:port` without a user".to_owned());
    let url = Url::parse(&proxy.url).map_err(|_| fault())?;
    let host = host_text(&url).ok_or_else(fault)?;
    let known = matches!(url.scheme(), "http" | "https");
    if !known || !url.username().is_empty() || url.password().is_some() {
        return Err(fault());
    }
    let made = reqwest::Proxy::all(url).map_err(|_| fault())?;
    let made = match &proxy.login {
        Some((user, password)) => made.basic_auth(user, password.expose_secret()),
        None => made,
    };
    Ok((made, host))
}

/// What a failed exchange means.
fn failure(error: &reqwest::Error, place: Place, policy: &Policy) -> HttpError {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(Denied(refusal)) = cause.downcast_ref() {
            return HttpError::Refused(refusal.clone());
        }
        if let Some(tls) = tls_error(cause) {
            return tls_failure(tls, place);
        }
        next = cause.source();
    }
    if error.is_connect() && error.is_timeout() {
        let within = policy.deadlines.connect;
        return HttpError::Deadline { place, deadline: Deadline::Connect, within };
    }
    let why = why(error);
    if error.is_connect() {
        HttpError::Unreachable { place, why }
    } else {
        HttpError::Broken { place, why }
    }
}

/// An error of TLS, which errors of input and output wrap.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut inner = cause;
    while let Some(wrapped) = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        inner = wrapped;
    }
    inner.downcast_ref()
}

fn tls_failure(error: &rustls::Error, place: Place) -> HttpError {
    let why = shorten(&error.to_string());
    if matches!(error, rustls::Error::InvalidCertificate(_)) {
        HttpError::Certificate { place, why }
    } else {
        HttpError::Unreachable { place, why }
    }
}

/// The innermost cause. The outer ones name the URL.
pub(crate) fn why(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = None;
    while let Some(inner) = cause {
        text = Some(inner.to_string());
        cause = inner.source();
    }
    shorten(text.as_deref().unwrap_or("no more is known"))
}

fn shorten(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
