//! Errors by kind, in the vendor's words, and without a secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_http::{Client, Policy};
use quell_model::Clock;
use quell_testkit::net::Answer;
use quell_testkit::platforms::prisma::{KEY_SECRET, Seat, TENANT};
use quell_testkit::platforms::{Fault, PrismaRight};
use serde_json::json;

use super::super::{LIVE, rights};
use super::{Key, Plans, Rig, ids, rig, start, stream};
use crate::live::{Ask, LiveError, Plan, RightState};

fn is_free_of_secrets(text: &str) {
    for secret in [KEY_SECRET, "eyJ"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_a_login_that_is_refused_and_not_tried_again_at_once() {
    let rig = rig(Plans { secret: "wrong/and=secret", ..Plans::default() }).await;
    let error = rig.page("alerts", None).await.unwrap_err();
    assert!(matches!(error, LiveError::Login(_)), "{error:?}");
    assert!(error.to_string().contains("invalid_credentials"), "{error}");
    assert!(!error.to_string().contains("wrong/and"));
    for _ in 0..5 {
        assert!(matches!(rig.page("alerts", None).await.unwrap_err(), LiveError::Busy { .. }));
    }
    assert_eq!(rig.server.ledger.of("/login").len(), 1);
}

#[tokio::test]
async fn a_missing_right_stops_its_part_alone() {
    let rig = rig(Plans::default()).await;
    for (right, name, told) in [
        (PrismaRight::Runtime, "incidents", rights::RUNTIME),
        (PrismaRight::Vulnerabilities, "hosts", rights::VULNERABILITIES),
        (PrismaRight::Investigate, "assets", rights::INVESTIGATE),
        (PrismaRight::Iam, "permissions", rights::PERMISSIONS),
        (PrismaRight::Inventory, "compliance", rights::INVENTORY),
        (PrismaRight::Alerts, "alerts", rights::ALERTS),
    ] {
        rig.double.take(right);
        let error = rig.page(name, None).await.unwrap_err();
        let LiveError::Forbidden { right: of, said } = &error else { panic!("{error:?}") };
        assert_eq!(of, told);
        assert!(said.contains("permission"), "{said}");
        let other = if name == "alerts" { "compliance" } else { "alerts" };
        rig.double.give(right);
        rig.page(other, None).await.unwrap();
    }
}

#[tokio::test]
async fn errors_that_stand_in_a_header_only_are_read() {
    let rig = rig(Plans::default()).await;
    rig.double.behave(|quirks| quirks.errors_in_header = true);
    rig.double.take(PrismaRight::Alerts);
    let error = rig.page("alerts", None).await.unwrap_err();
    assert!(error.to_string().contains("permission_error"), "{error}");
}

#[tokio::test]
async fn a_place_that_is_not_known_any_more_is_told_as_that() {
    let rig = rig(Plans { flaws: 300, ..Plans::default() }).await;
    let stale = json!({"token": "ffff.0", "seen": 3});
    let error = rig.page("alerts", Some(&stale)).await.unwrap_err();
    assert!(matches!(error, LiveError::Cursor(_)), "{error:?}");
    for name in ["assets", "permissions", "compliance"] {
        let error = rig.page(name, Some(&json!("ffff.0"))).await.unwrap_err();
        assert!(matches!(error, LiveError::Cursor(_)), "{name} {error:?}");
    }
    // A window that reaches back from now has moved on when a reading rested.
    rig.pass(7200);
    let ask = |cursor| Ask {
        stream: stream("alerts"),
        since: Some(start()),
        until: rig.clock.now(),
        cursor,
    };
    let first = rig.connector.page(ask(None)).await.unwrap();
    assert!(first.items.is_empty());
    let rested = json!({"token": "1.14", "seen": 3, "hours": 3});
    rig.pass(7200);
    let error = rig.connector.page(ask(Some(&rested))).await.unwrap_err();
    assert!(matches!(error, LiveError::Cursor(_)), "{error:?}");
    for (name, odd) in [("alerts", json!(7)), ("incidents", json!("x")), ("assets", json!({}))] {
        let error = rig.page(name, Some(&odd)).await.unwrap_err();
        assert!(matches!(error, LiveError::Cursor(_)), "{name} {error:?}");
    }
}

#[tokio::test]
async fn a_key_without_a_role_on_the_console_reads_the_rest() {
    let rig = rig(Plans::default()).await;
    let no = Answer::new(401, json!({"err": "user has no compute role"}).to_string());
    rig.server.script.add("/authenticate", 1, Fault::Answer(no));
    for name in ["incidents", "host-audits", "hosts"] {
        let error = rig.page(name, None).await.unwrap_err();
        let LiveError::Forbidden { said, .. } = &error else { panic!("{error:?}") };
        assert!(said.contains("no compute role"), "{said}");
    }
    let brought = rig.read("alerts", None).await.unwrap();
    assert_eq!(ids(&brought.items), rig.ids(&[Seat::Alert]));
    assert_eq!(rig.server.ledger.of("/authenticate").len(), 1);
}

#[tokio::test]
async fn a_tenant_without_a_console_has_no_streams_of_it() {
    let rig = rig(Plans::default()).await;
    rig.server.script.add(
        "/meta_info",
        1,
        Fault::Answer(Answer::new(200, r#"{"twistlockUrl":""}"#)),
    );
    let error = rig.page("incidents", None).await.unwrap_err();
    assert!(matches!(error, LiveError::Unsupported(_)), "{error:?}");
    rig.page("alerts", None).await.unwrap();
    let left = super::rig(Plans { options: &[("compute_url", "none")], ..Plans::default() }).await;
    assert!(matches!(left.page("hosts", None).await.unwrap_err(), LiveError::Unsupported(_)));
    assert_eq!(left.server.ledger.count(), 0);
}

#[tokio::test]
async fn the_key_is_sent_to_no_place_that_is_not_safe() {
    for place in ["ftp://example.com", "javascript:alert(1)", "file:///etc/passwd"] {
        let rig = rig(Plans::default()).await;
        let body = json!({"twistlockUrl": place}).to_string();
        rig.server.script.add("/meta_info", 1, Fault::Answer(Answer::new(200, body)));
        assert!(rig.page("incidents", None).await.is_err(), "{place}");
        assert!(rig.server.ledger.of("/authenticate").is_empty());
    }
    // A place outside of what may be reached is refused by the client.
    let rig = rig(Plans::default()).await;
    let body = json!({"twistlockUrl": "http://169.254.169.254/latest"}).to_string();
    rig.server.script.add("/meta_info", 1, Fault::Answer(Answer::new(200, body)));
    assert!(matches!(rig.page("incidents", None).await.unwrap_err(), LiveError::Http(_)));
}

#[tokio::test]
async fn the_owner_is_told_and_that_it_is_another_one() {
    let rig = rig(Plans::default()).await;
    assert_eq!(rig.page("alerts", None).await.unwrap().owner.as_deref(), Some(TENANT));
    assert_eq!(rig.page("assets", None).await.unwrap().owner.as_deref(), Some(TENANT));
    rig.double.behave(|quirks| quirks.tenant = "999".to_owned());
    rig.double.end_tokens();
    assert_eq!(rig.page("alerts", None).await.unwrap().owner.as_deref(), Some("999"));
}

#[tokio::test]
async fn the_vendors_clock_and_what_is_left_are_told() {
    let rig = rig(Plans::default()).await;
    let page = rig.page("alerts", None).await.unwrap();
    assert_eq!(page.vendor_time, Some(start()));
    assert_eq!(page.calls_left, Some(9));
    assert!(page.total.is_some());
}

#[tokio::test]
async fn no_error_and_no_debug_shows_a_secret() {
    let rig = rig(Plans::default()).await;
    is_free_of_secrets(&format!("{:?}", rig.connector));
    let echo = |status: u16, token: &str| {
        let body = json!({"error": {"message": format!("{KEY_SECRET} is wrong, {token}")}});
        let header = json!([{"i18nKey": KEY_SECRET, "severity": token}]).to_string();
        Answer::new(status, body.to_string()).header("x-redlock-status", &header)
    };
    for status in [400, 401, 403, 404, 429, 500] {
        let rig = super::rig(Plans::default()).await;
        rig.server.script.add("/login", 1, Fault::Answer(echo(status, "")));
        let error = rig.page("alerts", None).await.unwrap_err();
        is_free_of_secrets(&format!("{error} {error:?}"));
    }
    rig.page("alerts", None).await.unwrap();
    rig.page("incidents", None).await.unwrap();
    // The double's tokens: what is sent is known, so an echo of it is cut out.
    for (name, path, token) in [
        ("alerts", "/v2/alert", "eyJhbGciOiJIUzI1NiJ9.cspm000000000001.c2lnbmF0dXJl"),
        ("incidents", "audits/incidents", "eyJhbGciOiJIUzI1NiJ9.cwpp000000000002.c2lnbmF0dXJl"),
    ] {
        for status in [400, 403, 500] {
            let body = json!({"err": format!("bad token {token}")}).to_string();
            rig.server.script.add(path, 1, Fault::Answer(Answer::new(status, body)));
            let error = rig.page(name, None).await.unwrap_err();
            is_free_of_secrets(&format!("{error} {error:?}"));
        }
    }
}

async fn states(rig: &Rig) -> BTreeMap<String, RightState> {
    let rights = rig.connector.test().await.unwrap();
    rights.into_iter().map(|right| (right.name, right.state)).collect()
}

#[tokio::test]
async fn each_right_is_told_as_it_is() {
    let rig = rig(Plans::default()).await;
    let all = states(&rig).await;
    for (name, state) in [
        (rights::ALERTS, RightState::Held),
        (rights::POLICIES, RightState::Held),
        (rights::INVESTIGATE, RightState::Held),
        (rights::PERMISSIONS, RightState::Held),
        (rights::INVENTORY, RightState::Held),
        (rights::RUNTIME, RightState::Held),
        (rights::VULNERABILITIES, RightState::Held),
        (rights::DISMISS, RightState::Unknown),
        (rights::ACKNOWLEDGE, RightState::Unknown),
    ] {
        assert_eq!(all[name], state, "{name}");
    }
    assert_eq!(all.len(), 9);
    for right in
        [PrismaRight::Iam, PrismaRight::DismissAlerts, PrismaRight::Runtime, PrismaRight::Policies]
    {
        rig.double.take(right);
    }
    let fewer = states(&rig).await;
    assert_eq!(fewer[rights::PERMISSIONS], RightState::Missing);
    assert_eq!(fewer[rights::RUNTIME], RightState::Missing);
    assert_eq!(fewer[rights::POLICIES], RightState::Missing);
    assert_eq!(fewer[rights::DISMISS], RightState::MissingToWrite);
    rig.double.give(PrismaRight::DismissAlerts);
    rig.double.behave(|quirks| quirks.administrator = true);
    let more = states(&rig).await;
    assert_eq!(more["System Admin"], RightState::NotNeeded);
    assert_eq!(more[rights::DISMISS], RightState::Held);
}

#[test]
fn settings_that_are_wrong_are_named() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let check = |url: Option<&str>, options: &[(&str, &str)]| {
        let clock: Arc<dyn Clock> = Arc::new(quell_model::FixedClock(start()));
        let plan = Plan {
            name: "prisma".to_owned(),
            url: url.map(str::to_owned),
            login_at: None,
            account: None,
            options: options.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            credentials: Arc::new(Key(KEY_SECRET)),
            client: Client::new(Policy::default(), Arc::clone(&clock)).unwrap(),
            clock,
        };
        match (LIVE.connect)(plan) {
            Ok(_) => None,
            Err(LiveError::Setting { name, .. }) => Some(name),
            Err(other) => panic!("{other:?}"),
        }
    };
    let url = Some("https://api2.eu.prismacloud.io/");
    assert_eq!(check(url, &[]), None);
    assert_eq!(check(None, &[]), Some("url"));
    assert_eq!(check(url, &[("page_alerts", "0")]), Some("page_alerts"));
    assert_eq!(check(url, &[("page_alerts", "10001")]), Some("page_alerts"));
    assert_eq!(check(url, &[("page_compute", "many")]), Some("page_compute"));
    assert_eq!(check(url, &[("compute_version", "../v1")]), Some("compute_version"));
}
