//! What tests of several sinks stand on: a clock, a client, a letter, and hostile data.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use quell_deliver::outbox::{self, Act, Found, Outcome, Remote, Row, State, Step};
use quell_deliver::text::Hosts;
use quell_deliver::{Attachment, Block, Body, Key, Label, Letter, Line, SafeLink, Span};
use quell_http::{Client, Egress, Policy, Rate, Retry};
use quell_model::{Clock, Severity, TenantId};
use secrecy::SecretString;

use crate::{Credential, Credentials, Kind, Plan, Sink, SinkError, Wanted};

/// A clock that a test moves.
#[derive(Debug, Clone)]
pub(crate) struct Hands(Arc<Mutex<Timestamp>>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self::at("2026-03-01T10:00:00Z")
    }

    pub(crate) fn at(moment: &str) -> Self {
        Self(Arc::new(Mutex::new(moment.parse().unwrap())))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A login that a test changes.
#[derive(Debug, Clone)]
pub(crate) struct Keys(pub(crate) Arc<Mutex<(String, String)>>);

impl Credentials for Keys {
    fn read(&self) -> Pin<Box<dyn Future<Output = Result<Credential, SinkError>> + Send + '_>> {
        let (id, secret) = self.0.lock().unwrap().clone();
        let (id, secret) = (SecretString::from(id), SecretString::from(secret));
        Box::pin(async move { Ok(Credential { id, secret }) })
    }
}

pub(crate) fn keys(id: &str, secret: &str) -> Keys {
    Keys(Arc::new(Mutex::new((id.to_owned(), secret.to_owned()))))
}

/// A client that reaches loopback, and tries reads again at once.
pub(crate) fn client(hands: &Hands) -> Client {
    client_that_tries(hands, 2, Duration::from_secs(1))
}

/// A client that reaches loopback, tries so often, and waits at most so long.
pub(crate) fn client_that_tries(hands: &Hands, attempts: u8, longest_wait: Duration) -> Client {
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry: Retry {
            attempts,
            first_wait: Duration::from_millis(1),
            longest_wait,
            total: Duration::from_secs(20),
        },
        rate: Rate::new(100_000, 1, 100_000),
        ..Policy::default()
    };
    Client::new(policy, Arc::new(hands.clone())).unwrap()
}

/// A sink of a kind.
pub(crate) fn sink(
    kind: &Kind,
    (url, project): (&str, Option<&str>),
    options: &[(&str, &str)],
    keys: &Keys,
    hands: &Hands,
) -> Result<Box<dyn Sink>, SinkError> {
    (kind.connect)(plan(kind, (url, project), options, keys, hands))
}

/// A sink of a kind whose client tries once, and hears how long it is to wait.
pub(crate) fn sink_once(
    kind: &Kind,
    (url, project): (&str, Option<&str>),
    options: &[(&str, &str)],
    keys: &Keys,
    hands: &Hands,
) -> Result<Box<dyn Sink>, SinkError> {
    let client = client_that_tries(hands, 1, Duration::from_secs(60));
    (kind.connect)(Plan { client, ..plan(kind, (url, project), options, keys, hands) })
}

pub(crate) fn plan(
    kind: &Kind,
    (url, project): (&str, Option<&str>),
    options: &[(&str, &str)],
    keys: &Keys,
    hands: &Hands,
) -> Plan {
    let options =
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Plan {
        name: kind.id.to_owned(),
        url: Some(url.to_owned()),
        project: project.map(str::to_owned),
        ..bare_plan(options, keys, client(hands), hands)
    }
}

/// A plan that names no place yet.
pub(crate) fn bare_plan(
    options: BTreeMap<String, String>,
    keys: &Keys,
    client: Client,
    hands: &Hands,
) -> Plan {
    Plan {
        name: "sink".to_owned(),
        url: None,
        project: None,
        options,
        credentials: Arc::new(keys.clone()),
        client,
        clock: Arc::new(hands.clone()),
        hosts: hosts(),
        records: None,
    }
}

pub(crate) fn hosts() -> Hosts {
    Hosts::default().with("https://quell.example/")
}

pub(crate) fn key(subject: &str) -> Key {
    Key::new(&TenantId::default(), "sink", subject, 0)
}

fn own_link() -> SafeLink {
    SafeLink::new("https://quell.example/incidents/a", &hosts()).unwrap()
}

/// A letter with a text in each place where data can stand.
pub(crate) fn letter_of(data: &str) -> Letter {
    let line = |words: &str| Line::own(words).and_data(data).and_own(" and ").and_code(data);
    Letter {
        key: key("fix:a"),
        title: Line::own("Public bucket ").and_code(data).and_own(" of ").and_data(data),
        body: Body::paragraph(line("It says "))
            .and(Block::Heading(line("Why ")))
            .and(Block::List(vec![line("one "), Line::data(data)]))
            .and(Block::Steps(vec![line("first "), line("then ")]))
            .and(Block::Facts(vec![("Asset".to_owned(), Line::default().and_code(data))]))
            .and(Block::Code { language: "diff".to_owned(), text: data.into() })
            .and(Block::Paragraph(
                Line::own("More at ").and(Span::Link { words: "Quell".to_owned(), to: own_link() }),
            )),
        severity: Severity::High,
        due: Some("2026-03-08T10:00:00Z".parse().unwrap()),
        labels: vec![Label::new("quell")],
        files: vec![Attachment::new("evidence.json", "application/json", (data.into(), data))],
        page: Some(own_link()),
        owner: Some(data.into()),
        change: None,
        item: None,
        records: Vec::new(),
        asks: None,
    }
}

pub(crate) fn letter() -> Letter {
    letter_of("logs-prod")
}

pub(crate) fn open(letter: Letter) -> Act {
    Act::Open { letter: Box::new(letter) }
}

pub(crate) fn words(text: &str) -> Body {
    Body::paragraph(Line::own(text))
}

/// An act with its key.
pub(crate) fn wanted<'a>(key: &'a Key, act: &'a Act, remote: Option<&'a Remote>) -> Wanted<'a> {
    Wanted { key, act, remote }
}

/// A row that lives until nothing is left to do, as it does in the server. After each call `crashes`
/// says whether the process ended before what came of it was written.
pub(crate) async fn lived(
    sink: &dyn Sink,
    wanted: Wanted<'_>,
    hands: &Hands,
    crashes: &mut dyn FnMut() -> bool,
) -> Row {
    let (act, now) = (wanted.act.kind(), hands.now());
    let mut row = Row {
        id: 1,
        sink: "sink".to_owned(),
        subject: "fix:a".to_owned(),
        key: wanted.key.clone(),
        act,
        state: State::Waiting { until: now },
        attempts: 0,
        created: now,
        said: None,
        remote: wanted.remote.cloned(),
        replays: None,
        tries: Vec::new(),
    };
    for _ in 0..500 {
        let now = hands.now();
        let on_doubt = sink.on_doubt(act);
        match outbox::next(&row, now) {
            Step::Nothing => break,
            Step::Rest(until) => *hands.0.lock().unwrap() = until,
            Step::Send => {
                row = outbox::begun(row, now);
                let outcome = match sink.act(&wanted).await {
                    Ok(made) => Outcome::Done(made),
                    Err(error) => error.outcome(),
                };
                row = match crashes() {
                    true => outbox::recovered(row, on_doubt, now),
                    false => outbox::ended(row, on_doubt, outcome, now),
                };
            }
            Step::Look => {
                let found = match sink.find(&wanted).await {
                    Ok(Some(remote)) => Found::There(remote),
                    Ok(None) => Found::Nothing,
                    Err(error) => Found::Unknown(error.to_string()),
                };
                row = outbox::looked(row, on_doubt, found, (now, now));
            }
        }
    }
    row
}

/// Numbers that look random and are the same for a seed.
pub(crate) fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }
}

/// One of the things that go wrong with an answer.
fn fault(number: u64) -> quell_testkit::double::Fault {
    use quell_testkit::double::Fault;
    use quell_testkit::net::Answer;
    match number % 6 {
        0 => Fault::Lost,
        1 => Fault::Cut(usize::try_from(number % 60).unwrap()),
        2 => Fault::Answer(Answer::new(500, "")),
        3 => Fault::Answer(Answer::new(503, "busy")),
        4 => Fault::Answer(Answer::new(429, "too many")),
        _ => Fault::Answer(Answer::new(200, "<html>asleep</html>")),
    }
}

/// Has up to three things go wrong with requests whose path contains a text, each up to three times.
pub(crate) fn trouble(
    script: &quell_testkit::double::Script,
    path: &str,
    random: &mut impl FnMut(u64) -> u64,
) {
    for _ in 0..random(4) {
        script.add(path, u32::try_from(1 + random(3)).unwrap(), fault(random(1_000)));
    }
}
