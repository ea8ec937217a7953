//! Refusals, limits, and logins that end.

use quell_deliver::outbox::{Act, Outcome};
use quell_testkit::double::Fault;
use quell_testkit::net::Answer;

use super::*;
use crate::RightState;

fn wait(error: &SinkError) -> u64 {
    let Outcome::Later(Some(wait), _) = error.outcome() else { panic!("{error:?}") };
    wait.as_secs()
}

#[tokio::test]
async fn both_kinds_of_limit_are_kept() {
    let stage = stage().await;
    let reset = stage.hands.now().as_second() + 1_234;
    for status in [403, 429] {
        stage.host.primary_limit(reset, status);
        assert_eq!(wait(&stage.open(&fix()).await.unwrap_err()), 1_234);
    }
    stage.host.secondary_limit(0, 1, None);
    assert_eq!(wait(&stage.open(&fix()).await.unwrap_err()), 60);
    stage.host.secondary_limit(0, 1, Some(77));
    assert_eq!(wait(&stage.open(&fix()).await.unwrap_err()), 77);
    stage.host.no_limit();
    stage.open(&fix()).await.unwrap();
}

#[tokio::test]
async fn a_limit_in_the_middle_leaves_one_pull_request() {
    for after in 0..5 {
        let stage = stage().await;
        stage.host.secondary_limit(after, 1, None);
        let error = stage.open(&fix()).await.unwrap_err();
        assert_eq!(wait(&error), 60, "{after}");
        stage.open(&fix()).await.unwrap();
        let pulls = stage.host.threads();
        assert_eq!((pulls.len(), stage.host.commits(&branch(&fix())).len()), (1, 1), "{after}");
        assert_eq!(pulls[0].labels, ["quell", "prod"]);
    }
}

#[tokio::test]
async fn an_answer_lost_anywhere_leaves_one_pull_request() {
    for path in ["/git/trees", "/git/commits", "/git/refs", "/pulls", "/issues/1/labels"] {
        for status in [None, Some(502)] {
            let stage = stage().await;
            stage.host.spoil(&format!("POST /repos/acme/shop{path}"), status);
            let fix = fix();
            let error = stage.open(&fix).await.unwrap_err();
            let lost = matches!(error.outcome(), Outcome::Lost(_));
            assert!(lost != path.ends_with("labels"), "{path}: {error}");
            let act = Act::Open { letter: Box::new(fix.clone()) };
            let found = stage.find(&fix.key, act, None).await.unwrap();
            assert_eq!(found.is_some(), path == "/pulls" || !lost, "{path}");
            let made = stage.open(&fix).await.unwrap();
            assert!(found.is_none_or(|found| found.id == made.id), "{path}");
            let commits = stage.host.commits(&branch(&fix)).len();
            assert_eq!((stage.host.threads().len(), commits), (1, 1), "{path}");
        }
    }
}

#[tokio::test]
async fn a_login_that_ended_is_renewed_once() {
    let stage = stage().await;
    stage.open(&fix()).await.unwrap();
    stage.host.token("github_pat_other");
    let error = stage.open(&letter("x", None)).await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)), "{error}");
    assert!(!error.to_string().contains(GithubDouble::TOKEN));
    stage.keys.0.lock().unwrap().1 = "github_pat_other".to_owned();
    stage.open(&letter("x", None)).await.unwrap();
}

#[tokio::test]
async fn an_app_logs_in_with_its_key_and_again_when_that_ends() {
    let stage = staged(&[("app_id", GithubDouble::APP)]).await;
    stage.open(&fix()).await.unwrap();
    assert_eq!(stage.double.ledger.of("/access_tokens").len(), 1);
    stage.host.expire_tokens();
    let remote = stage.open(&letter("x", None)).await.unwrap();
    assert_eq!(stage.double.ledger.of("/access_tokens").len(), 2);
    let close = Act::Close { body: body("Gone") };
    stage.act(&fix().key, close, Some(&remote)).await.unwrap();
    assert!(stage.sink.read(&remote).await.unwrap().unwrap().phase_by_us);
    let rights = stage.sink.test().await.unwrap();
    assert!(rights.iter().all(|right| right.state == RightState::Held), "{rights:?}");
    stage.keys.0.lock().unwrap().1 = "no key".to_owned();
    stage.host.expire_tokens();
    let error = stage.open(&letter("y", None)).await.unwrap_err();
    assert!(error.to_string().contains("PEM"), "{error}");
}

#[tokio::test]
async fn a_missing_right_is_named() {
    for (right, name) in [("contents", "Contents"), ("pull_requests", "Pull requests")] {
        let stage = stage().await;
        stage.host.remove_right(right);
        let error = stage.open(&fix()).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let stage = stage().await;
    stage.host.remove_right("contents");
    let rights = stage.sink.test().await.unwrap();
    assert!(rights.iter().any(|right| right.state == RightState::Missing), "{rights:?}");
}

#[tokio::test]
async fn a_ruleset_and_an_archive_refuse_in_their_words() {
    let stage = stage().await;
    stage.host.protect("quell/");
    assert!(refused(&stage.open(&fix()).await.unwrap_err()).contains("rule violations"));
    stage.host.archive();
    assert!(refused(&stage.open(&letter("x", None)).await.unwrap_err()).contains("archived"));
}

#[tokio::test]
async fn answers_that_are_cut_or_odd_end_in_an_error() {
    for fault in [
        Fault::Cut(10),
        Fault::Answer(Answer::new(201, "{}")),
        Fault::Answer(Answer::new(201, "[[[")),
    ] {
        let stage = stage().await;
        stage.double.script.add("/git/trees", 1, fault);
        let error = stage.open(&fix()).await.unwrap_err();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
        stage.open(&fix()).await.unwrap();
        assert_eq!(stage.host.threads().len(), 1);
    }
}

#[tokio::test]
async fn settings_that_cannot_be_are_told_by_name() {
    let stage = stage().await;
    for project in [None, Some("acme"), Some("acme/shop/x"), Some("acme/..")] {
        let plan = plan(&KIND, (&stage.double.url(), project), &[], &stage.keys, &stage.hands);
        let error = (KIND.connect)(plan).unwrap_err();
        assert!(error.to_string().contains("project"), "{error}");
    }
}
