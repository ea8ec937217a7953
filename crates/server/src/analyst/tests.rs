//! Tasks on a data directory, with a double as the provider.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use quell_analyst::{Audience, Brief, Record, Task, Why};
use quell_audit::{Action, Reader};
use quell_config::{Config, FileText, Sources};
use quell_mask::Kind;
use quell_model::{Answered, By, FixedClock, TenantId};
use quell_pipeline::Setup;
use quell_store::{GrantKind, NewGrant, SpendLeft};
use quell_testkit::double::Double;
use quell_testkit::llm::{Answerer, LLM_KEY, LlmDouble, LlmFault, open_database};
use serde_json::Value;

use super::Given;
use crate::start::{Plan, open_app};
use crate::state::App;

struct Bench {
    _folder: tempfile::TempDir,
    models: Arc<LlmDouble>,
    _double: Double,
    app: Arc<App>,
}

impl Bench {
    /// A provider that always answers the same, and limits.
    async fn new(limits: &str) -> Self {
        Self::answering(limits, open_database()).await
    }

    async fn answering(limits: &str, answerer: Answerer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let models = Arc::new(LlmDouble::new(answerer));
        let double = Double::start(Arc::clone(&models) as _).await.unwrap();
        let app = open(folder.path(), &double.url(), limits).await;
        Self { _folder: folder, models, _double: double, app }
    }

    async fn write(&self, asset: &str, incident: &str) -> Answered {
        let (app, asset, incident) = (Arc::clone(&self.app), asset.to_owned(), incident.to_owned());
        let writing = move || app.desk.write(&app, task(&app), &brief(&asset), given(&incident));
        tokio::task::spawn_blocking(writing).await.unwrap()
    }
}

async fn open(data: &Path, url: &str, limits: &str) -> Arc<App> {
    let text = format!(
        "[llm.double]\nkind='openai'\nmodel='gpt-5.6-luna'\nsecret='env:KEY'\nurl='{url}/v1'\n\
         price_input='1'\nprice_output='4'\nprice_batch_percent=50\ntimeout_seconds=10\n\
         [egress]\nallow=['{url}']\n[analyst]\nsmall='double'\nlarge='double'\n{limits}"
    );
    let file = Some(FileText { path: "quell.toml", text: &text });
    let config = Config::load(&Sources { file, ..Sources::default() });
    let config = config.unwrap_or_else(|faults| panic!("{faults:?}")).config;
    let setup = Setup::embedded(None).unwrap();
    let environment = Arc::new(|name: &str| (name == "KEY").then(|| LLM_KEY.to_owned()));
    let plan = Plan { config, data: data.to_owned(), setup, environment };
    let clock = Arc::new(FixedClock("2026-11-20T10:00:00Z".parse().unwrap()));
    let opened = tokio::task::spawn_blocking(move || open_app(plan, clock).unwrap());
    let app = Arc::new(opened.await.unwrap());
    app.runtime.get_or_init(tokio::runtime::Handle::current);
    app
}

fn task(app: &App) -> &Task {
    app.desk.tasks().get("incident").unwrap()
}

fn given(incident: &str) -> Given<'_> {
    static TENANT: std::sync::LazyLock<TenantId> = std::sync::LazyLock::new(TenantId::default);
    Given { tenant: &TENANT, user: Some("bo"), incident: Some(incident), to: Audience::Owner }
}

fn brief(asset: &str) -> Brief<'static> {
    Brief {
        records: vec![
            Record::new("issue:abc", "issue")
                .text("title", format!("Database {asset} at 10.1.2.3 is open to the internet"))
                .name("asset", asset, (Kind::Resource, "rds instance")),
        ],
        figures: vec![("name", asset.len().to_string())],
        ..Brief::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_in_the_log_before_it_leaves_with_the_hash_of_its_bytes() {
    let bench = Bench::new("").await;
    let answered = bench.write("payments-db", "abc").await;
    assert_eq!(answered.written.by, By::Model);
    let (app, brief) = (&bench.app, brief("payments-db"));
    let shown = app.desk.shown(app, task(app), &brief, given("abc")).1.unwrap();
    app.audit.settle(&TenantId::default());
    let mut reader = Reader::open(&app.audit.folder(&TenantId::default())).unwrap();
    let leaves = reader.leaves(0, 100).unwrap();
    let asks: Vec<Value> = leaves
        .iter()
        .map(|(_, leaf)| serde_json::from_slice(leaf).unwrap())
        .filter(|leaf: &Value| leaf.to_string().contains(Action::ModelAsk.as_str()))
        .collect();
    assert_eq!(asks.len(), 2, "{asks:#?}");
    let hash = blake3::hash(&shown.1).to_hex().to_string();
    assert!(asks[0].to_string().contains(&hash), "{} {hash}", asks[0]);
    assert!(asks[1].to_string().contains("input_tokens"), "{}", asks[1]);
    assert!(!asks[0].to_string().contains("payments-db"), "{}", asks[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_callers_together_never_pass_a_budget() {
    // Each call reserves some thousands of tokens and takes some hundreds.
    let bench = Bench::new("tokens_a_day=12000\nmost_at_once=32\n").await;
    let (start, through) = (Arc::new(Barrier::new(32)), Arc::new(AtomicUsize::new(0)));
    let calls: Vec<_> = (0..32)
        .map(|number| {
            let (app, start, through) =
                (Arc::clone(&bench.app), Arc::clone(&start), Arc::clone(&through));
            tokio::task::spawn_blocking(move || {
                let incident = format!("i{number}");
                let asset = format!("{}-db", "a".repeat(number + 4));
                start.wait();
                let answered = app.desk.write(&app, task(&app), &brief(&asset), given(&incident));
                match answered.written.instead_of {
                    None => through.fetch_add(1, Ordering::SeqCst),
                    Some(Why::OverBudget(_) | Why::Busy(_)) => 0,
                    other => panic!("{other:?}"),
                };
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let asked = bench.models.asked().len();
    assert!(asked > 0 && asked < 32, "{asked}");
    assert_eq!(through.load(Ordering::SeqCst), asked);
    let (tenant, now) = (TenantId::default(), bench.app.clock.now());
    let spent = bench.app.office().spend_today(&tenant, None, now).unwrap();
    assert!(spent.tenant.tokens > 0 && spent.tenant.tokens <= 12_000, "{spent:?}");
    assert_eq!(spent.open, 0, "{spent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_leaves_until_the_grant_ends() {
    let bench = Bench::new("").await;
    bench.write("payments-db", "abc").await;
    let tenant = TenantId::default();
    let now = bench.app.clock.now();
    let grant = NewGrant {
        what: [GrantKind::Addresses].into(),
        task: Some("incident"),
        by: "ada",
        why: "a drill",
        until: now.checked_add(Duration::from_secs(3600)).unwrap(),
    };
    bench.app.office().grant_add(&tenant, &grant, now).unwrap().unwrap();
    bench.write("payments-db", "abc").await;
    let asked = bench.models.asked();
    let left: Vec<bool> = asked.iter().map(|asked| asked.user.contains("10.1.2.3")).collect();
    assert_eq!(left, [false, true]);
    assert!(asked.iter().all(|asked| !asked.user.contains("payments-db")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_is_left_alone_for_a_while() {
    let bench = Bench::new("").await;
    bench.models.always(Some(LlmFault::ServerError));
    for incident in ["a", "b", "c", "d", "e", "f"] {
        let answered = bench.write("payments-db", incident).await;
        assert_eq!(answered.written.by, By::Rules);
        assert!(answered.written.instead_of.is_some());
    }
    bench.models.always(None);
    let answered = bench.write("payments-db", "g").await;
    assert!(matches!(answered.written.instead_of, Some(Why::Busy(_))), "{answered:?}");
    assert_eq!(bench.models.asked().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_fetched_later_and_its_answers_are_kept() {
    let bench = Bench::new("").await;
    let app = Arc::clone(&bench.app);
    let done = tokio::task::spawn_blocking(move || {
        let tenant = TenantId::default();
        let briefs = ["one-db", "other-name-db"].map(|asset| (brief(asset), given("abc")));
        let handed = app.desk.hand_in(&app, (&tenant, task(&app)), &briefs).unwrap();
        assert_eq!((handed.handed_in, handed.kept, handed.refused), (2, 0, 0), "{handed:?}");
        let mut looks = (0..10).map(|_| app.desk.collect(&app, &tenant).unwrap());
        let collected = looks.find(|collected| collected.running == 0).unwrap();
        assert_eq!((collected.done, collected.answers), (1, 2), "{collected:?}");
        let spent = app.office().spend_today(&tenant, None, app.clock.now()).unwrap();
        assert_eq!((spent.open, spent.tenant.money), (0, collected.money));
        // Half of one unit a million of input and four of output.
        assert!(collected.money > 0 && collected.money < spent.tenant.tokens, "{spent:?}");
        assert!(collected.money <= handed.most_money, "{handed:?} {collected:?}");
        let kept = app.desk.kept(&app, task(&app), &brief("one-db"), given("abc"));
        assert!(kept.made.unwrap().kept && kept.written.by == By::Model);
        let again = app.desk.hand_in(&app, (&tenant, task(&app)), &briefs).unwrap();
        assert_eq!((again.handed_in, again.kept), (0, 2));
    });
    done.await.unwrap();
}

/// What is spent today, once no call is under way.
async fn settled(bench: &Bench) -> SpendLeft {
    for _ in 0..500 {
        let spent = today(bench);
        if spent.open == 0 {
            return spent;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a call does not end");
}

fn today(bench: &Bench) -> SpendLeft {
    let now = bench.app.clock.now();
    bench.app.office().spend_today(&TenantId::default(), None, now).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_too_late_is_kept_and_asking_again_is_free() {
    let bench = Bench::new("wait_seconds=1\n").await;
    bench.models.next(LlmFault::SlowFirstByte);
    let slow = bench.write("payments-db", "abc").await;
    assert_eq!((slow.written.by, slow.written.instead_of), (By::Rules, Some(Why::Slow)));
    assert_eq!(today(&bench).open, 1);
    let spent = settled(&bench).await;
    assert!(spent.tenant.money > 0 && spent.tenant.tokens < 3_000, "{spent:?}");
    let again = bench.write("payments-db", "abc").await;
    assert!(again.written.by == By::Model && again.made.unwrap().kept);
    assert_eq!(bench.models.asked().len(), 1);
    assert_eq!(today(&bench).tenant, spent.tenant);
    bench.app.audit.settle(&TenantId::default());
    let mut reader = Reader::open(&bench.app.audit.folder(&TenantId::default())).unwrap();
    let (_, last) = reader.leaves(0, 100).unwrap().pop().unwrap();
    let last = String::from_utf8(last).unwrap();
    assert!(last.contains("input_tokens") && last.contains("slow"), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_ask_the_same_at_once_pay_once() {
    let bench = Bench::new("").await;
    bench.models.next(LlmFault::SlowFirstByte);
    let (one, other) =
        tokio::join!(bench.write("payments-db", "abc"), bench.write("payments-db", "abc"));
    assert!(one.written.by == By::Model && other.written.by == By::Model);
    let kept = [one, other].map(|answered| answered.made.unwrap().kept);
    assert!(kept.contains(&true) && kept.contains(&false), "{kept:?}");
    assert_eq!(bench.models.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_stop_gives_up_counts_with_all_that_was_reserved() {
    let bench = Bench::new("wait_seconds=1\n").await;
    bench.models.next(LlmFault::SlowFirstByte);
    bench.write("payments-db", "abc").await;
    let reserved = today(&bench);
    bench.app.desk.stop().await;
    assert_eq!((today(&bench), reserved.open), (reserved, 1));
    let after = bench.write("orders-and-more-db", "abc").await;
    assert!(matches!(after.written.instead_of, Some(Why::Down(_))), "{after:?}");
    assert!(bench.models.asked().len() <= 1);
}
