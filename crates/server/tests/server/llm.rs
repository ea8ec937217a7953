//! Language models over the API: what they cost, and what may leave for them.

use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use quell_model::{Clock, TenantId};
use quell_server::Role;
use quell_store::{Reserved, ServerStore, SpendAsk, SpendLimits, SpendMost, SpendUsed};
use quell_testkit::server::{Answer, Client, Request};
use serde_json::{Value, json};

use crate::bench::Bench;

const LIMITS: &str = "\n[analyst]\ntokens_a_day = 1000\nmoney_a_day = '2'\ntokens_a_user = 500\n";

fn post(client: &Client, body: &Value) -> Answer {
    let request = Request::post("/api/v1/llm/grants", body.to_string());
    client.send(&request.with("content-type", "application/json")).unwrap()
}

/// The newest records of an action.
fn records(bench: &Bench, action: &str) -> Vec<Value> {
    let page = bench.get(&format!("/api/v1/audit?limit=100&action={action}")).json();
    page["items"].as_array().unwrap().clone()
}

#[test]
fn what_was_spent_is_told_to_its_tenant_with_what_is_left() {
    let bench = Bench::with(&[], LIMITS);
    let tenant = TenantId::default();
    let mut store = ServerStore::open(bench.data()).unwrap();
    let most = SpendMost { tokens: 1_000, money: 2_000_000 };
    let limits = SpendLimits { tenant_day: most, user_day: most, incident: most };
    let reserve = |store: &mut ServerStore, task: &str, tokens: u64| {
        let (provider, model, money) = ("claude", "claude-haiku-5-5", Some(tokens * 1_000));
        let (user, incident, tenant) = (Some("ana"), None, &tenant);
        let ask = SpendAsk { tenant, user, incident, task, provider, model, tokens, money };
        store.spend_reserve(&ask, &limits, bench.clock.now()).unwrap()
    };
    let Reserved::Yes(one) = reserve(&mut store, "incident", 400) else { panic!("refused") };
    let used = SpendUsed { input: 200, output: 40, money: Some(1_500), ..SpendUsed::default() };
    assert!(store.spend_settle(one, &used).unwrap());
    assert!(matches!(reserve(&mut store, "fix", 300), Reserved::Yes(_)));
    assert!(matches!(reserve(&mut store, "fix", 900), Reserved::No(_)));

    let told = bench.get("/api/v1/llm/spend?by=task&days=1").json();
    assert_eq!(told["tenant"]["tokens"], json!({"limit": 1000, "used": 540, "left": 460}));
    assert_eq!(
        told["tenant"]["money"],
        json!({"limit": 2_000_000, "used": 301_500, "left": 1_698_500})
    );
    assert_eq!(told["user"]["tokens"], json!({"limit": 500, "used": 0, "left": 500}));
    assert_eq!(told["under_way"], json!({"calls": 1, "tokens": 300, "money": 300_000}));
    let names: Vec<&Value> =
        told["items"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["incident", "fix"]);
    assert_eq!((&told["total"]["calls"], &told["total"]["refused_calls"]), (&json!(1), &json!(1)));
    let other = bench.client(Role::Viewer, "other").send(&Request::get("/api/v1/llm/spend"));
    assert_eq!(other.unwrap().json()["total"]["calls"], 0);
    for wrong in ["days=0", "days=401", "days=x", "by=colour", "other=1"] {
        assert_eq!(bench.get(&format!("/api/v1/llm/spend?{wrong}")).status, 400, "{wrong}");
    }
    let narrow = bench.limited(Role::Admin, "default", &["account=111122223333"]);
    assert_eq!(narrow.send(&Request::get("/api/v1/llm/spend")).unwrap().status, 403);

    // What has no end is given up within the hour after two, and counts on.
    bench.clock.0.fetch_add(3 * 3_600, Ordering::SeqCst);
    crate::bench::until("the call is given up", || {
        let told = bench.get("/api/v1/llm/spend?days=2").json();
        told["total"]["unended_calls"] == 1 && told["under_way"]["calls"] == 0
    });
    let told = bench.get("/api/v1/llm/spend?days=2").json();
    assert_eq!(
        (&told["total"]["tokens"], &told["total"]["lost_tokens"]),
        (&json!(540), &json!(300))
    );
}

#[test]
fn a_grant_is_made_by_an_admin_noted_and_ends() {
    let bench = Bench::new();
    let day = |days: i64| {
        let at = bench.clock.now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
        at.strftime("%Y-%m-%d").to_string()
    };
    let plan = json!({"what": ["names", "addresses"], "task": "incident",
        "reason": "Ana's runbook", "until": day(10)});
    let made = post(&bench.admin, &plan);
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    assert_eq!((&made["holds"], &made["what"]), (&json!(true), &json!(["addresses", "names"])));
    let auditor = bench.client(Role::Auditor, "default");
    let listed = auditor.send(&Request::get("/api/v1/llm/grants")).unwrap().json();
    assert_eq!(listed["items"], json!([made]));
    let other = bench.client(Role::Admin, "other");
    let theirs = other.send(&Request::get("/api/v1/llm/grants")).unwrap().json();
    assert_eq!(theirs["items"], json!([]));
    let path = format!("/api/v1/llm/grants/{}", made["id"]);
    assert_eq!(other.send(&Request::new("DELETE", &path)).unwrap().status, 404);

    let begun = records(&bench, "grant.create");
    let begun = begun.iter().find(|record| record["stage"] == "begun").unwrap();
    assert_eq!((&begun["what"], &begun["task"]), (&json!("names+addresses"), &json!("incident")));
    assert_eq!(begun["until"], plan["until"]);
    assert!(!begun.to_string().contains("runbook"), "{begun}");
    let ended = records(&bench, "grant.create");
    let ended = ended.iter().find(|record| record["stage"] == "ended").unwrap();
    assert_eq!(ended["objects"]["grant"], json!([made["id"].to_string()]));

    for (key, value) in [
        ("until", json!(day(92))),
        ("until", json!(day(-2))),
        ("until", json!("soon")),
        ("reason", json!(" ")),
        ("what", json!([])),
        ("what", json!(["secrets"])),
        ("task", json!("nosuch")),
    ] {
        let mut wrong = plan.clone();
        wrong[key] = value;
        assert_eq!(post(&bench.admin, &wrong).status, 422, "{wrong}");
    }
    for role in [Role::Auditor, Role::Approver, Role::Engineer] {
        assert_eq!(post(&bench.client(role, "default"), &plan).status, 403);
    }

    let taken = bench.admin.send(&Request::new("DELETE", &path)).unwrap();
    assert_eq!((taken.status, &taken.json()["holds"]), (200, &json!(false)));
    assert_eq!(bench.admin.send(&Request::new("DELETE", &path)).unwrap().status, 404);
    assert!(!records(&bench, "grant.revoke").is_empty());
    assert_eq!(post(&bench.admin, &plan).status, 200);
    bench.clock.0.fetch_add(11 * 86_400, Ordering::SeqCst);
    let listed = bench.get("/api/v1/llm/grants").json();
    let holds: Vec<&Value> =
        listed["items"].as_array().unwrap().iter().map(|one| &one["holds"]).collect();
    assert_eq!(holds, [&json!(false), &json!(false)], "one has ended, one was taken back");
}
