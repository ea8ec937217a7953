//! `PagerDuty`: alerts by Events v2, which the same `dedup_key` keeps one while they are open.
//!
//! Events need an integration key alone. Where a token of the REST API is told too, notes are
//! written and incidents are read.

mod events;
mod hook;
mod rest;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_deliver::mirror::Standing;
use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_http::Client;

use crate::{
    Credentials, Draft, Future, Kind, Plan, Right, RightState, Setting, Sink, SinkError, Wanted,
};

pub use hook::{Heard, heard};

/// The kind.
pub(crate) const KIND: Kind = Kind {
    id: "pagerduty",
    title: "PagerDuty",
    settings: SETTINGS,
    // Events are limited by integration key, without a documented number.
    rate: None,
    hear: Some(hook::hear),
    press: None,
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where events are taken; `https://events.eu.pagerduty.com` for accounts in Europe.",
        required: false,
        sample: "https://events.pagerduty.com",
    },
    Setting {
        name: "secret",
        doc: "The integration key of a service (Events API v2).",
        required: true,
        sample: "env:PAGERDUTY_KEY",
    },
    Setting {
        name: "user",
        doc: "A token of the REST API, for notes and for how incidents stand; with `from`.",
        required: false,
        sample: "env:PAGERDUTY_TOKEN",
    },
    Setting {
        name: "from",
        doc: "The e-mail address of the user in whose name notes are written. Without it the REST API is not asked.",
        required: false,
        sample: "quell@example.com",
    },
    Setting {
        name: "api",
        doc: "Where the REST API answers; `https://api.eu.pagerduty.com` for accounts in Europe.",
        required: false,
        sample: "https://api.pagerduty.com",
    },
    Setting {
        name: "source",
        doc: "What events say that they come from.",
        required: false,
        sample: "quell",
    },
];

/// After this time a note that was taken is listed.
const SETTLE: Duration = Duration::from_secs(120);

/// One service.
pub(super) struct PagerDuty {
    events: String,
    api: String,
    source: String,
    /// In whose name notes are written; none where only events are sent.
    from: Option<String>,
    credentials: Arc<dyn Credentials>,
    client: Client,
}

impl fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PagerDuty({})", self.events)
    }
}

fn connect(plan: Plan) -> Result<PagerDuty, SinkError> {
    let place = |text: Option<&str>, usual: &str| {
        text.filter(|text| !text.is_empty()).unwrap_or(usual).trim_end_matches('/').to_owned()
    };
    let from = plan.option("from").map(str::to_owned);
    if from.as_ref().is_some_and(|from| !from.contains('@')) {
        return Err(SinkError::Setting { name: "from", why: "is no e-mail address".to_owned() });
    }
    Ok(PagerDuty {
        events: place(plan.url.as_deref(), "https://events.pagerduty.com"),
        api: place(plan.option("api"), "https://api.pagerduty.com"),
        source: plan.option("source").unwrap_or("quell").to_owned(),
        from,
        credentials: plan.credentials,
        client: plan.client,
    })
}

impl Sink for PagerDuty {
    fn acts(&self) -> &'static [ActKind] {
        match self.from {
            Some(_) => {
                &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen]
            }
            None => &[ActKind::Open, ActKind::Edit, ActKind::Close, ActKind::Reopen],
        }
    }

    fn on_doubt(&self, act: ActKind) -> OnDoubt {
        match act {
            // The same key twice is one alert, and what is resolved stays so.
            ActKind::Open | ActKind::Edit | ActKind::Close | ActKind::Reopen => OnDoubt::Again,
            ActKind::Review => OnDoubt::Leave,
            ActKind::Note => OnDoubt::Look { settle: SETTLE },
        }
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let draft = |target: String, body: &serde_json::Value| {
            let body = serde_json::to_string_pretty(body).unwrap_or_default();
            Draft { method: "POST".to_owned(), target, body }
        };
        let notes = || format!("{}/incidents/{{incident}}/notes", self.api);
        let event = || write::event(&self.source, wanted, "{routing_key}");
        Ok(match wanted.act {
            Act::Note { body } => vec![draft(notes(), &write::note(body, "note", wanted.key))],
            Act::Close { body } if self.from.is_some() => vec![
                draft(notes(), &write::note(body, rest::WHY, wanted.key)),
                draft(self.target(), &event()?),
            ],
            Act::Open { .. }
            | Act::Edit { .. }
            | Act::Close { .. }
            | Act::Reopen { .. }
            | Act::Review { .. } => {
                vec![draft(self.target(), &event()?)]
            }
        })
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match (wanted.act, &self.from) {
                (Act::Note { body }, Some(_)) => {
                    return self.note(wanted.remote()?, body, wanted.key).await;
                }
                (Act::Close { body }, Some(_)) => {
                    self.say_why(wanted.remote()?, body, wanted.key).await?;
                }
                (
                    Act::Open { .. }
                    | Act::Edit { .. }
                    | Act::Note { .. }
                    | Act::Close { .. }
                    | Act::Reopen { .. }
                    | Act::Review { .. },
                    _,
                ) => {}
            }
            let made = self.send(wanted).await?;
            Ok(matches!(wanted.act, Act::Open { .. }).then_some(made))
        })
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match (wanted.act.kind(), &self.from) {
                (_, None) => Ok(None),
                (ActKind::Note, Some(_)) => self.find_note(wanted).await,
                (ActKind::Open, Some(_)) => {
                    let there = self.incident(&wanted.key.mark()).await?;
                    Ok(there.map(|_| write::remote(&wanted.key.mark())))
                }
                (ActKind::Edit | ActKind::Close | ActKind::Reopen | ActKind::Review, Some(_)) => {
                    Ok(None)
                }
            }
        })
    }

    fn read<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async move {
            match self.from {
                Some(_) => self.standing(remote).await,
                None => Ok(None),
            }
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(async move {
            self.key().await?;
            let mut rights = vec![Right {
                name: "Events API v2".to_owned(),
                purpose: "alerts; whether the integration key counts is told by the first event"
                    .to_owned(),
                state: RightState::Unknown,
            }];
            if self.from.is_some() {
                rights.push(self.rights().await?);
            }
            Ok(rights)
        })
    }
}
