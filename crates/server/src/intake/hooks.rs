//! `POST /api/v1/hooks/<name>`: a delivery is answered once its bytes are on the disk.
//!
//! An outsider learns nothing: a name that is not configured, one that is switched off and wrong
//! credentials are answered alike, after the same work.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use quell_config::{Auth, Config, Encoding, Hook, SecretRef};
use quell_model::{TenantId, Timestamp};
use quell_spool::{APART, Appended, Origin, Record, SpoolError};
use serde::Serialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::oidc::OidcPlan;
use super::{Gate, GatePlan};
use crate::api::{Problem, Undelivered};
use crate::outside::Outside;
use crate::state::App;

/// Headers in which senders give a delivery an id, the most telling first.
const DELIVERY_IDS: [&str; 4] =
    ["webhook-id", "x-github-delivery", "x-gitlab-event-uuid", "x-request-id"];
/// Longest id of a delivery that is kept.
const MOST_ID_BYTES: usize = 256;
/// Types that are taken: what the formats are written in.
const TYPES: [&str; 6] = [
    "application/json",
    "application/x-ndjson",
    "application/jsonl",
    "application/octet-stream",
    "text/csv",
    "text/plain",
];

/// The webhooks that are configured.
#[derive(Debug)]
pub(crate) struct Hooks {
    by_name: BTreeMap<String, Entry>,
    /// What a name that is not configured is checked against, so that it takes as long.
    nobody: Entry,
}

#[derive(Debug)]
struct Entry {
    plan: GatePlan,
    tenant: TenantId,
    enabled: bool,
    secrets: Vec<(SecretRef, Option<Date>)>,
    /// Where the keys are that sign tokens.
    keys_url: Option<String>,
}

impl Hooks {
    pub(crate) fn new(config: &Config) -> Self {
        let entry = |(name, hook): (&String, &Hook)| (name.clone(), Entry::new(hook));
        let nobody = Entry {
            plan: GatePlan {
                auth: Auth::Hmac,
                header: "x-signature".to_owned(),
                user: String::new(),
                algorithm: quell_config::Algorithm::Sha256,
                encoding: Encoding::Hex,
                prefix: String::new(),
                timestamp: None,
                delivery: None,
                tolerance_seconds: 300,
                signed: "{body}".to_owned(),
                token: OidcPlan::default(),
            },
            tenant: TenantId::default(),
            enabled: false,
            secrets: Vec::new(),
            keys_url: None,
        };
        Self { by_name: config.hooks.iter().map(entry).collect(), nobody }
    }

    /// The format that a source was said to have.
    pub(crate) fn format<'c>(config: &'c Config, source: &str) -> Option<&'c str> {
        let platform = config.sources.get(source).map(|platform| platform.kind.as_str());
        let format = config.hooks.get(source).map(|hook| hook.format.as_str());
        platform.or(format).filter(|format| *format != "auto")
    }
}

impl Entry {
    fn new(hook: &Hook) -> Self {
        Self {
            plan: GatePlan {
                auth: hook.auth,
                header: hook.header.clone().unwrap_or_default(),
                user: hook.user.clone().unwrap_or_default(),
                algorithm: hook.algorithm,
                encoding: hook.encoding,
                prefix: hook.prefix.clone(),
                timestamp: hook.timestamp.clone(),
                delivery: hook.delivery.clone(),
                tolerance_seconds: i64::try_from(hook.tolerance_seconds).unwrap_or(i64::MAX),
                signed: hook.signed_text().to_owned(),
                token: OidcPlan {
                    issuer: hook.token_issuer().to_owned(),
                    audience: hook.token_says("audience").to_owned(),
                    email: hook.token_says("email").to_owned(),
                },
            },
            tenant: hook.tenant.clone(),
            enabled: hook.enabled,
            secrets: hook.secrets.iter().map(|s| (s.secret.clone(), s.until)).collect(),
            keys_url: hook.token_keys_url().map(str::to_owned),
        }
    }

    fn admits(
        &self,
        outside: &Outside,
        given: (&HeaderMap, &str),
        (body, now): (&[u8], Timestamp),
    ) -> bool {
        let today = now.to_zoned(TimeZone::UTC).date();
        let counts = |until: &Option<Date>| until.is_none_or(|until| today <= until);
        let values: Vec<_> = self
            .secrets
            .iter()
            .filter(|(_, until)| counts(until))
            .flat_map(|(reference, _)| outside.values(reference))
            .collect();
        let keys = self.keys_url.as_ref().and_then(|url| outside.keys(url));
        let secrets: Vec<&[u8]> = if self.enabled {
            let values = values.iter().map(|value| value.expose());
            values.chain(keys.as_ref().map(|keys| keys.as_slice())).collect()
        } else {
            // No secret opens it, and it takes as long as one that could.
            vec![&[0; 32]]
        };
        Gate { plan: &self.plan, secrets: &secrets }.admits(given, body, now) && self.enabled
    }
}

/// What became of a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivered {
    /// Where it stands in the intake log.
    position: String,
    /// Whether the same was received before.
    known: bool,
}

/// Take a delivery of a webhook
#[utoipa::path(
    post, path = "/hooks/{name}", tag = "intake", params(("name" = String, Path, description = "The webhook's name in the configuration")),
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 202, description = "It is on the disk", body = Delivered),
        Undelivered,
    ),
    security(())
)]
pub(crate) async fn receive_hook(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    request: Parts,
    body: Body,
) -> Response {
    let known = app.hooks.by_name.get(&name).is_some_and(|entry| entry.enabled);
    let label = if known { name.as_str() } else { "unknown" };
    match take(
        &app,
        (peer, &name),
        (&request.headers, request.uri.query().unwrap_or_default()),
        body,
    )
    .await
    {
        Ok(appended) => {
            app.metrics.delivery(label, if appended.known { "known" } else { "kept" });
            let delivered =
                Delivered { position: appended.position.to_string(), known: appended.known };
            (StatusCode::ACCEPTED, Json(delivered)).into_response()
        }
        Err(problem) => {
            app.metrics.delivery(label, refused(problem.status()));
            problem.into_response()
        }
    }
}

/// What became of a delivery that was not kept, as the metrics name it.
fn refused(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::TOO_MANY_REQUESTS => "too_many",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "refused",
    }
}

async fn take(
    app: &Arc<App>,
    (peer, name): (SocketAddr, &str),
    (headers, query): (&HeaderMap, &str),
    body: Body,
) -> Result<Appended, Problem> {
    let body = read(app, headers, body).await?;
    let entry = app.hooks.by_name.get(name).unwrap_or(&app.hooks.nobody);
    let now = app.clock.now();
    if !entry.admits(&app.outside, (headers, query), (&body.bytes, now)) {
        app.rates.stranger(peer.ip()).map_err(Problem::too_many)?;
        return Err(Problem::unauthorized());
    }
    check_type(headers)?;
    app.rates.hook(name).map_err(Problem::too_many)?;
    let origin = Origin {
        tenant: entry.tenant.to_string(),
        source: name.to_owned(),
        delivery: delivery_id(headers),
    };
    let record = Record::new(origin, now.as_microsecond(), body.bytes)?;
    let (done, kept) = oneshot::channel();
    app.spool.append(record, move |result: Result<Appended, SpoolError>| {
        // Whoever waited may have gone; what is on the disk stays.
        drop(done.send(result));
    })?;
    let appended = kept.await.map_err(|_| SpoolError::Closed)??;
    app.delivered.wake();
    Ok(appended)
}

/// A body with the room that it takes among all that are being received.
struct Received<'a> {
    bytes: Vec<u8>,
    _room: Option<tokio::sync::SemaphorePermit<'a>>,
}

/// Reads a body within its cap, its time, and the room for all bodies.
async fn read<'a>(
    app: &'a Arc<App>,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Received<'a>, Problem> {
    let most = app.config.intake.hook_max_bytes;
    let said = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > most) {
        return Err(Problem::too_large(most));
    }
    let reading = async {
        let mut received = Received { bytes: Vec::new(), _room: None };
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(Problem::invalid("the body broke off"));
            };
            let Ok(data) = frame.into_data() else { continue };
            let length = received.bytes.len() + data.len();
            if u64::try_from(length).is_ok_and(|length| length > most) {
                return Err(Problem::too_large(most));
            }
            let room = app.room(data.len())?;
            match &mut received._room {
                Some(all) => all.merge(room),
                none => *none = Some(room),
            }
            received.bytes.extend_from_slice(&data);
        }
        Ok(received)
    };
    let most = Duration::from_secs(app.config.limits.body_seconds);
    match tokio::time::timeout(most, reading).await {
        Ok(read) => read,
        Err(_) => Err(Problem::too_slow(most.as_secs())),
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let encoding = text(CONTENT_ENCODING).unwrap_or("identity");
    if !["identity", "gzip"].iter().any(|known| encoding.eq_ignore_ascii_case(known)) {
        return Err(Problem::media("send the body as it is, or with `Content-Encoding: gzip`"));
    }
    let Some(given) = text(CONTENT_TYPE) else { return Ok(()) };
    let mut parts = given.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.eq_ignore_ascii_case("charset").then(|| value.trim_matches('"').to_ascii_lowercase())
    });
    let json = essence.starts_with("application/") && essence.ends_with("+json");
    let plain = charset.is_none_or(|c| matches!(c.as_str(), "utf-8" | "utf8" | "us-ascii"));
    if (json || TYPES.contains(&essence.as_str())) && plain {
        return Ok(());
    }
    Err(Problem::media(format!("send UTF-8 as one of: {}", TYPES.join(", "))))
}

fn delivery_id(headers: &HeaderMap) -> Option<String> {
    let id = DELIVERY_IDS.iter().find_map(|name| headers.get(*name)?.to_str().ok())?;
    // Ids of Quell's own are no sender's to give.
    let fits = !id.is_empty() && id.len() <= MOST_ID_BYTES && !id.starts_with(APART);
    fits.then(|| id.to_owned())
}
