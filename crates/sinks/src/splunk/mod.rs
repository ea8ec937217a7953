//! Splunk's HTTP Event Collector. An event may come twice: each bears an id, by which a search tells
//! it from another (`| dedup id`).
//!
//! Where the token asks for acknowledgements, an act counts as done when the indexers have it, and
//! is sent again when they have not within a time.

mod call;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_deliver::mirror::Standing;
use quell_deliver::outbox::{ActKind, OnDoubt, Remote};
use quell_http::Client;

use crate::{Credentials, Draft, Future, Kind, Plan, Right, Setting, Sink, SinkError, Wanted};

/// The kind.
pub(crate) const KIND: Kind = Kind {
    id: "splunk",
    title: "Splunk HTTP Event Collector",
    settings: SETTINGS,
    rate: None,
    hear: None,
    press: None,
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where the collector answers. A certificate of one's own goes into `egress.ca_file`.",
        required: true,
        sample: "https://http-inputs-example.splunkcloud.com",
    },
    Setting {
        name: "secret",
        doc: "The token of the collector.",
        required: true,
        sample: "env:SPLUNK_TOKEN",
    },
    Setting {
        name: "project",
        doc: "The index; that of the token where none is named.",
        required: false,
        sample: "security",
    },
    Setting {
        name: "sourcetype",
        doc: "The source type.",
        required: false,
        sample: "quell:delivery",
    },
    Setting {
        name: "source",
        doc: "What events say that they come from.",
        required: false,
        sample: "quell",
    },
    Setting {
        name: "channel",
        doc: "A GUID of one's own, for a token that asks for indexer acknowledgement.",
        required: false,
        sample: "0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba",
    },
];

/// What no indexer acknowledged after this time is sent again.
const SETTLE: Duration = Duration::from_secs(300);

/// One collector.
struct Splunk {
    url: String,
    place: write::Place,
    channel: Option<String>,
    /// The number of the acknowledgement that an act waits for, by its key.
    waiting: Mutex<BTreeMap<String, u64>>,
    credentials: Arc<dyn Credentials>,
    client: Client,
}

impl fmt::Debug for Splunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Splunk({})", self.url)
    }
}

fn connect(plan: Plan) -> Result<Splunk, SinkError> {
    let url = Plan::require("url", plan.url.as_ref())?.trim_end_matches('/').to_owned();
    let channel = plan.option("channel").map(str::to_ascii_lowercase);
    if channel.as_ref().is_some_and(|channel| !is_guid(channel)) {
        return Err(SinkError::Setting { name: "channel", why: "is no GUID".to_owned() });
    }
    let place = write::Place {
        index: plan.project.clone().filter(|index| !index.is_empty()),
        sourcetype: plan.option("sourcetype").unwrap_or("quell:delivery").to_owned(),
        source: plan.option("source").unwrap_or("quell").to_owned(),
    };
    Ok(Splunk {
        url,
        place,
        channel,
        waiting: Mutex::default(),
        credentials: plan.credentials,
        client: plan.client,
    })
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    let is_hex = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_hex && parts == [8, 4, 4, 4, 12]
}

impl Sink for Splunk {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, _: ActKind) -> OnDoubt {
        match self.channel {
            Some(_) => OnDoubt::Look { settle: SETTLE },
            None => OnDoubt::Again,
        }
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let events = write::events(&self.place, wanted)?;
        let events =
            events.iter().map(|event| serde_json::to_string_pretty(event).unwrap_or_default());
        let body = events.collect::<Vec<_>>().join("\n");
        Ok(vec![Draft { method: "POST".to_owned(), target: self.target(), body }])
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(self.send(wanted))
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(self.acknowledged(wanted))
    }

    fn read<'a>(&'a self, _: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async { Ok(None) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(self.rights())
    }
}
