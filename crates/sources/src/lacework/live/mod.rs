//! Lacework over its API: what is searched, what is joined, what is written back.
//!
//! Searches take windows of at most seven days and answer in pages by URL. What an alert is about
//! stands in its scopes, one call each, of which the vendor allows 480 an hour: they are read for
//! alerts from a severity on, a few alerts a page, and not again while nothing changed.

mod account;
mod alerts;
mod answer;
mod budget;
mod cursor;
mod feed;
mod feeds;
mod hosts;
mod options;
mod query;
mod rights;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use crate::live::{
    Ask, Change, Connector, Future, Live, LiveError, Page, Plan, Right, Setting, Stream, Target,
    Written,
};

use account::Account;
use alerts::Memo;
use options::Options;

/// How Lacework is asked.
pub(super) const LIVE: Live = Live {
    settings: &[
        Setting {
            name: "url",
            doc: "where the account answers",
            required: true,
            sample: "https://acme.lacework.net",
        },
        Setting { name: "account", doc: "a sub-account", required: false, sample: "acme-shop" },
        Setting {
            name: "key_id",
            doc: "the key's id, of a service user",
            required: true,
            sample: "ACME_0123456789ABCDEF",
        },
        Setting {
            name: "key_secret",
            doc: "the key, as a secret reference",
            required: true,
            sample: "env:LACEWORK_KEY",
        },
        Setting {
            name: "alert_details",
            doc: "the lowest severity of which alerts are read with all their scopes",
            required: false,
            sample: "High",
        },
        Setting {
            name: "alert_days",
            doc: "how many days of alerts a whole reading goes back",
            required: false,
            sample: "90",
        },
        Setting {
            name: "query_NAME",
            doc: "a query in the vendor's language, or the id of a saved one; each row is a finding",
            required: false,
            sample: "{ source { LW_CFG_AWS_S3 } return { ARN } }",
        },
        Setting {
            name: "severity_NAME",
            doc: "how bad a row of the query is",
            required: false,
            sample: "Medium",
        },
    ],
    rate: None,
    call_rates: feeds::CALL_RATES,
    notes: &[feeds::ALERTS],
    connect,
};

fn connect(plan: Plan) -> Result<Box<dyn Connector>, LiveError> {
    let options = Options::read(&plan.options)?;
    Ok(Box::new(Lacework { account: Account::new(plan)?, options, memo: Memo::default() }))
}

/// One login at one account.
struct Lacework {
    account: Account,
    options: Options,
    memo: Memo,
}

impl Connector for Lacework {
    fn streams(&self) -> &'static [Stream] {
        feeds::STREAMS
    }

    fn page<'a>(&'a self, ask: Ask<'a>) -> Future<'a, Page> {
        Box::pin(async move {
            match ask.stream.name {
                feeds::ALERTS => self.alerts(ask).await,
                feeds::QUERIES => self.queries(ask).await,
                _ => self.feed(ask).await,
            }
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(self.rights())
    }

    fn write<'a>(&'a self, target: &'a Target, change: &'a Change) -> Future<'a, Written> {
        Box::pin(self.change(target, change))
    }

    fn announced(&self, body: &[u8]) -> Option<Vec<Target>> {
        Some(alerts::announced(body))
    }

    fn fetch<'a>(&'a self, target: &'a Target) -> Future<'a, (&'static Stream, Page)> {
        Box::pin(self.fetched(target))
    }
}

impl fmt::Debug for Lacework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lacework")
    }
}
