//! A platform with two sides, asked as the server asks it, against its double.

mod contract;
mod drift;
mod faults;
mod hooks;
mod meeting;
mod reading;
mod refusals;
mod writing;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{AssetId, Clock, Finding, Hints, Provider, Record, Timestamp};
use quell_testkit::platforms::prisma::{KEY_ID, KEY_SECRET, Seat};
use quell_testkit::platforms::{Cloud, Double, Flaw, Kind, PrismaDouble, Seer, Thing, World};
use serde_json::Value;

use super::{LIVE, STREAMS};
use crate::live::{Ask, Connector, Credential, Credentials, Item, LiveError, Page, Plan, Stream};
use crate::testing::normalize_text;

/// Streams of what happened, and where the console shows it.
const CONSOLE: &[(&str, Seat)] = &[
    ("incidents", Seat::Incident),
    ("container-audits", Seat::ContainerAudit),
    ("host-audits", Seat::HostAudit),
    ("app-audits", Seat::AppAudit),
    ("container-firewall", Seat::ContainerFirewall),
    ("host-firewall", Seat::HostFirewall),
    ("serverless-firewall", Seat::ServerlessFirewall),
    ("app-firewall", Seat::AppFirewall),
    ("file-integrity", Seat::FileIntegrity),
    ("log-inspection", Seat::LogInspection),
];
/// The same of records that have no id.
const CONSOLE_WITHOUT_ID: &[(&str, Seat)] =
    &[("serverless-audits", Seat::ServerlessAudit), ("kubernetes-audits", Seat::Kubernetes)];

/// A clock that a test sets.
struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[derive(Debug)]
struct Key(&'static str);

impl Credentials for Key {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, LiveError>> + Send + '_>> {
        Box::pin(async { Ok(Credential { id: KEY_ID.into(), secret: self.0.into() }) })
    }
}

/// A tenant, its server and a connector to it.
struct Rig {
    world: World,
    clock: Arc<Hands>,
    double: Arc<PrismaDouble>,
    server: Double,
    connector: Box<dyn Connector>,
}

/// How a rig is made.
struct Plans {
    flaws: usize,
    /// Whether the documented rates are obeyed, and enforced.
    rates: bool,
    attempts: u8,
    secret: &'static str,
    options: &'static [(&'static str, &'static str)],
}

impl Default for Plans {
    fn default() -> Self {
        Self {
            flaws: 150,
            rates: false,
            attempts: 1,
            secret: KEY_SECRET,
            options: &[("page_alerts", "20")],
        }
    }
}

fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

async fn rig(plans: Plans) -> Rig {
    let world = World::new(11, plans.flaws, start());
    let clock = Arc::new(Hands(Mutex::new(start())));
    let double = Arc::new(PrismaDouble::new(world.clone(), Arc::clone(&clock) as Arc<dyn Clock>));
    double.behave(|quirks| quirks.limits = plans.rates);
    let server = Double::start(Arc::clone(&double) as _).await.unwrap();
    let rates = LIVE.call_rates.iter().map(|(call, rate)| ((*call).to_owned(), *rate));
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        rate: Rate::new(10_000, 1, 10_000),
        account_rates: if plans.rates { rates.collect() } else { Vec::new() },
        retry: Retry {
            attempts: plans.attempts,
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_secs(5),
            total: Duration::from_secs(60),
        },
        ..Policy::default()
    };
    let clocked = Arc::clone(&clock) as Arc<dyn Clock>;
    let options =
        plans.options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let connector = (LIVE.connect)(Plan {
        name: "prisma".to_owned(),
        url: Some(server.url()),
        login_at: None,
        account: None,
        options: options.collect::<BTreeMap<String, String>>(),
        credentials: Arc::new(Key(plans.secret)),
        client: Client::new(policy, Arc::clone(&clocked)).unwrap(),
        clock: clocked,
    });
    Rig { world, clock, double, server, connector: connector.unwrap() }
}

fn stream(name: &str) -> &'static Stream {
    STREAMS.iter().find(|stream| stream.name == name).unwrap()
}

/// What a reading brought.
#[derive(Default)]
struct Brought {
    items: Vec<Item>,
    pages: usize,
    unread: Vec<String>,
}

impl Rig {
    async fn page(&self, name: &str, cursor: Option<&Value>) -> Result<Page, LiveError> {
        let ask = Ask { stream: stream(name), since: None, until: self.clock.now(), cursor };
        self.connector.page(ask).await
    }

    /// All pages, as the server asks for them.
    async fn read(&self, name: &str, since: Option<Timestamp>) -> Result<Brought, LiveError> {
        self.read_and(name, since, |_| {}).await
    }

    async fn read_and(
        &self,
        name: &str,
        since: Option<Timestamp>,
        mut between: impl FnMut(usize),
    ) -> Result<Brought, LiveError> {
        let (stream, until) = (stream(name), self.clock.now());
        let mut brought = Brought::default();
        let mut cursor = None;
        loop {
            let ask = Ask { stream, since, until, cursor: cursor.as_ref() };
            let page = self.connector.page(ask).await?;
            brought.items.extend(page.items);
            brought.unread.extend(page.unread);
            brought.pages += 1;
            assert!(brought.pages < 500, "{name} does not end");
            between(brought.pages);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(brought),
            }
        }
    }

    /// What the platform shows at some places, with the ids it uses.
    fn shown(&self, seats: &[Seat]) -> Vec<(Flaw, Thing)> {
        let inner = self.world.read();
        let seen = inner.seen_by(Seer::Prisma);
        let seen = seen.filter(|(flaw, thing)| seats.contains(&Seat::of(flaw, thing)));
        seen.map(|(flaw, thing)| (flaw.clone(), thing.clone())).collect()
    }

    fn ids(&self, seats: &[Seat]) -> Vec<String> {
        let mut ids: Vec<String> = self
            .shown(seats)
            .iter()
            .map(|(flaw, thing)| PrismaDouble::id_of(flaw, thing))
            .collect();
        ids.sort();
        ids
    }

    /// The first flaw that shows at a place.
    fn first(&self, seat: Seat) -> (Flaw, Thing) {
        self.shown(&[seat]).into_iter().find(|(flaw, _)| flaw.is_open()).unwrap()
    }

    /// Sets the clock so much further.
    fn pass(&self, seconds: i64) {
        let mut time = self.clock.0.lock().unwrap();
        *time += jiff::SignedDuration::from_secs(seconds);
    }
}

fn ids(items: &[Item]) -> Vec<String> {
    let mut ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// A page as the server writes it, read like a file. Nothing of it may be rejected.
fn records(stream: &Stream, items: &[Item]) -> Vec<Record> {
    if items.is_empty() {
        return Vec::new();
    }
    let parts: Vec<&str> = items.iter().map(|item| item.json.get()).collect();
    let text = format!("{}{}{}", stream.around.0, parts.join(","), stream.around.1);
    let read = normalize_text(&text);
    assert_eq!(read.len(), items.len(), "{}", stream.name);
    read.into_iter().flat_map(|record| record.unwrap()).collect()
}

fn findings(records: Vec<Record>) -> Vec<Finding> {
    let finding = |record| match record {
        Record::Finding(finding) => Some(*finding),
        Record::Evidence(_)
        | Record::Asset(_)
        | Record::Activity(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_) => None,
    };
    records.into_iter().filter_map(finding).collect()
}

/// The key that a thing has by its cloud's own name.
fn key(thing: &Thing) -> String {
    let provider = match (thing.account.cloud, thing.kind) {
        (_, Kind::Image) => Provider::Image,
        (Cloud::Aws, _) => Provider::Aws,
        (Cloud::Azure, _) => Provider::Azure,
        (Cloud::Gcp, _) => Provider::Gcp,
    };
    let account = (thing.kind != Kind::Image).then_some(thing.account.id);
    let region = Some(thing.region).filter(|_| thing.account.cloud == Cloud::Aws);
    let hints = Hints { provider: Some(provider), account, region, ..Hints::default() };
    AssetId::parse(&thing.native, &hints).key().to_owned()
}
