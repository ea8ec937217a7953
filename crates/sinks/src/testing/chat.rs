//! For the tests of chats and mail: letters whose data is hostile, and a sink's plan on loopback.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use quell_deliver::outbox::{Act, Remote};
use quell_deliver::text::{Block, Body, Hosts, Line, SafeLink, Span};
use quell_deliver::{Attachment, Key, Label, Letter};
use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, Severity, TenantId};
use secrecy::SecretString;

use crate::{Credential, Credentials, Plan, SinkError, Wanted};

/// A clock that a test moves.
#[derive(Debug, Clone)]
pub(crate) struct Hands(pub(crate) Arc<Mutex<Timestamp>>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-03-01T10:00:00Z".parse().unwrap())))
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A login that a test changes.
#[derive(Debug, Clone)]
pub(crate) struct Login(pub(crate) Arc<Mutex<(String, String)>>);

impl Login {
    pub(crate) fn new(id: &str, secret: &str) -> Self {
        Self(Arc::new(Mutex::new((id.to_owned(), secret.to_owned()))))
    }
}

impl Credentials for Login {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, SinkError>> + Send + '_>> {
        let (id, secret) = self.0.lock().unwrap().clone();
        Box::pin(async move {
            Ok(Credential { id: SecretString::from(id), secret: SecretString::from(secret) })
        })
    }
}

/// A plan for a sink on loopback.
pub(crate) fn plan(url: Option<&str>, login: &Login, options: &[(&str, &str)]) -> Plan {
    let hands = Hands::new();
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry: Retry {
            attempts: 2,
            first_wait: Duration::from_millis(2),
            longest_wait: Duration::from_millis(20),
            total: Duration::from_secs(30),
        },
        rate: Rate::new(100_000, 1, 100_000),
        ..Policy::default()
    };
    let mut options: BTreeMap<String, String> =
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Plan {
        name: "chat".to_owned(),
        url: url.map(str::to_owned),
        project: options.remove("project"),
        options,
        credentials: Arc::new(login.clone()),
        client: Client::new(policy, Arc::new(hands.clone())).unwrap(),
        clock: Arc::new(hands),
        hosts: hosts(),
    }
}

pub(crate) fn hosts() -> Hosts {
    Hosts::default().with("https://quell.example/")
}

pub(crate) fn key(round: u32) -> Key {
    Key::new(&TenantId::default(), "chat", "fix:abc", round)
}

pub(crate) fn page() -> SafeLink {
    SafeLink::new("https://quell.example/incidents/abc", &hosts()).unwrap()
}

/// A body with one text in every place that takes data.
pub(crate) fn body(data: &str) -> Body {
    Body(vec![
        Block::Heading(Line::own("What ").and_data(data)),
        Block::Paragraph(
            Line::own("Asset ")
                .and_code(data)
                .and_own(" of ")
                .and_data(data)
                .and(Span::Strong(" strong ".to_owned()))
                .and(Span::Link { words: "see".to_owned(), to: page() }),
        ),
        Block::List(vec![Line::data(data), Line::own("own ").and_code(data)]),
        Block::Steps(vec![Line::own("do ").and_data(data), Line::own("then")]),
        Block::Facts(vec![("Account".to_owned(), Line::data(data))]),
        Block::Code { language: "diff".to_owned(), text: data.into() },
    ])
}

/// A letter with one text in every place that takes data.
pub(crate) fn letter(data: &str) -> Letter {
    Letter {
        key: key(0),
        title: Line::own("Open bucket ").and_data(data),
        body: body(data),
        severity: Severity::High,
        due: Some("2026-03-08T10:00:00Z".parse().unwrap()),
        labels: vec![Label::new("quell"), Label::new(data)],
        files: vec![Attachment::new("evidence.json", "application/json", (data.into(), data))],
        page: Some(page()),
        owner: Some(data.into()),
        change: None,
        asks: None,
    }
}

/// All acts, each with one text in every place that takes data.
pub(crate) fn acts(data: &str) -> Vec<Act> {
    vec![
        Act::Open { letter: Box::new(letter(data)) },
        Act::Edit { letter: Box::new(letter(data)) },
        Act::Note { body: body(data) },
        Act::Close { body: body(data) },
        Act::Reopen { body: body(data) },
    ]
}

pub(crate) fn wanted<'a>(key: &'a Key, act: &'a Act, remote: Option<&'a Remote>) -> Wanted<'a> {
    Wanted { key, act, remote }
}
