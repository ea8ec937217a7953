//! Plans over the API: asked for by one, agreed to by another, void when anything changes.

use std::sync::atomic::Ordering;

use quell_model::{Clock as _, TenantId};
use quell_server::Role;
use quell_testkit::server::{Answer, Client, Request};
use serde_json::{Value, json};

use crate::bench::{Bench, lines, until};

fn post(client: &Client, path: &str, body: &Value) -> Answer {
    let request = Request::post(path, body.to_string()).with("content-type", "application/json");
    client.send(&request).unwrap()
}

/// A server with rules that have a person release each patch.
fn bench(folder: &std::path::Path, rules: &str) -> Bench {
    let path = folder.join("rules.toml");
    std::fs::write(&path, rules).unwrap();
    Bench::with(&[], &format!("[approvals]\nrules = {:?}\n", path.display().to_string()))
}

const ASSIST: &str = "[[rule]]\nid = \"all\"\nphase = \"assist\"\nkinds = [\"fix.*\"]\n";

/// A fix in the store, as `quell fix` would keep it.
pub(crate) fn keep_fix(bench: &Bench, diff: &str) {
    let issue = bench.get("/api/v1/issues?status=open").json()["items"][0]["id"].clone();
    let fix: quell_model::Fix = serde_json::from_value(json!({
        "id": "f1", "control": "aws.s3.bucket_public", "recipe": "set_attributes",
        "title": "close the\u{202e} bucket", "closes": [issue], "state": {"state": "proved"},
        "safety": "needs_approval", "file": "main.tf", "address": "aws_s3_bucket.logs",
        "diff": diff, "proof": [], "may_break": [],
    }))
    .unwrap();
    let mut store = quell_store::Store::open(bench.data()).unwrap();
    quell_pipeline::query::keep_fixes(&mut store, &[fix]).unwrap();
}

#[test]
fn a_plan_waits_for_another_person_and_any_change_voids_it() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path(), ASSIST);
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("plans", 3)).status, 200);
    keep_fix(&bench, "-a\n+b\n");
    let client = |role| bench.client(role, "default");
    let (engineer, approver) = (client(Role::Engineer), client(Role::Approver));
    let asked = post(&engineer, "/api/v1/approvals", &json!({"fix": "f1"})).json();
    assert_eq!(asked["verdict"]["outcome"], "waits", "{asked}");
    let plan = &asked["plan"];
    assert_eq!(plan["title"], "close the\\u{202e} bucket");
    assert_eq!(plan["ready"], false);
    let path = format!("/api/v1/approvals/{}", plan["id"].as_str().unwrap());
    // Looking does nothing.
    assert_eq!(bench.get(&path).json()["approvals"]["votes"], json!([]));
    let yes = json!({"word": "approve", "hash": plan["hash"]});
    assert_eq!(post(&engineer, &path, &yes).status, 422);
    let wrong = json!({"word": "approve", "hash": "0".repeat(64)});
    assert_eq!(post(&approver, &path, &wrong).status, 422);
    assert_eq!(post(&client(Role::Analyst), &path, &yes).status, 422);
    let said = post(&approver, &path, &yes);
    assert_eq!((said.status, &said.json()["ready"]), (200, &json!(true)), "{}", said.text());
    assert_eq!(post(&approver, &path, &yes).status, 422);
    let approve = || bench.get("/api/v1/service-levels").json()["incidents"]["approve"].clone();
    until("its incident knows", || approve()["incidents"].as_u64() == Some(1));
    // Another form of the fix is another plan.
    keep_fix(&bench, "-a\n+c\n");
    let changed = bench.get(&path).json();
    assert_eq!(changed["ready"], false, "{changed}");
    assert_eq!(post(&client(Role::Admin), &path, &yes).status, 422);
    assert_eq!(bench.get(&path).json()["approvals"]["stand"], "void");
}

#[test]
fn without_rules_nothing_is_asked_for_and_rules_say_why() {
    let bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("plans", 3)).status, 200);
    keep_fix(&bench, "-a\n+b\n");
    let engineer = bench.client(Role::Engineer, "default");
    let asked = post(&engineer, "/api/v1/approvals", &json!({"fix": "f1"})).json();
    assert_eq!(asked["verdict"]["outcome"], "refused", "{asked}");
    assert!(asked["plan"].is_null());
    let told = bench.get("/api/v1/policy/explain?fix=f1").json();
    assert_eq!(told["because"], json!(["no rule is about it, so it is only observed"]));
    let unproved = bench.get("/api/v1/policy/explain?kind=fix.patch&facts=safe").json();
    assert_eq!(unproved["outcome"], "refused");
}

#[test]
fn admins_stand_behind_the_bytes_of_a_rule() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path(), ASSIST);
    let back = |role: Role| {
        let client = bench.client(role, "default");
        post(&client, "/api/v1/policy/rules/all/back", &json!({}))
    };
    assert_eq!(back(Role::Approver).status, 403);
    assert_eq!(back(Role::Admin).json()["backers"].as_array().unwrap().len(), 1);
    assert_eq!(back(Role::Admin).json()["backers"].as_array().unwrap().len(), 2);
    let backers = || {
        let rules = bench.get("/api/v1/policy/rules").json();
        let ids = rules["items"][0]["backers"].as_array().unwrap().clone();
        ids.into_iter().map(|id| id.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Who may not any more stands behind nothing.
    let mut store = quell_store::ServerStore::open(bench.data()).unwrap();
    let (gone, now) = (backers().pop().unwrap(), bench.clock.now());
    assert!(store.token_revoke(&TenantId::default(), &gone, now).unwrap());
    assert!(backers().len() == 1 && !backers().contains(&gone));
    let path = folder.path().join("rules.toml");
    std::fs::write(&path, ASSIST.replace("fix.*", "fix.patch")).unwrap();
    assert!(backers().is_empty());
}

#[test]
fn glass_is_broken_by_admins_and_looked_at_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path(), ASSIST);
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("plans", 3)).status, 200);
    keep_fix(&bench, "-a\n+b\n");
    let client = |role| bench.client(role, "default");
    let admin = client(Role::Admin);
    let asked = post(&admin, "/api/v1/approvals", &json!({"fix": "f1"})).json();
    let path = format!("/api/v1/approvals/{}", asked["plan"]["id"].as_str().unwrap());
    let hash = &asked["plan"]["hash"];
    let glass = |note: &str| json!({"word": "break_glass", "hash": hash, "note": note});
    assert_eq!(post(&client(Role::Approver), &path, &glass("a fire")).status, 422);
    assert_eq!(post(&admin, &path, &glass("")).status, 422);
    // What rules refuse by now is not only waited for.
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, ASSIST.replace("assist", "observe")).unwrap();
    let refused = post(&admin, &path, &glass("a fire"));
    assert_eq!(refused.status, 422, "{}", refused.text());
    let said = "the rules that hold now refuse it; `quell policy explain` tells why";
    assert!(refused.text().contains(said), "{}", refused.text());
    assert_eq!(bench.get(&path).json()["blocked"], said);
    std::fs::write(&rules, ASSIST).unwrap();
    assert_eq!(post(&admin, &path, &glass("a fire")).json()["ready"], true);
    let review = json!({"word": "review"});
    assert_eq!(post(&admin, &path, &review).status, 422);
    let looked = post(&client(Role::Approver), &path, &review).json();
    assert!(looked["approvals"]["glass"]["reviewed_by"].is_object(), "{looked}");
}

#[test]
fn a_policy_that_forbids_to_approve_counts_when_people_vote_and_when_it_is_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, policies) = (folder.path().join("rules.toml"), folder.path().join("policies"));
    std::fs::write(&rules, ASSIST).unwrap();
    std::fs::create_dir(&policies).unwrap();
    let policy = |account: &str| {
        let text = format!(
            "forbid (principal in Quell::Role::\"approver\", action == Quell::Action::\"approve\",\n\
             resource is Quell::Place) when {{ resource.account == \"{account}\" }};\n"
        );
        std::fs::write(policies.join("own.cedar"), text).unwrap();
    };
    policy("999999999999");
    let more = format!(
        "[approvals]\nrules = {:?}\n\n[access]\npolicies = {:?}\n",
        rules.display().to_string(),
        policies.display().to_string()
    );
    let mut bench = Bench::with(&[], &more);
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("plans", 3)).status, 200);
    keep_fix(&bench, "-a\n+b\n");
    let engineer = bench.client(Role::Engineer, "default");
    let asked = post(&engineer, "/api/v1/approvals", &json!({"fix": "f1"})).json();
    let path = format!("/api/v1/approvals/{}", asked["plan"]["id"].as_str().unwrap());
    let yes = json!({"word": "approve", "hash": asked["plan"]["hash"]});
    let said = post(&bench.client(Role::Approver, "default"), &path, &yes);
    assert_eq!((said.status, &said.json()["ready"]), (200, &json!(true)), "{}", said.text());
    bench.stop();
    // Where the findings are.
    policy("111122223333");
    bench.start().unwrap();
    let held = bench.get(&path).json();
    assert_eq!(held["ready"], false, "{held}");
    assert_eq!(held["blocked"], "0 of 1 people agree who may now");
    let refused = post(&bench.client(Role::Approver, "default"), &path, &yes);
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("may not approve"), "{}", refused.text());
    let said = post(&bench.client(Role::Admin, "default"), &path, &yes);
    assert_eq!((said.status, &said.json()["ready"]), (200, &json!(true)), "{}", said.text());
}

#[test]
fn one_person_agrees_to_so_many_plans_in_an_hour_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, ASSIST).unwrap();
    let rules = rules.display().to_string();
    let bench = Bench::with(&[], &format!("[approvals]\nrules = {rules:?}\nmost_per_hour = 2\n"));
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("plans", 3)).status, 200);
    let client = |role| bench.client(role, "default");
    let (engineer, approver) = (client(Role::Engineer), client(Role::Approver));
    // Another form of the fix is another plan each time.
    let agree = |number: u32, who: &Client, word: &str| {
        keep_fix(&bench, &format!("-a\n+{number}\n"));
        let asked = post(&engineer, "/api/v1/approvals", &json!({"fix": "f1"})).json();
        let path = format!("/api/v1/approvals/{}", asked["plan"]["id"].as_str().unwrap());
        let saying = json!({"word": word, "hash": asked["plan"]["hash"], "note": "looked"});
        post(who, &path, &saying)
    };
    for number in 0..2 {
        assert_eq!(agree(number, &approver, "approve").status, 200);
    }
    let third = agree(2, &approver, "approve");
    assert_eq!(third.status, 422, "{}", third.text());
    assert!(third.text().contains("2 plans within an hour"), "{}", third.text());
    // A no is no yes, and another person has an hour of their own.
    assert_eq!(agree(3, &approver, "refuse").status, 200);
    assert_eq!(agree(4, &client(Role::Approver), "approve").status, 200);
    bench.clock.0.fetch_add(3601, Ordering::SeqCst);
    assert_eq!(agree(5, &approver, "approve").status, 200);
}
