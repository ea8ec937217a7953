//! What sinks post: a hint that something changed, after which the thing is read, or the press of a
//! button.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode};
use quell_model::Timestamp;
use quell_sinks::{Hook, NotTaken, Pressed};
use quell_store::StoreError;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::press;
use super::sinks::Place;
use crate::api::{Missing, Problem, Unchanged, Undelivered, read};
use crate::state::App;

/// Longest body.
const MOST_BYTES: usize = 1 << 20;
/// Most headers that are looked at.
const MOST_HEADERS: usize = 100;

/// What became of a sink's word.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenWord {
    /// Whether it names something, which is read again.
    read_again: bool,
    /// Whether it was the press of a button, which counts as a vote now.
    voted: bool,
}

/// Take a sink's word that something changed there
///
/// It is signed as the sink's vendor signs. Only which thing changed is taken from it: that thing is
/// read again. The press of a button counts as a vote where the configuration says whom the sink
/// means, with all that is asked of other votes. A sink that is not known and a signature that is
/// wrong are answered alike.
#[utoipa::path(
    post, path = "/hooks/sinks/{name}", tag = "delivery", params(("name" = String, Path, description = "The sink's name in the configuration")),
    request_body(content = String, content_type = "application/json"),
    responses((status = 202, description = "It is taken", body = TakenWord),
        (status = 200, description = "It is taken, and a vote", body = TakenWord), Undelivered, Missing, Unchanged),
    security(())
)]
pub(crate) async fn receive_back(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<TakenWord>), Problem> {
    let body = read(&app, body, MOST_BYTES).await?;
    let place = app.sinks.get(&name).map(Arc::clone);
    let heard = match &place {
        Some(place) => heard(&app, place, (&headers, &body.bytes)).await,
        None => Err(NotTaken::Signature),
    };
    let changed = match heard {
        Ok(Heard::Changed(changed)) => changed,
        Ok(Heard::Pressed(pressed)) => {
            let (asking, place) = (Arc::clone(&app), place.ok_or_else(Problem::unauthorized)?);
            app.quick(move || press::vote(&asking, &place, &pressed)).await?;
            return Ok((StatusCode::OK, Json(TakenWord { read_again: false, voted: true })));
        }
        Err(NotTaken::Signature) => {
            app.rates.stranger(peer.ip()).map_err(Problem::too_many)?;
            return Err(Problem::unauthorized());
        }
        Err(NotTaken::Body(why)) => return Err(Problem::invalid(why)),
    };
    let read_again = changed.is_some();
    if let Some(remote) = changed {
        let asking = Arc::clone(&app);
        app.quick(move || Ok(look_again(&asking, &name, &remote)?)).await?;
        app.outbox_waiting.notify_one();
    }
    Ok((StatusCode::ACCEPTED, Json(TakenWord { read_again, voted: false })))
}

/// What a sink says.
enum Heard {
    /// The id of a thing that changed, where it names one.
    Changed(Option<String>),
    /// Somebody pressed a button.
    Pressed(Pressed),
}

/// What a request says, where it is the sink's.
async fn heard(
    app: &App,
    place: &Place,
    (headers, body): (&HeaderMap, &[u8]),
) -> Result<Heard, NotTaken> {
    let Some(reference) = &place.config.signed_with else {
        return Err(NotTaken::Signature);
    };
    let secret = app.outside.text(reference).await.map_err(|error| {
        tracing::warn!(sink = place.name, error, "the secret of a sink's webhooks cannot be read");
        NotTaken::Signature
    })?;
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .take(MOST_HEADERS)
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let now: Timestamp = app.clock.now();
    let hook = Hook { secret: secret.expose_secret(), headers: &headers, body, now };
    match (place.kind.press, place.kind.hear) {
        (Some(press), _) => press(&hook).map(Heard::Pressed),
        (None, Some(hear)) => hear(&hook).map(Heard::Changed),
        (None, None) => Err(NotTaken::Signature),
    }
}

/// Has a thing read at once, whosever it is.
fn look_again(app: &App, sink: &str, remote: &str) -> Result<(), StoreError> {
    let now = app.clock.now();
    for findings in app.tenants.all() {
        findings.outbox(|outbox| outbox.delivery_look((sink, remote), now))?;
    }
    Ok(())
}
