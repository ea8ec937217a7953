//! The connector against the double.

mod alerts;
mod faults;
mod feeds;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future as StdFuture;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, Record, Timestamp};
use quell_testkit::platforms::{
    Cause, Double, Flaw, LaceworkDouble, LaceworkSettings, Platform, Seer, Thing, World,
};
use secrecy::SecretString;
use serde_json::Value;

use super::LIVE;
use crate::live::{Ask, Connector, Credential, Credentials, Item, LiveError, Page, Plan, Stream};

const NOW: &str = "2026-11-20T12:34:56Z";
const SECRET: &str = "_0123456789abcdef-key";

/// A clock that a test sets.
#[derive(Debug)]
struct Dial(Mutex<Timestamp>);

impl Clock for Dial {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[derive(Debug)]
struct Key(&'static str);

impl Credentials for Key {
    fn read(&self) -> Pin<Box<dyn StdFuture<Output = Result<Credential, LiveError>> + Send + '_>> {
        let id = SecretString::from(LaceworkSettings::default().key_id);
        Box::pin(async move { Ok(Credential { id, secret: SecretString::from(self.0) }) })
    }
}

struct Bench {
    world: World,
    clock: Arc<Dial>,
    double: Arc<LaceworkDouble>,
    server: Double,
    lacework: Box<dyn Connector>,
}

impl Bench {
    async fn new(flaws: usize) -> Self {
        Self::with(flaws, &[]).await
    }

    async fn with(flaws: usize, options: &[(&str, &str)]) -> Self {
        let clock = Arc::new(Dial(Mutex::new(NOW.parse().unwrap())));
        let world = World::new(11, flaws, clock.now());
        let double = Arc::new(LaceworkDouble::new(world.clone(), Arc::clone(&clock) as _));
        let server = Double::start(Arc::clone(&double) as Arc<dyn Platform>).await.unwrap();
        let plan = plan(&server.url(), (SECRET, options), &clock);
        let lacework = (LIVE.connect)(plan).unwrap();
        Self { world, clock, double, server, lacework }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn pass(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += jiff::SignedDuration::from_secs(seconds);
    }

    fn stream(&self, name: &str) -> &'static Stream {
        self.lacework.streams().iter().find(|stream| stream.name == name).unwrap()
    }

    async fn page(
        &self,
        name: &str,
        since: Option<Timestamp>,
        cursor: Option<&Value>,
    ) -> Result<Page, LiveError> {
        let (stream, until) = (self.stream(name), self.now());
        self.lacework.page(Ask { stream, since, until, cursor }).await
    }

    /// Reads as the server does, back to the overlap of the stream.
    async fn read(&self, name: &str, since: Option<Timestamp>) -> Result<Vec<Item>, LiveError> {
        let overlap = i64::from(self.stream(name).overlap_seconds);
        let since = since.map(|at| at - jiff::SignedDuration::from_secs(overlap));
        let (mut items, mut cursor) = (Vec::new(), None);
        for _ in 0..10_000 {
            let page = self.page(name, since, cursor.as_ref()).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(items),
            }
        }
        panic!("the reading does not end");
    }

    /// A reading up to where alerts wait for their scopes.
    async fn queued(&self, since: Option<Timestamp>) -> Value {
        let mut cursor = None;
        loop {
            let page = self.page("alerts", since, cursor.as_ref()).await.unwrap();
            let next = page.next.expect("no alert is bad enough");
            if next["queue"].as_array().is_some_and(|queue| queue.len() > 1) {
                return next;
            }
            cursor = Some(next);
        }
    }

    async fn ids(&self, name: &str, since: Option<Timestamp>) -> BTreeSet<String> {
        self.read(name, since).await.unwrap().into_iter().map(|item| item.id).collect()
    }

    /// What the normalizer makes of a page.
    fn records(&self, name: &str, items: &[Item]) -> Vec<Record> {
        let (start, end) = self.stream(name).around;
        let texts: Vec<&str> = items.iter().map(|item| item.json.get()).collect();
        if texts.is_empty() {
            return Vec::new();
        }
        let text = format!("{start}{}{end}", texts.join(","));
        let results = crate::testing::normalize_text(&text);
        assert_eq!(results.len(), items.len(), "{name}");
        results.into_iter().flat_map(|result| result.unwrap()).collect()
    }

    /// Numbers of the flaws that Lacework sees and that fit.
    fn flaws(&self, fits: impl Fn(&Flaw, &Thing) -> bool) -> BTreeSet<usize> {
        let world = self.world.read();
        let seen = world.seen_by(Seer::Lacework).filter(|(flaw, thing)| fits(flaw, thing));
        seen.map(|(flaw, _)| flaw.number).collect()
    }

    fn alerts(&self) -> BTreeSet<String> {
        let flaws = self.flaws(|flaw, _| is_alert(flaw));
        flaws.into_iter().map(|number| (100_000 + number).to_string()).collect()
    }

    fn a_detection(&self) -> usize {
        let flaws = self.flaws(|flaw, _| matches!(flaw.cause, Cause::Detection(_)));
        flaws.into_iter().next().unwrap()
    }
}

fn is_alert(flaw: &Flaw) -> bool {
    match flaw.cause {
        Cause::Detection(_) => true,
        Cause::Misconfiguration(_) => flaw.number.is_multiple_of(5),
        Cause::Vulnerability(_) => false,
    }
}

fn plan(url: &str, (secret, options): (&'static str, &[(&str, &str)]), clock: &Arc<Dial>) -> Plan {
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry: Retry {
            attempts: 3,
            first_wait: Duration::from_millis(2),
            longest_wait: Duration::from_secs(1),
            total: Duration::from_secs(30),
        },
        rate: Rate::new(10_000, 1, 10_000),
        ..Policy::default()
    };
    let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Plan {
        name: "lw".to_owned(),
        url: Some(url.to_owned()),
        login_at: None,
        account: None,
        options: options.collect::<BTreeMap<_, _>>(),
        credentials: Arc::new(Key(secret)),
        client: Client::new(policy, Arc::clone(clock) as _).unwrap(),
        clock: Arc::clone(clock) as _,
    }
}
