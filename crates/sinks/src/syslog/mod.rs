//! Syslog (RFC 5424): one message for each act, as JSON. A message may come twice: each bears an id.
//!
//! The same messages carry the audit log, so what sends them is shared.

mod form;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::sync::Arc;

use quell_deliver::mirror::Standing;
use quell_deliver::outbox::{Act, ActKind, OnDoubt, Remote};
use quell_http::{Client, Rate};
use quell_model::{Clock, Severity};
use serde_json::{Map, Value};

pub use self::form::{Message, framed};
pub use self::wire::{Receiver, Transport};
use crate::common::events;
use crate::{Draft, Future, Kind, Plan, Right, RightState, Setting, Sink, SinkError, Wanted};

/// The kind.
pub(crate) const KIND: Kind = Kind {
    id: "syslog",
    title: "Syslog",
    settings: SETTINGS,
    rate: Some(Rate::new(50, 1, 100)),
    hear: None,
    press: None,
    connect: |plan| Ok(Box::new(connect(&plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "address",
        doc: "Host and port of the server.",
        required: true,
        sample: "syslog.example.com:6514",
    },
    Setting {
        name: "transport",
        doc: "`tls`, `tcp` or `udp`. Over `udp` some may be lost on the way.",
        required: false,
        sample: "tls",
    },
    Setting { name: "facility", doc: "The facility, 0 to 23.", required: false, sample: "16" },
    Setting {
        name: "host",
        doc: "What messages say that they come from.",
        required: false,
        sample: "quell.example.com",
    },
];

/// `local0`.
const FACILITY: u8 = 16;

/// One server.
struct Syslog {
    address: String,
    transport: Transport,
    facility: u8,
    host: String,
    client: Client,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Syslog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Syslog({})", self.address)
    }
}

fn wrong(name: &'static str, why: &str) -> SinkError {
    SinkError::Setting { name, why: why.to_owned() }
}

fn connect(plan: &Plan) -> Result<Syslog, SinkError> {
    let address = Plan::require("address", plan.options.get("address"))?.to_owned();
    let transport = match plan.option("transport") {
        None | Some("tls") => Transport::Tls,
        Some("tcp") => Transport::Tcp,
        Some("udp") => Transport::Udp,
        Some(_) => return Err(wrong("transport", "is none of `tls`, `tcp` and `udp`")),
    };
    let facility = match plan.option("facility") {
        None => FACILITY,
        Some(text) => {
            let number = text.parse().ok().filter(|number| *number < 24_u8);
            number.ok_or_else(|| wrong("facility", "is no number from 0 to 23"))?
        }
    };
    if Receiver::new(&address, transport).is_none() {
        return Err(wrong("address", "is no `host:port`"));
    }
    Ok(Syslog {
        address,
        transport,
        facility,
        host: plan.option("host").unwrap_or_default().to_owned(),
        client: plan.client.clone(),
        clock: Arc::clone(&plan.clock),
    })
}

/// The severity of RFC 5424.
const fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Unknown | Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Informational => 6,
    }
}

impl Syslog {
    fn messages(&self, wanted: &Wanted<'_>) -> Result<Vec<String>, SinkError> {
        let level = match wanted.act {
            Act::Open { letter } | Act::Edit { letter } => level(letter.severity),
            Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } | Act::Review { .. } => 5,
        };
        let kind = format!("delivery.{}", wanted.act.kind().as_str());
        let events = events::events(wanted)?;
        Ok(events.into_iter().map(|event| self.message((level, &kind), event)).collect())
    }

    fn message(&self, (level, kind): (u8, &str), event: Map<String, Value>) -> String {
        let message = Message {
            priority: self.facility * 8 + level,
            time: self.clock.now(),
            host: &self.host,
            kind,
            body: &Value::Object(event),
        };
        message.text()
    }

    async fn send(&self, messages: &[String]) -> Result<(), SinkError> {
        let receiver = Receiver::new(&self.address, self.transport);
        let mut receiver = receiver.ok_or_else(|| wrong("address", "is no `host:port`"))?;
        receiver.send(&self.client, messages).await?;
        receiver.end().await
    }
}

impl Sink for Syslog {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, _: ActKind) -> OnDoubt {
        OnDoubt::Again
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let drafts = self.messages(wanted)?.into_iter().map(|body| Draft {
            method: "SYSLOG".to_owned(),
            target: self.address.clone(),
            body,
        });
        Ok(drafts.collect())
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            self.send(&self.messages(wanted)?).await?;
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
            let event = Map::from_iter([("act".to_owned(), "ping".into())]);
            self.send(&[self.message((6, "ping"), event)]).await?;
            let (purpose, state) = match self.transport {
                Transport::Tls | Transport::Tcp => ("it took a `ping`", RightState::Held),
                Transport::Udp => ("a `ping` was sent; UDP has no answer", RightState::Unknown),
            };
            let (name, purpose) = ("receive messages".to_owned(), purpose.to_owned());
            Ok(vec![Right { name, purpose, state }])
        })
    }
}
