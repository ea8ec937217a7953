//! The connector against the double.

mod drift;
mod held;
mod hooks;
mod reading;
mod rights;
mod schema;
mod trouble;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, Record, Timestamp};
use quell_testkit::platforms::wiz::{KEY, Kind, WizDouble};
use quell_testkit::platforms::{Cause, Double, Flaw, Seer, Thing, World};
use secrecy::SecretString;

use super::LIVE;
use crate::live::{
    Ask, Change, Connector, Credential, Credentials, Item, LiveError, Page, Plan, Stream, Target,
    Written,
};
use crate::testing::normalize_text;

/// A clock that tests move.
#[derive(Debug)]
struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[derive(Debug)]
struct Login(&'static str);

impl Credentials for Login {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, LiveError>> + Send + '_>> {
        let secret = SecretString::from(self.0);
        Box::pin(async { Ok(Credential { id: SecretString::from(KEY.0), secret }) })
    }
}

/// A tenant, and a connector to it.
struct Bench {
    world: World,
    wiz: Arc<WizDouble>,
    double: Double,
    clock: Arc<Hands>,
    connector: Box<dyn Connector>,
}

fn begin() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn policy() -> Policy {
    Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        rate: Rate::new(10_000, 1, 10_000),
        retry: Retry {
            attempts: 1,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_secs(2),
            total: Duration::from_secs(60),
        },
        ..Policy::default()
    }
}

impl Bench {
    async fn new(flaws: usize) -> Self {
        Self::with(flaws, &[], KEY.1).await
    }

    async fn with(flaws: usize, options: &[(&str, &str)], secret: &'static str) -> Self {
        let clock = Arc::new(Hands(Mutex::new(begin())));
        let world = World::new(5, flaws, begin());
        let wiz = Arc::new(WizDouble::new(world.clone(), clock.clone()).unwrap());
        wiz.behave(|manner| manner.per_second = 100_000);
        let double = Double::start(wiz.clone()).await.unwrap();
        let connector = connect(&double, &clock, (options, secret), policy());
        Self { world, wiz, double, clock, connector }
    }

    fn stream(&self, name: &str) -> &'static Stream {
        self.connector.streams().iter().find(|stream| stream.name == name).unwrap()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn pass(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += jiff::SignedDuration::from_secs(seconds);
    }

    async fn page(
        &self,
        name: &str,
        since: Option<Timestamp>,
        cursor: Option<&serde_json::Value>,
    ) -> Result<Page, LiveError> {
        let ask = Ask { stream: self.stream(name), since, until: self.now(), cursor };
        self.connector.page(ask).await
    }

    /// All pages of a reading.
    async fn read(&self, name: &str, since: Option<Timestamp>) -> Vec<Item> {
        let (mut items, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.page(name, since, cursor.as_ref()).await.unwrap();
            assert_eq!(page.unread, Vec::<String>::new(), "{name}");
            items.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return items;
            }
        }
    }

    async fn write(&self, stream: &str, id: &str, change: &Change) -> Result<Written, LiveError> {
        let target = Target { stream: stream.to_owned(), id: id.to_owned() };
        self.connector.write(&target, change).await
    }

    /// The numbers of the flaws that Wiz sees and that fit.
    fn seen(&self, fits: impl Fn(&Flaw, &Thing) -> bool) -> Vec<usize> {
        let state = self.world.read();
        let seen = state.seen_by(Seer::Wiz).filter(|(flaw, thing)| fits(flaw, thing));
        seen.map(|(flaw, _)| flaw.number).collect()
    }
}

fn connect(
    double: &Double,
    clock: &Arc<Hands>,
    (options, secret): (&[(&str, &str)], &'static str),
    policy: Policy,
) -> Box<dyn Connector> {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let plan = Plan {
        name: "wiz-test".to_owned(),
        url: Some(double.url()),
        login_at: Some(format!("{}/oauth/token", double.url())),
        account: None,
        options: options.collect::<BTreeMap<_, _>>(),
        credentials: Arc::new(Login(secret)),
        client: Client::new(policy, clock.clone()).unwrap(),
        clock: clock.clone(),
    };
    (LIVE.connect)(plan).unwrap()
}

/// Whether an issue is made of a flaw, as the tenant is set up.
fn has_issue(flaw: &Flaw, thing: &Thing) -> bool {
    use quell_model::Severity;
    match &flaw.cause {
        Cause::Misconfiguration(_) => flaw.severity >= Severity::High,
        Cause::Vulnerability(_) => flaw.severity == Severity::Critical && thing.exposed,
        Cause::Detection(_) => true,
    }
}

fn ids(items: &[Item]) -> BTreeSet<String> {
    items.iter().map(|item| item.id.clone()).collect()
}

fn ids_of(kind: Kind, numbers: &[usize]) -> BTreeSet<String> {
    numbers.iter().map(|number| kind.id(*number)).collect()
}

/// Records as the vendor would have answered them in one page.
fn as_page(stream: &Stream, items: &[Item]) -> String {
    let records: Vec<&str> = items.iter().map(|item| item.json.get()).collect();
    format!("{}{}{}", stream.around.0, records.join(","), stream.around.1)
}

/// What the records of a page become; none may be rejected.
fn normalized(stream: &Stream, items: &[Item]) -> Vec<Record> {
    let all = normalize_text(&as_page(stream, items));
    assert_eq!(all.len(), items.len(), "{}", stream.name);
    all.into_iter().flat_map(Result::unwrap).collect()
}
