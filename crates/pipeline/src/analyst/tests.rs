//! A task against the double of providers: what is asked, kept and counted, and what the rules
//! take over.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use quell_analyst::{Audience, Brief, By, Call, Grants, Record, Tasks, Why};
use quell_http::{Client, Policy};
use quell_llm::{Fixed, Price, Schema, Settings, connect};
use quell_mask::Kind;
use quell_model::{Answered, Claim, FixedClock, Untrusted};
use quell_testkit::double::Double;
use quell_testkit::llm::{Answerer, FAULTS, LLM_KEY, LlmDouble, LlmFault, open_database};
use serde_json::{Value, json};

use super::{
    Asker, Asking, Ended, Model, Opened, Pause, Purse, Ready, Spent, Turn, Work, ask, request_of,
};

static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());

/// A purse that lets through until it is told not to.
#[derive(Debug, Default)]
struct Open {
    kept: Kept,
    told: Arc<Mutex<Vec<String>>>,
    empty: Mutex<bool>,
}

type Kept = Arc<Mutex<Vec<(blake3::Hash, Value)>>>;

struct Told {
    told: Arc<Mutex<Vec<String>>>,
    kept: Kept,
    key: blake3::Hash,
}

impl Opened for Told {
    fn end(self: Box<Self>, ended: &Ended<'_>) {
        let spent = match ended.spent {
            Spent::Nothing => "nothing",
            Spent::Unknown => "all",
            Spent::Told { .. } => "told",
        };
        self.told.lock().unwrap().push(format!("end {spent} {}", ended.reply.is_some()));
        let kept = ended.keep.map(|answer| (self.key, answer.clone()));
        self.kept.lock().unwrap().extend(kept);
    }
}

impl Purse for Open {
    fn kept(&self, _asking: &Asking<'_>, key: &blake3::Hash) -> Option<Value> {
        let kept = self.kept.lock().unwrap();
        kept.iter().find(|(known, _)| known == key).map(|(_, answer)| answer.clone())
    }

    fn turn(&self, _key: &blake3::Hash) -> Pause<'_, Turn> {
        Box::pin(async { Box::new(()) as Turn })
    }

    fn open(&self, asking: &Asking<'_>, key: &blake3::Hash) -> Result<Box<dyn Opened>, Why> {
        if *self.empty.lock().unwrap() {
            return Err(Why::OverBudget("tokens of the tenant today".to_owned()));
        }
        let money = asking.money.unwrap();
        self.told.lock().unwrap().push(format!("open {} {}", asking.task.0, money > 0));
        let (told, kept) = (Arc::clone(&self.told), Arc::clone(&self.kept));
        Ok(Box::new(Told { told, kept, key: *key }))
    }

    fn run(&self, work: Work) {
        drop(tokio::spawn(work));
    }

    fn pause(&self, _time: Duration) -> Pause<'_> {
        Box::pin(async {})
    }
}

struct Stage {
    models: Arc<LlmDouble>,
    _double: Double,
    model: Model,
    purse: Open,
}

impl Stage {
    async fn new(answerer: Answerer) -> Self {
        Self::within(Duration::from_millis(1500), answerer).await
    }

    async fn within(timeout: Duration, answerer: Answerer) -> Self {
        let models = Arc::new(LlmDouble::new(answerer));
        let double = Double::start(Arc::clone(&models) as _).await.unwrap();
        let mut policy = Policy::default();
        policy.egress.allow(double.url().parse().unwrap());
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        let client = Client::new(policy, Arc::new(FixedClock(now))).unwrap();
        let settings = Settings {
            timeout,
            ..Settings::new("double", "openai", "gpt-5.6-luna").at(&format!("{}/v1", double.url()))
        };
        let provider = connect(settings, client, Arc::new(Fixed(LLM_KEY.into()))).unwrap();
        let price = Some(Price { input: 1_000_000, cached: 100_000, output: 4_000_000 });
        let (provider, model) = (Arc::from(provider), "gpt-5.6-luna".to_owned());
        let model = Model { provider, model, price, batch_price: price };
        Self { models, _double: double, model, purse: Open::default() }
    }

    async fn ask(&self, brief: &Brief<'_>) -> Answered {
        let task = TASKS.get("incident").unwrap();
        let call = Call::new(task, brief, Audience::Owner, Grants::default()).unwrap();
        let asker = Asker { tenant: "default", user: None, incident: Some("abc") };
        ask(&call, Some(&self.model), asker, &self.purse).await
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.purse.told.lock().unwrap())
    }
}

fn brief(asset: &str) -> Brief<'static> {
    let claim = |text: &str| Claim { text: Untrusted::from(text), evidence: Vec::new() };
    Brief {
        records: vec![
            Record::new("issue:abc", "issue")
                .text("title", format!("Database {asset} is open to the internet"))
                .name("asset", asset, (Kind::Resource, "rds instance")),
        ],
        known: vec![("risk", vec![claim("By the rules.")]), ("steps", vec![claim("Close it.")])],
        ..Brief::default()
    }
}

#[tokio::test]
async fn a_good_answer_stands_and_the_same_question_is_not_asked_again() {
    let stage = Stage::new(open_database()).await;
    let first = stage.ask(&brief("payments-db")).await;
    assert_eq!(first.written.by, By::Model);
    let risk = &first.written.part("risk").unwrap().sentences[0];
    assert_eq!(risk.text.raw(), "Anyone on the internet can try to log in to payments-db.");
    assert_eq!(risk.evidence, ["issue:abc"]);
    let made = first.made.unwrap();
    assert!(!made.kept && made.input_tokens > 0 && made.money > Some(0), "{made:?}");
    assert_eq!(stage.told(), ["open incident true", "end told true"]);
    let again = stage.ask(&brief("payments-db")).await;
    assert_eq!(again.written, first.written);
    assert!(again.made.unwrap().kept);
    // Another name behind the same placeholder is the same question, with its own answer.
    let other = stage.ask(&brief("orders-db")).await;
    assert!(other.made.unwrap().kept);
    let text = other.written.part("risk").unwrap().sentences[0].text.clone();
    assert_eq!(text.raw(), "Anyone on the internet can try to log in to orders-db.");
    assert_eq!((stage.models.asked().len(), stage.told().len()), (1, 0));
    let sent = &stage.models.asked()[0];
    assert!(!sent.user.contains("payments-db") && !sent.system.contains("payments-db"));
}

#[tokio::test]
async fn the_rules_speak_where_no_model_may_or_can_be_asked() {
    let stage = Stage::new(open_database()).await;
    let (brief, task) = (brief("db-one"), TASKS.get("incident").unwrap());
    let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
    let none = ask(&call, None, Asker::default(), &stage.purse).await;
    assert_eq!(none.written.instead_of, Some(Why::NotConfigured));
    assert_eq!(none.written.part("risk").unwrap().sentences, brief.known("risk"));
    *stage.purse.empty.lock().unwrap() = true;
    let over = stage.ask(&brief).await;
    assert!(matches!(over.written.instead_of, Some(Why::OverBudget(_))), "{over:?}");
    assert!(over.made.is_none() && stage.models.asked().is_empty());
}

#[tokio::test]
async fn whatever_goes_wrong_the_rules_speak_and_no_spending_is_forgotten() {
    for fault in FAULTS {
        let stage = Stage::new(open_database()).await;
        stage.models.always(Some(*fault));
        let answered = stage.ask(&brief("payments-db")).await;
        let told = stage.told();
        let (opened, ended): (Vec<&String>, Vec<&String>) =
            told.iter().partition(|line| line.starts_with("open"));
        assert!(!opened.is_empty() && opened.len() == ended.len(), "{fault:?}: {told:?}");
        assert!(opened.len() <= 2, "{fault:?}: {told:?}");
        match answered.written.by {
            // Some faults are mended, or do not touch a whole answer.
            By::Model => assert!(told.last().unwrap().contains("end told"), "{fault:?}: {told:?}"),
            By::Rules => {
                assert!(answered.written.instead_of.is_some(), "{fault:?}");
                assert_eq!(
                    answered.written.part("risk").unwrap().sentences,
                    brief("x").known("risk"),
                    "{fault:?}"
                );
                assert!(stage.purse.kept.lock().unwrap().is_empty(), "{fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_rests_on_nothing_is_paid_for_and_not_kept() {
    let answer = json!({
        "risk": "CVE-2020-1234 is exploited. [r1]",
        "why_here": "See https://evil.example now. [r9]",
        "intent": "", "steps": "Run rm -rf /tmp. [r1]",
    });
    let stage = Stage::new(Arc::new(move |_| answer.to_string())).await;
    let answered = stage.ask(&brief("payments-db")).await;
    assert_eq!(answered.written.instead_of, Some(Why::Guard));
    assert_eq!(answered.written.dropped.len(), 3);
    assert_eq!(stage.told(), ["open incident true", "end told true"]);
    assert!(stage.purse.kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_ends_and_its_answer_is_kept() {
    let stage = Stage::within(Duration::from_secs(10), open_database()).await;
    stage.models.next(LlmFault::SlowFirstByte);
    let brief = brief("payments-db");
    let given_up = tokio::time::timeout(Duration::from_millis(20), stage.ask(&brief)).await;
    assert!(given_up.is_err());
    for _ in 0..200 {
        if stage.purse.told.lock().unwrap().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stage.told(), ["open incident true", "end told true"]);
    let again = stage.ask(&brief).await;
    assert!(again.written.by == By::Model && again.made.unwrap().kept);
    assert_eq!((stage.models.asked().len(), stage.told().len()), (1, 0));
}

#[tokio::test]
async fn an_answer_that_was_kept_unseen_and_does_not_stand_is_asked_for_anew() {
    let stage = Stage::new(open_database()).await;
    let (brief, task) = (brief("payments-db"), TASKS.get("incident").unwrap());
    let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
    let ready = Ready::new(&call, &stage.model, Asker::default()).unwrap();
    let bad = json!({"risk": "CVE-2020-1234 is exploited. [r1]",
        "why_here": "", "intent": "", "steps": ""});
    stage.purse.kept.lock().unwrap().push((ready.key, bad));
    let answered = stage.ask(&brief).await;
    assert_eq!((answered.written.by, stage.models.asked().len()), (By::Model, 1));
}

#[tokio::test]
async fn what_is_shown_as_the_payload_is_what_is_sent() {
    let stage = Stage::new(open_database()).await;
    let (brief, task) = (brief("payments-db"), TASKS.get("incident").unwrap());
    let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
    let shown = stage.model.provider.payload(&request_of(&call, &stage.model)).unwrap();
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    stage.ask(&brief).await;
    let sent = &stage.models.asked()[0];
    let text = shown.to_string();
    let escaped = Value::from(sent.user.as_str()).to_string();
    assert!(text.contains(&escaped), "{text}");
    assert!(!text.contains("payments-db") && !text.contains(LLM_KEY), "{text}");
}

#[test]
fn every_task_has_a_shape_that_all_providers_take() {
    for task in TASKS.iter() {
        Schema::new("task", task.schema.clone()).check().unwrap();
    }
}
