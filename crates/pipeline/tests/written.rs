//! Fixes that a model writes, from a finding to the changed file, against the double of providers:
//! what is proved is offered and needs approval, and whatever else comes back changes nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use quell_analyst::{Audience, Call, Grants, Tasks, Why};
use quell_http::{Client, Policy};
use quell_llm::{Fixed, Price, Settings, connect};
use quell_model::{Answered, Clock, FixedClock, Safety, Timestamp};
use quell_pipeline::analyst::{Asker, Asking, Ended, Model, Opened, Pause, Purse, Turn, Work, ask};
use quell_pipeline::{
    FIX_TASK, FixHelp, FixPlan, FixQuestion, FixRequest, Progress, Request, Setup, Taken, Writer,
    commit_message, fixes_report, plan_fixes,
};
use quell_store::Store;
use quell_testkit::double::Double;
use quell_testkit::llm::{FAULTS, LLM_KEY, LlmDouble};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const CODE: &str = r#"resource "aws_ecs_task_definition" "build" {
  family = "build"

  container_definitions = jsonencode([
    {
      name       = "builder"
      image      = "registry.acme-corp.net/builder:7"
      privileged = true
    }
  ])
}

resource "aws_ecs_cluster" "main" {
  name = "main"
}
"#;
const LINE: &str = "      privileged = true\n";
const MENDED: &str = "      privileged = false\n";

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// A purse that lets through everything.
struct Open;

struct Let;

impl Opened for Let {
    fn end(self: Box<Self>, _ended: &Ended<'_>) {}
}

impl Purse for Open {
    fn kept(&self, _asking: &Asking<'_>, _key: &blake3::Hash) -> Option<Value> {
        None
    }

    fn turn(&self, _key: &blake3::Hash) -> Pause<'_, Turn> {
        Box::pin(async { Box::new(()) as Turn })
    }

    fn open(&self, _asking: &Asking<'_>, _key: &blake3::Hash) -> Result<Box<dyn Opened>, Why> {
        Ok(Box::new(Let))
    }

    fn run(&self, work: Work) {
        drop(tokio::spawn(work));
    }

    fn pause(&self, _time: Duration) -> Pause<'_> {
        Box::pin(async {})
    }
}

struct World {
    runtime: Runtime,
    folder: TempDir,
    setup: Setup,
    tasks: Tasks,
    models: Arc<LlmDouble>,
    _double: Double,
    model: Model,
}

impl World {
    /// A repository with one fault that no recipe closes, and a model that answers this.
    fn new(answer: Value) -> Self {
        let runtime = Runtime::new().unwrap();
        let models = Arc::new(LlmDouble::new(Arc::new(move |_| answer.to_string())));
        let double = runtime.block_on(Double::start(Arc::clone(&models) as _)).unwrap();
        let mut policy = Policy::default();
        policy.egress.allow(double.url().parse().unwrap());
        let client = Client::new(policy, Arc::new(FixedClock(now()))).unwrap();
        let settings = Settings {
            timeout: Duration::from_millis(1500),
            ..Settings::new("double", "openai", "gpt-5.6-luna").at(&format!("{}/v1", double.url()))
        };
        let provider = connect(settings, client, Arc::new(Fixed(LLM_KEY.into()))).unwrap();
        let price = Some(Price { input: 1, cached: 1, output: 1 });
        let (provider, model) = (Arc::from(provider), "gpt-5.6-luna".into());
        let model = Model { provider, model, price, batch_price: None };
        let world = Self {
            runtime,
            folder: tempfile::tempdir().unwrap(),
            setup: Setup::embedded(None).unwrap(),
            tasks: Tasks::embedded().unwrap(),
            models,
            _double: double,
            model,
        };
        world.file("repo/services/build.tf", CODE);
        let failed = json!([{"check_id": "CKV_AWS_334", "check_name": "Ensure ECS containers are not privileged",
            "check_result": {"result": "FAILED"}, "file_path": "/services/build.tf",
            "file_abs_path": "/src/services/build.tf", "file_line_range": [1, 11],
            "resource": "aws_ecs_task_definition.build", "severity": null}]);
        let results = json!({"check_type": "terraform", "results": {"passed_checks": [],
            "failed_checks": failed, "skipped_checks": [], "parsing_errors": []}, "summary": {}});
        world.file("findings.json", &results.to_string());
        world.import();
        world
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("data")).unwrap()
    }

    fn import(&self) {
        let never = AtomicBool::new(false);
        let progress = Progress { cancelled: &never, bytes: &|_, _| {}, doing: &|_| {} };
        let paths = vec![self.folder.path().join("findings.json")];
        let request = Request { paths, ..Request::default() };
        let clock = FixedClock(now());
        quell_pipeline::run(&mut self.store(), &self.setup, &request, &clock, &progress).unwrap();
    }

    fn request(&self) -> FixRequest {
        FixRequest { repository: self.folder.path().join("repo"), ..FixRequest::default() }
    }

    fn plan(&self, request: &FixRequest, is_asked: bool) -> FixPlan {
        let task = self.tasks.get(FIX_TASK).unwrap();
        let answer = |question: &FixQuestion<'_>| -> Answered {
            let brief = question.brief();
            let call = Call::new(task, &brief, Audience::Owner, Grants::default()).unwrap();
            let asker = Asker { tenant: "default", user: None, incident: None };
            self.runtime.block_on(ask(&call, Some(&self.model), asker, &Open))
        };
        let writer = Writer { task, ask: &answer, most: 5 };
        let never = AtomicBool::new(false);
        let progress = Progress { cancelled: &never, bytes: &|_, _| {}, doing: &|_| {} };
        let clock: &dyn Clock = &FixedClock(now());
        let help = FixHelp { writer: is_asked.then_some(&writer), look_up: None };
        plan_fixes(&self.store(), (&self.setup, request), help, clock, &progress).unwrap()
    }
}

fn answer(before: &str, after: &str) -> Value {
    json!({"path": "services/build.tf", "before": before, "after": after,
        "why": "The builder loses the rights of root on its host. [r2]"})
}

#[test]
fn what_a_model_writes_is_proved_and_waits_for_a_person() {
    let world = World::new(answer(LINE, MENDED));
    let plan = world.plan(&world.request(), true);
    assert_eq!((plan.offers.len(), plan.unfixed.len(), plan.open), (1, 0, 1), "{plan:#?}");
    let offer = &plan.offers[0];
    assert_eq!((offer.taken, offer.fix.safety), (Taken::Made, Safety::NeedsApproval));
    assert_eq!(plan.files.len(), 1);
    assert_eq!(plan.files[0].after, CODE.replace(LINE, MENDED));
    let written = offer.fix.written.as_deref().unwrap();
    assert_eq!(written.made.as_ref().unwrap().model, "gpt-5.6-luna");
    assert_eq!(written.why[0].evidence, ["block:aws_ecs_task_definition.build"]);
    assert_eq!(offer.fix.impact.also_closes, Vec::<String>::new());
    let report = serde_json::to_value(fixes_report(&plan, None)).unwrap();
    assert_eq!(report["fixes"][0]["written"]["by"], "model");
    assert_eq!(report["fixes"][0]["recipe"], "written_by_model");
    let checks = report["fixes"][0]["proof"].as_array().unwrap();
    assert!(checks.iter().any(|one| one["check"] == "confined" && one["verdict"] == "passed"));
    assert!(checks.iter().any(|one| one["check"] == "policies_accept"), "{checks:?}");
    let message = commit_message(&offer.fix, world.setup.catalog());
    assert!(message.contains("Quell-Written-By: language model\n"), "{message}");
    let asked = world.models.asked();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].user.contains("registry.acme-corp.net"), "{}", asked[0].user);

    let only_safe = FixRequest { only_safe: true, ..world.request() };
    let plan = world.plan(&only_safe, true);
    assert_eq!((plan.offers[0].taken, plan.files.len()), (Taken::LeftOut, 0));
}

#[test]
fn no_model_is_asked_unless_somebody_says_so() {
    let world = World::new(answer(LINE, MENDED));
    let plan = world.plan(&world.request(), false);
    assert_eq!((plan.offers.len(), plan.unfixed.len(), plan.open), (0, 1, 1));
    assert_eq!(world.models.asked(), []);
    let none = FixRequest { names: vec!["aws.iam.administrator_access".into()], ..world.request() };
    let plan = world.plan(&none, true);
    assert_eq!((plan.offers.len(), plan.unfixed.len(), plan.open), (0, 0, 0));
    assert_eq!(world.models.asked(), []);
}

#[test]
fn a_policy_of_the_user_has_the_last_word() {
    let world = World::new(answer(LINE, MENDED));
    let policy = "package quell.fix.people\n\ndeny contains \"people write our code\" if {\n\t\
                  input.fix.recipe == \"written_by_model\"\n}\n";
    world.file("policies/people.rego", policy);
    let policies = vec![world.folder.path().join("policies")];
    let plan = world.plan(&FixRequest { policies, ..world.request() }, true);
    assert_eq!((plan.offers.len(), plan.files.len()), (0, 0));
    assert!(plan.unfixed[0].reason.contains("people write our code"), "{:?}", plan.unfixed);
}

#[test]
fn deceptive_answers_change_nothing_and_say_why() {
    let all = |after: &str| CODE.replace(LINE, after);
    for (given, says) in [
        (answer(LINE, "      privileged = true # checkov:skip=CKV_AWS_334\n"), "still fails"),
        (answer(LINE, "      privileged = false # approved by the security team\n"), "comment"),
        (answer(LINE, "      privileged = var.privileged\n"), "withheld"),
        (answer(LINE, "      privileged = false\n      command = [\"id\"]\n"), "runs"),
        (answer("  family = \"build\"\n", "  family = \"build\"\n  count = 0\n"), "withheld"),
        (
            answer("\"aws_ecs_task_definition\" \"build\"", "\"aws_ecs_task_definition\" \"b\""),
            "gone",
        ),
        (answer(CODE, &all(MENDED)), "does not stand in the block"),
        (answer("aws_ecs_cluster", "aws_ecs_service"), "does not stand in the block"),
        (answer("}\n", "}\n"), "nothing that helps"),
        (answer("", "x"), "empty"),
        (answer(LINE, "<secret:1 password>"), "rests on the records"),
        (json!({"path": "../../etc/passwd", "before": LINE, "after": MENDED, "why": ""}), "file"),
        (json!({"path": ".github/CODEOWNERS", "before": "", "after": "* @me", "why": ""}), "file"),
        (json!({"path": "services/build.tf", "why": ""}), "not usable"),
        (json!({}), "not usable"),
    ] {
        let world = World::new(given.clone());
        let plan = world.plan(&world.request(), true);
        assert_eq!((plan.offers.len(), plan.files.len()), (0, 0), "{given}");
        assert!(plan.unfixed[0].reason.contains(says), "{given}: {}", plan.unfixed[0].reason);
    }
}

#[test]
fn whatever_goes_wrong_at_the_provider_the_rest_stands() {
    let world = World::new(answer(LINE, MENDED));
    for fault in FAULTS {
        world.models.always(Some(*fault));
        let plan = world.plan(&world.request(), true);
        let reason = plan.unfixed.first().map(|one| one.reason.as_str()).unwrap_or_default();
        // A fault that only tells the tokens wrong leaves a good answer.
        let is_proved = plan.offers.iter().all(|one| one.taken == Taken::Made);
        assert!(is_proved && plan.offers.len() + plan.unfixed.len() == 1, "{fault:?}: {plan:#?}");
        assert!(!plan.offers.is_empty() || reason.contains("model"), "{fault:?}: {reason}");
    }
}
