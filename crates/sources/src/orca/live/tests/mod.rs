//! The connector against the double, over HTTP on loopback.

mod faults;
mod read;
mod shapes;
mod write;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, Record, Timestamp};
use quell_testkit::platforms::{Double, OrcaDouble, OrcaSettings, World};
use secrecy::SecretString;
use serde_json::Value;

use crate::live::{Ask, Connector, Credential, Credentials, Item, LiveError, Page, Plan, Stream};

/// A clock that a test moves.
#[derive(Debug, Clone)]
struct Hands(Arc<Mutex<Timestamp>>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Hands {
    fn pass(&self, seconds: i64) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
        *now
    }
}

#[derive(Debug, Clone)]
struct Key(Arc<Mutex<String>>);

impl Credentials for Key {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, LiveError>> + Send + '_>> {
        let secret = SecretString::from(self.0.lock().unwrap().clone());
        Box::pin(async move { Ok(Credential { id: SecretString::from(""), secret }) })
    }
}

/// A world, Orca over it, and a connector.
struct Stage {
    world: World,
    orca: Arc<OrcaDouble>,
    double: Double,
    hands: Hands,
    key: Key,
    connector: Box<dyn Connector>,
}

const FAST: Retry = Retry {
    attempts: 3,
    first_wait: Duration::from_millis(2),
    longest_wait: Duration::from_secs(1),
    total: Duration::from_secs(30),
};

fn client(hands: &Hands, retry: Retry) -> Client {
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry,
        rate: Rate::new(100_000, 1, 100_000),
        ..Policy::default()
    };
    Client::new(policy, Arc::new(hands.clone())).unwrap()
}

async fn stage(flaws: usize, options: &[(&str, &str)]) -> Stage {
    staged(flaws, options, FAST).await
}

async fn staged(flaws: usize, options: &[(&str, &str)], retry: Retry) -> Stage {
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let hands = Hands(Arc::new(Mutex::new(now)));
    let world = World::new(5, flaws, now);
    let orca = Arc::new(OrcaDouble::new(world.clone(), Arc::new(hands.clone())));
    let double = Double::start(Arc::clone(&orca) as _).await.unwrap();
    let settings = OrcaSettings::default();
    let session = options.contains(&("login", "session"));
    let key = Key(Arc::new(Mutex::new(if session { settings.key } else { settings.token })));
    let options: BTreeMap<String, String> =
        options.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let plan = Plan {
        name: "orca".to_owned(),
        url: Some(double.url()),
        login_at: None,
        account: None,
        options,
        credentials: Arc::new(key.clone()),
        client: client(&hands, retry),
        clock: Arc::new(hands.clone()),
    };
    let connector = (super::LIVE.connect)(plan).unwrap();
    Stage { world, orca, double, hands, key, connector }
}

impl Stage {
    fn stream(&self, name: &str) -> &'static Stream {
        self.connector.streams().iter().find(|stream| stream.name == name).unwrap()
    }

    async fn page(
        &self,
        stream: &str,
        since: Option<Timestamp>,
        cursor: Option<&Value>,
    ) -> Result<Page, LiveError> {
        let until = self.hands.now();
        let ask = Ask { stream: self.stream(stream), since, until, cursor };
        self.connector.page(ask).await
    }

    /// Reads a stream to its end.
    async fn all(&self, stream: &str, since: Option<Timestamp>) -> Vec<Item> {
        let mut items = Vec::new();
        let mut cursor = None;
        for _ in 0..2000 {
            let page = self.page(stream, since, cursor.as_ref()).await.unwrap();
            items.extend(page.items);
            match page.next {
                Some(next) => {
                    assert_ne!(Some(&next), cursor.as_ref());
                    cursor = Some(next);
                }
                None => return items,
            }
        }
        panic!("no end");
    }

    /// What the normalizer makes of a page, read as the answer that it stands for.
    fn normalized(&self, stream: &str, items: &[Item]) -> Vec<Result<Vec<Record>, String>> {
        if items.is_empty() {
            return Vec::new();
        }
        let (before, behind) = self.stream(stream).around;
        let all: Vec<&str> = items.iter().map(|item| item.json.get()).collect();
        crate::testing::normalize_text(&format!("{before}{}{behind}", all.join(",")))
    }
}

fn ids(items: &[Item]) -> std::collections::BTreeSet<String> {
    items.iter().map(|item| item.id.clone()).collect()
}
