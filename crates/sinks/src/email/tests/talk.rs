//! The dialog with the double.

use std::io::Write as _;

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Outcome, Remote};
use quell_testkit::sinks::{SmtpDouble, SmtpFault, SmtpTls};
use tempfile::NamedTempFile;

use crate::testing::chat::{acts, body, key, letter};
use crate::testing::hostile::payloads;
use crate::testing::stage::{Keys, keys, wanted};
use crate::{Plan, Sink, SinkError};

const USER: &str = "quell@mail.example";
const PASSWORD: &str = "hunter2-and-more";

struct Stage {
    server: SmtpDouble,
    login: Keys,
    _ca: NamedTempFile,
    sink: Box<dyn Sink>,
}

async fn staged(tls: SmtpTls, options: &[(&str, &str)]) -> Stage {
    let server = SmtpDouble::start(tls).await.unwrap();
    server.allow(USER, PASSWORD);
    let login = keys(USER, PASSWORD);
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(server.ca().as_bytes()).unwrap();
    let path = ca.path().to_str().unwrap().to_owned();
    let mut all = vec![
        ("from", "Quell <quell@mail.example>"),
        ("to", "a@mail.example, B <b@mail.example>"),
        ("ca_file", path.as_str()),
    ];
    all.extend(options);
    let sink = (super::super::KIND.connect)(plan(&server.url(), &login, &all)).unwrap();
    Stage { server, login, _ca: ca, sink }
}

fn plan(server: &str, login: &Keys, options: &[(&str, &str)]) -> Plan {
    let mut all = options.to_vec();
    all.push(("server", server));
    crate::testing::chat::plan(None, login, &all)
}

async fn stage() -> Stage {
    staged(SmtpTls::StartTls, &[]).await
}

fn open() -> Act {
    Act::Open { letter: Box::new(letter("x")) }
}

impl Stage {
    async fn act(&self, act: &Act, remote: Option<&Remote>) -> Result<Option<Remote>, SinkError> {
        let key = key(0);
        self.sink.act(&wanted(&key, act, remote)).await
    }

    async fn fails(&self, fault: SmtpFault) -> SinkError {
        self.server.add(fault);
        self.act(&open(), None).await.unwrap_err()
    }
}

#[tokio::test]
async fn a_full_round_is_taken_over_tls_with_a_login() {
    for tls in [SmtpTls::StartTls, SmtpTls::Implicit] {
        let stage = staged(tls, &[]).await;
        let remote = stage.act(&open(), None).await.unwrap().unwrap();
        for act in acts("y").iter().filter(|act| act.kind() != ActKind::Open) {
            let done = stage.act(act, Some(&remote)).await;
            assert_eq!(done.is_err(), act.kind() == ActKind::Edit);
        }
        stage.sink.test().await.unwrap();
        let mails = stage.server.mails();
        assert_eq!(mails.len(), 4);
        for mail in mails {
            assert_eq!((mail.from.as_str(), mail.tls), ("quell@mail.example", true));
            assert_eq!(mail.to, ["a@mail.example", "b@mail.example"]);
            assert_eq!(mail.user.as_deref(), Some(USER));
        }
    }
}

#[tokio::test]
async fn every_hostile_letter_is_taken_by_a_strict_server() {
    let stage = stage().await;
    for payload in payloads() {
        let act = Act::Open { letter: Box::new(letter(&payload)) };
        stage.act(&act, None).await.unwrap();
    }
    assert_eq!(stage.server.mails().len(), payloads().len());
    let commands = stage.server.commands();
    let known = ["EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"];
    assert!(commands.iter().all(|line| known.iter().any(|word| line.starts_with(word))));
    assert!(!commands.iter().any(|line| line.contains("evil")), "{commands:?}");
}

#[tokio::test]
async fn a_draft_is_what_is_sent() {
    let stage = stage().await;
    let (key, act) = (key(0), open());
    let drafts = stage.sink.drafts(&wanted(&key, &act, None)).unwrap();
    stage.act(&act, None).await.unwrap();
    let mail = &stage.server.mails()[0];
    assert_eq!(drafts[0].body.as_bytes(), mail.data);
    assert!(!format!("{drafts:?}{:?}", stage.sink).contains(PASSWORD));
}

#[tokio::test]
async fn no_login_goes_without_tls() {
    let stage = staged(SmtpTls::None, &[]).await;
    let error = stage.act(&open(), None).await.unwrap_err();
    assert!(error.to_string().contains("offers no STARTTLS"), "{error}");
    let stage = staged(SmtpTls::None, &[("tls", "none")]).await;
    let error = stage.act(&open(), None).await.unwrap_err();
    assert!(error.to_string().contains("over TLS only"), "{error}");
    assert!(stage.server.commands().iter().all(|line| !line.starts_with("AUTH")));
    let options = [("from", "a@b.c"), ("to", "a@b.c"), ("tls", "none"), ("auth", "plain")];
    let login = keys("", "");
    let plan = plan("smtp://mail.example", &login, &options);
    let error = (super::super::KIND.connect)(plan).unwrap_err();
    assert!(error.to_string().contains("without TLS"), "{error}");
}

#[tokio::test]
async fn a_relay_without_a_login_takes_mail() {
    let server = SmtpDouble::start(SmtpTls::None).await.unwrap();
    let login = keys("", "");
    let options = [("from", "quell@mail.example"), ("to", "a@mail.example"), ("tls", "none")];
    let sink = (super::super::KIND.connect)(plan(&server.url(), &login, &options)).unwrap();
    let (key, act) = (key(0), open());
    sink.act(&wanted(&key, &act, None)).await.unwrap();
    assert_eq!(server.mails().len(), 1);
    assert_eq!(server.mails()[0].user, None);
}

#[tokio::test]
async fn what_was_said_before_tls_counts_no_more() {
    let stage = stage().await;
    let error = stage.fails(SmtpFault::Inject).await;
    assert!(error.to_string().contains("before TLS"), "{error}");
    assert!(stage.server.commands().iter().all(|line| !line.starts_with("AUTH")));
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let stage = stage().await;
    let options = [("from", "a@mail.example"), ("to", "a@mail.example")];
    let plan = plan(&stage.server.url(), &stage.login, &options);
    let sink = (super::super::KIND.connect)(plan).unwrap();
    let error = sink.test().await.unwrap_err();
    assert!(error.to_string().contains("ca_file"), "{error}");
    assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn a_token_logs_in_by_xoauth2_and_a_wrong_one_is_told() {
    let stage = staged(SmtpTls::Implicit, &[("auth", "xoauth2")]).await;
    stage.act(&open(), None).await.unwrap();
    assert_eq!(stage.server.mails()[0].user.as_deref(), Some(USER));
    stage.login.0.lock().unwrap().1 = "expired-token".to_owned();
    let error = stage.act(&open(), None).await.unwrap_err();
    assert!(matches!(error, SinkError::Login(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("expired-token"));
}

#[tokio::test]
async fn each_recipient_has_a_result() {
    let to = |list: &'static str| [("to", list)];
    let stage =
        staged(SmtpTls::Implicit, &to("nouser@m.example, a@m.example, full@m.example")).await;
    let remote = stage.act(&open(), None).await.unwrap().unwrap();
    assert_eq!(remote.name, "mail to a@m.example; refused: nouser@m.example, full@m.example");
    let stage = staged(SmtpTls::Implicit, &to("nouser@m.example, full@m.example")).await;
    let error = stage.act(&open(), None).await.unwrap_err();
    let Outcome::Refused(said) = error.outcome() else { panic!("{error:?}") };
    assert!(said.contains("no such user") && said.contains("mailbox full"), "{said}");
    let stage = staged(SmtpTls::Implicit, &to("a@m.example, temp@m.example")).await;
    let error = stage.act(&open(), None).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Later(_, _)), "{error:?}");
    assert!(error.to_string().contains("temp@m.example: 451"), "{error}");
    assert_eq!(stage.server.mails(), []);
}

#[tokio::test]
async fn nothing_is_in_doubt_until_the_last_dot() {
    let stage = stage().await;
    for command in ["EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"] {
        let error = stage.fails(SmtpFault::Cut(command)).await;
        assert!(matches!(error.outcome(), Outcome::Later(_, _)), "{command}: {error:?}");
        let error = stage.fails(SmtpFault::Reply(command, "421 4.3.2 shutting down")).await;
        assert!(matches!(error.outcome(), Outcome::Later(_, _)), "{command}: {error:?}");
        // One recipient who is refused does not keep the mail from the other.
        if command == "RCPT" {
            continue;
        }
        let error = stage.fails(SmtpFault::Reply(command, "550 5.7.1 no")).await;
        assert!(matches!(error.outcome(), Outcome::Refused(_)), "{command}: {error:?}");
    }
    assert_eq!(stage.server.mails(), []);
    let error = stage.fails(SmtpFault::Cut(".")).await;
    assert!(matches!(error.outcome(), Outcome::Lost(_)), "{error:?}");
    assert_eq!(stage.server.mails().len(), 1);
    assert_eq!(stage.sink.on_doubt(ActKind::Open), OnDoubt::Leave);
    let error = stage.fails(SmtpFault::Reply(".", "451 4.3.0 later")).await;
    assert!(matches!(error.outcome(), Outcome::Later(_, _)), "{error:?}");
    let error = stage.fails(SmtpFault::Reply(".", "554 5.6.0 refused")).await;
    assert!(matches!(error.outcome(), Outcome::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn hostile_replies_end() {
    let stage = stage().await;
    let error = stage.fails(SmtpFault::Endless("EHLO")).await;
    assert!(error.to_string().contains("too many lines"), "{error}");
    for text in ["", "x", "99 low", "abc no code", "é50 no", "25"] {
        let error = stage.fails(SmtpFault::Reply("EHLO", text)).await;
        assert!(matches!(error, SinkError::Busy { .. }), "{text}: {error:?}");
    }
    let long: &'static str = Box::leak("250 ".repeat(5_000).into_boxed_str());
    let error = stage.fails(SmtpFault::Reply("MAIL", long)).await;
    assert!(error.to_string().contains("too long"), "{error}");
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_not_sent() {
    let stage = stage().await;
    stage.server.set_size(500);
    let error = stage.act(&open(), None).await.unwrap_err();
    assert!(error.to_string().contains("the server takes 500"), "{error}");
    assert!(matches!(error.outcome(), Outcome::Refused(_)));
}

#[tokio::test]
async fn no_mail_goes_where_the_rules_let_nothing_go() {
    let login = keys("", "");
    for host in ["169.254.169.254", "[fe80::1]", "224.0.0.1", "0.0.0.0", "10.1.2.3"] {
        let url = format!("smtp://{host}:25");
        let options = [("from", "a@mail.example"), ("to", "a@mail.example"), ("tls", "none")];
        let sink = (super::super::KIND.connect)(plan(&url, &login, &options)).unwrap();
        let error = sink.test().await.unwrap_err();
        assert!(error.to_string().contains("egress.allow"), "{host}: {error}");
    }
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let login = keys("", "");
    let good = [("from", "a@mail.example"), ("to", "a@mail.example")];
    for (url, options, name) in [
        ("mail.example", vec![], "server"),
        ("http://mail.example", vec![], "server"),
        ("smtp://user:secret@mail.example", vec![], "server"),
        ("smtp://mail.example", vec![("from", "x")], "from"),
        ("smtp://mail.example", vec![("to", "a@mail.example\r\nBcc: x@y.z")], "to"),
        ("smtp://mail.example", vec![("to", "a@mail.example> SIZE=1")], "to"),
        ("smtp://mail.example", vec![("to", "größe@mail.example")], "to"),
        ("smtp://mail.example", vec![("to", " ")], "to"),
        ("smtp://mail.example", vec![("auth", "ntlm")], "auth"),
        ("smtps://mail.example", vec![("tls", "none")], "tls"),
        ("smtp://mail.example", vec![("hello", "a b")], "hello"),
        ("smtp://mail.example", vec![("ca_file", "/nowhere")], "ca_file"),
    ] {
        let mut all = good.to_vec();
        all.extend(options);
        let error = (super::super::KIND.connect)(plan(url, &login, &all)).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{url}: {error}");
        assert!(!error.to_string().contains("secret@"), "{error}");
    }
}

#[tokio::test]
async fn a_note_without_its_first_mail_is_refused() {
    let stage = stage().await;
    let note = Act::Note { body: body("x") };
    assert!(matches!(stage.act(&note, None).await, Err(SinkError::Refused(_))));
}
