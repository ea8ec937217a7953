//! Everything that goes wrong between the vendor and us.

use quell_http::Verdict;
use quell_testkit::net::Answer;
use quell_testkit::platforms::Fault;

use super::*;
use crate::live::RightState;

const HOSTS: &str = "host_vulnerabilities";
const SEARCH: &str = "Vulnerabilities/Hosts/search";

fn answer(status: u16, body: &str) -> Fault {
    Fault::Answer(Answer::new(status, body))
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed_and_nothing_is_lost() {
    let bench = Bench::new(900).await;
    bench.double.set(|settings| {
        settings.page_rows = 20;
        settings.token_requests = Some(4);
    });
    let ids = bench.ids(HOSTS, None).await;
    let logins = bench.server.ledger.of("access/tokens").len();
    assert!(logins > 3, "{logins}");
    bench.double.set(|settings| settings.token_requests = None);
    assert_eq!(ids, bench.ids(HOSTS, None).await);
}

#[tokio::test]
async fn many_callers_renew_a_token_once() {
    let bench = Arc::new(Bench::new(200).await);
    bench.page(HOSTS, None, None).await.unwrap();
    bench.double.expire_tokens();
    bench.server.ledger.clear();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let bench = Arc::clone(&bench);
        tasks.spawn(async move { bench.page(HOSTS, None, None).await.unwrap().items.len() });
    }
    while let Some(count) = tasks.join_next().await {
        assert!(count.unwrap() > 0);
    }
    assert_eq!(bench.server.ledger.of("access/tokens").len(), 1);
}

#[tokio::test]
async fn a_login_that_is_refused_is_told_and_not_repeated() {
    let bench = Bench::new(10).await;
    let plan = plan(&bench.server.url(), ("_wrong-secret-key", &[]), &bench.clock);
    let lacework = (LIVE.connect)(plan).unwrap();
    let stream = bench.stream(HOSTS);
    let ask = || Ask { stream, since: None, until: bench.now(), cursor: None };
    let error = lacework.page(ask()).await.unwrap_err();
    assert!(matches!(&error, LiveError::Login(said) if said == "Invalid access key or secret"));
    assert_eq!(error.verdict(), Verdict::NeedsHuman);
    for _ in 0..20 {
        assert!(matches!(lacework.page(ask()).await, Err(LiveError::Busy { .. })));
    }
    assert_eq!(bench.server.ledger.of("access/tokens").len(), 1, "once in five minutes");
    assert!(!format!("{error} {error:?} {lacework:?}").contains("wrong-secret"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_half_a_page() {
    let bench = Bench::new(60).await;
    let whole = bench.page(HOSTS, None, None).await.unwrap().items.len();
    assert!(whole > 3);
    for cut in [0, 1, 2, 17, 100, 333, 1_000, 2_000] {
        bench.server.script.add(SEARCH, 3, Fault::Cut(cut));
        let error = bench.page(HOSTS, None, None).await.unwrap_err();
        assert!(matches!(error.verdict(), Verdict::Later(_)), "{cut}: {error}");
        bench.server.script.clear();
        bench.server.script.add(SEARCH, 1, Fault::Cut(cut));
        assert_eq!(bench.page(HOSTS, None, None).await.unwrap().items.len(), whole, "{cut}");
    }
}

#[tokio::test]
async fn too_many_calls_are_waited_for_as_the_vendor_says() {
    let bench = Bench::new(30).await;
    let refused = |header: Option<(&str, &str)>| {
        let mut answer = Answer::new(429, r#"{"message":"Too Many Requests"}"#);
        if let Some((name, value)) = header {
            answer = answer.header(name, value);
        }
        Fault::Answer(answer)
    };
    for (header, seconds) in [
        (None, 60),
        (Some(("RateLimit-Reset", "900")), 900),
        (Some(("RateLimit-Reset", "garbage")), 60),
        (Some(("Retry-After", "1")), 60),
    ] {
        bench.server.script.add("Containers/search", 3, refused(header));
        let error = bench.page("container_vulnerabilities", None, None).await.unwrap_err();
        let expected = Verdict::Later(Some(Duration::from_secs(seconds)));
        assert_eq!(error.verdict(), expected, "{header:?}: {error}");
        bench.server.script.clear();
    }
}

#[tokio::test]
async fn what_is_not_left_is_not_asked_for() {
    let bench = Bench::new(30).await;
    let last = Answer::new(204, "").header("RateLimit-Remaining", "0");
    let last = last.header("RateLimit-Reset", "300");
    bench.server.script.add(SEARCH, 1, Fault::Answer(last));
    bench.page(HOSTS, None, None).await.unwrap();
    bench.server.ledger.clear();
    let error = bench.page(HOSTS, None, None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Later(Some(Duration::from_secs(300))));
    assert_eq!(bench.server.ledger.count(), 0);
    assert!(bench.page("container_vulnerabilities", None, None).await.is_ok(), "another count");
    bench.pass(301);
    assert!(bench.page(HOSTS, None, None).await.is_ok());
}

#[tokio::test]
async fn scopes_that_cannot_all_be_had_now_are_gone_on_with_later() {
    let bench = Bench::new(300).await;
    let cursor = Some(bench.queued(None).await);
    let queue = cursor.as_ref().unwrap()["queue"].as_array().unwrap().len();
    let second = cursor.as_ref().unwrap()["queue"][1][0].as_u64().unwrap();
    bench.server.script.add(&format!("Alerts/{second}"), 9, answer(503, "busy"));
    let page = bench.page("alerts", None, cursor.as_ref()).await.unwrap();
    assert_eq!(page.items.len(), 1, "the first is kept");
    let next = page.next.unwrap();
    assert_eq!(next["queue"].as_array().unwrap().len(), queue - 1);
    let error = bench.page("alerts", None, Some(&next)).await.unwrap_err();
    assert!(matches!(error.verdict(), Verdict::Later(_)), "{error}");
    bench.server.script.clear();
    assert!(!bench.page("alerts", None, Some(&next)).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_and_one_part_does_not_hide_the_others() {
    let bench = Bench::new(100).await;
    bench.double.remove_right("Vulnerabilities");
    let error = bench.page(HOSTS, None, None).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Forbidden { right, .. } if right == "Vulnerabilities: read"),
        "{error}"
    );
    let rights = bench.lacework.test().await.unwrap();
    let state = |name: &str| rights.iter().find(|right| right.name == name).unwrap().state;
    assert_eq!(state("Vulnerabilities: read"), RightState::Missing);
    assert_eq!(state("Alerts: read"), RightState::Held);
    assert_eq!(state("Alerts: write"), RightState::Unknown);

    bench.server.script.add("Inventory/search", 1, answer(403, r#"{"message":"no AWS for you"}"#));
    let page = bench.page("inventory", None, None).await.unwrap();
    assert!(page.unread.len() == 1 && page.unread[0].contains("no AWS for you"), "{page:?}");
    let rest = bench.page("inventory", None, page.next.as_ref()).await.unwrap();
    assert!(rest.unread.is_empty() && !rest.items.is_empty());
}

#[tokio::test]
async fn an_administrator_is_more_than_is_needed() {
    let bench = Bench::new(10).await;
    bench.double.set(|settings| settings.admin = true);
    let rights = bench.lacework.test().await.unwrap();
    assert!(rights.iter().any(|right| right.state == RightState::NotNeeded));
}

#[tokio::test]
async fn a_page_that_the_vendor_forgot_begins_the_reading_again() {
    let bench = Bench::new(400).await;
    bench.double.set(|settings| settings.page_rows = 10);
    let page = bench.page(HOSTS, None, None).await.unwrap();
    bench.pass(25 * 3_600);
    let error = bench.page(HOSTS, None, page.next.as_ref()).await.unwrap_err();
    assert!(matches!(error, LiveError::Cursor(_)), "{error}");
    let wrong = serde_json::json!({ "todo": "x" });
    let error = bench.page(HOSTS, None, Some(&wrong)).await.unwrap_err();
    assert!(matches!(error, LiveError::Cursor(_)), "{error}");
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_followed() {
    let bench = Bench::new(10).await;
    for url in [
        "http://evil.example/api/v2/x",
        "http://127.0.0.1.evil.example/api/v2/x",
        "http://127.0.0.1:1/api/v2/x",
        "//evil.example/api/v2/x",
        "/api/v2/x",
        "http://é",
    ] {
        let body = serde_json::json!({
            "data": [], "paging": { "rows": 0, "totalRows": 9, "urls": { "nextPage": url } },
        });
        bench.server.script.add(SEARCH, 1, answer(200, &body.to_string()));
        let error = bench.page(HOSTS, None, None).await.unwrap_err();
        assert!(
            matches!(&error, LiveError::Shape { path, .. } if path == "$.paging.urls.nextPage"),
            "{url}: {error}"
        );
    }
}

#[tokio::test]
async fn an_answer_of_another_shape_is_named_by_its_path() {
    let bench = Bench::new(10).await;
    for (body, path) in [
        ("<html>proxy</html>", "$"),
        ("7", "$"),
        ("{}", "$.data"),
        (r#"{"data":"x"}"#, "$.data"),
        (r#"{"data":[],"paging":{"urls":7}}"#, "$.paging"),
        (r#"{"data":[],"paging":{"totalRows":"many"}}"#, "$.paging"),
    ] {
        bench.server.script.add(SEARCH, 1, answer(200, body));
        let error = bench.page(HOSTS, None, None).await.unwrap_err();
        assert!(
            matches!(&error, LiveError::Shape { path: at, .. } if at == path),
            "{body}: {error}"
        );
    }
    bench.server.script.add(SEARCH, 1, answer(200, r#"{"data":{"message":"no"},"ok":false}"#));
    let error = bench.page(HOSTS, None, None).await.unwrap_err();
    assert!(matches!(&error, LiveError::Refused(said) if said == "no"), "{error}");
    for nothing in [answer(204, ""), answer(200, r#"{"data":[]}"#), answer(200, r#"{"data":null}"#)]
    {
        bench.server.script.add(SEARCH, 1, nothing);
        let page = bench.page(HOSTS, None, None).await.unwrap();
        assert!(page.items.is_empty() && page.next.is_none());
    }
}

#[tokio::test]
async fn another_customer_is_told_by_the_owner() {
    let bench = Bench::new(30).await;
    let page = bench.page(HOSTS, None, None).await.unwrap();
    assert_eq!(page.owner.as_deref(), Some("ACME_4F2B0E"));
    bench.double.set(|settings| settings.customer = "OTHER_1".to_owned());
    bench.double.expire_tokens();
    let page = bench.page(HOSTS, None, None).await.unwrap();
    assert_eq!(page.owner.as_deref(), Some("OTHER_1"));
    bench.server.script.add("UserProfile", 9, answer(403, "{}"));
    bench.double.expire_tokens();
    assert_eq!(bench.page(HOSTS, None, None).await.unwrap().owner, None);
}

#[tokio::test]
async fn rows_that_come_and_go_while_paging_are_not_lost() {
    let bench = Bench::new(600).await;
    bench.double.set(|settings| settings.page_rows = 9);
    let before = bench.ids(HOSTS, None).await;
    let start = bench.now();
    let (mut ids, mut cursor) = (BTreeSet::new(), None);
    loop {
        let page = bench.page(HOSTS, None, cursor.as_ref()).await.unwrap();
        ids.extend(page.items.into_iter().map(|item| item.id));
        bench.pass(1);
        let at = bench.now();
        bench.world.write().open(at);
        let Some(next) = page.next else { break };
        cursor = Some(next);
    }
    assert!(ids.is_superset(&before), "what was there is there");
    bench.pass(1);
    ids.extend(bench.ids(HOSTS, Some(start)).await);
    assert!(ids.is_superset(&bench.ids(HOSTS, None).await), "and the next reading brings the new");
}

#[tokio::test]
async fn what_needs_an_address_says_so() {
    let bench = Bench::new(5).await;
    for url in ["", "acme.lacework.net", "ftp://x", "https://a/b", "https://u@h", "https://"] {
        let error = (LIVE.connect)(plan(url, (SECRET, &[]), &bench.clock)).unwrap_err();
        assert!(matches!(error, LiveError::Setting { name: "url", .. }), "{url}: {error}");
    }
}
