//! No data becomes markup, a link, a mention or a button.

use std::fs;
use std::path::Path;

use quell_deliver::Label;
use quell_deliver::outbox::{Act, Remote};
use serde_json::{Value, json};

use super::super::text::APPROVAL_LABEL;
use crate::testing::chat::{acts, body, key, letter, plan};
use crate::testing::hostile::payloads;
use crate::testing::stage::wanted;
use crate::{Sink as _, Wanted};

/// A sink that asks nobody.
fn slack(buttons: &str) -> super::super::Slack {
    let login = crate::testing::stage::keys("", "t");
    let options = [("project", "C0SECURITY"), ("buttons", buttons), ("team", "T1"), ("app", "A1")];
    super::super::connect(plan(None, &login, &options)).unwrap()
}

fn remote() -> Remote {
    let id = "C0SECURITY/1900000001.000007".to_owned();
    Remote { id, name: "x".to_owned(), url: None }
}

/// The bodies of all requests of an act.
fn bodies(act: &Act, buttons: &str) -> Vec<Value> {
    let (key, remote) = (key(0), remote());
    let wanted = Wanted { key: &key, act, remote: Some(&remote) };
    let drafts = slack(buttons).drafts(&wanted).unwrap();
    drafts.iter().map(|draft| serde_json::from_str(&draft.body).unwrap()).collect()
}

/// Everything in a message that is more than text: kinds of blocks and elements, styles, links,
/// buttons, and what Slack would read in the fallback.
fn active(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| active(value, found)),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or("-");
            fields.iter().for_each(|(name, value)| field((kind, name), value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn field((kind, name): (&str, &str), value: &Value, found: &mut Vec<String>) {
    match name {
        // A plain text and a text element hold no markup; what they say is free.
        "text" if matches!(kind, "plain_text" | "text") => {}
        "text" if value.is_string() => found.extend(mrkdwn(value.as_str().unwrap())),
        "elements" if kind == "rich_text" => rich(value, found),
        "metadata" => {}
        _ => {
            if !value.is_object() && !value.is_array() {
                found.push(format!("{kind}.{name}={value}"));
            }
            active(value, found);
        }
    }
}

/// Of `rich_text`, how much code and how many blocks there are depends on the data; links do not.
fn rich(value: &Value, found: &mut Vec<String>) {
    for element in value.as_array().unwrap() {
        let kind = element["type"].as_str().unwrap();
        if let Some(inner) = element.get("elements") {
            rich(inner, found);
        } else if kind == "link" {
            found.push(format!("link {} {}", element["url"], element["text"]));
        } else {
            assert_eq!(kind, "text", "{element}");
        }
    }
}

/// What Slack reads in mrkdwn: what stands in angle brackets, and pairs of marks.
fn mrkdwn(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mark in ['*', '_', '~', '`', '<', '>'] {
        found.extend(text.matches(mark).map(|mark| format!("mark {mark}")));
    }
    for at in text.match_indices('&').map(|(at, _)| at) {
        let known = ["&amp;", "&lt;", "&gt;"]
            .iter()
            .any(|known| text.get(at..).unwrap().starts_with(known));
        assert!(known, "a loose & in {text:?}");
    }
    found
}

#[test]
fn no_data_is_more_than_text() {
    let payloads = payloads();
    assert!(payloads.len() >= 100, "{}", payloads.len());
    for (at, benign) in acts("harmless").iter().enumerate() {
        let expected = all_active(&bodies(benign, "true"));
        for payload in &payloads {
            let act = &acts(payload)[at];
            let mut found = all_active(&bodies(act, "true"));
            // A body that is cut may have lost its later links, and no more.
            let mut wanted = expected.clone();
            if payload.len() > 1_000 {
                found.retain(|one| !one.starts_with("link "));
                wanted.retain(|one| !one.starts_with("link "));
            }
            assert_eq!(found, wanted, "{payload:.60?} in {:?}", act.kind());
        }
    }
}

fn all_active(bodies: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    for body in bodies {
        active(body, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

/// The bodies of every act with every hostile text.
fn all_bodies() -> impl Iterator<Item = Value> {
    let acts = payloads().into_iter().flat_map(|payload| acts(&payload));
    acts.flat_map(|act| bodies(&act, "true"))
}

#[test]
fn no_invisible_character_of_data_is_sent() {
    let hidden = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}')
    };
    for body in all_bodies() {
        let mut texts = Vec::new();
        strings(&body, &mut texts);
        let bad = texts.iter().find(|text| text.contains(hidden));
        assert_eq!(bad, None);
    }
}

fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|value| strings(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| strings(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_message_fits_the_vendors_schema_of_blocks() {
    let file = "shared/reference/specs/sinks/schemas/slack-block-kit.schema.json";
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(text) = here.ancestors().find_map(|above| fs::read(above.join(file)).ok()) else {
        return;
    };
    let mut schema: Value = serde_json::from_slice(&text).unwrap();
    schema["$ref"] = json!("#/definitions/KnownBlock");
    let schema = jsonschema::validator_for(&schema).unwrap();
    // A message that is edited is the same as one that is posted.
    let made = all_bodies().filter(|body| body.get("ts").is_none());
    for body in made {
        for block in body["blocks"].as_array().unwrap() {
            let wrong = schema.iter_errors(block).next().map(|error| error.to_string());
            assert_eq!(wrong, None, "{block}");
        }
    }
}

#[test]
fn a_long_letter_is_cut_and_says_so() {
    let text = bodies(&Act::Open { letter: Box::new(letter(&"é".repeat(20_000))) }, "false");
    let shown = text[0].to_string();
    assert!(shown.contains("more characters are left out here."), "{}", shown.len());
    assert!(text[0]["blocks"][0]["text"]["text"].as_str().unwrap().ends_with(')'));
    assert!(shown.len() < 60_000);
}

#[test]
fn only_a_letter_that_asks_has_buttons_and_they_say_the_key_and_the_hash() {
    let plain = Act::Open { letter: Box::new(letter("x")) };
    let mut asking = letter("x");
    asking.labels.push(Label::new(APPROVAL_LABEL));
    let labelled = Act::Open { letter: Box::new(asking.clone()) };
    asking.asks = Some("5e8f".to_owned());
    let asking = Act::Open { letter: Box::new(asking) };
    let buttons = |act: &Act, option: &str| {
        let blocks = bodies(act, option)[0]["blocks"].as_array().unwrap().clone();
        let actions = blocks.into_iter().find(|block| block["type"] == "actions")?;
        let of = |button: &Value| {
            format!("{}={}", button["action_id"], button["value"]).replace('"', "")
        };
        Some(actions["elements"].as_array()?.iter().map(of).collect::<Vec<_>>())
    };
    let key = key(0);
    let both = vec![format!("quell.approve={key}.5e8f"), format!("quell.deny={key}.5e8f")];
    assert_eq!(buttons(&asking, "true"), Some(both));
    assert_eq!(buttons(&asking, "false"), None);
    assert_eq!(buttons(&plain, "true"), None);
    assert_eq!(buttons(&labelled, "true"), None);
}

#[test]
fn what_is_not_there_yet_cannot_be_changed() {
    let (key, act) = (key(0), Act::Note { body: body("x") });
    assert!(slack("false").drafts(&wanted(&key, &act, None)).is_err());
    let other = Remote { id: "10012".to_owned(), name: "SEC-1".to_owned(), url: None };
    assert!(slack("false").drafts(&wanted(&key, &act, Some(&other))).is_err());
}
