//! The sink against the double.

use std::sync::Arc;
use std::time::Duration;

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Outcome, Remote};
use quell_testkit::double::{Double, Fault};
use quell_testkit::net::Answer;
use quell_testkit::sinks::{Contract, SLACK_TOKEN, SlackDouble};
use serde_json::json;

use crate::testing::chat::{acts, body, key, letter, page, plan};
use crate::testing::stage::{Keys, keys, wanted};
use crate::{Gone, Phase, RightState, Sink, SinkError};

const CHANNEL: &str = "C0SECURITY";

struct Stage {
    slack: Arc<SlackDouble>,
    double: Double,
    login: Keys,
    sink: Box<dyn Sink>,
}

async fn stage() -> Stage {
    stage_with(&[]).await
}

async fn stage_with(more: &[(&str, &str)]) -> Stage {
    let slack = Arc::new(SlackDouble::new(CHANNEL));
    let double = Double::start(Arc::clone(&slack) as _).await.unwrap();
    let login = keys("", SLACK_TOKEN);
    let workspace = ("workspace", "https://example.slack.com");
    let mut options = vec![("project", CHANNEL), ("watch", "true"), workspace];
    options.extend(more);
    let sink = (super::super::KIND.connect)(plan(Some(&double.url()), &login, &options)).unwrap();
    Stage { slack, double, login, sink }
}

fn open(data: &str) -> Act {
    Act::Open { letter: Box::new(letter(data)) }
}

impl Stage {
    async fn act(&self, act: &Act, remote: Option<&Remote>) -> Result<Option<Remote>, SinkError> {
        self.act_as(0, act, remote).await
    }

    async fn act_as(
        &self,
        round: u32,
        act: &Act,
        remote: Option<&Remote>,
    ) -> Result<Option<Remote>, SinkError> {
        let key = key(round);
        self.sink.act(&wanted(&key, act, remote)).await
    }

    async fn find(&self, act: &Act, remote: Option<&Remote>) -> Result<Option<Remote>, SinkError> {
        let key = key(0);
        self.sink.find(&wanted(&key, act, remote)).await
    }

    async fn refused(&self, answer: Answer) -> SinkError {
        self.double.script.clear();
        self.double.script.add("chat.postMessage", 9, Fault::Answer(answer));
        self.act(&open("x"), None).await.unwrap_err()
    }
}

fn no(error: &str) -> Answer {
    Answer::new(200, json!({"ok": false, "error": error}).to_string())
}

#[tokio::test]
async fn a_full_round_is_what_the_vendor_takes() {
    let stage = stage().await;
    let remote = stage.act(&open("x"), None).await.unwrap().unwrap();
    let ts = remote.id.split_once('/').unwrap().1;
    let url = format!("https://example.slack.com/archives/{CHANNEL}/p{}", ts.replace('.', ""));
    assert_eq!(remote.url.as_deref(), Some(url.as_str()));
    assert_eq!(stage.find(&open("x"), None).await.unwrap(), Some(remote.clone()));
    for (round, act) in (1..).zip(acts("y").iter().skip(1)) {
        stage.act_as(round, act, Some(&remote)).await.unwrap();
        stage.find(act, Some(&remote)).await.unwrap();
        let standing = stage.sink.read(&remote).await.unwrap().unwrap();
        let closed = act.kind() == ActKind::Close;
        let phase = if closed { Phase::Done } else { Phase::New };
        assert_eq!(
            (standing.phase, standing.phase_by_us, standing.gone),
            (phase, closed, Gone::No)
        );
    }
    let rights = stage.sink.test().await.unwrap();
    assert!(rights.iter().all(|right| right.state == RightState::Held), "{rights:?}");
    let messages = stage.slack.messages();
    let kinds: Vec<_> = messages.iter().map(|m| (m.thread.as_deref(), m.edits)).collect();
    assert_eq!(kinds, [(None, 3), (Some(ts), 0), (Some(ts), 0)]);
    assert_eq!(messages[2].body["reply_broadcast"], true);

    let own: serde_json::Value = serde_json::from_str(OWN).unwrap();
    let (count, wrong) = Contract::new(&own).check_all(&stage.double.ledger, "");
    assert!(count >= 16, "{count}");
    assert_eq!(wrong, []);
}

const OWN: &str = include_str!("../../../../testkit/src/sinks/slack/contract.json");

#[tokio::test]
async fn a_draft_is_what_is_sent() {
    let stage = stage().await;
    let (key, act) = (key(0), open("x <!channel>"));
    let drafts = stage.sink.drafts(&wanted(&key, &act, None)).unwrap();
    stage.act(&act, None).await.unwrap();
    let sent = stage.double.ledger.of("chat.postMessage");
    let draft: serde_json::Value = serde_json::from_str(&drafts[0].body).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!((drafts.len(), draft), (1, sent));
    assert!(!format!("{drafts:?}").contains(SLACK_TOKEN));
}

#[tokio::test]
async fn a_closed_message_keeps_its_title_its_link_and_its_key() {
    let stage = stage().await;
    let remote = stage.act(&open("bucket"), None).await.unwrap().unwrap();
    let close = Act::Close { body: body("gone") };
    stage.act_as(5, &close, Some(&remote)).await.unwrap();
    let message = &stage.slack.messages()[0].body;
    assert_eq!(message["blocks"][0]["text"]["text"], "Open bucket bucket");
    let text = message.to_string();
    assert!(text.contains(page().as_str()) && text.contains(&key(0).mark()), "{text}");
    assert!(!text.contains(key(5).as_str()));
    assert_eq!(stage.find(&open("bucket"), None).await.unwrap(), Some(remote));
}

#[tokio::test]
async fn a_lost_message_is_found_and_a_forged_one_is_not() {
    let stage = stage().await;
    let act = open("x");
    assert_eq!(stage.find(&act, None).await.unwrap(), None);
    stage.double.script.add("chat.postMessage", 1, Fault::Lost);
    let lost = stage.act(&act, None).await.unwrap_err();
    assert!(matches!(lost.outcome(), Outcome::Lost(_)), "{lost}");
    let made = stage.slack.messages();
    assert_eq!(made.len(), 1);
    for _ in 0..30 {
        stage.slack.post_by("B0OTHER", CHANNEL, made[0].body.clone());
    }
    stage.slack.set_page(7);
    let found = stage.find(&act, None).await.unwrap().unwrap();
    assert_eq!(found.id, format!("{CHANNEL}/{}", made[0].ts));
    stage.slack.delete(&made[0].ts);
    assert_eq!(stage.find(&act, None).await.unwrap(), None);
}

#[tokio::test]
async fn nothing_is_missing_where_it_is_not_known_whose_messages_count() {
    let stage = stage().await;
    let nobody = Answer::new(200, r#"{"ok":true}"#);
    stage.double.script.add("auth.test", 1, Fault::Answer(nobody));
    let error = stage.find(&open("x"), None).await.unwrap_err();
    assert!(error.to_string().contains("user_id"), "{error}");
    stage.slack.set_scopes(&["chat:write"]);
    let error = stage.find(&open("x"), None).await.unwrap_err();
    assert!(matches!(&error, SinkError::Forbidden { right, .. } if right == "channels:history"));
}

#[tokio::test]
async fn a_lost_note_is_found_in_its_thread() {
    let stage = stage().await;
    let remote = stage.act(&open("x"), None).await.unwrap().unwrap();
    let note = Act::Note { body: body("n") };
    assert_eq!(stage.find(&note, Some(&remote)).await.unwrap(), None);
    stage.double.script.add("chat.postMessage", 1, Fault::Cut(3));
    let lost = stage.act(&note, Some(&remote)).await.unwrap_err();
    assert!(matches!(lost.outcome(), Outcome::Lost(_)), "{lost}");
    assert_eq!(stage.find(&note, Some(&remote)).await.unwrap(), Some(remote));
    assert_eq!(stage.slack.messages().len(), 2);
}

#[tokio::test]
async fn a_channel_that_is_too_long_to_read_is_no_proof() {
    let stage = stage().await;
    for _ in 0..25 {
        stage.slack.post_by("B0OTHER", CHANNEL, json!({"text": "x"}));
    }
    stage.slack.set_page(1);
    let error = stage.find(&open("x"), None).await.unwrap_err();
    assert!(error.to_string().contains("by hand"), "{error}");
}

#[tokio::test]
async fn each_refusal_means_what_slack_means() {
    let stage = stage().await;
    for code in ["channel_not_found", "is_archived", "msg_too_long", "invalid_blocks", "new_one"] {
        let error = stage.refused(no(code)).await;
        assert!(matches!(error, SinkError::Refused(_)), "{code}: {error:?}");
        assert!(error.to_string().contains(code), "{error}");
    }
    for code in ["invalid_auth", "token_revoked", "account_inactive", "not_authed"] {
        let error = stage.refused(no(code)).await;
        assert!(matches!(error, SinkError::Login(_)), "{code}: {error:?}");
    }
    for code in ["internal_error", "fatal_error"] {
        let error = stage.refused(no(code)).await;
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{code}: {error:?}");
    }
    let wait = stage.refused(no("ratelimited").header("retry-after", "7")).await;
    let Outcome::Later(Some(wait), _) = wait.outcome() else { panic!("{wait:?}") };
    assert_eq!(wait, Duration::from_secs(7));
    let details = json!({"ok": false, "error": "invalid_blocks",
        "response_metadata": {"messages": ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]}});
    let error = stage.refused(Answer::new(200, details.to_string())).await;
    assert!(error.to_string().contains("no more than 50 items"), "{error}");
    for (status, body) in [(500, "x"), (503, "x"), (200, "no json"), (200, "{}")] {
        let error = stage.refused(Answer::new(status, body)).await;
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{status}: {error:?}");
    }
    let many = stage.refused(Answer::new(429, "{}").header("retry-after", "30")).await;
    assert!(matches!(many.outcome(), Outcome::Later(Some(_), _)), "{many:?}");
    assert_eq!(stage.slack.messages(), []);
}

#[tokio::test]
async fn people_archive_delete_revoke_and_throw_out() {
    let stage = stage().await;
    let remote = stage.act(&open("x"), None).await.unwrap().unwrap();
    stage.slack.delete(remote.id.split_once('/').unwrap().1);
    let standing = stage.sink.read(&remote).await.unwrap().unwrap();
    assert_eq!(standing.gone, Gone::Deleted);
    for act in acts("x").iter().skip(1) {
        let error = stage.act(act, Some(&remote)).await.unwrap_err();
        assert!(matches!(error, SinkError::Gone(_)), "{:?}: {error:?}", act.kind());
    }
    stage.slack.archive(CHANNEL);
    let error = stage.act(&open("x"), None).await.unwrap_err();
    assert!(error.to_string().contains("name another as `project`"), "{error}");
    stage.slack.kick(CHANNEL);
    let error = stage.act(&open("x"), None).await.unwrap_err();
    assert!(error.to_string().contains("invite the bot"), "{error}");
    stage.slack.set_scopes(&["channels:history"]);
    let error = stage.act(&open("x"), None).await.unwrap_err();
    assert!(matches!(&error, SinkError::Forbidden { right, .. } if right == "chat:write"));
    let rights = stage.sink.test().await.unwrap();
    assert_eq!(rights[0].state, RightState::Missing);
    stage.slack.new_token("another-token");
    let error = stage.act(&open("x"), None).await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)), "{error:?}");
    assert!(!error.to_string().contains(SLACK_TOKEN));
    stage.login.0.lock().unwrap().1 = "another-token".to_owned();
    stage.sink.test().await.unwrap();
}

#[tokio::test]
async fn what_makes_something_is_looked_for_and_what_changes_something_is_repeated() {
    let stage = stage().await;
    for act in acts("x") {
        let looks = matches!(stage.sink.on_doubt(act.kind()), OnDoubt::Look { .. });
        let makes = matches!(act.kind(), ActKind::Open | ActKind::Note | ActKind::Reopen);
        assert_eq!(looks, makes, "{:?}", act.kind());
    }
}

#[tokio::test]
async fn messages_are_looked_at_only_where_that_is_wanted() {
    let stage = stage().await;
    let remote = stage.act(&open("x"), None).await.unwrap().unwrap();
    let options = [("project", CHANNEL)];
    let plan = plan(Some(&stage.double.url()), &stage.login, &options);
    let sink = (super::super::KIND.connect)(plan).unwrap();
    assert_eq!(sink.read(&remote).await.unwrap(), None);
    assert_eq!(stage.double.ledger.of("conversations").len(), 0);
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let login = keys("", "t");
    for (options, name) in [
        (vec![], "project"),
        (vec![("project", "#security")], "project"),
        (vec![("project", "C1"), ("buttons", "yes")], "buttons"),
        (vec![("project", "C1"), ("buttons", "true")], "team"),
        (vec![("project", "C1"), ("buttons", "true"), ("team", "T1")], "app"),
        (vec![("project", "C1"), ("watch", "no")], "watch"),
        (vec![("project", "C1"), ("workspace", "http://x")], "workspace"),
    ] {
        let error = (super::super::KIND.connect)(plan(None, &login, &options)).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}

fn edit(data: &str) -> Act {
    Act::Edit { letter: Box::new(letter(data)) }
}

/// What the files in a thread are called and hold.
fn files(stage: &Stage) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for message in stage.slack.messages() {
        for file in message.body["files"].as_array().into_iter().flatten() {
            assert!(message.thread.is_some());
            let content = stage.slack.file(file["id"].as_str().unwrap()).unwrap();
            let content = String::from_utf8(content).unwrap();
            all.push((file["name"].as_str().unwrap().to_owned(), content));
        }
    }
    all
}

#[tokio::test]
async fn evidence_is_a_file_of_the_thread_and_once_for_what_it_says() {
    let stage = stage_with(&[("files", "true")]).await;
    stage.slack.set_scopes(&["chat:write", "channels:history", "files:write"]);
    let key = key(0);
    let drafts = stage.sink.drafts(&wanted(&key, &open("one"), None)).unwrap();
    let remote = stage.act(&open("one"), None).await.unwrap().unwrap();
    let sent = stage.double.ledger.of("POST");
    assert_eq!(drafts.len(), sent.len(), "{drafts:?}");
    assert!(drafts[1].body.contains("filename=evidence-"), "{drafts:?}");
    for data in ["one", "two", "two"] {
        stage.act(&edit(data), Some(&remote)).await.unwrap();
    }
    let said: Vec<String> = files(&stage).into_iter().map(|(_, content)| content).collect();
    assert_eq!(said, ["one", "two"]);
    let rights = stage.sink.test().await.unwrap();
    assert!(rights.iter().any(|right| right.name == "files:write"), "{rights:?}");
    assert!(rights.iter().all(|right| right.state == RightState::Held), "{rights:?}");
    // What lets a file in is its address; the token goes to the API alone.
    let bytes = stage.double.ledger.of("/upload/v1/");
    assert!(bytes.iter().all(|seen| !format!("{:?}", seen.headers).contains(SLACK_TOKEN)));
    let own = Contract::new(&serde_json::from_str(OWN).unwrap());
    for seen in stage.double.ledger.of("/api/") {
        assert!(own.check(&seen, "").is_ok(), "{}", seen.what);
    }
}

#[tokio::test]
async fn a_file_whose_answer_was_lost_is_looked_for() {
    let stage = stage_with(&[("files", "true")]).await;
    stage.slack.set_scopes(&["chat:write", "channels:history", "files:write"]);
    for step in ["files.getUploadURLExternal", "/upload/v1/", "files.completeUploadExternal"] {
        let before = (stage.slack.messages().len(), files(&stage).len());
        stage.double.script.add(step, 9, Fault::Lost);
        let error = stage.act(&open("one"), None).await.unwrap_err();
        stage.double.script.clear();
        assert!(matches!(error.outcome(), Outcome::Lost(_)), "{step}: {error}");
        assert!(matches!(stage.sink.on_doubt(ActKind::Edit), OnDoubt::Look { .. }));
        // The message is found; an edit follows, which adds what is not there.
        let remote = stage.find(&open("one"), None).await.unwrap().unwrap();
        assert!(stage.find(&edit("one"), Some(&remote)).await.unwrap().is_none());
        stage.act(&edit("one"), Some(&remote)).await.unwrap();
        assert_eq!(files(&stage).len(), before.1 + 1, "{step}");
        for message in stage.slack.messages() {
            stage.slack.delete(&message.ts);
        }
    }
}

#[tokio::test]
async fn files_that_slack_will_not_take_are_told_in_the_thread() {
    let stage = stage_with(&[("files", "true")]).await;
    let remote = stage.act(&open("one"), None).await.unwrap().unwrap();
    let told = stage.slack.messages().pop().unwrap();
    assert!(told.thread.is_some() && told.body.to_string().contains("files:write"), "{told:?}");
    let error = stage.act(&edit("one"), Some(&remote)).await.unwrap_err();
    assert!(matches!(error, SinkError::Forbidden { .. }), "{error}");
}
