//! What goes wrong is told by its kind, and never half applied.

use quell_http::Verdict;
use quell_testkit::net::Answer;
use quell_testkit::platforms::{Fault, ORCA_READ_ALERTS, ORCA_READ_ASSETS};

use super::*;
use crate::live::RightState;

const QUERY: &str = "serving-layer/query";
const NONE: Retry = Retry { attempts: 1, ..FAST };

#[tokio::test]
async fn a_session_that_ends_in_the_middle_is_renewed_once_and_nothing_is_lost() {
    let stage = stage(400, &[("login", "session"), ("page_size", "20")]).await;
    stage.orca.set(|settings| settings.session_requests = Some(3));
    let items = stage.all("alerts", None).await;
    assert_eq!(ids(&items), stage.orca.truth("alerts"));
    assert!(stage.orca.logins() > 3);
}

#[tokio::test]
async fn for_many_callers_a_session_is_renewed_once() {
    let stage = Arc::new(stage(100, &[("login", "session")]).await);
    stage.page("alerts", None, None).await.unwrap();
    stage.hands.pass(1000);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let stage = Arc::clone(&stage);
        tasks.spawn(async move { stage.page("alerts", None, None).await.unwrap().items.len() });
    }
    while let Some(done) = tasks.join_next().await {
        assert!(done.unwrap() > 10);
    }
    assert_eq!(stage.orca.logins(), 2);
}

#[tokio::test]
async fn a_token_that_is_replaced_is_read_again() {
    let stage = stage(50, &[]).await;
    stage.page("alerts", None, None).await.unwrap();
    stage.orca.set(|settings| settings.token = "another-token".to_owned());
    "another-token".clone_into(&mut stage.key.0.lock().unwrap());
    stage.page("alerts", None, None).await.unwrap();
}

#[tokio::test]
async fn a_login_that_is_refused_is_told_without_its_secret() {
    for login in ["token", "session"] {
        let stage = stage(20, &[("login", login)]).await;
        "a-wrong-secret".clone_into(&mut stage.key.0.lock().unwrap());
        let error = stage.page("alerts", None, None).await.unwrap_err();
        assert!(matches!(error, LiveError::Login(_)), "{error}");
        assert_eq!(error.verdict(), Verdict::NeedsHuman);
        let all = format!("{error} {error:?} {:?}", stage.connector);
        assert!(!all.contains("a-wrong-secret"));
        // Who asks again at once does not try a session again.
        let before = stage.double.ledger.of("user/session").len();
        stage.page("alerts", None, None).await.unwrap_err();
        assert_eq!(stage.double.ledger.of("user/session").len(), before);
    }
}

#[tokio::test]
async fn an_answer_cut_anywhere_is_no_page() {
    let stage = staged(30, &[("page_size", "10")], NONE).await;
    let whole = stage.page("alerts", None, None).await.unwrap().items.len();
    for bytes in (0..4000).step_by(397) {
        stage.double.script.add(QUERY, 1, Fault::Cut(bytes));
        let error = stage.page("alerts", None, None).await.unwrap_err();
        assert!(matches!(error.verdict(), Verdict::Later(_)), "{bytes}: {error}");
    }
    assert_eq!(stage.page("alerts", None, None).await.unwrap().items.len(), whole);
    // Tried again by the client, nobody notices.
    let stage = super::stage(30, &[("page_size", "10")]).await;
    stage.double.script.add(QUERY, 1, Fault::Cut(900));
    assert_eq!(stage.page("alerts", None, None).await.unwrap().items.len(), whole);
}

#[tokio::test]
async fn too_many_requests_in_every_form_are_asked_for_later() {
    let stage = staged(30, &[], NONE).await;
    let answer = |status, body: &str| Answer::new(status, body);
    for (fault, wait) in [
        (answer(429, r#"{"detail":"Request was throttled."}"#), None),
        (answer(429, "{}").header("retry-after", "7"), Some(Duration::from_secs(1))),
        (answer(429, "{}").header("retry-after", "soon"), Some(Duration::from_secs(1))),
        (answer(503, "<html>down</html>"), None),
        (answer(200, r#"{"status":"error","error":"Too many requests"}"#), None),
    ] {
        stage.double.script.add(QUERY, 1, Fault::Answer(fault));
        let error = stage.page("alerts", None, None).await.unwrap_err();
        assert_eq!(error.verdict(), Verdict::Later(wait), "{error}");
    }
    // The next attempt comes when it may.
    let stage = super::stage(30, &[]).await;
    stage.double.script.add(QUERY, 1, Fault::Answer(answer(429, "{}").header("retry-after", "1")));
    stage.page("alerts", None, None).await.unwrap();
}

#[tokio::test]
async fn refusals_are_told_by_kind_and_in_orca_s_words() {
    let stage = staged(30, &[], NONE).await;
    for (status, body, kind) in [
        (200, r#"{"status":"error","error":"permission denied"}"#, "the right"),
        (200, r#"{"status":"error","error":"the model is odd"}"#, "refused: the model is odd"),
        (400, r#"{"error":"field `x` does not exist"}"#, "refused: field `x`"),
        (404, r#"{"detail":"Not found."}"#, "refused: there is no such call"),
        (403, r#"{"error_code":"permission_denied"}"#, "the right `alerts.alert.read`"),
        (403, r#"{"detail":"Invalid token."}"#, "the login is refused: Invalid token."),
        (200, "[]", "`$` of the answer"),
        (200, "<html>hello</html>", "`$` of the answer"),
        (200, r#"{"rows":[]}"#, "`$.data` of the answer is not as expected: is missing"),
        (200, r#"{"data":{}}"#, "`$.data` of the answer is not as expected: is no list"),
        (200, r#"{"data":[],"total_items":7}"#, "`$.data` of the answer"),
    ] {
        stage.double.script.add(QUERY, 2, Fault::Answer(Answer::new(status, body)));
        let error = stage.page("alerts", None, None).await.unwrap_err();
        assert!(error.to_string().starts_with(kind), "{error}");
        stage.double.script.clear();
    }
}

#[tokio::test]
async fn what_repeats_a_secret_is_told_without_it() {
    let stage = staged(20, &[], NONE).await;
    let token = OrcaSettings::default().token;
    for status in [200, 400, 500] {
        let body = format!(r#"{{"status":"error","error":"I saw {token} there"}}"#);
        stage.double.script.add(QUERY, 1, Fault::Answer(Answer::new(status, body)));
        let error = stage.page("alerts", None, None).await.unwrap_err();
        let all = format!("{error} {error:?}");
        assert!(!all.contains(&token) && all.contains("I saw"), "{all}");
    }
}

#[tokio::test]
async fn each_right_is_told_and_one_that_is_missing_stops_its_stream_alone() {
    let stage = stage(60, &[]).await;
    let states = async || {
        let rights = stage.connector.test().await.unwrap();
        rights.into_iter().map(|right| (right.name, right.state)).collect::<Vec<_>>()
    };
    let right = |name: &str, state| (name.to_owned(), state);
    let unknown = right("alerts.alert.write", RightState::Unknown);
    assert_eq!(
        states().await,
        [
            right(ORCA_READ_ALERTS, RightState::Held),
            right(ORCA_READ_ASSETS, RightState::Held),
            unknown.clone()
        ]
    );
    stage.orca.set(|settings| {
        settings.rights.remove(ORCA_READ_ALERTS);
    });
    assert_eq!(
        states().await,
        [
            right(ORCA_READ_ALERTS, RightState::Missing),
            right(ORCA_READ_ASSETS, RightState::Held),
            unknown
        ]
    );
    let error = stage.page("alerts", None, None).await.unwrap_err();
    assert!(matches!(&error, LiveError::Forbidden { right, .. } if right == ORCA_READ_ALERTS));
    assert!(!stage.all("assets", None).await.is_empty());
}

#[tokio::test]
async fn a_place_that_is_not_known_any_more_is_told_as_one() {
    let stage = stage(300, &[("api", "alerts"), ("page_size", "10")]).await;
    let next = stage.page("alerts", None, None).await.unwrap().next.unwrap();
    stage.hands.pass(400);
    let error = stage.page("alerts", None, Some(&next)).await.unwrap_err();
    assert!(matches!(error, LiveError::Cursor(_)), "{error}");
    let stage = super::stage(30, &[]).await;
    for odd in [serde_json::json!(7), serde_json::json!({"from": "x", "skip": -1}), Value::Null] {
        for stream in ["alerts", "assets"] {
            let error = stage.page(stream, None, Some(&odd)).await.unwrap_err();
            assert!(matches!(error, LiveError::Cursor(_)), "{error}");
        }
    }
}

#[tokio::test]
async fn whose_data_it_is_is_told_and_so_is_another_s() {
    let stage = stage(60, &[]).await;
    let own = OrcaSettings::default().organization;
    assert_eq!(stage.page("alerts", None, None).await.unwrap().owner, Some(own));
    stage.orca.set(|settings| settings.organization = "somebody-else".to_owned());
    let page = stage.page("alerts", None, None).await.unwrap();
    assert_eq!(page.owner.as_deref(), Some("somebody-else"));
    // One record among others is enough.
    let record = |id: &str, of: &str| {
        format!(
            r#"{{"name":"{id}","data":{{"AlertId":{{"value":"{id}"}},"AssetData":{{"value":{{"organization_id":"{of}"}}}}}}}}"#
        )
    };
    for foreign in 0..3 {
        let one =
            |at: usize| record(&format!("orca-{at}"), if at == foreign { "other" } else { "own" });
        let body = format!(r#"{{"data":[{},{},{}]}}"#, one(0), one(1), one(2));
        stage.double.script.add(QUERY, 1, Fault::Answer(Answer::new(200, body)));
        let page = stage.page("alerts", None, None).await.unwrap();
        assert_ne!(page.owner.as_deref(), Some("own"), "{foreign}");
    }
}

#[tokio::test]
async fn the_vendor_s_clock_is_told() {
    let stage = stage(20, &[]).await;
    let page = stage.page("alerts", None, None).await.unwrap();
    assert_eq!(page.vendor_time, Some(stage.hands.now()));
    assert_eq!(page.total, Some(stage.orca.truth("alerts").len() as u64));
}

#[test]
fn a_setting_that_is_wrong_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let hands = Hands(Arc::new(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())));
    let plan = |url: Option<&str>, option: (&str, &str)| Plan {
        name: "orca".to_owned(),
        url: url.map(str::to_owned),
        login_at: None,
        account: None,
        options: [(option.0.to_owned(), option.1.to_owned())].into(),
        credentials: Arc::new(Key(Arc::default())),
        client: client(&hands, FAST),
        clock: Arc::new(hands.clone()),
    };
    for (url, option, wrong) in [
        (None, ("login", "token"), "url"),
        (Some("https://a.example"), ("login", "password"), "login"),
        (Some("https://a.example"), ("api", "v2"), "api"),
        (Some("https://a.example"), ("page_size", "10001"), "page_size"),
    ] {
        let error = (super::super::LIVE.connect)(plan(url, option)).unwrap_err();
        assert!(matches!(&error, LiveError::Setting { name, .. } if *name == wrong), "{error}");
    }
}
