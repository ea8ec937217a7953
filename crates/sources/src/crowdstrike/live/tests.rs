//! The connector against the double.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future as StdFuture;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quell_http::{Client, Egress, Policy, Rate, Retry, Verdict};
use quell_model::{AssetId, Clock, Hints, Record, Timestamp};
use quell_testkit::net::Answer;
use quell_testkit::platforms::{
    Cloud, CrowdstrikeDouble, Double, Fault, Platform, World, is_falcon_alert,
};
use secrecy::SecretString;
use serde_json::Value;

use super::*;
use crate::live::{Credential, Credentials, Dismissal, Item};
use crate::wire::azure_machine;

const NOW: &str = "2026-11-20T12:34:56Z";

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
        let id = SecretString::from(CrowdstrikeDouble::LOGIN.0);
        Box::pin(async move { Ok(Credential { id, secret: SecretString::from(self.0) }) })
    }
}

struct Bench {
    world: World,
    clock: Arc<Dial>,
    double: Arc<CrowdstrikeDouble>,
    server: Double,
    falcon: Box<dyn Connector>,
}

impl Bench {
    async fn new(flaws: usize) -> Self {
        let clock = Arc::new(Dial(Mutex::new(NOW.parse().unwrap())));
        let world = World::new(5, flaws, clock.now());
        let double = Arc::new(CrowdstrikeDouble::new(world.clone(), Arc::clone(&clock) as _));
        let server = Double::start(Arc::clone(&double) as Arc<dyn Platform>).await.unwrap();
        let falcon =
            (LIVE.connect)(plan(&server.url(), CrowdstrikeDouble::LOGIN.1, &clock)).unwrap();
        Self { world, clock, double, server, falcon }
    }

    async fn page(
        &self,
        since: Option<Timestamp>,
        cursor: Option<&Value>,
    ) -> Result<Page, LiveError> {
        let ask = Ask { stream: &STREAMS[0], since, until: self.clock.now(), cursor };
        self.falcon.page(ask).await
    }

    async fn read(&self, since: Option<Timestamp>) -> Result<Vec<Item>, LiveError> {
        let (mut items, mut cursor) = (Vec::new(), None);
        for _ in 0..1_000 {
            let page = self.page(since, cursor.as_ref()).await?;
            items.extend(page.items);
            match page.next {
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                Some(_) => panic!("the cursor stands still"),
                None => return Ok(items),
            }
        }
        panic!("the reading does not end");
    }

    fn expected(&self) -> BTreeSet<usize> {
        let world = self.world.read();
        world.flaws.iter().filter(|flaw| is_falcon_alert(flaw)).map(|flaw| flaw.number).collect()
    }

    fn target(&self, number: usize) -> Target {
        let thing = self.world.read().flaws[number].thing;
        let customer = "d0c1d0c1d0c1d0c1d0c1d0c1d0c1d0c1";
        let id = format!("{customer}:ind:{thing:032x}:4711-10197-{number}");
        Target { stream: ALERTS.to_owned(), id }
    }
}

fn numbers(items: &[Item]) -> BTreeSet<usize> {
    items.iter().map(|item| item.id.rsplit('-').next().unwrap().parse().unwrap()).collect()
}

fn plan(url: &str, secret: &'static str, clock: &Arc<Dial>) -> Plan {
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
    Plan {
        name: "falcon".to_owned(),
        url: Some(url.to_owned()),
        login_at: None,
        account: None,
        options: BTreeMap::new(),
        credentials: Arc::new(Key(secret)),
        client: Client::new(policy, Arc::clone(clock) as _).unwrap(),
        clock: Arc::clone(clock) as _,
    }
}

#[tokio::test]
async fn a_whole_reading_brings_every_alert_on_its_machine() {
    let bench = Bench::new(9_000).await;
    let items = bench.read(None).await.unwrap();
    let expected = bench.expected();
    assert_eq!(numbers(&items), expected);
    assert!(bench.server.ledger.of("queries/alerts").len() > 1, "more than a page");
    let (start, end) = STREAMS[0].around;
    let texts: Vec<&str> = items.iter().map(|item| item.json.get()).collect();
    let results = crate::testing::normalize_text(&format!("{start}{}{end}", texts.join(",")));
    let world = bench.world.read();
    let (mut joined, mut in_azure) = (0, 0);
    for (item, result) in items.iter().zip(results) {
        let number: usize = item.id.rsplit('-').next().unwrap().parse().unwrap();
        let thing = &world.things[world.flaws[number].thing];
        let records = result.unwrap();
        let Some(Record::Finding(finding)) = records.first() else { panic!() };
        if thing.account.cloud == Cloud::Aws {
            let own = AssetId::parse(&thing.native, &Hints::default());
            assert_eq!(finding.asset.id.key(), own.key(), "joined by the instance's id");
            joined += 1;
        }
        if thing.account.cloud == Cloud::Azure {
            let hints = Hints { account: Some(thing.account.id), ..Hints::default() };
            let own = azure_machine(&thing.vm_id(), &hints).unwrap();
            assert_eq!(finding.asset.id.key(), own.key(), "known by the name it knows itself by");
            in_azure += 1;
        }
    }
    assert!(joined > 20 && in_azure > 5, "{joined} {in_azure}");
    assert_eq!(bench.server.ledger.over_limit(), 0);
}

#[tokio::test]
async fn an_incremental_reading_brings_what_changed_and_nothing_costs_one_request() {
    let bench = Bench::new(300).await;
    bench.read(None).await.unwrap();
    let since = bench.clock.now();
    *bench.clock.0.lock().unwrap() += jiff::SignedDuration::from_secs(60);
    bench.server.ledger.clear();
    assert!(bench.read(Some(since)).await.unwrap().is_empty());
    assert_eq!(bench.server.ledger.count(), 1);
    let number = *bench.expected().iter().next().unwrap();
    bench.world.write().end(number, bench.clock.now(), false);
    let items = bench.read(Some(since)).await.unwrap();
    assert_eq!(numbers(&items), BTreeSet::from([number]));
    assert!(items[0].json.get().contains("\"status\":\"closed\""));
}

#[tokio::test]
async fn alerts_that_change_while_paging_are_not_lost() {
    let bench = Bench::new(9_000).await;
    let before = bench.expected();
    let start = bench.clock.now();
    let (mut seen, mut cursor) = (BTreeSet::new(), None);
    loop {
        let page = bench.page(None, cursor.as_ref()).await.unwrap();
        seen.extend(numbers(&page.items));
        // Some of what was read moves to the end of the list.
        *bench.clock.0.lock().unwrap() += jiff::SignedDuration::from_secs(1);
        for number in before.iter().take(40) {
            bench.world.write().end(*number, bench.clock.now(), false);
        }
        let Some(next) = page.next else { break };
        cursor = Some(next);
    }
    *bench.clock.0.lock().unwrap() += jiff::SignedDuration::from_secs(1);
    seen.extend(numbers(&bench.read(Some(start)).await.unwrap()));
    assert_eq!(seen, before);
}

#[tokio::test]
async fn many_alerts_of_one_moment_are_paged_over() {
    let bench = Bench::new(9_000).await;
    let at = bench.clock.now();
    for number in bench.expected() {
        bench.world.write().end(number, at, false);
    }
    assert!(bench.expected().len() > 600);
    assert_eq!(numbers(&bench.read(None).await.unwrap()), bench.expected());
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_once_for_all() {
    let bench = Arc::new(Bench::new(200).await);
    bench.page(None, None).await.unwrap();
    bench.double.expire_tokens();
    bench.server.ledger.clear();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let bench = Arc::clone(&bench);
        tasks.spawn(async move { bench.page(None, None).await.unwrap().items.len() });
    }
    while let Some(count) = tasks.join_next().await {
        assert!(count.unwrap() > 0);
    }
    assert_eq!(bench.server.ledger.of("oauth2/token").len(), 1);
    bench.double.token_requests(Some(1));
    bench.double.expire_tokens();
    assert!(!bench.page(None, None).await.unwrap().items.is_empty(), "between ids and alerts");
}

#[tokio::test]
async fn refusals_are_told_in_the_vendors_words() {
    let bench = Bench::new(100).await;
    let wrong = (LIVE.connect)(plan(&bench.server.url(), "wrong-client-secret", &bench.clock));
    let wrong = wrong.unwrap();
    let ask = || Ask { stream: &STREAMS[0], since: None, until: bench.clock.now(), cursor: None };
    let error = wrong.page(ask()).await.unwrap_err();
    assert!(matches!(&error, LiveError::Login(said) if said == "access denied, invalid client"));
    assert!(matches!(wrong.page(ask()).await, Err(LiveError::Busy { .. })));
    assert!(!format!("{error} {error:?} {wrong:?}").contains("wrong-client"));

    let until = bench.clock.now().as_second() + 45;
    let limit =
        Answer::new(429, r#"{"errors":[{"code":429,"message":"API rate limit exceeded."}]}"#);
    let limit = limit.header("X-Ratelimit-Retryafter", &until.to_string());
    bench.server.script.add("queries/alerts", 3, Fault::Answer(limit));
    let error = bench.page(None, None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Later(Some(Duration::from_secs(45))), "{error}");

    for (body, path) in [
        ("<html>", "$"),
        (r#"{"resources":{"a":1}}"#, "$.resources"),
        (r#"{"resources":[7]}"#, "$.resources[]"),
    ] {
        bench.server.script.add("queries/alerts", 1, Fault::Answer(Answer::new(200, body)));
        let error = bench.page(None, None).await.unwrap_err();
        assert!(
            matches!(&error, LiveError::Shape { path: at, .. } if at == path),
            "{body} {error}"
        );
    }
    // A success that holds an error.
    let inner = r#"{"resources":[],"errors":[{"code":403,"message":"no"}]}"#;
    bench.server.script.add("entities/alerts", 1, Fault::Answer(Answer::new(200, inner)));
    assert!(matches!(bench.page(None, None).await, Err(LiveError::Forbidden { .. })));
    for cut in [0, 1, 50, 500] {
        bench.server.script.add("entities/alerts", 3, Fault::Cut(cut));
        let error = bench.page(None, None).await.unwrap_err();
        assert!(matches!(error.verdict(), Verdict::Later(_)), "{cut} {error}");
        bench.server.script.clear();
    }
    bench.double.remove_right(READ);
    let error = bench.page(None, None).await.unwrap_err();
    assert!(matches!(&error, LiveError::Forbidden { right, .. } if right == READ), "{error}");
    let rights = bench.falcon.test().await.unwrap();
    assert_eq!(rights[0].state, RightState::Missing);
}

#[tokio::test]
async fn the_owner_is_told_and_another_one_is_noticed() {
    let bench = Bench::new(100).await;
    let owner = bench.page(None, None).await.unwrap().owner.unwrap();
    bench.double.customer("ffffffffffffffffffffffffffffffff");
    assert_ne!(bench.page(None, None).await.unwrap().owner.unwrap(), owner);
    let mut own = plan(&bench.server.url(), CrowdstrikeDouble::LOGIN.1, &bench.clock);
    own.account = Some(owner);
    let own = (LIVE.connect)(own).unwrap();
    let ask = Ask { stream: &STREAMS[0], since: None, until: bench.clock.now(), cursor: None };
    assert!(own.page(ask).await.unwrap().items.is_empty(), "others are left out");
}

#[tokio::test]
async fn what_is_written_is_there_and_twice_is_already() {
    let bench = Bench::new(600).await;
    let note = || "because".to_owned();
    let changes = [
        (Change::Comment { text: note() }, "", 1),
        (Change::Begin { note: note() }, "in_progress", 1),
        (Change::Close { note: note() }, "closed", 1),
        (Change::Dismiss { why: Dismissal::FalsePositive, note: note() }, "closed", 1),
        (Change::Close { note: String::new() }, "closed", 0),
    ];
    let all = bench.expected();
    for ((change, status, comments), number) in changes.iter().zip(&all) {
        let target = bench.target(*number);
        assert_eq!(bench.falcon.write(&target, change).await.unwrap(), Written::Done, "{change:?}");
        assert_eq!(bench.falcon.write(&target, change).await.unwrap(), Written::Already);
        let (now, notes) = bench.double.touched(*number).unwrap();
        assert_eq!((now.as_str(), notes.len()), (*status, *comments), "{change:?}");
        let page = bench.falcon.fetch(&target).await.unwrap().1;
        assert_eq!(page.items.len(), 1);
    }
    let number = *all.iter().nth(2).unwrap();
    let reopen = Change::Reopen { note: String::new() };
    assert_eq!(bench.falcon.write(&bench.target(number), &reopen).await.unwrap(), Written::Done);
    assert_eq!(bench.falcon.write(&bench.target(number), &reopen).await.unwrap(), Written::Already);
    let snooze = Change::Snooze { until: bench.clock.now(), note: note() };
    let error = bench.falcon.write(&bench.target(number), &snooze).await.unwrap_err();
    assert!(matches!(error, LiveError::Unsupported(_)));
    let none = Target { stream: ALERTS.to_owned(), id: "x".to_owned() };
    let error = bench.falcon.write(&none, &reopen).await.unwrap_err();
    assert!(matches!(error, LiveError::Refused(_)), "{error}");
}
