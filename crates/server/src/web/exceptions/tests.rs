//! The pages as they are, byte by byte, with text that tries to be more than text.

use quell_model::{Severity, Untrusted};
use quell_pipeline::govern::{Preview, PreviewIssue, SeverityCount, Told};
use serde_json::{Value, json};

use super::super::forms::Part;
use super::super::testing::{HOSTILE, caller, check, offered};
use super::page;
use crate::api::ExceptionSeen;

pub(super) fn told(change: impl FnOnce(&mut Value)) -> Told {
    let mut told = json!({
        "id": "4v8k2m9x0qtr4v8k2m9x0qtr4v", "scope": format!("asset = \"{HOSTILE}\""),
        "reason": HOSTILE, "compensating_controls": [HOSTILE, "a closed network"],
        "owner": HOSTILE, "until": "2026-12-22T00:00:00Z", "origin": format!(".trivyignore {HOSTILE}"),
        "renews": "0a1b2c3d4e", "state": "reviewed", "reviewers": 2,
        "events": [
            {"step": "requested", "at": "2026-11-20T10:00:00Z", "by": {"id": "ana", "name": HOSTILE}},
            {"step": "approved", "at": "2026-11-21T10:00:00Z", "by": {"id": "cy", "name": "Cy"},
                "note": HOSTILE},
        ],
        "hides": 0, "in_force": false,
    });
    change(&mut told);
    serde_json::from_value(told).unwrap()
}

pub(super) fn preview() -> Preview {
    Preview {
        scope: String::new(),
        issues: 14,
        exposed: 2,
        hidden_already: 1,
        severities: vec![
            SeverityCount { severity: Severity::Critical, issues: 2 },
            SeverityCount { severity: Severity::Low, issues: 12 },
        ],
        worst: Some(Severity::Critical),
        reviewers: 2,
        latest_end: "2026-12-22T00:00:00Z".parse().unwrap(),
        first: vec![PreviewIssue {
            id: "10es1h1rtrfebkcjn5g2jzxh8y".parse().unwrap(),
            severity: Severity::Critical,
            score: 871,
            title: Untrusted::from(HOSTILE),
            asset: Untrusted::from(HOSTILE),
        }],
    }
}

fn seen(told: Told, may_review: bool) -> ExceptionSeen {
    let preview = Some(preview());
    ExceptionSeen { told, preview, may_review, may_ask: false, renewal: None }
}

pub(super) fn granted(told: &mut Value) {
    told["state"] = "granted".into();
    told["in_force"] = true.into();
    told["hides"] = 14.into();
    told["hours_left"] = 61.into();
}

#[test]
fn what_waits_is_a_list_of_links_that_do_nothing() {
    let all = [told(|_| ()), told(granted)];
    let found = page::list(&caller("bo", Some("c")), (&all, 3), Part::default());
    check("list", &found, include_str!("golden/list.html"));
    assert_eq!(offered(&found), "");
    let none = page::list(&caller("bo", Some("c")), (&[], 0), Part { all: true, skip: 0 });
    assert!(none.contains("Nothing is here.") && !none.contains("More"), "{none}");
}

#[test]
fn an_exception_shows_what_it_hides_and_takes_a_yes_by_form() {
    let found = page::exception(&caller("bo", Some("c\"srf")), &seen(told(|_| ()), true));
    check("exception", &found, include_str!("golden/exception.html"));
    assert!(found.contains("name=\"csrf\" value=\"c&quot;srf\""));
    assert!(found.contains("<form method=\"post\" action=\"/exceptions/4v8k"));
}

#[test]
fn a_form_offers_what_somebody_may_say() {
    let words = |who: &_, seen: &ExceptionSeen| offered(&page::exception(who, seen));
    let with = |id| caller(id, Some("c"));
    let over = |told: &mut Value| told["state"] = "ended".into();
    assert_eq!(words(&with("bo"), &seen(told(|_| ()), true)), "approve refuse");
    assert_eq!(words(&with("bo"), &seen(told(|_| ()), false)), "", "no right");
    assert_eq!(words(&caller("bo", None), &seen(told(|_| ()), true)), "", "no session");
    assert_eq!(words(&with("ana"), &seen(told(|_| ()), true)), "withdraw", "who asks");
    assert_eq!(words(&with("ana"), &seen(told(granted), false)), "withdraw", "who asked");
    assert_eq!(words(&with("cy"), &seen(told(|_| ()), true)), "", "who agreed");
    assert_eq!(words(&with("cy"), &seen(told(granted), true)), "withdraw");
    assert_eq!(words(&with("bo"), &seen(told(granted), false)), "");
    assert_eq!(words(&with("ana"), &seen(told(over), true)), "", "over");
}

#[test]
fn who_may_ask_is_led_to_a_renewal_of_what_is_granted_or_over() {
    let who = caller("bo", Some("c"));
    let page = |told, may_ask, renewal: Option<&str>| {
        let renewal = renewal.map(str::to_owned);
        page::exception(&who, &ExceptionSeen { may_ask, renewal, ..seen(told, true) })
    };
    let link = "href=\"/exceptions/new?renews=4v8k2m9x0qtr4v8k2m9x0qtr4v\"";
    let ended = |told: &mut Value| told["state"] = "ended".into();
    assert!(page(told(granted), true, None).contains(link));
    assert!(page(told(ended), true, None).contains(link));
    assert!(!page(told(granted), false, None).contains(link), "no right");
    assert!(!page(told(|_| ()), true, None).contains(link), "it waits");
    let waits = page(told(granted), true, Some("9z<b>"));
    assert!(
        !waits.contains(link) && waits.contains("<a href=\"/exceptions/9z&lt;b&gt;\">"),
        "{waits}"
    );
    let renewed = told(|told| {
        ended(told);
        let event = json!({"step": "renewed", "at": "2026-11-22T10:00:00Z", "note": "by 9z"});
        told["events"].as_array_mut().unwrap().push(event);
    });
    assert!(!page(renewed, true, None).contains(link), "another took its place");
    let graver = told(|told| {
        granted(told);
        told["ends"] = json!({"critical": "2026-12-01T00:00:00Z", "low": "2026-12-22T00:00:00Z"});
    });
    let ends =
        "the end of 2026-12-21 in UTC<br>the end of 2026-11-30 in UTC for critical issues</dd>";
    assert!(page(graver, true, None).contains(ends));
}
