//! Merge requests and issues: one of each, and nothing of people's overwritten.

use quell_deliver::letter::ChangedFile;

use super::*;
use crate::testing::hostile::payloads;
use crate::{Field, Gone, Phase};

#[tokio::test]
async fn a_fix_becomes_one_draft_with_one_commit() {
    let stage = stage().await;
    let mut fix = fix();
    fix.change.as_mut().unwrap().files.push(ChangedFile {
        path: "scripts/check.sh".to_owned(),
        before: None,
        after: "#!/bin/sh\n".to_owned(),
        executable: true,
    });
    let remote = stage.open(&fix).await.unwrap();
    assert_eq!(remote.id, "acme/web/shop!1");
    let branch = branch(&fix);
    let threads = stage.host.threads();
    assert!(threads[0].title.starts_with("Draft: Open bucket `logs`"), "{threads:?}");
    assert_eq!((threads.len(), stage.host.commits(&branch)), (1, 1));
    assert_eq!(threads[0].labels, ["quell", "prod"]);
    assert_eq!(stage.host.text(&branch, "infra/main.tf").as_deref(), Some(FIXED));
    assert_eq!(stage.host.mode(&branch, "scripts/check.sh").as_deref(), Some("100755"));
    assert_eq!(stage.open(&fix).await.unwrap(), remote);
    assert_eq!((stage.host.threads().len(), stage.host.commits(&branch)), (1, 1));
    assert!(stage.double.ledger.of("acme%2Fweb%2Fshop/merge_requests").len() > 1);
}

#[tokio::test]
async fn a_base_that_moved_under_the_change_is_refused() {
    let stage = stage().await;
    stage.host.push("main", "README.md", "more\n");
    let remote = stage.open(&fix()).await.unwrap();
    stage.host.push("main", "infra/main.tf", "# other\n");
    let mut other = fix();
    other.key = Key::new(&quell_model::TenantId::default(), "gitlab", "fix:b", 0);
    let said = refused(&stage.open(&other).await.unwrap_err());
    assert!(said.contains("the base moved: the fix must be made anew"), "{said}");
    // Made anew on a base that moved under the merge request: its branch cannot follow.
    let mut anew = fix();
    let file = &mut anew.change.as_mut().unwrap().files[0];
    (file.before, file.after) = (Some(blob_id("# other\n")), "# third\n".to_owned());
    refused(&stage.edit(&anew, &remote).await.unwrap_err());
    assert_eq!(stage.sink.code(&remote).await.unwrap().unwrap().mergeable, Some(false));
}

#[tokio::test]
async fn an_edit_adds_a_commit_until_somebody_else_committed() {
    let stage = stage().await;
    let mut fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    let branch = branch(&fix);
    fix.title = Line::own("Another title");
    stage.edit(&fix, &remote).await.unwrap();
    assert_eq!(stage.host.threads()[0].title, "Draft: Another title");
    assert_eq!(stage.host.commits(&branch), 1);
    // What a person marked as ready stays so.
    stage.host.ready(1);
    fix.change.as_mut().unwrap().files[0].after = "# third\n".to_owned();
    stage.edit(&fix, &remote).await.unwrap();
    assert_eq!(stage.host.threads()[0].title, "Another title");
    assert_eq!(stage.host.commits(&branch), 2);
    // Another file would leave the first one changed.
    let mut other = fix.clone();
    let file = &mut other.change.as_mut().unwrap().files[0];
    (file.path, file.before) = ("new.tf".to_owned(), None);
    refused(&stage.edit(&other, &remote).await.unwrap_err());
    for by_force in [false, true] {
        if by_force {
            stage.host.force_push(&branch, "infra/main.tf", "# by hand\n");
        } else {
            stage.host.push(&branch, "infra/other.tf", "# by hand\n");
        }
        fix.change.as_mut().unwrap().files[0].after = "# fourth\n".to_owned();
        let said = refused(&stage.edit(&fix, &remote).await.unwrap_err());
        assert!(said.contains("not overwritten"), "{said}");
    }
    assert_eq!(stage.host.text(&branch, "infra/main.tf").as_deref(), Some("# by hand\n"));
}

#[tokio::test]
async fn amended_by_a_person_it_is_theirs() {
    let stage = stage().await;
    let mut fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    stage.host.force_push(&branch(&fix), "infra/main.tf", "# by hand\n");
    fix.change.as_mut().unwrap().files[0].after = "# third\n".to_owned();
    refused(&stage.edit(&fix, &remote).await.unwrap_err());
}

#[tokio::test]
async fn a_merge_request_is_followed() {
    let stage = stage().await;
    let fix = fix();
    let remote = stage.open(&fix).await.unwrap();
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!(
        (standing.phase, standing.gone, standing.remote),
        (Phase::New, Gone::No, remote.clone())
    );
    assert_eq!(stage.sink.code(&remote).await.unwrap().unwrap().mergeable, Some(true));
    stage.host.merge(1);
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.phase_by_us), (Phase::Done, false));
    let code = stage.sink.code(&remote).await.unwrap().unwrap();
    assert_eq!((code.merged_by.as_deref(), code.merge_commit.is_some()), (Some("mona"), true));
    assert_eq!(stage.open(&fix).await.unwrap(), remote);
    let act = Act::Reopen { body: body("It came back") };
    assert!(
        refused(&stage.act(&fix.key, act, Some(&remote)).await.unwrap_err()).contains("merged")
    );
}

#[tokio::test]
async fn an_issue_is_made_once_and_closed_and_opened_with_a_reason() {
    let stage = stage().await;
    let finding = letter("logs", None);
    stage.host.issue_by_hand(&format!("<!-- {} -->", finding.key.mark()));
    stage.host.spoil("POST /issues", None);
    stage.open(&finding).await.unwrap_err();
    let act = Act::Open { letter: Box::new(finding.clone()) };
    let remote = stage.find(&finding.key, act, None).await.unwrap().unwrap();
    assert_eq!(remote.id, "acme/web/shop#2");
    assert_eq!(stage.open(&finding).await.unwrap(), remote);
    let close = || Act::Close { body: body("Gone") };
    for _ in 0..2 {
        stage.act(&finding.key, close(), Some(&remote)).await.unwrap();
    }
    assert!(stage.find(&finding.key, close(), Some(&remote)).await.unwrap().is_some());
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.phase, standing.phase_by_us), (Phase::Done, true));
    assert_eq!(standing.fields[&Field::Due], "2026-12-01");
    let reopen = Act::Reopen { body: body("Back") };
    stage.act(&finding.key, reopen, Some(&remote)).await.unwrap();
    assert_eq!(stage.find(&finding.key, close(), Some(&remote)).await.unwrap(), None);
    let thread = &stage.host.threads()[1];
    assert_eq!((thread.state.as_str(), thread.notes.len()), ("opened", 2));
}

#[tokio::test]
async fn deleted_moved_archived_and_renamed_are_told_apart() {
    let stage = stage().await;
    let remote = stage.open(&letter("x", None)).await.unwrap();
    stage.host.rename("acme/store");
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!((standing.remote.name.as_str(), standing.gone), ("acme/store#1", Gone::No));
    stage.host.move_away(1);
    assert_eq!(stage.sink.read(&remote).await.unwrap().unwrap().gone, Gone::Archived);
    stage.host.delete(1);
    assert_eq!(stage.sink.read(&remote).await.unwrap().unwrap().gone, Gone::Deleted);
    stage.host.archive();
    assert!(refused(&stage.open(&letter("y", None)).await.unwrap_err()).contains("archived"));
    stage.host.hide();
    let error = stage.sink.read(&remote).await.unwrap_err();
    assert!(error.to_string().contains("may not see"), "{error}");
}

#[tokio::test]
async fn no_line_of_a_text_is_a_quick_action() {
    let stage = stage().await;
    for (at, payload) in payloads().iter().enumerate().filter(|(_, p)| p.contains('/')) {
        let mut finding = letter(payload, None);
        finding.key = Key::new(&quell_model::TenantId::default(), "gitlab", &format!("f:{at}"), 0);
        stage.open(&finding).await.unwrap();
        let text = stage.host.threads().pop().unwrap().text;
        assert!(!text.lines().any(|line| line.starts_with('/')), "{text}");
    }
}
