//! Personal data beside the tree, and what an attacker writes into records.

use std::fs;

use proptest::prelude::*;
use quell_model::TenantId;
use serde_json::Value;

use super::world::{actor, at, check, files, place};
use crate::{Action, Actor, Leaf, Log, Reader, Stage};

fn marked(name: &str, reason: &str, second: i64) -> Leaf {
    let who = Actor { name: Some(name.to_owned()), ..actor() };
    let what = (Action::IssueMark, Stage::Begun);
    Leaf::new(what, &who, &TenantId::default(), at(second)).rationale(reason)
}

#[test]
fn erased_texts_are_gone_and_every_proof_holds() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let log = Log::open(&place).unwrap();
    for number in 0..300 {
        log.append_later(marked("Ada Lovelace", "she asked by mail", number)).unwrap();
    }
    let other = Actor { id: "other".to_owned(), name: Some("Bob".to_owned()), ..actor() };
    let what = (Action::IssueMark, Stage::Begun);
    log.append(Leaf::new(what, &other, &TenantId::default(), at(400))).unwrap();
    log.settle().unwrap();
    let mut reader = Reader::open(&place.folder).unwrap();
    let before = reader.inclusion(7).unwrap();
    let value: Value = serde_json::from_slice(&before.leaf).unwrap();
    let texts = reader.personal(&value).unwrap();
    assert_eq!(
        texts.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(),
        ["Ada Lovelace", "she asked by mail"]
    );
    assert!(check(&place).is_sound());
    assert_eq!(log.erase(&actor().subject()).unwrap(), 600);
    log.close();
    assert!(reader.personal(&value).unwrap().is_empty());
    assert_eq!(reader.inclusion(7).unwrap().path, before.path);
    let report = check(&place);
    assert!(report.is_sound(), "{:?}", report.faults);
    let mut bob = false;
    for path in files(&place.folder) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains("Lovelace") && !text.contains("by mail"), "{}", path.display());
        bob |= text.contains("Bob");
    }
    assert!(bob, "what is another's stays");
}

#[test]
fn a_text_that_is_changed_beside_the_tree_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let log = Log::open(&place).unwrap();
    for number in 0..3 {
        log.append(marked("Ada", "a reason", number)).unwrap();
    }
    log.close();
    let path = place.folder.join("personal/000");
    let bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            fs::write(&path, &changed).unwrap();
            assert!(!check(&place).is_sound(), "byte {at}: {}", String::from_utf8_lossy(&changed));
        }
    }
}

#[test]
fn texts_of_a_record_that_was_never_written_go_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let log = Log::open(&place).unwrap();
    log.append(marked("Ada", "a reason", 1)).unwrap();
    log.close();
    let path = place.folder.join("personal/000");
    let whole = fs::read_to_string(&path).unwrap();
    let orphan = whole.replace("\"index\":0", "\"index\":1");
    fs::write(&path, format!("{whole}{orphan}{}", orphan.get(..40).unwrap())).unwrap();
    let log = Log::open(&place).unwrap();
    log.append(marked("Bob", "another", 2)).unwrap();
    log.close();
    let report = check(&place);
    assert!(report.is_sound(), "{:?}", report.faults);
}

/// Payloads that forge lines, end texts, steer terminals and turn the direction of writing.
const ATTACKS: &[&str] = &[
    "x\n{\"action\":\"token.create\",\"index\":0}",
    "\",\"action\":\"token.create\",\"x\":\"",
    "\r\n2026-11-21 ERROR forged",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{202e}nimda\u{202c}",
    "\u{2028}\u{2029}\u{85}",
    "a\0b",
    "\\u0022,\\\"",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u{feff}\u{200b}",
    "%0a%0d",
    "\u{e000}\u{10ffff}",
    "';--",
    "\u{7f}\u{9b}31m",
];

#[test]
fn what_an_attacker_writes_stays_one_record() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let log = Log::open(&place).unwrap();
    for attack in ATTACKS {
        let who = Actor { id: (*attack).to_owned(), role: Some((*attack).to_owned()), ..actor() };
        let what = (Action::IssueMark, Stage::Begun);
        let leaf = Leaf::new(what, &who, &TenantId::default(), at(1))
            .object("issue", attack)
            .word("decision", attack)
            .rationale(attack);
        log.append(leaf).unwrap();
    }
    log.close();
    let leaves = Reader::open(&place.folder).unwrap().leaves(0, 100).unwrap();
    assert_eq!(leaves.len(), ATTACKS.len());
    for (_, leaf) in &leaves {
        check_plain(leaf, "issue.mark");
    }
    assert!(check(&place).is_sound());
}

/// One object of JSON in plain characters, that says what it is to say.
fn check_plain(leaf: &[u8], action: &str) {
    assert!(leaf.iter().all(|b| (0x20..0x7f).contains(b)), "{}", String::from_utf8_lossy(leaf));
    let value: Value = serde_json::from_slice(leaf).unwrap();
    assert_eq!(value["action"], action);
    let mut again = Vec::new();
    crate::canonical::write(&value, &mut again);
    assert_eq!(again, leaf, "the one form");
}

proptest! {
    #[test]
    fn any_text_stays_one_record_in_the_one_form(text in "\\PC*|.*", other in any::<String>()) {
        let who = Actor { id: text.clone(), name: Some(other.clone()), ..actor() };
        let leaf = Leaf::new((Action::IssueMark, Stage::Begun), &who, &TenantId::default(), at(1))
            .object("issue", &other)
            .decision(&text)
            .rationale(&other);
        let (bytes, kept) = leaf.write((3, false), &mut || Ok([7; 32])).unwrap();
        check_plain(&bytes, "issue.mark");
        prop_assert_eq!(kept.len(), 2);
    }
}

#[test]
fn a_record_that_names_very_much_stays_short() {
    let mut leaf = marked("Ada", "x", 1);
    for number in 0..5_000 {
        leaf = leaf.object("issue", &format!("i{number}"));
    }
    let (bytes, _) = leaf.write((0, false), &mut || Ok([0; 32])).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["objects"]["issue"]["count"], 5_000);
    assert!(bytes.len() < 8_000);
}
