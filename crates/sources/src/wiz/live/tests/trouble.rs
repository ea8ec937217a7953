//! What goes wrong between here and Wiz, and what is said of it.

use quell_http::Verdict;
use quell_testkit::net::Answer;
use quell_testkit::platforms::Fault;
use serde_json::json;

use super::*;

fn graphql(body: &serde_json::Value) -> Fault {
    let answer = Answer::new(200, body.to_string());
    Fault::Answer(answer.header("content-type", "application/json"))
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed_and_nothing_is_lost() {
    let bench = Bench::with(500, &[("page_size", "20")], KEY.1).await;
    let whole = bench.read("vulnerabilities", None).await;
    bench.wiz.behave(|manner| manner.token_requests = Some(3));
    bench.wiz.end_tokens();
    let before = bench.wiz.tokens();
    let again = bench.read("vulnerabilities", None).await;
    assert_eq!(again.len(), whole.len());
    assert_eq!(ids(&again), ids(&whole));
    assert!(bench.wiz.tokens() > before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_renew_a_token_once() {
    let bench = Arc::new(Bench::new(50).await);
    bench.page("issues", None, None).await.unwrap();
    bench.wiz.end_tokens();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let bench = Arc::clone(&bench);
        tasks.spawn(
            async move { bench.page("issues", None, None).await.map(|page| page.items.len()) },
        );
    }
    while let Some(done) = tasks.join_next().await {
        assert!(done.unwrap().unwrap() > 0);
    }
    assert_eq!(bench.wiz.tokens(), 2);
}

#[tokio::test]
async fn a_refused_login_is_said_once_and_rests() {
    let bench = Bench::with(20, &[], "another-wr0ng-secret").await;
    let error = bench.page("issues", None, None).await.unwrap_err();
    assert!(matches!(error, LiveError::Login(_)), "{error}");
    assert_eq!(error.verdict(), Verdict::NeedsHuman);
    for _ in 0..20 {
        let error = bench.page("issues", None, None).await.unwrap_err();
        assert!(matches!(error, LiveError::Busy { wait: Some(_), .. }), "{error}");
    }
    assert_eq!(bench.double.ledger.of("/oauth/token").len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_page() {
    let bench = Bench::with(60, &[("page_size", "4")], KEY.1).await;
    let whole = bench.page("issues", None, None).await.unwrap();
    let length = as_page(bench.stream("issues"), &whole.items).len() + 80;
    for at in (0..length).step_by(length / 60) {
        bench.double.script.add("/graphql", 1, Fault::Cut(at));
        let error = bench.page("issues", None, None).await.err();
        let Some(error) = error else { panic!("cut at {at} of {length} makes a page") };
        assert_eq!(error.verdict(), Verdict::Later(None), "{error}");
    }
    let again = bench.page("issues", None, None).await.unwrap();
    assert_eq!(ids(&again.items), ids(&whole.items));
}

#[tokio::test]
async fn a_text_that_ends_early_is_no_page() {
    let bench = Bench::with(60, &[("page_size", "2")], KEY.1).await;
    bench.page("issues", None, None).await.unwrap();
    let node = r#"{"id":"a"}"#;
    let text = format!(
        r#"{{"data":{{"issuesV2":{{"nodes":[{node}],"pageInfo":{{"hasNextPage":false,"endCursor":null}},"totalCount":1}}}}}}"#
    );
    for at in 0..text.len() {
        let answer = Answer::new(200, text.get(..at).unwrap());
        bench.double.script.add("/graphql", 1, Fault::Answer(answer));
        let error = bench.page("issues", None, None).await.unwrap_err();
        assert!(matches!(error, LiveError::Shape { .. }), "{at}: {error}");
    }
    let marked = format!("\u{feff}{text}");
    bench.double.script.add("/graphql", 1, Fault::Answer(Answer::new(200, marked)));
    assert_eq!(bench.page("issues", None, None).await.unwrap().items.len(), 1);
    let mut odd = text.into_bytes();
    let at = odd.windows(3).position(|part| part == b"\"a\"").unwrap();
    odd[at + 1] = 0xff;
    bench.double.script.add("/graphql", 1, Fault::Answer(Answer::new(200, odd)));
    assert_eq!(bench.page("issues", None, None).await.unwrap().items[0].id, "\u{fffd}");
}

#[tokio::test]
async fn asked_to_come_later_in_all_forms() {
    let bench = Bench::new(30).await;
    bench.page("issues", None, None).await.unwrap();
    let limited = json!({"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATE_LIMITED", "retryAfter": 7}}], "data": null});
    bench.double.script.add("/graphql", 1, graphql(&limited));
    let error = bench.page("issues", None, None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Later(Some(Duration::from_secs(7))), "{error}");
    let partly = json!({"errors": [{"message": "slow", "path": ["issuesV2", "nodes", 0, "notes"], "extensions": {"code": "RATE_LIMITED"}}],
        "data": {"issuesV2": {"nodes": [{"id": "a"}], "pageInfo": {"hasNextPage": false}}}});
    bench.double.script.add("/graphql", 1, graphql(&partly));
    let error = bench.page("issues", None, None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Later(None), "{error}");
    let oops = json!({"errors": [{"message": "Oops! an internal error has occurred. For reference purposes, this is the request id: 1"}], "data": {"issuesV2": null}});
    bench.double.script.add("/graphql", 1, graphql(&oops));
    let error = bench.page("issues", None, None).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Later(None), "{error}");
    assert!(error.to_string().contains("Oops!"), "{error}");
    for (status, wait) in
        [(429, Some("1")), (429, None), (429, Some("soon")), (503, Some("-4")), (502, None)]
    {
        let answer = Answer::new(status, "slow down");
        let answer =
            wait.map_or_else(|| answer.clone(), |wait| answer.clone().header("retry-after", wait));
        bench.double.script.add("/graphql", 1, Fault::Answer(answer));
        let error = bench.page("issues", None, None).await.unwrap_err();
        assert!(matches!(error.verdict(), Verdict::Later(_)), "{status} {wait:?}: {error}");
    }
}

#[tokio::test]
async fn errors_beside_data_leave_the_rest_of_the_page() {
    let bench = Bench::new(400).await;
    let whole = ids(&bench.read("issues", None).await);
    bench.wiz.take("read:threat_issues");
    let page = bench.page("issues", None, None).await.unwrap();
    assert_eq!(ids(&page.items), whole);
    assert_eq!(page.unread.len(), 1, "{:?}", page.unread);
    assert!(page.unread[0].contains("read:threat_issues"), "{:?}", page.unread);
}

#[tokio::test]
async fn a_missing_right_is_named_and_touches_no_other_stream() {
    let bench = Bench::new(60).await;
    bench.wiz.take("read:vulnerabilities");
    let error = bench.page("vulnerabilities", None, None).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Forbidden { right, .. } if right == "read:vulnerabilities"),
        "{error}"
    );
    assert_eq!(error.verdict(), Verdict::NeedsHuman);
    assert!(bench.page("issues", None, None).await.is_ok());
    bench.double.script.add("/graphql", 1, Fault::Answer(Answer::new(403, "no")));
    let error = bench.page("issues", None, None).await.unwrap_err();
    assert!(
        matches!(&error, LiveError::Forbidden { right, .. } if right == "read:issues"),
        "{error}"
    );
}

#[tokio::test]
async fn a_cursor_that_is_not_known_any_more_is_told() {
    let bench = Bench::with(200, &[("page_size", "10")], KEY.1).await;
    bench.wiz.behave(|manner| manner.cursor_seconds = Some(60));
    let first = bench.page("issues", None, None).await.unwrap();
    bench.pass(61);
    let error = bench.page("issues", None, first.next.as_ref()).await.unwrap_err();
    assert!(matches!(error, LiveError::Cursor(_)), "{error}");
    let odd = json!({"after": "no cursor"});
    let error = bench.page("issues", None, Some(&odd)).await.unwrap_err();
    assert!(matches!(error, LiveError::Cursor(_)), "{error}");
}

#[tokio::test]
async fn whose_data_it_is_is_told_with_every_page() {
    let bench = Bench::new(60).await;
    let first = bench.page("issues", None, None).await.unwrap();
    assert!(first.owner.is_some());
    assert_eq!(first.vendor_time, Some(begin()));
    bench.wiz.behave(|manner| "another-tenant".clone_into(&mut manner.tenant));
    bench.wiz.end_tokens();
    let other = bench.page("issues", None, None).await.unwrap();
    assert_eq!(other.owner.as_deref(), Some("another-tenant"));
    assert_ne!(other.owner, first.owner);
}

#[tokio::test]
async fn what_is_not_shaped_as_it_should_be_is_named_by_its_path() {
    let bench = Bench::new(30).await;
    bench.page("issues", None, None).await.unwrap();
    let good = json!({"data": {"issuesV2": {"nodes": [{"id": "a"}], "totalCount": 1,
        "pageInfo": {"hasNextPage": true, "endCursor": "x"}}}});
    for (path, value, told) in [
        ("/data", json!(null), "$.data.issuesV2"),
        ("/data/issuesV2", json!(null), "$.data.issuesV2"),
        ("/data/issuesV2", json!([]), "$.data.issuesV2"),
        ("/data/issuesV2/nodes", json!({}), "$.data.issuesV2.nodes"),
        ("/data/issuesV2/pageInfo", json!("x"), "$.data.issuesV2.pageInfo.hasNextPage"),
        (
            "/data/issuesV2/pageInfo/hasNextPage",
            json!("yes"),
            "$.data.issuesV2.pageInfo.hasNextPage",
        ),
        ("/data/issuesV2/pageInfo/endCursor", json!(null), "$.data.issuesV2.pageInfo.endCursor"),
        ("/data/issuesV2/pageInfo/endCursor", json!(7), "$.data.issuesV2.pageInfo.endCursor"),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(path).unwrap() = value;
        bench.double.script.add("/graphql", 1, graphql(&body));
        let error = bench.page("issues", None, None).await.unwrap_err();
        assert!(matches!(&error, LiveError::Shape { path, .. } if path == told), "{path}: {error}");
    }
    for member in ["nodes", "pageInfo"] {
        let mut body = good.clone();
        body["data"]["issuesV2"].as_object_mut().unwrap().remove(member);
        bench.double.script.add("/graphql", 1, graphql(&body));
        let error = bench.page("issues", None, None).await.unwrap_err();
        let path = format!("$.data.issuesV2.{member}");
        assert!(matches!(&error, LiveError::Shape { path: told, .. } if *told == path), "{error}");
    }
    let empty = json!({"data": {"issuesV2": {"nodes": null, "pageInfo": {"hasNextPage": false}}}});
    bench.double.script.add("/graphql", 1, graphql(&empty));
    assert!(bench.page("issues", None, None).await.unwrap().items.is_empty());
    let holed = json!({"data": {"issuesV2": {"nodes": [null, 7, {"id": 4}], "pageInfo": {"hasNextPage": false}}}});
    bench.double.script.add("/graphql", 1, graphql(&holed));
    let page = bench.page("issues", None, None).await.unwrap();
    let found: Vec<&str> = page.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!((found, page.unread.len()), (vec!["", "4"], 1));
}

#[tokio::test]
async fn no_error_and_no_debug_text_shows_a_secret() {
    const WRONG: &str = "another-wr0ng-secret";
    let bench = Bench::with(20, &[], WRONG).await;
    let echo = Answer::new(401, format!(r#"{{"error":"bad secret {WRONG}"}}"#));
    bench.double.script.add("/oauth/token", 1, Fault::Answer(echo));
    let error = bench.page("issues", None, None).await.unwrap_err();
    let text = format!("{error} {error:?} {:?}", bench.connector);
    assert!(!text.contains(WRONG), "{text}");
    let bench = Bench::new(20).await;
    bench.page("issues", None, None).await.unwrap();
    let log = bench.double.ledger.of("/oauth/token");
    assert!(String::from_utf8_lossy(&log[0].body).contains(KEY.1), "the login does carry it");
    let echo = json!({"data": null, "errors": [{"message": format!("no {}", "x".repeat(5_000))}]});
    bench.double.script.add("/graphql", 1, graphql(&echo));
    let error = bench.page("issues", None, None).await.unwrap_err();
    assert!(error.to_string().len() < 400);
}

#[tokio::test]
async fn a_realm_and_a_setting_that_do_not_fit_are_refused() {
    let bench = Bench::new(10).await;
    bench.wiz.behave(|manner| manner.legacy = true);
    let error = bench.page("issues", None, None).await.unwrap_err();
    assert!(matches!(error, LiveError::Login(_)), "{error}");
    let options: &[(&str, &str)] = &[("realm", "legacy")];
    let connector = connect(&bench.double, &bench.clock, (options, KEY.1), policy());
    let bench = Bench { connector, ..bench };
    assert!(bench.page("issues", None, None).await.is_ok());
    for (name, value) in [
        ("realm", "moon"),
        ("page_size", "501"),
        ("page_size", "0"),
        ("dismiss", "x"),
        ("detections", ""),
    ] {
        let options = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let plan = Plan {
            name: "wiz-test".to_owned(),
            url: None,
            login_at: None,
            account: None,
            options,
            credentials: Arc::new(Login(KEY.1)),
            client: Client::new(policy(), bench.clock.clone()).unwrap(),
            clock: bench.clock.clone(),
        };
        let error = (LIVE.connect)(plan).unwrap_err();
        assert!(
            matches!(&error, LiveError::Setting { name: told, .. } if *told == name),
            "{error}"
        );
    }
}
