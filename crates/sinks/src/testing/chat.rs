//! For the tests of chats and mail: letters whose data is hostile, and a sink's plan on loopback.

use std::collections::BTreeMap;
use std::time::Duration;

use quell_deliver::outbox::Act;
use quell_deliver::text::{Block, Body, Line, SafeLink, Span};
use quell_deliver::{Attachment, Key, Label, Letter};
use quell_model::{Severity, TenantId};

use super::stage::{Hands, Keys, bare_plan, client_that_tries, hosts};
use crate::Plan;

/// A plan for a sink on loopback, with the project among the options.
pub(crate) fn plan(url: Option<&str>, keys: &Keys, options: &[(&str, &str)]) -> Plan {
    let hands = Hands::new();
    let client = client_that_tries(&hands, 2, Duration::from_millis(20));
    let mut options: BTreeMap<String, String> =
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let project = options.remove("project");
    Plan { url: url.map(str::to_owned), project, ..bare_plan(options, keys, client, &hands) }
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
        item: None,
        records: Vec::new(),
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
