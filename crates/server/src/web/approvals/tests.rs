//! The pages as they are, byte by byte, with text that tries to be more than text.

use std::sync::Arc;

use quell_access::Role;
use quell_model::{TenantId, Timestamp, shown};
use quell_pipeline::govern::PlanTold;
use serde_json::{Value, json};

use super::page;
use crate::access::{Caller, Credential};
use crate::api::{PlanSeen, PlansAsked};

const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}<img src=x onerror=y>";

fn caller(id: &str, csrf: Option<&str>) -> Caller {
    Caller {
        tenant: TenantId::default(),
        role: Role::Approver,
        token: id.to_owned(),
        name: format!("{id} <b>\u{202e}"),
        hats: Arc::from([]),
        by: Credential::Session,
        csrf: csrf.map(str::to_owned),
    }
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A plan as the pipeline tells it: what comes from outside is written out already.
fn plan(change: impl FnOnce(&mut Value)) -> PlanTold {
    let line = |text: &str| shown(text, false);
    let mut plan = json!({
        "id": "4v8k2m9x0qtr4v8k2m9x0qtr4v", "hash": "a1".repeat(32), "kind": "fix.patch",
        "title": line(&format!("close {HOSTILE}")), "target": line(&format!("main.tf {HOSTILE}")),
        "account": "111122223333", "environment": line("production</dd>"),
        "diff": shown(&format!("--- a/main.tf\n+++ b/main.tf\n@@ -1,2 +1,2 @@\n-acl = \"public\"\n+acl = \"private\" # {HOSTILE}\n context\n"), true),
        "parameters": line(&format!("{{\"fix\":\"{HOSTILE}\"}}")),
        "evidence": [{"id": "issue:10es1h1rtrfebkcjn5g2jzxh8y", "hash": "b2".repeat(32)},
            {"id": format!("proof:{HOSTILE}"), "hash": "c3".repeat(32)}],
        "versions": {"quell": "0.1.0"}, "quorum": {"people": 2, "roles": ["approver", "admin"]},
        "rule": "others-wait", "requested_by": {"id": "ana", "name": format!("Ana {HOSTILE}")},
        "requested_at": "2026-11-22T10:00:00Z", "expires_at": "2026-11-25T10:00:00Z",
        "approvals": {"stand": "open", "because": "", "votes": [{"by": {"id": "cy", "name": HOSTILE},
            "said": "approve", "hash": "a1".repeat(32), "at": "2026-11-22T11:00:00Z", "note": HOSTILE}]},
        "ready": false, "blocked": "1 of 2 people agree who may now"
    });
    change(&mut plan);
    serde_json::from_value(plan).unwrap()
}

fn seen(plan: PlanTold, may_approve: bool) -> PlanSeen {
    PlanSeen { plan, may_approve }
}

/// Nothing of what was written outside is markup, and a golden file has every byte.
#[track_caller]
fn check(name: &str, found: &str, golden: &str) {
    let lower = found.to_lowercase();
    for markup in ["<script", "<img", "onerror=y>\n", "<b>", "javascript:", " style=", " onclick"] {
        assert!(!lower.contains(markup), "{name}: {markup} in {found}");
    }
    assert!(!found.chars().any(quell_model::is_deceiving), "{name}: {found}");
    // The style is one line of its own, held by the policy.
    let plain = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("<style>"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(plain(found), plain(golden), "`{name}.html` is to be\n{found}");
}

#[test]
fn what_waits_is_a_list_of_links_that_do_nothing() {
    let asked = PlansAsked { all: false, skip: 0, limit: 1 };
    let plans = [plan(|_| ())];
    let found = page::list(&caller("bo", Some("c")), (&plans, 2), &asked);
    check("list", &found, include_str!("golden/list.html"));
    let none = page::list(&caller("bo", Some("c")), (&[], 0), &asked);
    assert!(none.contains("Nothing is here.") && !none.contains("More"), "{none}");
}

#[test]
fn a_plan_shows_all_that_is_agreed_to_and_takes_a_yes_by_form() {
    let found = page::plan(&caller("bo", Some("c\"srf")), &seen(plan(|_| ()), true), now());
    check("plan", &found, include_str!("golden/plan.html"));
    assert!(found.contains("name=\"csrf\" value=\"c&quot;srf\""));
    assert!(found.contains("<form method=\"post\" action=\"/approvals/4v8k"));
}

#[test]
fn a_plan_that_is_void_takes_nothing() {
    let void = plan(|plan| {
        plan["approvals"]["stand"] = "void".into();
        plan["approvals"]["because"] = HOSTILE.into();
        plan["approvals"]["glass"] = json!({"by": {"id": "di", "name": HOSTILE}, "reason": HOSTILE,
            "hash": "a1".repeat(32), "at": "2026-11-22T11:00:00Z"});
    });
    let found = page::plan(&caller("bo", Some("c")), &seen(void, false), now());
    check("void", &found, include_str!("golden/void.html"));
}

#[test]
fn a_form_offers_what_somebody_may_say() {
    let words = |who: &Caller, seen: &PlanSeen| {
        let page = page::plan(who, seen, now());
        let all = ["approve", "refuse", "withdraw", "review"];
        let offered = all.into_iter().filter(|word| page.contains(&format!("value=\"{word}\"")));
        offered.collect::<Vec<_>>().join(" ")
    };
    let open = || plan(|_| ());
    let glass = || {
        plan(|plan| {
            plan["approvals"]["glass"] = json!({"by": {"id": "di", "name": "Di"}, "reason": "x",
                "hash": "a1".repeat(32), "at": "2026-11-22T11:00:00Z"});
        })
    };
    let over = || plan(|plan| plan["expires_at"] = "2026-11-22T11:30:00Z".into());
    let empty = || plan(|plan| plan["diff"] = "".into());
    let with = |id| caller(id, Some("c"));
    assert_eq!(words(&with("bo"), &seen(open(), true)), "approve refuse");
    assert_eq!(words(&with("bo"), &seen(open(), false)), "", "no right");
    assert_eq!(words(&caller("bo", None), &seen(open(), true)), "", "no session");
    assert_eq!(words(&with("ana"), &seen(open(), true)), "withdraw", "who asks");
    assert_eq!(words(&with("cy"), &seen(open(), true)), "", "who spoke");
    assert_eq!(words(&with("bo"), &seen(over(), true)), "", "over");
    assert_eq!(words(&with("bo"), &seen(glass(), true)), "review");
    assert_eq!(words(&with("di"), &seen(glass(), true)), "approve refuse", "not one's own");
    let page = page::plan(&with("bo"), &seen(empty(), true), now());
    assert!(page.contains("The plan has no diff."), "{page}");
}
