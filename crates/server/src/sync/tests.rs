//! Turns against a platform that answers as a test tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use quell_config::{Config, FileText, Sources};
use quell_model::{Clock, Status, TenantId, Timestamp};
use quell_pipeline::Setup;
use quell_pipeline::query::{FindingQuery, IssueQuery};
use quell_sources::live::{
    Ask, Change, Connector, Future, Item, LiveError, Pace, Page, Right, Stream, Target, Written,
};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::turn::{Halt, turn};
use super::{Act, Platform, Reach, Readings};
use crate::data::locked;
use crate::intake::drain;
use crate::start::{Plan, open_app};
use crate::state::App;

static STREAMS: [Stream; 2] = [
    Stream {
        name: "findings",
        title: "configuration findings",
        pace: Pace::Often,
        around: ("[", "]"),
        closes: true,
        overlap_seconds: 60,
        right: "read:findings",
    },
    Stream {
        name: "slow",
        title: "what is read at night only",
        pace: Pace::Nightly,
        around: ("[", "]"),
        closes: false,
        overlap_seconds: 0,
        right: "read:slow",
    },
];

/// What a platform says to a question, and what it was asked.
#[derive(Default)]
pub(super) struct World {
    /// The ids of its findings, each with the second at which it changed.
    pub(super) findings: BTreeMap<u32, i64>,
    /// What goes wrong with questions of the first stream, by their number.
    pub(super) faults: BTreeMap<usize, Fault>,
    owner: Option<String>,
    /// How many seconds its clock is ahead.
    skew: i64,
    pub(super) asked: Vec<(&'static str, Option<Timestamp>, Option<Value>)>,
    unread: Vec<String>,
    /// Findings whose record is not as the vendor's documents say.
    drifted: Vec<u32>,
    /// Findings whose record is too large for the intake log.
    large: Vec<u32>,
    /// Findings that were resolved.
    pub(super) resolved: BTreeSet<u32>,
    /// What every question is answered with, while it is so.
    pub(super) down: Option<fn() -> LiveError>,
}

pub(super) enum Fault {
    Error(fn() -> LiveError),
    Circle,
}

const PAGE: usize = 10;

#[derive(Clone)]
pub(super) struct Fake(Arc<Mutex<World>>, Arc<TestClock>);

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

pub(super) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

fn finding(id: u32, changed: i64, resolved: bool) -> Item {
    let (result, status) = if resolved { ("PASS", "RESOLVED") } else { ("FAIL", "OPEN") };
    let at = Timestamp::from_second(changed).unwrap();
    let arn = format!("arn:aws:s3:::bucket-{id}");
    Item {
        id: id.to_string(),
        changed: Some(at),
        json: to_raw_value(&json!({
            "id": format!("finding-{id}"), "targetExternalId": format!("bucket-{id}"),
            "result": result, "status": status, "severity": "HIGH",
            "analyzedAt": at.to_string(), "firstSeenAt": "2026-09-12T10:00:00Z",
            "rule": {"id": "rule-1", "name": "Bucket is public"},
            "resource": {"id": format!("e-{id}"), "type": "BUCKET", "nativeType": "s3", "name": format!("bucket-{id}"),
                "providerId": arn, "region": "eu-west-1", "tags": {},
                "subscription": {"id": "s-1", "externalId": "111122223333", "cloudProvider": "AWS"}},
        }))
        .unwrap(),
    }
}

impl World {
    /// The record of a finding as the platform tells it now.
    fn tell(&self, id: u32, changed: i64) -> Item {
        let mut item = finding(id, changed, self.resolved.contains(&id));
        let text = item.json.get();
        if self.drifted.contains(&id) {
            item.json = to_raw_value(&json!({ "id": format!("finding-{id}") })).unwrap();
        } else if self.large.contains(&id) {
            let padded = format!(
                "{{\"padding\":\"{}\",{}",
                "x".repeat(3 << 20),
                text.trim_start_matches('{')
            );
            item.json = serde_json::value::RawValue::from_string(padded).unwrap();
        }
        item
    }
}

impl Fake {
    pub(super) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        locked(&self.0)
    }

    /// The time as it tells it.
    pub(super) fn now(&self) -> i64 {
        self.1.now().as_second()
    }

    fn answer(&self, ask: Ask<'_>) -> Result<Page, LiveError> {
        let mut world = self.world();
        world.asked.push((ask.stream.name, ask.since, ask.cursor.cloned()));
        if let Some(error) = world.down {
            return Err(error());
        }
        if ask.stream.name == "slow" {
            return Ok(Page::default());
        }
        let number = world.asked.iter().filter(|(stream, ..)| *stream == "findings").count();
        let from = ask.cursor.and_then(Value::as_u64).map_or(0, |at| usize::try_from(at).unwrap());
        match world.faults.remove(&number) {
            Some(Fault::Error(error)) => return Err(error()),
            Some(Fault::Circle) => {
                return Ok(Page {
                    next: Some(json!(from)),
                    items: vec![finding(1, 0, false)],
                    ..Page::default()
                });
            }
            None => {}
        }
        let since = ask.since.map_or(i64::MIN, Timestamp::as_second);
        let all: Vec<Item> = world
            .findings
            .iter()
            .filter(|(_, changed)| **changed >= since)
            .map(|(id, changed)| world.tell(*id, *changed))
            .collect();
        let next = from + PAGE;
        Ok(Page {
            items: all.iter().skip(from).take(PAGE).cloned().collect(),
            next: (next < all.len()).then(|| json!(next)),
            owner: world.owner.clone(),
            vendor_time: Some(self.1.now() + jiff::SignedDuration::from_secs(world.skew)),
            unread: world.unread.clone(),
            ..Page::default()
        })
    }
}

impl Connector for Fake {
    fn streams(&self) -> &'static [Stream] {
        &STREAMS
    }

    fn page<'a>(&'a self, ask: Ask<'a>) -> Future<'a, Page> {
        Box::pin(async move { self.answer(ask) })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn write<'a>(&'a self, _: &'a Target, _: &'a Change) -> Future<'a, Written> {
        Box::pin(async { Err(LiveError::Unsupported("the fake")) })
    }

    fn announced(&self, body: &[u8]) -> Option<Vec<Target>> {
        let id = String::from_utf8_lossy(body).into_owned();
        Some(vec![Target { stream: "findings".to_owned(), id }])
    }

    fn fetch<'a>(&'a self, target: &'a Target) -> Future<'a, (&'static Stream, Page)> {
        Box::pin(async move {
            let id: u32 = target.id.parse().map_err(|_| LiveError::Refused("no id".to_owned()))?;
            let world = self.world();
            if let Some(error) = world.down {
                return Err(error());
            }
            let changed = world.findings.get(&id).copied();
            let changed = changed.ok_or_else(|| LiveError::Refused("not there".to_owned()))?;
            let items = vec![world.tell(id, changed)];
            Ok((&STREAMS[0], Page { items, ..Page::default() }))
        })
    }
}

/// A server's insides over one data directory, with a platform that is asked by hand.
pub(super) struct Bench {
    app: Arc<App>,
    pub(super) platform: Arc<Platform>,
    draining: Option<JoinHandle<()>>,
}

pub(super) const START: i64 = 1_800_000_000;

impl Bench {
    pub(super) fn open(data: &Path, fake: &Fake) -> Self {
        let file = "[sources.wiz]\nkind = 'wiz'\nkey_secret = 'env:A'\nenabled = false\n";
        let file = Some(FileText { path: "quell.toml", text: file });
        let config = Config::load(&Sources { file, ..Sources::default() }).unwrap().config;
        let configured = config.sources["wiz"].clone();
        let setup = Setup::embedded(None).unwrap();
        let environment = Arc::new(|_: &str| None);
        let plan = Plan { config, data: data.to_owned(), setup, environment };
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&fake.1);
        let app = Arc::new(open_app(plan, clock).unwrap());
        let kind = quell_sources::SOURCES.iter().find(|source| source.id == "wiz").unwrap();
        let platform = Arc::new(Platform::new("wiz", configured, kind, Box::new(fake.clone())));
        let draining = std::thread::spawn({
            let app = Arc::clone(&app);
            move || drain(&app)
        });
        Self { app, platform, draining: Some(draining) }
    }

    pub(super) async fn turn(&self) -> Result<(), Halt> {
        turn(&self.app, &self.platform).await
    }

    /// Waits until all pages were taken in.
    fn settle(&self) {
        let findings = self.app.tenants.of(&TenantId::default()).unwrap();
        while crate::intake::oldest_waiting(&self.app, &findings).unwrap().is_some() {
            self.app.pause(std::time::Duration::from_millis(5));
        }
    }

    /// How many findings are open.
    pub(super) fn open_findings(&self) -> u64 {
        self.settle();
        let findings = self.app.tenants.of(&TenantId::default()).unwrap();
        let query = FindingQuery { status: vec![Status::Open], ..FindingQuery::default() };
        let now = self.app.clock.now();
        findings
            .view(now, |view| quell_pipeline::query::findings(view, &query))
            .map(|page| page.total)
            .unwrap()
    }

    /// How many issues lists show as open.
    fn open_issues(&self) -> u64 {
        self.settle();
        let findings = self.app.tenants.of(&TenantId::default()).unwrap();
        let query = IssueQuery { status: vec![Status::Open], ..IssueQuery::default() };
        let now = self.app.clock.now();
        findings
            .view(now, |view| quell_pipeline::query::issues(view, &query))
            .map(|page| page.total)
            .unwrap()
    }

    fn changes(&self) -> (i64, i64) {
        self.settle();
        let findings = self.app.tenants.of(&TenantId::default()).unwrap();
        let changes = findings.read(quell_store::Store::changes).unwrap();
        (changes, self.app.spool.durable_end().to_i64())
    }

    pub(super) fn reason(&self) -> Option<String> {
        let rows = self.app.office().streams(self.platform.key()).unwrap();
        rows.into_iter().find(|row| row.name == "findings").and_then(|row| row.reason)
    }

    pub(super) fn act(&self, act: Act, reach: Reach) {
        let (now, readings) = (self.app.clock.now(), Readings { reach, stream: None });
        act.apply(&mut self.app.office(), &self.platform, readings, now).unwrap();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.app.tell_stop();
        drop(self.draining.take().map(JoinHandle::join));
    }
}

pub(super) fn fake(count: u32) -> Fake {
    let world = World {
        findings: (0..count).map(|id| (id, START - 1_000 - i64::from(id))).collect(),
        ..World::default()
    };
    Fake(Arc::new(Mutex::new(world)), Arc::new(TestClock(AtomicI64::new(START))))
}

pub(super) fn pass(fake: &Fake, seconds: i64) {
    fake.1.0.fetch_add(seconds, Ordering::SeqCst);
}

pub(super) const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn all_is_read_once_and_then_what_is_new_without_a_write() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 35);
    assert_eq!(fake.world().asked.len(), 5);
    pass(&fake, 300);
    bench.turn().await.unwrap();
    let before = bench.changes();
    fake.world().asked.clear();
    for _ in 0..3 {
        pass(&fake, 300);
        bench.turn().await.unwrap();
    }
    assert_eq!(bench.changes(), before, "nothing new is written nowhere");
    assert_eq!(fake.world().asked.len(), 3);
    let now = fake.1.now().as_second();
    fake.world().findings.insert(100, now);
    pass(&fake, 300);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 36);
    // What the overlap brings again is not kept again.
    let before = bench.changes();
    pass(&fake, 30);
    bench.turn().await.unwrap();
    assert_eq!(bench.changes(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ten_minutes_off_hides_no_change() {
    for skew in [-600, 600] {
        let (data, fake) = (tempfile::tempdir().unwrap(), fake(5));
        fake.world().skew = skew;
        let bench = Bench::open(data.path(), &fake);
        bench.turn().await.unwrap();
        for round in 1..4 {
            // It changes by the vendor's clock, a moment after it was asked.
            let changed = fake.now() + skew + 1;
            fake.world().findings.insert(100 + round, changed);
            pass(&fake, 300);
            bench.turn().await.unwrap();
            assert_eq!(bench.open_findings(), 5 + u64::from(round), "{skew}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_any_page_reads_at_most_one_page_again() {
    for death in 1..=4 {
        let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
        let error = || LiveError::Busy { wait: None, said: "dead".to_owned() };
        fake.world().faults.insert(death, Fault::Error(error));
        let bench = Bench::open(data.path(), &fake);
        assert!(matches!(bench.turn().await, Err(Halt::Later(..))), "{death}");
        drop(bench);
        let bench = Bench::open(data.path(), &fake);
        bench.turn().await.unwrap();
        assert_eq!(bench.open_findings(), 35, "{death}");
        let pages = fake.world().asked.iter().filter(|(s, ..)| *s == "findings").count();
        assert_eq!(pages, 4 + 1, "{death}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_ends_within_two_pages_and_is_told() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
    fake.world().faults.insert(2, Fault::Circle);
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    assert!(bench.reason().unwrap().contains("circle"));
    let pages = fake.world().asked.iter().filter(|(s, ..)| *s == "findings").count();
    assert_eq!(pages, 2);
    // The other stream was read all the same.
    assert!(fake.world().asked.iter().any(|(s, ..)| *s == "slow"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_refused_begins_the_reading_again() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
    fake.world().faults.insert(3, Fault::Error(|| LiveError::Cursor("expired".to_owned())));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    assert_eq!((bench.open_findings(), bench.reason()), (35, None));
    // One that is always refused ends.
    for number in 1..40 {
        let error = || LiveError::Cursor("expired".to_owned());
        fake.world().faults.insert(7 + number, Fault::Error(error));
    }
    pass(&fake, DAY);
    fake.world().asked.truncate(7);
    assert!(bench.turn().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_of_another_owner_is_not_taken_until_somebody_says_so() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(5));
    fake.world().owner = Some("acme".to_owned());
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 5);
    fake.world().owner = Some("globex".to_owned());
    fake.world().findings.insert(77, START);
    pass(&fake, 300);
    let Err(Halt::Repair(reason)) = bench.turn().await else { panic!("it was taken") };
    assert!(reason.contains("globex") && reason.contains("acme"), "{reason}");
    assert_eq!(bench.open_findings(), 5);
    bench.act(Act::Adopt, Reach::New);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_vanishes_closes_with_the_second_whole_reading_and_comes_back() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    let gone = fake.world().findings.remove(&3).unwrap();
    pass(&fake, DAY);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 35, "once is not enough");
    pass(&fake, DAY);
    bench.turn().await.unwrap();
    assert_eq!((bench.open_findings(), bench.open_issues()), (34, 34), "with nothing after it");
    pass(&fake, DAY);
    fake.world().findings.insert(3, gone);
    bench.turn().await.unwrap();
    assert_eq!((bench.open_findings(), bench.open_issues()), (35, 35), "it is listed again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_and_vanishes_between_two_whole_readings_closes() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    pass(&fake, 300);
    let now = fake.1.now().as_second();
    fake.world().findings.insert(100, now);
    pass(&fake, 300);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 36);
    fake.world().findings.remove(&100);
    pass(&fake, DAY);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 36, "once is not enough");
    pass(&fake, DAY);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_held_until_somebody_releases_it() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    let all = std::mem::take(&mut fake.world().findings);
    for _ in 0..3 {
        pass(&fake, DAY);
        bench.turn().await.unwrap();
        assert_eq!(bench.open_findings(), 35);
    }
    assert!(bench.reason().unwrap().contains("35 of the 35"), "{:?}", bench.reason());
    pass(&fake, 1);
    bench.act(Act::Release, Reach::New);
    pass(&fake, 1);
    bench.turn().await.unwrap();
    assert_eq!((bench.open_findings(), bench.reason()), (0, None));
    // What comes back opens again, and what vanishes later is looked at anew.
    fake.world().findings = all;
    pass(&fake, DAY);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_not_read_closes_nothing() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    fake.world().findings.retain(|id, _| *id > 5);
    fake.world().unread = vec!["project p: no right".to_owned()];
    for _ in 0..3 {
        pass(&fake, DAY);
        bench.turn().await.unwrap();
        assert_eq!(bench.open_findings(), 35);
    }
    assert!(bench.reason().unwrap().contains("project p: no right"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_and_cannot_be_read_does_not_close() {
    for large in [false, true] {
        let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
        let bench = Bench::open(data.path(), &fake);
        bench.turn().await.unwrap();
        assert_eq!(bench.open_findings(), 35);
        if large {
            fake.world().large.push(3);
        } else {
            fake.world().drifted.push(3);
        }
        fake.world().findings.remove(&4);
        for _ in 0..3 {
            pass(&fake, DAY);
            bench.turn().await.unwrap();
            assert_eq!(bench.open_findings(), 35, "large: {large}");
            assert!(bench.reason().is_some(), "it is told; large: {large}");
        }
        // Once all of it can be read, what is gone closes, with the second reading.
        fake.world().large.clear();
        fake.world().drifted.clear();
        for _ in 0..2 {
            pass(&fake, DAY);
            bench.turn().await.unwrap();
        }
        assert_eq!((bench.open_findings(), bench.reason()), (34, None), "large: {large}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_stops_its_stream_only_and_rests() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(5));
    let error =
        || LiveError::Forbidden { right: "read:findings".to_owned(), said: "no".to_owned() };
    fake.world().faults.insert(1, Fault::Error(error));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    assert!(bench.reason().unwrap().contains("read:findings"));
    assert_eq!(fake.world().asked.len(), 2);
    // It is left alone for a while, unless somebody wants it now.
    pass(&fake, 60);
    bench.turn().await.unwrap();
    assert_eq!(fake.world().asked.len(), 2);
    bench.act(Act::Sync, Reach::Due);
    bench.turn().await.unwrap();
    assert_eq!((bench.open_findings(), bench.reason()), (5, None));
}

/// What was asked since, once the streams that are due were read.
async fn asked_in_a_turn(bench: &Bench, fake: &Fake) -> Vec<(&'static str, bool)> {
    fake.world().asked.clear();
    pass(fake, 10);
    bench.turn().await.unwrap();
    fake.world().asked.iter().map(|(stream, since, _)| (*stream, since.is_none())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wants_now_is_read_once_whenever_its_time_is() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(5));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    for _ in 0..2 {
        assert_eq!(asked_in_a_turn(&bench, &fake).await, [("findings", false)]);
        bench.act(Act::Sync, Reach::New);
        assert_eq!(asked_in_a_turn(&bench, &fake).await, [("findings", false), ("slow", true)]);
    }
    bench.act(Act::Sync, Reach::Due);
    assert_eq!(asked_in_a_turn(&bench, &fake).await, [("findings", false)]);
    // A platform that does not answer is asked for it later.
    bench.act(Act::Sync, Reach::New);
    fake.world().down = Some(|| LiveError::Busy { wait: None, said: "503".to_owned() });
    pass(&fake, 10);
    assert!(matches!(bench.turn().await, Err(Halt::Later(..))));
    fake.world().down = None;
    assert_eq!(asked_in_a_turn(&bench, &fake).await, [("findings", false), ("slow", true)]);
    assert_eq!(asked_in_a_turn(&bench, &fake).await, [("findings", false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_when_somebody_asks_is_read_to_its_end_and_again() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(15));
    let busy = || LiveError::Busy { wait: None, said: "503".to_owned() };
    fake.world().faults.insert(2, Fault::Error(busy));
    let bench = Bench::open(data.path(), &fake);
    assert!(matches!(bench.turn().await, Err(Halt::Later(..))));
    pass(&fake, 10);
    bench.act(Act::Sync, Reach::New);
    let asked = asked_in_a_turn(&bench, &fake).await;
    assert_eq!(asked, [("findings", true), ("findings", false), ("slow", true)]);
    assert_eq!(asked_in_a_turn(&bench, &fake).await, [("findings", false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_platform_is_not_asked() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(5));
    let bench = Bench::open(data.path(), &fake);
    bench.act(Act::Pause, Reach::New);
    bench.turn().await.unwrap();
    assert!(fake.world().asked.is_empty());
    bench.act(Act::Resume, Reach::New);
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_announced_is_asked_for_and_what_is_not_there_is_left() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(5));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    fake.world().findings.insert(50, START - 9_000);
    assert!(bench.platform.announce(b"50") && bench.platform.announce(b"51"));
    bench.turn().await.unwrap();
    assert_eq!(bench.open_findings(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_lease_went_to_another_writes_nothing() {
    let (data, fake) = (tempfile::tempdir().unwrap(), fake(35));
    let bench = Bench::open(data.path(), &fake);
    bench.turn().await.unwrap();
    let before = bench.app.office().streams(bench.platform.key()).unwrap();
    // Another process waits until the lease is over, and takes it.
    let mut other = quell_store::ServerStore::open(data.path()).unwrap();
    let now = fake.1.now();
    let later = Timestamp::from_second(START + 10_000).unwrap();
    let until = Timestamp::from_second(START + 20_000).unwrap();
    assert!(other.platform_lease(bench.platform.key(), "other", (now, until)).unwrap().is_none());
    let fence = other.platform_lease(bench.platform.key(), "other", (later, until)).unwrap();
    assert!(fence.is_some());
    fake.world().findings.insert(70, START);
    pass(&fake, 10_001);
    assert!(matches!(bench.turn().await, Err(Halt::Taken)));
    assert_eq!(bench.app.office().streams(bench.platform.key()).unwrap(), before);
    assert_eq!(bench.open_findings(), 35);
}
