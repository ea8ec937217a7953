//! Containments over the API: tried, agreed to, carried out once, undone; and every way in which
//! that must not happen.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use quell_govern::{Person, Standing};
use quell_model::Clock as _;
use quell_pipeline::contain::{Begun, begin};
use quell_pipeline::govern::Ruling;
use quell_server::Role;
use quell_testkit::contain::KubernetesDouble;
use quell_testkit::double::Double;
use quell_testkit::server::{Answer, Client, Request};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::bench::{Bench, lines, runtime, until};

const RULES: &str = "[[rule]]\nid = \"contain\"\nphase = \"assist\"\nkinds = [\"contain.*\"]\n";

/// A cluster, and a server that may contain there.
struct Rig {
    kube: Arc<KubernetesDouble>,
    double: Double,
    folder: tempfile::TempDir,
    bench: Bench,
    _runtime: Runtime,
}

impl Rig {
    fn new(rules: &str, more: &str) -> Self {
        let runtime = runtime();
        let kube = Arc::<KubernetesDouble>::default();
        let double = runtime.block_on(Double::start(kube.clone())).unwrap();
        kube.put_pod("web-0", &json!({"app": "web"}), &json!({}));
        for name in ["web", "api", "jobs"] {
            kube.put_workload("deployments", name, 3);
        }
        let folder = tempfile::tempdir().unwrap();
        let (policies, token) = (folder.path().join("policies"), folder.path().join("token"));
        let file = folder.path().join("rules.toml");
        std::fs::create_dir(&policies).unwrap();
        std::fs::write(&token, KubernetesDouble::base_token()).unwrap();
        std::fs::write(&file, rules).unwrap();
        let text = format!(
            "[approvals]\nrules = {:?}\n\n[access]\npolicies = {:?}\n\n[egress]\n\
             allow = [\"http://127.0.0.1\"]\n\n[containment.cluster]\nkind = \"kubernetes\"\n\
             target = \"prod\"\nenvironment = \"production\"\nurl = \"{}\"\n\
             secret = \"file:{}\"\nacts_as = \"quell/contain\"\n{more}\n",
            file.display().to_string(),
            policies.display().to_string(),
            double.url(),
            token.display(),
        );
        let bench = Bench::with(&[], &text);
        Self { kube, double, folder, bench, _runtime: runtime }
    }

    fn client(&self, role: Role) -> Client {
        self.bench.client(role, "default")
    }

    fn policy(&self, text: &str) {
        std::fs::write(self.folder.path().join("policies/own.cedar"), text).unwrap();
    }

    fn ask(&self, action: &Value) -> Value {
        let asked = post(&self.client(Role::Engineer), "/api/v1/containment", &wish(action));
        assert_eq!(asked.status, 200, "{}", asked.text());
        asked.json()
    }

    fn show(&self, id: &str) -> Value {
        self.bench.get(&format!("/api/v1/containment/{id}")).json()
    }

    fn until_stage(&self, id: &str, stage: &str) -> Value {
        let mut told = Value::Null;
        until(&format!("it is {stage}"), || {
            told = self.show(id);
            let is_over = ["failed", "not_back", "dropped", "contained", "undone"];
            let now = text(&told["stage"]);
            assert!(now == stage || !is_over.contains(&now) || waits(now, stage), "{told}");
            now == stage
        });
        told
    }

    fn approve(&self, asked: &Value, by: &Client) -> Answer {
        let plan = &asked["containment"]["plan"];
        let yes = json!({"word": "approve", "hash": plan["hash"]});
        post(by, &format!("/api/v1/approvals/{}", text(&plan["id"])), &yes)
    }

    fn rollback(&self, id: &str, by: &Client) -> Answer {
        let why = json!({"reason": "it was a test"});
        post(by, &format!("/api/v1/containment/{id}/rollback"), &why)
    }

    fn replicas(&self, name: &str) -> Option<u64> {
        self.kube.replicas("deployments", name)
    }

    /// How often a workload was really to be changed.
    fn patches(&self, name: &str) -> usize {
        let seen = self.double.ledger.of(&format!("{name}/scale"));
        seen.iter()
            .filter(|one| one.what.starts_with("PATCH") && !one.what.contains("dryRun"))
            .count()
    }

    fn pass(&self, seconds: i64) {
        self.bench.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

fn post(client: &Client, path: &str, body: &Value) -> Answer {
    let request = Request::post(path, body.to_string()).with("content-type", "application/json");
    client.send(&request).unwrap()
}

/// Whether one that came to an end may go on by itself to a stage.
fn waits(now: &str, stage: &str) -> bool {
    (now == "contained" || now == "not_back") && ["undone", "not_back", "undoing"].contains(&stage)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn wish(action: &Value) -> Value {
    json!({"action": action})
}

fn scale(name: &str) -> Value {
    json!({
        "do": "scale_to_zero", "cluster": "prod", "namespace": "shop",
        "workload": "deployment", "name": name,
    })
}

fn isolate() -> Value {
    json!({"do": "isolate_pod", "cluster": "prod", "namespace": "shop", "pod": "web-0"})
}

#[test]
fn what_was_agreed_to_is_done_once_and_undone_by_who_may() {
    let rig = Rig::new(RULES, "");
    assert_eq!(rig.bench.post("/api/v1/imports?wait=true", lines("contain", 3)).status, 200);
    let incident = rig.bench.get("/api/v1/incidents").json()["items"][0]["id"].clone();
    let wished = json!({"action": scale("web"), "incident": incident});
    let asked = post(&rig.client(Role::Engineer), "/api/v1/containment", &wished).json();
    assert_eq!(asked["verdict"]["outcome"], "waits", "{asked}");
    // The cluster itself tried it, and what it would be sent is what people agree to.
    assert_eq!(asked["tried"]["judge"], "platform");
    assert!(text(&asked["tried"]["requests"][0]["call"]).starts_with("PATCH "), "{asked}");
    assert!(text(&asked["containment"]["plan"]["diff"]).contains("-replicas: 3\n+replicas: 0"));
    assert_eq!(asked["containment"]["incident"], incident);
    assert_eq!(rig.patches("web"), 0);
    let id = text(&asked["containment"]["id"]).to_owned();
    // Who asks does not agree, and others have not the right.
    assert_eq!(rig.approve(&asked, &rig.client(Role::Engineer)).status, 422);
    assert_eq!(rig.rollback(&id, &rig.client(Role::Admin)).status, 409);
    let approver = rig.client(Role::Approver);
    assert_eq!(rig.approve(&asked, &approver).status, 200);
    let told = rig.until_stage(&id, "contained");
    assert_eq!((rig.replicas("web"), rig.patches("web")), (Some(0), 1));
    assert_eq!(told["plan"]["approvals"]["stand"], "executed");
    assert!(text(&told["way_back"][0]["call"]).starts_with("PATCH "), "{told}");
    assert_eq!(rig.approve(&asked, &rig.client(Role::Admin)).status, 422);
    for role in [Role::Viewer, Role::Analyst, Role::Engineer, Role::Auditor, Role::Importer] {
        assert_eq!(rig.rollback(&id, &rig.client(role)).status, 403, "{role:?}");
    }
    assert_eq!(rig.rollback(&id, &approver).status, 200);
    rig.until_stage(&id, "undone");
    assert_eq!((rig.replicas("web"), rig.patches("web")), (Some(3), 2));
    assert_eq!(rig.rollback(&id, &approver).status, 409);
    let log = rig.bench.get("/api/v1/audit?limit=500").text();
    for word in ["containment.ask", "plan.execute", "containment.act", "containment.undo"] {
        assert!(log.contains(word), "{word}");
    }
    assert!(!log.contains(KubernetesDouble::base_token()));
    assert_eq!(rig.kube.wrong(), Vec::<String>::new());
}

#[test]
fn what_rules_refuse_is_not_even_looked_at() {
    let observed = RULES.replace("assist", "observe");
    for rules in ["", observed.as_str()] {
        let rig = Rig::new(rules, "");
        let asked = rig.ask(&scale("web"));
        assert_eq!(asked["verdict"]["outcome"], "refused", "{asked}");
        assert!(asked["containment"].is_null() && asked["tried"].is_null());
        assert_eq!(rig.double.ledger.count(), 0);
    }
    // No condition lets one run by itself.
    let rig = Rig::new(&RULES.replace("assist", "conditional"), "");
    assert_eq!(rig.ask(&scale("web"))["verdict"]["outcome"], "waits");
}

#[test]
fn a_dry_run_keeps_nothing_and_changes_nothing() {
    let rig = Rig::new(RULES, "");
    let engineer = rig.client(Role::Engineer);
    let tried = json!({"action": scale("web"), "dry_run": true});
    let asked = post(&engineer, "/api/v1/containment", &tried).json();
    assert!(asked["tried"].is_object() && asked["containment"].is_null(), "{asked}");
    assert_eq!(rig.bench.get("/api/v1/containment").json()["total"], 0);
    assert_eq!(rig.replicas("web"), Some(3));
    // What an admission webhook denies shows now; so does a workload that is not there.
    rig.kube.deny(Some("not on a Friday"));
    let denied = post(&engineer, "/api/v1/containment", &tried);
    assert_eq!(denied.status, 502, "{}", denied.text());
    assert!(denied.text().contains("not on a Friday"), "{}", denied.text());
    rig.kube.deny(None);
    let nobody = json!({"action": scale("nobody")});
    assert_eq!(post(&engineer, "/api/v1/containment", &nobody).status, 422);
    for wrong in [
        json!({"do": "run", "command": "rm"}),
        json!({"do": "scale_to_zero", "cluster": "prod", "namespace": "a/b", "workload": "deployment", "name": "x"}),
        json!({"do": "isolate_pod", "cluster": "prod", "namespace": "shop", "pod": "web-0", "more": 1}),
    ] {
        let refused = post(&engineer, "/api/v1/containment", &wish(&wrong));
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text());
    }
    let twice = rig.ask(&scale("web"));
    assert_eq!(twice["containment"]["stage"], "asked");
    let again = post(&engineer, "/api/v1/containment", &wish(&scale("web")));
    assert_eq!(again.status, 422);
    assert!(again.text().contains("asked for already"), "{}", again.text());
}

#[test]
fn a_target_that_changed_voids_what_was_agreed_to() {
    let rig = Rig::new(RULES, "");
    let asked = rig.ask(&scale("web"));
    rig.kube.set_replicas("deployments", "web", 5);
    assert_eq!(rig.approve(&asked, &rig.client(Role::Approver)).status, 200);
    let told = rig.until_stage(text(&asked["containment"]["id"]), "dropped");
    assert_eq!(told["plan"]["approvals"]["stand"], "void", "{told}");
    assert_eq!((rig.replicas("web"), rig.patches("web")), (Some(5), 0));
}

#[test]
fn a_plan_whose_time_is_over_is_not_carried_out() {
    let rig = Rig::new(RULES, "");
    let asked = rig.ask(&scale("web"));
    rig.pass(73 * 3600);
    assert_eq!(rig.approve(&asked, &rig.client(Role::Approver)).status, 422);
    rig.until_stage(text(&asked["containment"]["id"]), "dropped");
    assert_eq!(rig.patches("web"), 0);
}

#[test]
fn a_right_that_was_taken_away_counts_when_it_is_carried_out_and_undone() {
    let two = format!("{RULES}quorum = {{ people = 2 }}\n");
    let mut rig = Rig::new(&two, "");
    let asked = rig.ask(&scale("web"));
    let id = text(&asked["containment"]["id"]).to_owned();
    assert_eq!(rig.approve(&asked, &rig.client(Role::Approver)).status, 200);
    rig.bench.stop();
    let forbid = |right: &str| {
        format!(
            "forbid (principal in Quell::Role::\"approver\", action == Quell::Action::\"{right}\",\n\
             resource is Quell::Place) when {{ resource.account == \"prod\" && resource.provider == \"kubernetes\" }};\n"
        )
    };
    rig.policy(&forbid("approve"));
    rig.bench.start().unwrap();
    assert_eq!(rig.approve(&asked, &rig.client(Role::Admin)).status, 200);
    let told = rig.show(&id);
    assert_eq!(told["plan"]["blocked"], "1 of 2 people agree who may now", "{told}");
    // Another one is done meanwhile, so the first had its turn.
    assert_eq!(rig.approve(&asked, &rig.client(Role::Approver)).status, 422);
    assert_eq!((rig.show(&id)["stage"].clone(), rig.patches("web")), (json!("asked"), 0));
    assert_eq!(rig.approve(&asked, &rig.client(Role::Admin)).status, 200);
    rig.until_stage(&id, "contained");
    rig.bench.stop();
    rig.policy(&forbid("roll_back"));
    rig.bench.start().unwrap();
    assert_eq!(rig.rollback(&id, &rig.client(Role::Approver)).status, 403);
    assert_eq!(rig.rollback(&id, &rig.client(Role::Admin)).status, 200);
    rig.until_stage(&id, "undone");
}

/// Leaves a containment as a kill leaves it between its row and its call.
fn begin_and_die(rig: &Rig, id: &str) {
    let mut store = quell_store::Store::open(rig.bench.data()).unwrap();
    let row = store.containment_get(id).unwrap().unwrap();
    let (plan, _) = store.plan_get(id).unwrap().unwrap();
    let ruling = Ruling {
        rules: quell_govern::phase::Rules::parse(RULES).unwrap().all,
        plan_hours: 72,
        most_per_hour: 20,
        ..Ruling::default()
    };
    let known = |_: &Person, _: &quell_govern::approval::Plan| {
        Some(Standing { role: "approver".to_owned(), active: true, approves: true })
    };
    let now = rig.bench.clock.now();
    let begun = begin(&mut store, &ruling, (&row, &plan.before), (now, &known)).unwrap();
    assert!(matches!(begun, Begun::Now(..)), "{begun:?}");
}

#[test]
fn a_crash_between_row_and_call_is_looked_at_before_anything_is_done_again() {
    // One an hour: the others were agreed to and wait for their turn when the server dies.
    let mut rig = Rig::new(RULES, "most_per_hour = 1\n");
    let approver = rig.client(Role::Approver);
    let first = rig.ask(&scale("web"));
    assert_eq!(rig.approve(&first, &approver).status, 200);
    rig.until_stage(text(&first["containment"]["id"]), "contained");
    let asked = ["api", "jobs"].map(|name| rig.ask(&scale(name)));
    let [api, jobs] = asked.each_ref().map(|one| text(&one["containment"]["id"]).to_owned());
    for one in &asked {
        assert_eq!(rig.approve(one, &approver).status, 200);
    }
    until("both are ready", || rig.show(&api)["plan"]["ready"] == true);
    assert_eq!((rig.patches("api"), rig.patches("jobs")), (0, 0));
    rig.bench.stop();
    begin_and_die(&rig, &api);
    begin_and_die(&rig, &jobs);
    // Of one the call arrived, of the other nothing did.
    rig.kube.set_replicas("deployments", "jobs", 0);
    rig.bench.start().unwrap();
    rig.until_stage(&api, "doubt");
    rig.pass(31);
    rig.until_stage(&jobs, "contained");
    assert_eq!(rig.patches("jobs"), 0);
    // It waits for its turn again, and everything is asked again.
    let told = rig.until_stage(&api, "asked");
    assert_eq!(told["plan"]["approvals"]["stand"], "open", "{told}");
    rig.pass(3600);
    rig.until_stage(&api, "contained");
    assert_eq!((rig.replicas("api"), rig.patches("api")), (Some(0), 1));
    assert_eq!(rig.rollback(&jobs, &rig.client(Role::Approver)).status, 200);
    rig.until_stage(&jobs, "undone");
    assert_eq!(rig.replicas("jobs"), Some(3));
}

#[test]
fn one_that_fails_holds_back_what_comes_after_it_until_a_person_lets_it_go() {
    let mut rig = Rig::new(RULES, "most_per_hour = 1\n");
    let approver = rig.client(Role::Approver);
    let first = rig.ask(&scale("web"));
    rig.approve(&first, &approver);
    rig.until_stage(text(&first["containment"]["id"]), "contained");
    let asked = ["api", "jobs"].map(|name| rig.ask(&scale(name)));
    let ids = asked.each_ref().map(|one| text(&one["containment"]["id"]).to_owned());
    asked.iter().for_each(|one| assert_eq!(rig.approve(one, &approver).status, 200));
    rig.bench.stop();
    rig.kube.forbid("patch deployments/scale");
    rig.pass(3601);
    rig.bench.start().unwrap();
    until("one failed", || ids.iter().any(|id| rig.show(id)["stage"] == "failed"));
    let failed = ids.iter().find(|id| rig.show(id)["stage"] == "failed").unwrap();
    let other = ids.iter().find(|id| *id != failed).unwrap();
    let told = rig.show(failed);
    assert!(text(&told["said"]).contains("patch deployments/scale"), "{told}");
    assert_eq!(told["plan"]["approvals"]["stand"], "void");
    rig.until_stage(other, "held_back");
    rig.kube.forbid("");
    let retry =
        |client: &Client| post(client, &format!("/api/v1/containment/{other}/retry"), &json!({}));
    assert_eq!(retry(&rig.client(Role::Engineer)).status, 403);
    assert_eq!(retry(&rig.client(Role::Approver)).status, 200);
    // What failed counts under the cap, too.
    rig.pass(3601);
    rig.until_stage(other, "contained");
}

#[test]
fn a_way_back_that_fails_halfway_is_not_called_one_and_goes_on_later() {
    let rig = Rig::new(RULES, "");
    let approver = rig.client(Role::Approver);
    let asked = rig.ask(&isolate());
    let id = text(&asked["containment"]["id"]).to_owned();
    rig.approve(&asked, &approver);
    rig.until_stage(&id, "contained");
    assert_eq!(rig.kube.policies().len(), 1);
    rig.kube.forbid("delete networkpolicies");
    assert_eq!(rig.rollback(&id, &approver).status, 200);
    let told = rig.until_stage(&id, "not_back");
    assert!(text(&told["said"]).contains("not rolled back"), "{told}");
    assert_eq!(rig.kube.policies().len(), 1);
    rig.kube.forbid("");
    assert_eq!(rig.rollback(&id, &approver).status, 200);
    rig.until_stage(&id, "undone");
    assert_eq!(rig.kube.policies().len(), 0);
}

#[test]
fn an_answer_that_is_lost_is_looked_for_and_nothing_is_sent_twice() {
    let rig = Rig::new(RULES, "");
    let asked = rig.ask(&scale("web"));
    let id = text(&asked["containment"]["id"]).to_owned();
    let lost = quell_testkit::double::Fault::Lost;
    rig.double.script.add("web/scale?fieldManager", 1, lost);
    rig.approve(&asked, &rig.client(Role::Approver));
    rig.until_stage(&id, "contained");
    assert_eq!(rig.replicas("web"), Some(0));
}

#[test]
fn another_tenant_contains_nothing_here_and_sees_nothing() {
    let rig = Rig::new(RULES, "");
    let foreign = rig.bench.client(Role::Admin, "foreign");
    let refused = post(&foreign, "/api/v1/containment", &wish(&scale("web")));
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("no `[containment.NAME]` of this tenant"));
    let asked = rig.ask(&scale("web"));
    let id = text(&asked["containment"]["id"]).to_owned();
    let path = format!("/api/v1/containment/{id}");
    assert_eq!(foreign.send(&Request::get(&path)).unwrap().status, 404);
    assert_eq!(rig.approve(&asked, &foreign).status, 404);
    assert_eq!(rig.rollback(&id, &foreign).status, 404);
    // A login of another account, and of another platform, is none of this tenant's either.
    for action in [
        json!({"do": "scale_to_zero", "cluster": "test", "namespace": "shop", "workload": "deployment", "name": "web"}),
        json!({"do": "block_bucket", "account": "111122223333", "region": "eu-west-1", "bucket": "logs"}),
    ] {
        let engineer = rig.client(Role::Engineer);
        assert_eq!(post(&engineer, "/api/v1/containment", &wish(&action)).status, 422);
    }
    let limited = rig.bench.limited(Role::Approver, "default", &["account=prod"]);
    assert_eq!(post(&limited, "/api/v1/containment", &wish(&scale("api"))).status, 403);
    assert_eq!(rig.replicas("web"), Some(3));
}
