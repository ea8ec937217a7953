//! The page as it is, byte by byte, with text that tries to be more than text.

use quell_govern::expression::Expression;
use quell_model::{Severity, Timestamp};
use quell_pipeline::govern::{Draft, ExceptionPlan, Preview, Wrong};

use super::super::super::testing::{HOSTILE, caller, check};
use super::super::tests::{granted, preview, told};
use super::page::{Seen, page};

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn plan(until: &str) -> ExceptionPlan {
    ExceptionPlan {
        scope: format!("asset = '{HOSTILE}'"),
        until: until.to_owned(),
        ..ExceptionPlan::default()
    }
}

fn draft(plan: &ExceptionPlan, change: impl FnOnce(&mut Preview)) -> Draft {
    let scope = plan.scope.parse::<Expression>().unwrap().to_string();
    let mut preview = Preview { scope, ..preview() };
    change(&mut preview);
    let until = Some("2026-12-02T00:00:00Z".parse().unwrap()).filter(|_| !plan.until.is_empty());
    Draft { preview: Some(preview), until, wrong: Vec::new() }
}

fn looked<'a>(plan: &'a ExceptionPlan, draft: Option<&'a Draft>) -> Seen<'a> {
    Seen { plan, wrong: &[], old: None, draft, is_sent: false, may_ask: true, now: now() }
}

fn wrong(field: &'static str) -> Wrong {
    Wrong { field, said: format!("`{field}` is {HOSTILE}") }
}

#[test]
fn what_it_would_hide_and_until_when_is_shown_before_it_can_be_asked_for() {
    let (who, empty) = (caller("ana", Some("c\"srf")), plan(""));
    let nothing = ExceptionPlan { scope: String::new(), ..plan("") };
    let first = page(&who, &looked(&nothing, None));
    check("first", &first, include_str!("golden/first.html"));
    assert!(!first.contains("method=\"post\" action=\"/exceptions\""), "{first}");
    let seen = page(&who, &looked(&empty, Some(&draft(&empty, |_| ()))));
    assert!(seen.contains("<dt>Open issues</dt><dd>14</dd>"), "{seen}");
    assert!(seen.contains("2026-12-21 at the latest, since one of them is critical"), "{seen}");
    assert!(seen.contains("Say until when above") && !seen.contains("name=\"reason\""), "{seen}");
    let whole = plan("2026-12-01");
    let asked = page(&who, &looked(&whole, Some(&draft(&whole, |_| ()))));
    check("whole", &asked, include_str!("golden/whole.html"));
    assert!(asked.contains("the end of 2026-12-01 in UTC (9 days)"), "{asked}");
    assert!(asked.contains("name=\"until\" value=\"2026-12-01\""), "{asked}");
}

#[test]
fn what_is_wrong_stands_beside_its_field_and_nothing_that_was_written_is_lost() {
    let sent = ExceptionPlan {
        reason: format!("one\ntwo {HOSTILE}"),
        compensating_controls: vec![HOSTILE.to_owned(), "a closed network".to_owned()],
        owner: HOSTILE.to_owned(),
        ..plan("2027-12-01")
    };
    let draft = draft(&sent, |_| ());
    let all = ["until", "reason", "owner", "compensating_controls"].map(wrong);
    let seen = Seen { wrong: &all, is_sent: true, ..looked(&sent, Some(&draft)) };
    let found = page(&caller("ana", Some("c")), &seen);
    check("wrong", &found, include_str!("golden/wrong.html"));
    for one in all {
        let id = format!("id=\"{}-wrong\"", one.field);
        assert!(found.contains(&id), "{id}");
        let described = format!("aria-describedby=\"{}-wrong\"", one.field);
        assert!(found.contains(&described), "{described}");
    }
    assert!(found.contains("role=\"alert\"") && found.contains("a closed network</textarea>"));
    // The day that was wrong is asked for again, where it is sent.
    assert!(!found.contains("type=\"hidden\" name=\"until\""), "{found}");
}

#[test]
fn who_may_not_ask_is_told_why_and_sees_what_it_would_hide() {
    let whole = plan("2026-12-01");
    let draft = draft(&whole, |preview| {
        (preview.issues, preview.worst, preview.reviewers) = (0, Some(Severity::Low), 1);
    });
    let seen = looked(&whole, Some(&draft));
    let token = page(&caller("ana", None), &seen);
    assert!(token.contains("You look with a token.") && !token.contains("<form method"), "{token}");
    assert!(token.contains("no open issue fits now") && token.contains("one other person"));
    let seen = Seen { may_ask: false, ..seen };
    let viewer = page(&caller("ana", Some("c")), &seen);
    assert!(viewer.contains("takes the right to decide everywhere"), "{viewer}");
    assert!(!viewer.contains("action=\"/exceptions\""), "{viewer}");
}

#[test]
fn a_renewal_begins_with_all_that_was_asked_for_then_but_its_end() {
    let scoped = |told: &mut serde_json::Value| {
        granted(told);
        told["scope"] = plan("").scope.into();
    };
    let old = told(scoped).exception;
    let plan = ExceptionPlan { until: "2026-12-01".to_owned(), ..ExceptionPlan::renewing(&old) };
    let draft = draft(&plan, |_| ());
    let seen = Seen { old: Some(&old), ..looked(&plan, Some(&draft)) };
    let found = page(&caller("ana", Some("c")), &seen);
    check("renewal", &found, include_str!("golden/renewal.html"));
    let renews = "<input type=\"hidden\" name=\"renews\" value=\"4v8k2m9x0qtr4v8k2m9x0qtr4v\">";
    assert_eq!(found.matches(renews).count(), 2, "looked at and sent: {found}");
    assert!(found.contains("a closed network</textarea>"), "{found}");
    let over = told(|told| told["state"] = "ended".into()).exception;
    let found = page(&caller("ana", Some("c")), &Seen { old: Some(&over), ..seen });
    assert!(found.contains("That one is ended and hides nothing."), "{found}");
}
