//! How letters look, whatever stands in them.

use std::collections::BTreeMap;

use quell_model::Untrusted;
use serde_json::Value;

use super::*;
use crate::testing::hostile::payloads;
use crate::testing::stage::letter_of;

/// What a viewer of records would make of a text: `[code]` marks, and addresses by how often each.
fn active(text: &str) -> BTreeMap<String, usize> {
    let lower = text.to_ascii_lowercase();
    let mut found = BTreeMap::new();
    for mark in ["[code]", "[/code]"] {
        found.insert(mark.to_owned(), lower.matches(mark).count());
    }
    for (at, _) in lower.match_indices("://").chain(lower.match_indices("www.")) {
        let after: String =
            lower.split_at(at).1.chars().take_while(|c| !c.is_whitespace()).collect();
        *found.entry(after).or_default() += 1;
    }
    let hidden =
        |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || "\u{202e}\u{200b}".contains(*c);
    found.insert("hidden".to_owned(), text.chars().filter(hidden).count());
    found
}

fn told(sink: &dyn Sink, act: &Act, remote: Option<&Remote>) -> Vec<(String, String)> {
    let drafts = sink.drafts(&wanted(&letter().key, act, remote)).unwrap();
    let body: Value = serde_json::from_str(&drafts.first().unwrap().body).unwrap();
    let columns = body.as_object().unwrap().iter();
    columns.map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn data_is_never_more_than_data() {
    let stage = stage("incident", &[]).await;
    let remote = Remote { id: format!("incident/{:032}", 1), name: "INC1".to_owned(), url: None };
    let acts = |data: &str| {
        let body = letter_of(data).body;
        [
            (open(letter_of(data)), None),
            (Act::Note { body: body.clone() }, Some(&remote)),
            (Act::Close { body: body.clone() }, Some(&remote)),
            (Act::Reopen { body }, Some(&remote)),
        ]
    };
    let active_of = |data: &str| -> Vec<Vec<(String, BTreeMap<String, usize>)>> {
        let told = acts(data).map(|(act, remote)| told(&*stage.sink, &act, remote));
        let all = told
            .into_iter()
            .map(|columns| columns.into_iter().map(|(name, text)| (name, active(&text))).collect());
        all.collect()
    };
    let benign = active_of("x");
    for payload in payloads() {
        let found = active_of(&payload);
        if payload.len() > 1_000 {
            // What is cut may lose a link of Quell's own, and gains none.
            let pairs = found.iter().flatten().zip(benign.iter().flatten());
            let mut pairs =
                pairs.flat_map(|((_, marks), (_, most))| marks.iter().map(move |m| (m, most)));
            assert!(
                pairs.all(|((mark, count), most)| most.get(mark).is_some_and(|most| count <= most))
            );
            continue;
        }
        assert_eq!(found, benign, "{payload:?}");
    }
}

#[tokio::test]
async fn every_payload_is_taken_by_the_contract() {
    let stage = stage("incident", &[]).await;
    for (at, payload) in payloads().into_iter().enumerate() {
        let letter = Letter { key: key(&format!("p{at}")), ..letter_of(&payload) };
        let made = stage.open(letter).await.unwrap();
        assert!(stage.now.column(&made.name, "short_description").chars().count() <= 160);
        stage
            .act(&format!("n{at}"), Act::Note { body: letter_of(&payload).body }, &made)
            .await
            .unwrap();
    }
    assert_eq!(stage.now.records().len(), payloads().len());
}

#[tokio::test]
async fn the_item_of_an_asset_is_the_configuration_item() {
    let (own, other) = ("44444444444444444444444444444444", ServiceNowDouble::ITEM);
    let usual = ("cmdb_ci", other);
    for (options, item, expected) in [
        (&[][..], Some(own), own),
        (&[], None, ""),
        (&[], Some("4444^active=true"), ""),
        (&[], Some(""), ""),
        (&[usual], Some(own), own),
        (&[usual], Some("web01"), other),
        (&[usual, ("items", "false")], Some(own), other),
        (&[("items", "false")], Some(own), ""),
    ] {
        let stage = stage("incident", options).await;
        let act = open(Letter { item: item.map(Untrusted::from), ..letter() });
        let columns = told(&*stage.sink, &act, None);
        let found = columns.iter().find(|(name, _)| name == "cmdb_ci");
        assert_eq!(found.map_or("", |(_, id)| id.as_str()), expected, "{options:?} {item:?}");
    }
}

#[test]
fn settings_that_cannot_be_are_refused_by_name() {
    let hands = Hands::new();
    for (project, option, name) in [
        ("sys_user", ("login", "basic"), "project"),
        ("incident", ("login", "magic"), "login"),
        ("incident", ("change", "standard:x"), "change"),
        ("incident", ("cmdb_ci", "web01"), "cmdb_ci"),
        ("incident", ("items", "some"), "items"),
        ("incident", ("groups", "{\"a\":\"b\"}"), "groups"),
        ("incident", ("fields", "{\"a^b\":\"c\"}"), "fields"),
        ("incident", ("fields", "category=x"), "fields"),
    ] {
        let url = "https://now.example";
        let made = sink(&KIND, (url, Some(project)), &[option], &keys("", ""), &hands);
        let error = made.err().unwrap().to_string();
        assert!(error.starts_with(&format!("`{name}`")), "{error}");
    }
}
