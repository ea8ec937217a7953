//! Refusals, limits, and logins that end.

use quell_deliver::outbox::Outcome;
use quell_testkit::double::Fault;

use super::*;
use crate::RightState;

#[tokio::test]
async fn a_limit_is_kept() {
    let stage = stage().await;
    for (asked, expected) in [(Some(77), 77), (None, 60)] {
        stage.host.limit(2, asked);
        let error = stage.open(&fix()).await.unwrap_err();
        let Outcome::Later(Some(wait), _) = error.outcome() else { panic!("{error:?}") };
        assert_eq!(wait.as_secs(), expected);
        stage.host.limit(0, None);
    }
}

#[tokio::test]
async fn an_answer_lost_anywhere_leaves_one_merge_request() {
    for path in ["/repository/commits", "/merge_requests"] {
        for status in [None, Some(502)] {
            let stage = stage().await;
            stage.host.spoil(&format!("POST {path}"), status);
            let fix = fix();
            let error = stage.open(&fix).await.unwrap_err();
            assert!(matches!(error.outcome(), Outcome::Lost(_)), "{path}: {error}");
            let act = Act::Open { letter: Box::new(fix.clone()) };
            let found = stage.find(&fix.key, act, None).await.unwrap();
            assert_eq!(found.is_some(), path == "/merge_requests");
            let made = stage.open(&fix).await.unwrap();
            assert!(found.is_none_or(|found| found == made));
            let commits = stage.host.commits(&branch(&fix));
            assert_eq!((stage.host.threads().len(), commits), (1, 1), "{path}");
        }
    }
}

#[tokio::test]
async fn a_note_that_was_lost_is_found() {
    let stage = stage().await;
    let fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    let note = || Act::Note { body: body("Still there") };
    stage.host.spoil("POST /notes", None);
    let error = stage.act(&fix.key, note(), Some(&remote)).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    assert!(stage.find(&fix.key, note(), Some(&remote)).await.unwrap().is_some());
    stage.act(&fix.key, note(), Some(&remote)).await.unwrap();
    assert_eq!(stage.host.threads()[0].notes.len(), 1);
}

#[tokio::test]
async fn refusals_are_told_in_gitlabs_words() {
    let stage = stage().await;
    stage.host.protect("quell/");
    let said = refused(&stage.open(&fix()).await.unwrap_err());
    assert!(said.contains("not allowed to push"), "{said}");
    stage.host.level(20);
    let error = stage.open(&fix()).await.unwrap_err();
    assert!(error.to_string().contains("Developer"), "{error}");
    let rights = stage.sink.test().await.unwrap();
    assert!(rights.iter().any(|right| right.state == RightState::Missing));
    let mut fix = fix();
    let file = &mut fix.change.as_mut().unwrap().files[0];
    (file.path, file.before) = (".gitlab-ci.yml".to_owned(), None);
    assert!(refused(&stage.open(&fix).await.unwrap_err()).contains("workflows"));
}

#[tokio::test]
async fn a_token_that_was_changed_is_read_anew() {
    let stage = stage().await;
    stage.host.token("glpat-other");
    let error = stage.open(&fix()).await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)), "{error}");
    assert!(!error.to_string().contains(GitlabDouble::TOKEN));
    stage.keys.0.lock().unwrap().1 = "glpat-other".to_owned();
    stage.open(&fix()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_cut_is_lost() {
    let stage = stage().await;
    stage.double.script.add("/repository/commits", 1, Fault::Cut(8));
    let error = stage.open(&fix()).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error}");
    stage.open(&fix()).await.unwrap();
    assert_eq!((stage.host.threads().len(), stage.host.commits(&branch(&fix()))), (1, 1));
}
