//! CrowdStrike asked over its API: ids of what changed, and then the alerts by id.

mod account;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use crate::live::{
    Ask, Change, Connector, Future, Live, LiveError, Pace, Page, Plan, Right, RightState, Setting,
    Stream, Target, Written,
};

use account::Account;

/// How CrowdStrike is asked.
pub(super) const LIVE: Live = Live {
    settings: &[
        Setting {
            name: "url",
            doc: "where the API of your cloud answers",
            required: true,
            sample: "https://api.eu-1.crowdstrike.com",
        },
        Setting {
            name: "account",
            doc: "the customer id; alerts of others are left out",
            required: false,
            sample: "d0c1d0c1d0c1d0c1d0c1d0c1d0c1d0c1",
        },
        Setting {
            name: "key_id",
            doc: "the API client's id",
            required: true,
            sample: "0123456789abcdef0123456789abcdef",
        },
        Setting {
            name: "key_secret",
            doc: "the API client's secret, as a secret reference",
            required: true,
            sample: "env:FALCON_SECRET",
        },
    ],
    // The vendor tells what is left with each answer and documents no number.
    rate: None,
    call_rates: &[],
    notes: &[ALERTS],
    connect: |plan: Plan| Ok(Box::new(Falcon { account: Account::new(plan)? })),
};

const ALERTS: &str = "alerts";
const READ: &str = "Alerts: read";
const WRITE: &str = "Alerts: write";

static STREAMS: &[Stream] = &[Stream {
    name: ALERTS,
    title: "alerts of sensors and other products",
    pace: Pace::Often,
    around: ("{\"resources\":[", "]}"),
    // Closed alerts are told as closed.
    closes: false,
    overlap_seconds: 600,
    right: READ,
}];

/// One API client.
struct Falcon {
    account: Account,
}

impl Connector for Falcon {
    fn streams(&self) -> &'static [Stream] {
        STREAMS
    }

    fn page<'a>(&'a self, ask: Ask<'a>) -> Future<'a, Page> {
        Box::pin(self.read(ask))
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(async move {
            let state = match self.probe().await {
                Ok(()) => RightState::Held,
                Err(LiveError::Forbidden { .. }) => RightState::Missing,
                Err(error) => return Err(error),
            };
            let right = |name: &str, purpose: &str, state| Right {
                name: name.to_owned(),
                purpose: purpose.to_owned(),
                state,
            };
            Ok(vec![
                right(READ, "alerts", state),
                right(WRITE, "states and comments", RightState::Unknown),
            ])
        })
    }

    fn write<'a>(&'a self, target: &'a Target, change: &'a Change) -> Future<'a, Written> {
        Box::pin(self.change(target, change))
    }

    fn fetch<'a>(&'a self, target: &'a Target) -> Future<'a, (&'static Stream, Page)> {
        Box::pin(async move {
            let stream = STREAMS.first().filter(|stream| stream.name == target.stream);
            let stream = stream.ok_or(LiveError::Unsupported("CrowdStrike"))?;
            Ok((stream, self.alerts(std::slice::from_ref(&target.id)).await?))
        })
    }
}

impl fmt::Debug for Falcon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CrowdStrike")
    }
}
