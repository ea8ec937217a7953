//! No data becomes a header, a part, a tag or a link.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quell_deliver::outbox::{Act, ActKind, Remote};

use super::super::mail::{Ends, Mail, made};
use crate::testing::chat::{acts, body, key, letter, page};
use crate::testing::hostile::payloads;
use crate::testing::stage::{Hands, wanted};
use quell_model::Clock as _;

fn ends() -> Ends {
    let from = "Quell <quell@mail.example>".parse().unwrap();
    Ends { from, to: vec!["a@mail.example".parse().unwrap(), "b@mail.example".parse().unwrap()] }
}

fn write(act: &Act) -> Mail {
    let (key, now) = (key(0), Hands::new().now());
    let open = Act::Open { letter: Box::new(letter("first")) };
    let first = made(&ends(), &wanted(&key, &open, None), now).unwrap();
    let remote = Remote { id: first.remote_id(), name: "x".to_owned(), url: None };
    made(&ends(), &wanted(&key, act, Some(&remote)), now).unwrap()
}

/// The acts that mail knows.
fn known(data: &str) -> Vec<Act> {
    acts(data).into_iter().filter(|act| act.kind() != ActKind::Edit).collect()
}

/// A message taken apart: its headers, and what is below.
struct Part {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Part {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut headers = BTreeMap::new();
        for line in head.split("\r\n") {
            let (name, value) = line.split_once(": ").unwrap();
            let again = headers.insert(name.to_ascii_lowercase(), value.to_owned());
            assert_eq!(again, None, "{name} is there twice");
        }
        Self { headers, body: body.to_owned() }
    }

    fn kind(&self) -> &str {
        self.headers["content-type"].split(';').next().unwrap()
    }

    /// The leaves below, in their order.
    fn leaves(self) -> Vec<Part> {
        if !self.kind().starts_with("multipart/") {
            return vec![self];
        }
        let boundary = self.headers["content-type"].split("boundary=\"").nth(1).unwrap();
        let border = format!("--{}", boundary.trim_end_matches('"'));
        let inner = self.body.split(&format!("{border}--")).next().unwrap().to_owned();
        let begin = format!("{border}\r\n");
        let parts = inner.split(&begin).skip(1);
        parts.flat_map(|part| Part::read(part).leaves()).collect()
    }

    fn text(&self) -> String {
        let coding = self.headers["content-transfer-encoding"].as_str();
        match coding {
            "base64" => {
                let packed: String = self.body.split_whitespace().collect();
                String::from_utf8(STANDARD.decode(packed).unwrap()).unwrap()
            }
            "quoted-printable" => unquoted(&self.body),
            other => {
                assert_eq!(other, "7bit");
                self.body.clone()
            }
        }
    }
}

fn unquoted(text: &str) -> String {
    let whole = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = whole.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'=', [high, low, after @ ..]) => {
                let digits = format!("{}{}", char::from(*high), char::from(*low));
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The tags of a page, with their attributes.
fn tags(html: &str) -> Vec<String> {
    let open = html.split('<').skip(1);
    let mut tags: Vec<String> =
        open.map(|rest| rest.split_once('>').unwrap().0.to_owned()).collect();
    tags.sort();
    tags.dedup();
    tags
}

fn read(mail: &Mail) -> Part {
    Part::read(std::str::from_utf8(&mail.bytes).unwrap())
}

#[test]
fn no_data_is_a_header_a_part_or_a_tag() {
    for (at, benign) in known("harmless").iter().enumerate() {
        let expected = read(&write(benign));
        let names: Vec<String> = expected.headers.keys().cloned().collect();
        let leaves = expected.leaves();
        let kinds: Vec<String> = leaves.iter().map(|leaf| leaf.kind().to_owned()).collect();
        let expected = tags(&leaves[1].text());
        for payload in payloads() {
            let mail = write(&known(&payload)[at]);
            let whole = read(&mail);
            assert_eq!(whole.headers.keys().cloned().collect::<Vec<_>>(), names, "{payload:.40?}");
            let leaves = whole.leaves();
            let found: Vec<String> = leaves.iter().map(|leaf| leaf.kind().to_owned()).collect();
            assert_eq!(found, kinds, "{payload:.40?}");
            let found = tags(&leaves[1].text());
            // A place to break a line does nothing else.
            let known = |tag: &&String| *tag == "wbr" || expected.contains(tag);
            let new: Vec<_> = found.iter().filter(|tag| !known(tag)).collect();
            assert!(new.is_empty(), "{new:?} of {payload:.40?}");
            let text = leaves[0].text().replace(page().as_str(), "").replace("[://]", "");
            assert!(!text.contains("://"), "{payload:.40?}");
        }
    }
}

#[test]
fn every_line_is_short_plain_and_ends_right() {
    for payload in payloads() {
        for act in known(&payload) {
            let mail = write(&act);
            let text = std::str::from_utf8(&mail.bytes).unwrap();
            assert!(text.is_ascii(), "{payload:.40?}");
            assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "{payload:.40?}");
            assert!(text.split("\r\n").all(|line| line.len() <= 998), "{payload:.40?}");
        }
    }
}

#[test]
fn a_mail_is_the_same_again_and_others_are_not() {
    let open = Act::Open { letter: Box::new(letter("x")) };
    assert_eq!(write(&open), write(&open));
    assert_eq!(write(&open).id, format!("<{}@mail.example>", key(0).mark()));
    let note = |text: &str| write(&Act::Note { body: body(text) }).id;
    assert_eq!(note("a"), note("a"));
    assert_ne!(note("a"), note("b"));
    assert_ne!(note("a"), write(&Act::Close { body: body("a") }).id);
}

#[test]
fn what_follows_stands_in_the_thread() {
    let open = Act::Open { letter: Box::new(letter("first")) };
    let id = write(&open).id;
    for act in known("x").iter().skip(1) {
        let headers = read(&write(act)).headers;
        assert_eq!(headers["in-reply-to"], id);
        assert_eq!(headers["references"], id);
        assert_eq!(headers["subject"], "Re: Open bucket first");
        assert_eq!(headers["auto-submitted"], "auto-generated");
        assert_eq!(headers["x-auto-response-suppress"], "All");
    }
    let headers = read(&write(&open)).headers;
    assert!(!headers.contains_key("in-reply-to"));
    assert_eq!(headers["date"], "Sun, 01 Mar 2026 10:00:00 +0000");
}

#[test]
fn ids_that_are_no_mails_are_refused() {
    let (key, now, act) = (key(0), Hands::new().now(), Act::Note { body: body("x") });
    for id in ["", "x", "x y z", "<a@b> eA", "a@b\r\nBcc:x eA", "a@b !!", " eA", "a@b _w"] {
        let remote = Remote { id: id.to_owned(), name: "x".to_owned(), url: None };
        assert!(made(&ends(), &wanted(&key, &act, Some(&remote)), now).is_err(), "{id:?}");
    }
    let evil = "a@b eA0KQmNjOiB4"; // A line end in the subject.
    let remote = Remote { id: evil.to_owned(), name: "x".to_owned(), url: None };
    let mail = made(&ends(), &wanted(&key, &act, Some(&remote)), now).unwrap();
    assert_eq!(read(&mail).headers["subject"], "Re: xBcc: x");
}

#[test]
fn files_come_with_neutral_names_and_large_ones_are_named() {
    let mut letter = letter("x");
    letter.files[0].name = "../../evil \r\n\"x\".exe".to_owned();
    let mut large = letter.files[0].clone();
    large.name = "large.json".to_owned();
    large.text = "x".repeat(2 << 20).into();
    letter.files.push(large);
    let leaves = read(&write(&Act::Open { letter: Box::new(letter) })).leaves();
    assert_eq!(leaves.len(), 3);
    assert!(leaves[2].headers["content-disposition"].contains("\"....evilx.exe\""));
    assert_eq!(leaves[2].kind(), "text/plain");
    assert!(leaves[0].text().contains("large.json is too large for a mail"));
}
