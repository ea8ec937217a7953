//! Wiz over the network: a login, one GraphQL endpoint, and the documents beside this file.

mod announced;
mod call;
mod documents;
mod fault;
mod login;
mod page;
mod realm;
mod rights;
mod streams;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_http::{Client, Rate, Renewing};
use quell_model::Clock;

use crate::live::{
    Ask, Change, Connector, Credentials, Future, Live, LiveError, Page, Plan, Right, Setting,
    Stream, Target, Written,
};
use login::Token;
use realm::Realm;
use streams::{Reading, STREAMS};

/// After a login that failed, nobody tries again before this.
const REST: Duration = Duration::from_secs(300);

/// How Wiz is asked. It documents no rate; public connectors ask one to ten times a second.
pub(super) static LIVE: Live = Live {
    settings: SETTINGS,
    rate: Some(Rate::new(3, 1, 5)),
    call_rates: &[],
    // A finding has one note, which may be a person's.
    notes: &["issues"],
    connect,
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "key_id",
        doc: "the service account's client id",
        required: true,
        sample: "env:WIZ_CLIENT_ID",
    },
    Setting {
        name: "key_secret",
        doc: "the service account's client secret",
        required: true,
        sample: "env:WIZ_CLIENT_SECRET",
    },
    Setting {
        name: "url",
        doc: "where the API answers; without it the data centre comes from the token",
        required: false,
        sample: "https://api.us17.app.wiz.io/graphql",
    },
    Setting {
        name: "login_at",
        doc: "where tokens are had; without it the realm decides",
        required: false,
        sample: "https://auth.app.wiz.io/oauth/token",
    },
    Setting {
        name: "realm",
        doc: "`commercial`, `gov`, or `legacy` and `legacy_gov` for tenants with the old login",
        required: false,
        sample: "commercial",
    },
    Setting {
        name: "page_size",
        doc: "records of a page, at most 500",
        required: false,
        sample: "500",
    },
    Setting {
        name: "detections",
        doc: "`threats` for those that make a threat, `all` for every match of a rule",
        required: false,
        sample: "threats",
    },
    Setting {
        name: "detection_days",
        doc: "how many days back a whole reading of detections goes",
        required: false,
        sample: "30",
    },
    Setting {
        name: "dismiss",
        doc: "how a finding is dismissed: its `status`, or an `ignore_rule` for its rule and resource",
        required: false,
        sample: "status",
    },
];

/// One service account of a tenant.
pub(super) struct Wiz {
    name: String,
    url: Option<String>,
    login_at: String,
    realm: Realm,
    options: Options,
    credentials: Arc<dyn Credentials>,
    client: Client,
    clock: Arc<dyn Clock>,
    token: Renewing<Token>,
    /// The rights of the login, where a denial told them.
    rights: Mutex<Option<Vec<String>>>,
}

/// What the configuration chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Options {
    page_size: u32,
    all_detections: bool,
    detection_days: u32,
    by_ignore_rule: bool,
}

impl Options {
    fn of(options: &BTreeMap<String, String>) -> Result<Self, LiveError> {
        let number = |name: &'static str, usual: u32, most: u32| {
            let Some(text) = options.get(name) else { return Ok(usual) };
            let value = text.parse::<u32>().ok().filter(|value| (1..=most).contains(value));
            let why = format!("is no number from 1 to {most}");
            value.ok_or(LiveError::Setting { name, why })
        };
        let second = |name: &'static str, words: [&str; 2]| {
            let [usual, other] = words;
            match options.get(name).map(String::as_str) {
                None => Ok(false),
                Some(word) if word == usual => Ok(false),
                Some(word) if word == other => Ok(true),
                Some(_) => {
                    Err(LiveError::Setting { name, why: format!("is neither {usual} nor {other}") })
                }
            }
        };
        Ok(Self {
            page_size: number("page_size", 500, 500)?,
            all_detections: second("detections", ["threats", "all"])?,
            detection_days: number("detection_days", 30, 365)?,
            by_ignore_rule: second("dismiss", ["status", "ignore_rule"])?,
        })
    }
}

fn connect(plan: Plan) -> Result<Box<dyn Connector>, LiveError> {
    let realm = Realm::of(plan.options.get("realm").map(String::as_str))?;
    let options = Options::of(&plan.options)?;
    let login_at = plan.login_at.clone().unwrap_or_else(|| realm.login_at().to_owned());
    Ok(Box::new(Wiz {
        name: plan.name,
        url: plan.url.as_deref().map(realm::with_path),
        login_at,
        realm,
        options,
        credentials: plan.credentials,
        client: plan.client,
        clock: plan.clock,
        token: Renewing::new(REST),
        rights: Mutex::default(),
    }))
}

impl Connector for Wiz {
    fn streams(&self) -> &'static [Stream] {
        &STREAMS
    }

    fn page<'a>(&'a self, ask: Ask<'a>) -> Future<'a, Page> {
        Box::pin(self.read_page(ask))
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(self.look_at_rights())
    }

    fn write<'a>(&'a self, target: &'a Target, change: &'a Change) -> Future<'a, Written> {
        Box::pin(self.write_change(target, change))
    }

    fn announced(&self, body: &[u8]) -> Option<Vec<Target>> {
        announced::targets(body)
    }

    fn fetch<'a>(&'a self, target: &'a Target) -> Future<'a, (&'static Stream, Page)> {
        Box::pin(self.fetch_one(target))
    }
}

impl fmt::Debug for Wiz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiz({})", self.name)
    }
}

/// How a stream is read.
fn reading(stream: &str) -> Result<&'static Reading, LiveError> {
    let found = streams::READINGS.iter().find(|reading| reading.name == stream);
    found.ok_or_else(|| LiveError::Refused(format!("there is no stream `{stream}`")))
}
