//! Prisma Cloud asked over the network: the posture API, and the console of the workload side.
//!
//! Both are one platform with one key and two logins. Where the console is, the posture side says.
//! A webhook of the console names no id, so it is only taken as a hint what to ask for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Rate, Renewing};
use quell_model::Clock;

use self::announced::announced;
use self::login::{Entry, Session};
use self::policies::Book;
use crate::live::{
    Ask, Change, Connector, Credentials, Future, Live, LiveError, Pace, Page, Plan, Right, Setting,
    Stream, Target, Written,
};

mod alerts;
mod announced;
mod answer;
mod console;
mod login;
mod policies;
mod posture;
mod refusal;
mod rights;
#[cfg(test)]
mod tests;
mod write;

/// After a failed login nobody tries again before this.
const REST: Duration = Duration::from_secs(300);
/// Alerts on a page where nothing else is set: with their configuration they are some ten kilobytes each.
const PAGE_ALERTS: usize = 500;
/// Records on a page of the console: its most in the cloud.
const PAGE_CONSOLE: usize = 50;
/// The Compute API that is spoken where nothing else is set.
const COMPUTE_VERSION: &str = "v34.04";

/// How Prisma Cloud is asked.
pub(super) const LIVE: Live = Live {
    settings: SETTINGS,
    rate: None,
    call_rates: &[
        // Two a second with a burst of ten, and five a second: somewhat less, since clocks and networks differ.
        (alerts::LIST_CALL, Rate::new(19, 10, 4)),
        (alerts::ONE_CALL, Rate::new(4, 1, 4)),
        // Thirty in thirty seconds.
        (console::SCAN_CALL, Rate::new(28, 30, 1)),
    ],
    // Alerts take a note only with a change of their state.
    notes: &[],
    connect,
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "The API's address, which follows from the console's: `app` becomes `api`",
        required: true,
        sample: "https://api2.eu.prismacloud.io",
    },
    Setting { name: "key_id", doc: "Access key id", required: true, sample: "env:PRISMA_KEY_ID" },
    Setting {
        name: "key_secret",
        doc: "Secret of the access key",
        required: true,
        sample: "env:PRISMA_KEY_SECRET",
    },
    Setting {
        name: "account",
        doc: "The tenant's Prisma id, where the key's user belongs to several",
        required: false,
        sample: "806870123456789012",
    },
    Setting {
        name: "compute_url",
        doc: "Path to the Compute console; asked of the API where it is not set, and `none` to leave Compute out",
        required: false,
        sample: "https://europe-west3.cloud.twistlock.com/eu-2-143543210",
    },
    Setting {
        name: "compute_version",
        doc: "Version of the Compute API; consoles serve theirs and the two before",
        required: false,
        sample: "v34.04",
    },
    Setting {
        name: "page_alerts",
        doc: "Alerts on a page, at most 10000",
        required: false,
        sample: "500",
    },
    Setting {
        name: "page_compute",
        doc: "Records on a page of Compute: at most 50 in the cloud, 250 on a console of your own",
        required: false,
        sample: "50",
    },
    Setting {
        name: "assets_query",
        doc: "RQL that finds the assets to read",
        required: false,
        sample: "config from cloud.resource where resource.status = Active AND cloud.type = 'aws'",
    },
    Setting {
        name: "permissions_query",
        doc: "RQL that finds the permissions to read",
        required: false,
        sample: "config from iam where source.cloud.type = 'AWS'",
    },
];

/// Where the records of a page of alerts, or of a search, stand.
const ITEMS: (&str, &str) = (r#"{"items":["#, "]}");
/// The console answers with plain lists.
const LIST: (&str, &str) = ("[", "]");

/// What the posture side and the console can be asked for.
static STREAMS: &[Stream] = &[
    Stream {
        name: alerts::ALERTS,
        title: "Alerts",
        pace: Pace::Often,
        around: ITEMS,
        closes: true,
        // The vendor's own connector for Sentinel waits for half an hour before it asks.
        overlap_seconds: 1800,
        right: rights::ALERTS,
    },
    event(console::INCIDENTS, "Incidents", true),
    event(console::CONTAINER_AUDITS, "Runtime audits of containers", false),
    event(console::HOST_AUDITS, "Runtime audits of hosts", false),
    event(console::SERVERLESS_AUDITS, "Runtime audits of functions", false),
    event(console::APP_AUDITS, "Runtime audits of apps with an embedded Defender", false),
    hourly(console::CONTAINER_FIREWALL, "Application firewall of containers"),
    hourly(console::HOST_FIREWALL, "Application firewall of hosts"),
    hourly(console::SERVERLESS_FIREWALL, "Application firewall of functions"),
    hourly(console::APP_FIREWALL, "Application firewall of apps with an embedded Defender"),
    hourly(console::FILE_INTEGRITY, "Changes to watched files"),
    hourly(console::LOG_INSPECTION, "Lines of watched logs"),
    hourly(console::KUBERNETES, "Calls to clusters that an audit rule names"),
    scan(console::IMAGES, "Images with vulnerabilities and compliance"),
    scan(console::HOSTS, "Hosts with vulnerabilities and compliance"),
    scan(console::FUNCTIONS, "Functions with vulnerabilities and compliance"),
    nightly(posture::ASSETS, "Assets with their configuration", (ITEMS, rights::INVESTIGATE)),
    nightly(
        posture::PERMISSIONS,
        "Who may do what",
        ((r#"{"data":{"items":["#, "]}}"), rights::PERMISSIONS),
    ),
    nightly(
        posture::COMPLIANCE,
        "Which asset passes which policy",
        ((r#"{"resources":["#, "]}"), rights::INVENTORY),
    ),
];

const fn event(name: &'static str, title: &'static str, closes: bool) -> Stream {
    Stream {
        name,
        title,
        pace: Pace::Often,
        around: LIST,
        closes,
        overlap_seconds: 900,
        right: rights::RUNTIME,
    }
}

/// What is mostly empty, and never closes: it did happen.
const fn hourly(name: &'static str, title: &'static str) -> Stream {
    Stream { pace: Pace::Hourly, ..event(name, title, false) }
}

const fn scan(name: &'static str, title: &'static str) -> Stream {
    nightly(name, title, (LIST, rights::VULNERABILITIES))
}

const fn nightly(
    name: &'static str,
    title: &'static str,
    (around, right): ((&'static str, &'static str), &'static str),
) -> Stream {
    Stream { name, title, pace: Pace::Nightly, around, closes: true, overlap_seconds: 0, right }
}

/// One key at Prisma Cloud.
struct Prisma {
    client: Client,
    clock: Arc<dyn Clock>,
    credentials: Arc<dyn Credentials>,
    settings: Settings,
    posture: Renewing<Session>,
    console: Renewing<Entry>,
    /// Where the console is, `None` where there is none.
    place: Renewing<Option<String>>,
    policies: Renewing<Book>,
}

/// What the configuration says.
struct Settings {
    url: String,
    account: Option<String>,
    compute_url: Option<String>,
    compute_version: String,
    page_alerts: usize,
    page_compute: usize,
    assets_query: String,
    permissions_query: String,
}

fn connect(plan: Plan) -> Result<Box<dyn Connector>, LiveError> {
    let settings = Settings::read(&plan)?;
    Ok(Box::new(Prisma {
        client: plan.client,
        clock: plan.clock,
        credentials: plan.credentials,
        settings,
        posture: Renewing::new(REST),
        console: Renewing::new(REST),
        place: Renewing::new(REST),
        policies: Renewing::new(REST),
    }))
}

impl Settings {
    fn read(plan: &Plan) -> Result<Self, LiveError> {
        let option = |name: &str| plan.options.get(name).filter(|text| !text.is_empty());
        let or = |name: &str, text: &str| option(name).map_or(text, String::as_str).to_owned();
        let count = |name: &'static str, default: usize, most: usize| match option(name) {
            None => Ok(default),
            Some(text) => {
                let number = text.parse().ok().filter(|number| (1..=most).contains(number));
                let why = format!("is no number from 1 to {most}");
                number.ok_or(LiveError::Setting { name, why })
            }
        };
        let version = or("compute_version", COMPUTE_VERSION);
        if !version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') {
            let why = "is none like `v34.04`".to_owned();
            return Err(LiveError::Setting { name: "compute_version", why });
        }
        let trimmed = |text: &str| text.trim_end_matches('/').to_owned();
        Ok(Self {
            url: trimmed(Plan::require("url", plan.url.as_ref())?),
            account: plan.account.clone().filter(|text| !text.is_empty()),
            compute_url: option("compute_url").map(|text| trimmed(text)),
            compute_version: version,
            page_alerts: count("page_alerts", PAGE_ALERTS, 10_000)?,
            page_compute: count("page_compute", PAGE_CONSOLE, 250)?,
            assets_query: or("assets_query", posture::ASSETS_QUERY),
            permissions_query: or("permissions_query", posture::PERMISSIONS_QUERY),
        })
    }
}

impl Connector for Prisma {
    fn streams(&self) -> &'static [Stream] {
        STREAMS
    }

    fn page<'a>(&'a self, ask: Ask<'a>) -> Future<'a, Page> {
        Box::pin(async move {
            match ask.stream.name {
                alerts::ALERTS => self.alerts(&ask).await,
                posture::ASSETS => self.assets(&ask).await,
                posture::PERMISSIONS => self.permissions(&ask).await,
                posture::COMPLIANCE => self.compliance(&ask).await,
                _ => self.records(&ask).await,
            }
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(self.rights())
    }

    fn write<'a>(&'a self, target: &'a Target, change: &'a Change) -> Future<'a, Written> {
        Box::pin(async move {
            match target.stream.as_str() {
                alerts::ALERTS => self.write_alert(&target.id, change).await,
                console::INCIDENTS => self.write_incident(&target.id, change).await,
                _ => Err(LiveError::Unsupported("Prisma Cloud")),
            }
        })
    }

    fn announced(&self, body: &[u8]) -> Option<Vec<Target>> {
        announced(body, self.clock.now())
    }

    fn fetch<'a>(&'a self, target: &'a Target) -> Future<'a, (&'static Stream, Page)> {
        Box::pin(async move {
            let stream = STREAMS.iter().find(|stream| stream.name == target.stream);
            let stream = stream.ok_or(LiveError::Unsupported("Prisma Cloud"))?;
            let page = match stream.name {
                alerts::ALERTS => self.alert(&target.id).await?,
                posture::ASSETS | posture::PERMISSIONS | posture::COMPLIANCE => {
                    return Err(LiveError::Unsupported("Prisma Cloud"));
                }
                _ => self.record(stream, &target.id).await?,
            };
            Ok((stream, page))
        })
    }
}

impl fmt::Debug for Prisma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prisma")
    }
}
