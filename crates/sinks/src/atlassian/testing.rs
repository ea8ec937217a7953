//! What the tests of all of Atlassian's products use.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use quell_deliver::outbox::{Act, Remote};
use quell_deliver::text::{Hosts, SafeLink};
use quell_deliver::{Attachment, Block, Body, Key, Label, Letter, Line, Span};
use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, Severity, TenantId, Untrusted};
use quell_testkit::double::Ledger;
use quell_testkit::sinks::Contract;
use secrecy::SecretString;

use crate::{Credential, Credentials, Kind, Plan, Sink, SinkError, Wanted};

/// A clock that stands.
#[derive(Debug, Clone)]
pub(super) struct Hands(pub(super) Arc<Mutex<Timestamp>>);

impl Hands {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())))
    }

    /// A minute passes.
    pub(super) fn pass(&self) {
        *self.0.lock().unwrap() += jiff::SignedDuration::from_mins(1);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A login that a test replaces. What is in `next` is had from the second reading on.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) tokens: Arc<Mutex<Vec<String>>>,
}

impl Login {
    pub(super) fn new(user: &str, token: &str) -> Self {
        Self { user: user.to_owned(), tokens: Arc::new(Mutex::new(vec![token.to_owned()])) }
    }

    /// The tokens that are had one after another; the last one stays.
    pub(super) fn set(&self, tokens: &[&str]) {
        *self.tokens.lock().unwrap() = tokens.iter().map(|one| (*one).to_owned()).collect();
    }
}

impl Credentials for Login {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, SinkError>> + Send + '_>> {
        let mut tokens = self.tokens.lock().unwrap();
        let token = if tokens.len() > 1 { tokens.remove(0) } else { tokens[0].clone() };
        let (id, secret) = (SecretString::from(self.user.clone()), SecretString::from(token));
        Box::pin(async move { Ok(Credential { id, secret }) })
    }
}

/// A plan for a sink at a double.
pub(super) fn plan(url: &str, login: &Login, options: &[(&str, &str)]) -> Plan {
    let hands = Hands::new();
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry: Retry {
            attempts: 2,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(2),
            total: Duration::from_secs(30),
        },
        rate: Rate::new(100_000, 1, 100_000),
        ..Policy::default()
    };
    let options: BTreeMap<String, String> =
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Plan {
        name: "tickets".to_owned(),
        url: Some(url.to_owned()),
        project: Some("SEC".to_owned()),
        options,
        credentials: Arc::new(login.clone()),
        client: Client::new(policy, Arc::new(hands.clone())).unwrap(),
        clock: Arc::new(hands),
        hosts: hosts(),
        records: None,
    }
}

pub(super) fn connect(kind: &Kind, plan: Plan) -> Box<dyn Sink> {
    (kind.connect)(plan).unwrap()
}

pub(super) fn hosts() -> Hosts {
    Hosts::default().with("https://quell.example/")
}

pub(super) fn key(subject: &str) -> Key {
    Key::new(&TenantId::default(), "tickets", subject, 0)
}

pub(super) fn link() -> SafeLink {
    SafeLink::new("https://quell.example/fixes/abc", &hosts()).unwrap()
}

/// A letter with every kind of part, whose text from outside is `data` everywhere.
pub(super) fn letter(data: &str) -> Letter {
    let text = || Untrusted::from(data);
    let line = |words: &str| Line::own(words).and_data(text()).and_own(" in ").and_code(text());
    let body = Body::default()
        .and(Block::Heading(line("What is wrong: ")))
        .and(Block::Paragraph(Line::data(data)))
        .and(Block::Paragraph(line("Seen by ").and(Span::Strong("Orca".to_owned()))))
        .and(Block::Facts(vec![("Asset".to_owned(), Line::default().and_code(text()))]))
        .and(Block::List(vec![line("- "), Line::data(data)]))
        .and(Block::Steps(vec![Line::own("Apply it"), line("Look at ")]))
        .and(Block::Code { language: "diff".to_owned(), text: text() })
        .and(Block::Paragraph(
            Line::own("See ").and(Span::Link { words: "the page".to_owned(), to: link() }),
        ));
    Letter {
        key: key("fix:abc"),
        title: Line::own("Public bucket ").and_data(text()),
        body,
        severity: Severity::Critical,
        due: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        labels: vec![Label::new("quell"), Label::new("team a")],
        files: vec![Attachment::new("evidence.json", "application/json", (text(), data))],
        page: Some(link()),
        owner: Some(Untrusted::from("team-a")),
        change: None,
        item: None,
        records: Vec::new(),
        asks: None,
    }
}

pub(super) fn open(data: &str) -> Act {
    Act::Open { letter: Box::new(letter(data)) }
}

pub(super) fn edit(data: &str) -> Act {
    Act::Edit { letter: Box::new(letter(data)) }
}

pub(super) fn note(data: &str) -> Act {
    Act::Note { body: Body::paragraph(Line::own("Seen again: ").and_data(data)) }
}

pub(super) fn close(data: &str) -> Act {
    Act::Close { body: Body::paragraph(Line::own("It is fixed: ").and_data(data)) }
}

pub(super) fn reopen(data: &str) -> Act {
    Act::Reopen { body: Body::paragraph(Line::own("It is back: ").and_data(data)) }
}

/// Does an act.
pub(super) async fn act(
    sink: &dyn Sink,
    (subject, act): (&str, &Act),
    remote: Option<&Remote>,
) -> Result<Option<Remote>, SinkError> {
    let key = key(subject);
    sink.act(&Wanted { key: &key, act, remote }).await
}

/// Looks for what an act did.
pub(super) async fn find(
    sink: &dyn Sink,
    (subject, act): (&str, &Act),
    remote: Option<&Remote>,
) -> Result<Option<Remote>, SinkError> {
    let key = key(subject);
    sink.find(&Wanted { key: &key, act, remote }).await
}

/// Holds all requests against the description of the double and the vendor's own. What is in
/// `known` is asked for although the vendor's file does not have it.
pub(super) fn hold(ledger: &Ledger, (own, vendor): (&str, &str), known: &[&str]) {
    let own = Contract::new(&serde_json::from_str(own).unwrap());
    let all = ledger.of("");
    assert!(all.len() > 8, "{}", all.len());
    let vendor = Contract::of_vendor(vendor);
    for seen in all {
        let mine = own.check(&seen, "");
        assert!(mine.is_ok(), "{mine:?}");
        let is_known = known.iter().any(|known| seen.what.contains(known));
        if let Some(vendor) = vendor.as_ref().filter(|_| !is_known) {
            let theirs = vendor.check(&seen, "");
            assert!(theirs.is_ok(), "{theirs:?}");
        }
    }
}
