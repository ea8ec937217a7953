//! The pages as they are, byte by byte, with text that tries to be more than text.

use quell_govern::Person;
use quell_model::{Severity, Timestamp, Untrusted, shown};
use quell_pipeline::govern::{PlanTold, PreviewIssue};
use serde_json::{Value, json};

use super::super::forms::Part;
use super::super::testing::{HOSTILE, caller, check, offered};
use super::page;
use crate::api::{GlassSeen, PlanAlarm, PlanSeen};

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
    let issue = PreviewIssue {
        id: "10es1h1rtrfebkcjn5g2jzxh8y".parse().unwrap(),
        severity: Severity::High,
        score: 640,
        title: Untrusted::from(HOSTILE),
        asset: Untrusted::from(HOSTILE),
    };
    let (speaks_for, issues) = (Vec::new(), vec![issue]);
    PlanSeen { plan, may_approve, speaks_for, glass: GlassSeen::No, issues }
}

#[test]
fn what_waits_is_a_list_of_links_that_do_nothing() {
    let asked = Part::default();
    let plans = [plan(|_| ())];
    let found = page::list(&caller("bo", Some("c")), (&plans, 2), &[], asked);
    check("list", &found, include_str!("golden/list.html"));
    let none = page::list(&caller("bo", Some("c")), (&[], 0), &[], asked);
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
fn what_was_not_waited_for_stands_above_all_until_it_is_looked_at() {
    let asked = Part::default();
    let glass = json!({"by": {"id": "di", "name": HOSTILE}, "reason": HOSTILE,
        "hash": "a1".repeat(32), "at": "2026-11-22T11:00:00Z"});
    let alarm = PlanAlarm {
        id: "4v8k2m9x0qtr4v8k2m9x0qtr4v".to_owned(),
        title: shown(&format!("close {HOSTILE}"), false),
        glass: serde_json::from_value(glass).unwrap(),
    };
    let found = page::list(&caller("bo", Some("c")), (&[], 0), &[alarm], asked);
    check("alarm", &found, include_str!("golden/alarm.html"));
    assert!(found.contains("role=\"alert\""));
}

#[test]
fn an_admin_is_offered_not_to_wait_and_who_speaks_for_others_says_for_whom() {
    let speaks_for = vec![Person::new("e\"d", HOSTILE), Person::new("fay", "Fay")];
    let seen = |may_approve, glass| PlanSeen {
        plan: plan(|_| ()),
        may_approve,
        speaks_for: speaks_for.clone(),
        glass,
        issues: Vec::new(),
    };
    let found = page::plan(&caller("bo", Some("c")), &seen(true, GlassSeen::Yes), now());
    check("admin", &found, include_str!("golden/admin.html"));
    assert_eq!(offered(&found), "approve refuse break_glass");
    assert!(found.contains("<option value=\"\">yourself</option><option value=\"e&quot;d\">"));
    let found = page::plan(&caller("bo", Some("c")), &seen(false, GlassSeen::Unreviewed), now());
    check("waits", &found, include_str!("golden/waits.html"));
    assert_eq!(offered(&found), "approve refuse");
    assert!(!found.contains("yourself"), "who may not approve speaks for others only");
}

#[test]
fn a_form_offers_what_somebody_may_say() {
    let words = |who: &_, seen: &PlanSeen| offered(&page::plan(who, seen, now()));
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
    assert_eq!(words(&with("ana"), &seen(glass(), true)), "withdraw", "nor what one asked for");
    let admin = |plan| PlanSeen { glass: GlassSeen::Yes, ..seen(plan, true) };
    assert_eq!(words(&with("bo"), &admin(open())), "approve refuse break_glass");
    assert_eq!(words(&with("ana"), &admin(open())), "withdraw break_glass", "one's own too");
    assert_eq!(words(&with("cy"), &admin(open())), "break_glass", "who spoke");
    assert_eq!(words(&with("bo"), &admin(over())), "", "what is over");
    assert_eq!(words(&caller("bo", None), &admin(open())), "", "no session");
    let speaks = PlanSeen { speaks_for: vec![Person::new("ed", "Ed")], ..seen(open(), false) };
    assert_eq!(words(&with("bo"), &speaks), "approve refuse", "for another");
    assert_eq!(words(&with("cy"), &speaks), "", "not a second time");
    let broken = PlanTold { ready: true, ..glass() };
    let page = page::plan(&with("bo"), &seen(broken, true), now());
    assert!(page.contains("an admin did not wait") && !page.contains("enough people"), "{page}");
    let page = page::plan(&with("bo"), &seen(empty(), true), now());
    assert!(page.contains("The plan has no diff."), "{page}");
}
