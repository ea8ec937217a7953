//! Teams: an Adaptive Card through a flow of Power Automate, whose address is the secret.
//!
//! The flow tells no id, and nothing can be changed or looked for: each act is a card of its own.

mod card;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_http::{Client, HttpError, Rate, Request};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    Credentials, Draft, Future, Kind, Plan, Right, RightState, Setting, Sink, SinkError, Standing,
    Wanted,
};

/// How cards are made in Teams.
pub(crate) const KIND: Kind = Kind {
    id: "teams",
    title: "Microsoft Teams",
    settings: &[Setting {
        name: "secret",
        doc: "The address that the flow shows for its trigger; whoever knows it may post.",
        required: true,
        sample: "env:TEAMS_FLOW",
    }],
    rate: Some(Rate::new(4, 1, 4)),
    hear: None,
    press: None,
    connect: |plan| Ok(Box::new(connect(plan))),
};

/// Most characters kept of what a flow says.
const MOST_SAID: usize = 300;

/// One flow.
struct Teams {
    name: String,
    credentials: Arc<dyn Credentials>,
    client: Client,
}

fn connect(plan: Plan) -> Teams {
    Teams { name: plan.name, credentials: plan.credentials, client: plan.client }
}

impl fmt::Debug for Teams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Teams({})", self.name)
    }
}

impl Sink for Teams {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, _act: ActKind) -> OnDoubt {
        OnDoubt::Leave
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let body = serde_json::to_string_pretty(&message(wanted)?).unwrap_or_default();
        let (method, target) = ("POST".to_owned(), "{secret}".to_owned());
        Ok(vec![Draft { method, target, body }])
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            self.send(&message(wanted)?).await?;
            Ok(wanted.made())
        })
    }

    fn find<'a>(&'a self, _wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async { Err(SinkError::Unsupported("a flow of Teams cannot be asked")) })
    }

    fn read<'a>(&'a self, _remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async { Ok(None) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(async move {
            self.address().await?;
            Ok(vec![Right {
                name: "Workflows".to_owned(),
                purpose: "posts cards; a flow does not tell whether it would without posting one"
                    .to_owned(),
                state: RightState::Unknown,
            }])
        })
    }
}

/// What is sent for an act.
fn message(wanted: &Wanted<'_>) -> Result<Value, SinkError> {
    let mark = wanted.key.mark();
    let about = || wanted.remote().map(|remote| remote.name.as_str());
    Ok(match wanted.act {
        Act::Open { letter } => card::letter(letter),
        Act::Edit { .. } => {
            return Err(SinkError::Unsupported("a card in Teams cannot be changed"));
        }
        Act::Note { body } => card::note("A note", body, about()?, &mark),
        Act::Close { body } => card::note("Closed", body, about()?, &mark),
        Act::Reopen { body } => card::note("It counts again", body, about()?, &mark),
        Act::Review { .. } => return Err(SinkError::NO_REVIEW),
    })
}

impl Teams {
    /// The flow's address. What is wrong with it is told without it.
    async fn address(&self) -> Result<SecretString, SinkError> {
        let secret = self.credentials.read().await?.secret;
        let wrong = |why: &str| SinkError::Setting { name: "secret", why: why.to_owned() };
        let url = Url::parse(secret.expose_secret());
        let url = url.map_err(|_| wrong("holds no address of a flow"))?;
        if url.path().contains("/webhookb2/") || url.path().starts_with("/webhook/") {
            return Err(wrong(
                "holds the address of an Office 365 connector, which Microsoft has retired; make \
                 a flow with the template that posts to a channel when a webhook request is received",
            ));
        }
        if !url.query_pairs().any(|(name, value)| name == "sig" && !value.is_empty()) {
            return Err(wrong(
                "holds an address without `sig`; copy it whole from the flow's trigger",
            ));
        }
        Ok(secret)
    }

    async fn send(&self, message: &Value) -> Result<(), SinkError> {
        let address = self.address().await?;
        let mut request = Request::post(address.expose_secret())?.json(message)?;
        request = request.hide(address.expose_secret()).account(&self.name).no_redirects();
        for part in secrets(address.expose_secret()) {
            request = request.hide(&part);
        }
        match self.client.send(&request).await {
            Ok(_) => Ok(()),
            Err(error) => Err(meaning(error)),
        }
    }
}

/// The parts of the address that let somebody post: its signature, and the flow's id.
fn secrets(address: &str) -> Vec<String> {
    let Ok(url) = Url::parse(address) else { return Vec::new() };
    let query = url.query().unwrap_or_default();
    let raw = query.split('&').filter_map(|pair| pair.strip_prefix("sig=")).map(str::to_owned);
    let read = url.query_pairs().filter(|(name, _)| name == "sig").map(|(_, sig)| sig.into_owned());
    raw.chain(read).filter(|part| !part.is_empty()).collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    error: Fault,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fault {
    code: String,
    message: String,
}

/// What a failed request means.
fn meaning(error: HttpError) -> SinkError {
    let Some(remote) = error.remote() else { return error.into() };
    let told: Said = serde_json::from_str(remote.said()).unwrap_or_default();
    let said = match told.error.code.as_str() {
        "" => remote.said().to_owned(),
        code => format!("{code}: {}", told.error.message),
    };
    let said: String = said.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
    match remote.status() {
        401 | 403 => SinkError::Login(format!("{said}; copy the flow's address anew")),
        404 | 410 => SinkError::Refused(format!(
            "{said}; the flow was deleted or turned off, or its owner's account is gone"
        )),
        400 | 413 => SinkError::Refused(said),
        _ => error.into(),
    }
}
