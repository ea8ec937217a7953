//! Issues, notes, and what is found again.

use quell_deliver::outbox::Act;

use super::*;
use crate::forge::call::{Api as _, Call};
use crate::{Field, Gone, Phase};

fn finding() -> Letter {
    letter("logs", None)
}

#[tokio::test]
async fn an_issue_is_made_once_even_when_its_answer_is_lost() {
    let stage = stage().await;
    stage.host.lag(20);
    let finding = finding();
    let act = || Act::Open { letter: Box::new(finding.clone()) };
    stage.host.spoil("POST /repos/acme/shop/issues", None);
    let lost = stage.open(&finding).await.unwrap_err();
    assert!(matches!(lost.outcome(), quell_deliver::outbox::Outcome::Lost(_)), "{lost:?}");
    assert_eq!(stage.host.threads().len(), 1);
    assert_eq!(stage.find(&finding.key, act(), None).await.unwrap(), None);
    stage.hands.pass(30);
    let found = stage.find(&finding.key, act(), None).await.unwrap().unwrap();
    assert_eq!(found.id, "acme/shop/issues/1");
    assert_eq!(stage.open(&finding).await.unwrap(), found);
    assert_eq!(stage.host.threads().len(), 1);
}

#[tokio::test]
async fn an_issue_of_a_person_with_the_same_mark_is_not_taken() {
    let stage = stage().await;
    let finding = finding();
    stage.host.issue_by_hand(&format!("<!-- {} -->", finding.key.mark()));
    stage.host.open_by_hand("main", &format!("<!-- {} -->", finding.key.mark()));
    assert_eq!(stage.open(&finding).await.unwrap().id, "acme/shop/issues/3");
}

#[tokio::test]
async fn old_issues_are_found_by_the_search() {
    let stage = stage().await;
    let finding = finding();
    let first = stage.open(&finding).await.unwrap();
    for at in 0..310 {
        let mut other = letter("x", None);
        other.key = Key::new(&quell_model::TenantId::default(), "github", &format!("f:{at}"), 0);
        let body = super::super::wire::issue(&other);
        let call = Call::post("/repos/acme/shop/issues", "Issues: write", &body);
        stage.sink.ask(&call).await.unwrap();
    }
    let act = Act::Open { letter: Box::new(finding.clone()) };
    let found = stage.find(&finding.key, act, None).await.unwrap().unwrap();
    assert_eq!(found.id, first.id);
    assert_eq!(stage.double.ledger.of("/search/issues").len(), 1);
}

#[tokio::test]
async fn a_note_is_said_once() {
    let stage = stage().await;
    let finding = finding();
    let remote = stage.open(&finding).await.unwrap();
    let note = || Act::Note { body: body("Still there") };
    assert_eq!(stage.find(&finding.key, note(), Some(&remote)).await.unwrap(), None);
    for _ in 0..2 {
        stage.act(&finding.key, note(), Some(&remote)).await.unwrap();
    }
    assert!(stage.find(&finding.key, note(), Some(&remote)).await.unwrap().is_some());
    let other = Act::Note { body: body("Something else") };
    stage.act(&finding.key, other, Some(&remote)).await.unwrap();
    assert_eq!(stage.host.threads()[0].comments.len(), 2);
}

#[tokio::test]
async fn closing_and_opening_again_says_why() {
    let stage = stage().await;
    let finding = finding();
    let remote = stage.open(&finding).await.unwrap();
    let close = || Act::Close { body: body("Gone") };
    stage.act(&finding.key, close(), Some(&remote)).await.unwrap();
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.phase_by_us), (Phase::Done, true));
    assert!(stage.find(&finding.key, close(), Some(&remote)).await.unwrap().is_some());
    let reopen = Act::Reopen { body: body("Back") };
    stage.act(&finding.key, reopen, Some(&remote)).await.unwrap();
    assert_eq!(stage.find(&finding.key, close(), Some(&remote)).await.unwrap(), None);
    let thread = &stage.host.threads()[0];
    assert_eq!((thread.state.as_str(), thread.comments.len()), ("open", 2));
    stage.host.close_by_hand(1, "not_planned");
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.phase_by_us), (Phase::Declined, false));
    assert_eq!(standing.resolution.as_deref(), Some("not_planned"));
}

#[tokio::test]
async fn fields_are_read_as_they_are() {
    let stage = stage().await;
    let remote = stage.open(&finding()).await.unwrap();
    stage.host.assign(1, "mona");
    stage.host.rewrite(1, "by hand\r\n");
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!(standing.phase, Phase::Begun);
    assert_eq!(standing.fields[&Field::Assignee], "mona");
    assert_eq!(standing.fields[&Field::Body], "by hand\n");
    stage.edit(&finding(), &remote).await.unwrap();
    assert!(stage.host.threads()[0].body.contains("<!-- quell-"));
}

#[tokio::test]
async fn deleted_archived_and_renamed_are_told_apart() {
    let stage = stage().await;
    let remote = stage.open(&finding()).await.unwrap();
    stage.host.rename("store");
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!(standing.remote.name, "acme/store#1");
    // The former name leads there for writing too.
    let note = Act::Note { body: body("Still there") };
    stage.act(&finding().key, note, Some(&remote)).await.unwrap();
    stage.host.delete(1);
    let standing = stage.sink.read(&standing.remote).await.unwrap().unwrap();
    assert_eq!(standing.gone, Gone::Deleted);
    stage.host.archive();
    let standing = stage.sink.read(&standing.remote).await.unwrap().unwrap();
    assert_eq!(standing.gone, Gone::Archived);
    stage.host.remove_right("metadata");
    let error = stage.sink.read(&standing.remote).await.unwrap_err();
    assert!(
        matches!(error, SinkError::Gone(_)) && error.to_string().contains("may not see"),
        "{error}"
    );
}
