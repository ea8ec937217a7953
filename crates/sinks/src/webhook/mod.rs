//! Webhooks to a receiver of one's own, signed as Standard Webhooks says
//! (`github.com/standard-webhooks`): an id, a time and a signature over both and the body.
//!
//! The id of a message is the key of its act, so that a receiver tells one that comes twice.

mod sign;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;
use std::sync::Arc;

use quell_deliver::mirror::Standing;
use quell_deliver::outbox::{ActKind, OnDoubt, Remote};
use quell_http::{Client, HttpError, Request};
use quell_model::Clock;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::common::before::nothing_sent;
use crate::{
    Credentials, Draft, Future, Kind, Plan, Right, RightState, Setting, Sink, SinkError, Wanted,
};
use sign::Secrets;

/// The kind.
pub(crate) const KIND: Kind = Kind {
    id: "webhook",
    title: "Signed webhooks",
    settings: SETTINGS,
    rate: None,
    hear: None,
    press: None,
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where messages are posted to.",
        required: true,
        sample: "https://receiver.example/hooks/quell",
    },
    Setting {
        name: "secret",
        doc: "The secret, `whsec_` and Base64 of 24 to 64 bytes. Two with a blank between sign both while they are changed.",
        required: true,
        sample: "env:QUELL_HOOK_SECRET",
    },
];

/// Most characters kept of what a receiver says.
const MOST_SAID: usize = 300;

/// One receiver.
struct Webhook {
    url: String,
    credentials: Arc<dyn Credentials>,
    client: Client,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

fn connect(plan: Plan) -> Result<Webhook, SinkError> {
    let url = Plan::require("url", plan.url.as_ref())?.to_owned();
    Ok(Webhook { url, credentials: plan.credentials, client: plan.client, clock: plan.clock })
}

impl Webhook {
    async fn secrets(&self) -> Result<Secrets, SinkError> {
        Secrets::read(self.credentials.read().await?.secret.expose_secret())
    }

    async fn post(&self, id: &str, body: &Value) -> Result<(), SinkError> {
        let secrets = self.secrets().await?;
        let bytes = serde_json::to_vec(body).map_err(|_| SinkError::shape("$", "is no JSON"))?;
        let seconds = self.clock.now().as_second().to_string();
        let signature = secrets.sign(id, &seconds, &bytes);
        let request = Request::post(&self.url)?
            .body("application/json", bytes)?
            .header("webhook-id", id)?
            .header("webhook-timestamp", &seconds)?
            .secret_header("webhook-signature", &signature)?
            .no_redirects();
        self.client.send(&request).await.map_err(meaning)?;
        Ok(())
    }
}

/// What a failed call means. 410 says that nobody listens there any more.
fn meaning(error: HttpError) -> SinkError {
    let Some(remote) = error.remote() else { return error.into() };
    let said: String = remote.said().chars().take(MOST_SAID).collect();
    match remote.status() {
        401 | 403 => SinkError::Login(format!("the receiver does not take the signature: {said}")),
        410 => SinkError::Gone(format!("the receiver wants no messages any more: {said}")),
        429 => SinkError::Busy { wait: remote.retry_after(), said },
        // It may be missing for a moment, while the receiver is replaced.
        404 => SinkError::Busy { wait: None, said: format!("there is no such page: {said}") },
        status @ 400..=499 => SinkError::Refused(format!("the receiver answered {status}: {said}")),
        _ => error.into(),
    }
}

impl Sink for Webhook {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, _: ActKind) -> OnDoubt {
        OnDoubt::Again
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let body = serde_json::to_string_pretty(&write::message(wanted)?).unwrap_or_default();
        Ok(vec![Draft { method: "POST".to_owned(), target: self.url.clone(), body }])
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            let message = write::message(wanted)?;
            self.post(wanted.key.as_str(), &message).await?;
            Ok(wanted.made())
        })
    }

    fn find<'a>(&'a self, _: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async { Ok(None) })
    }

    fn read<'a>(&'a self, _: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async { Ok(None) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(async move {
            let id = format!("ping-{}", self.clock.now().as_millisecond());
            let pinged = self.post(&id, &write::ping()).await;
            pinged.map_err(nothing_sent)?;
            Ok(vec![Right {
                name: "receive messages".to_owned(),
                purpose: "it took a `quell.ping`".to_owned(),
                state: RightState::Held,
            }])
        })
    }
}
