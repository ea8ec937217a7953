//! `quell audit`: what commands changed is in the log, and whoever changes the log is found.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs;

use common::{Bench, demo};
use serde_json::Value;

fn out(bench: &Bench, arguments: &[&str]) -> (i32, String) {
    let output = bench.run(arguments);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn json(bench: &Bench, arguments: &[&str]) -> Value {
    let output = bench.run(arguments);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A data directory with some changes; an issue of it.
fn changed() -> (Bench, String) {
    let bench = Bench::new();
    let (_, report) = bench.triage(&demo().join("findings"));
    let issue = report["incidents"][0]["issues"][0].as_str().unwrap().to_owned();
    let mark = ["issue", "mark", &issue, "--as", "accepted", "--reason", "Ada knows"];
    assert_eq!(out(&bench, &mark).0, 0);
    assert_eq!(out(&bench, &["issue", "unmark", &issue]).0, 0);
    assert_eq!(out(&bench, &["token", "create", "--role", "viewer"]).0, 0);
    (bench, issue)
}

#[test]
fn what_commands_change_is_listed_shown_proved_and_sound() {
    let (bench, issue) = changed();
    let list = json(&bench, &["audit", "list", "--json"]);
    let words: Vec<&str> =
        list.as_array().unwrap().iter().rev().map(|one| one["action"].as_str().unwrap()).collect();
    let twice = ["triage.run", "issue.mark", "issue.unmark", "token.create"];
    assert_eq!(words, twice.iter().flat_map(|word| [*word, *word]).collect::<Vec<_>>());
    assert!(list.as_array().unwrap().iter().step_by(2).all(|one| one["outcome"] == "done"));
    let (code, shown) = out(&bench, &["audit", "show", "2"]);
    assert!(code == 0 && shown.contains(&issue) && shown.contains("Ada knows"), "{shown}");
    let marks = json(&bench, &["audit", "list", "--action", "issue.mark", "--json"]);
    assert_eq!(marks.as_array().unwrap().len(), 2);
    let (code, table) = out(&bench, &["audit", "list"]);
    assert!(code == 0 && table.lines().count() == 8, "{table}");
    let prove = ["audit", "prove", "2", "--out", "2.tlog-proof", "--record", "2.json"];
    assert_eq!(out(&bench, &prove).0, 0);
    let key = "data/audit/key.pub";
    let verify = ["audit", "verify", "--proof", "2.tlog-proof", "--record", "2.json", "--key", key];
    let (code, told) = out(&bench, &verify);
    assert!(code == 0 && told.contains("record 2"), "{told}");
    let path = bench.folder.path().join("2.json");
    let other = fs::read_to_string(&path).unwrap().replace("accepted", "declined");
    fs::write(&path, other).unwrap();
    assert_eq!(out(&bench, &verify).0, 1);
    let (code, told) = out(&bench, &["audit", "verify"]);
    assert!(code == 0 && told.starts_with("sound: 8 signed records"), "{told}");
    let (code, told) = out(&bench, &["audit", "show", "99"]);
    assert!(code == 3 && told.contains("there is no record 99"), "{told}");
}

#[test]
fn a_changed_record_is_named_and_stops_further_changes() {
    let (bench, issue) = changed();
    let path = bench.folder.path().join("data/audit/tile/entries/000.p/8");
    let mut bytes = fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let place = text.match_indices("issue.mark").nth(1).unwrap().0;
    bytes[place] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let report = json(&bench, &["audit", "verify", "--json"]);
    assert_eq!((&report["sound"], &report["first_bad"]), (&Value::Bool(false), &Value::from(3)));
    assert_eq!(out(&bench, &["audit", "verify"]).0, 1);
    // The writer rests on its journal; with that changed too, nothing is changed any more.
    let journal = bench.folder.path().join("data/audit/journal");
    let mut bytes = fs::read(&journal).unwrap();
    let end = bytes.len() - 3;
    bytes[end] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    let mark = ["issue", "mark", &issue, "--as", "accepted", "--reason", "x"];
    let (code, told) = out(&bench, &mark);
    assert!(code == 3 && told.contains("audit log is damaged"), "{told}");
    let shown = json(&bench, &["issue", "show", &issue, "--json"]);
    assert!(shown["issue"]["mark"].is_null(), "{shown}");
}

#[test]
fn keys_are_rotated_and_renewed_and_texts_erased() {
    let (bench, issue) = changed();
    let head = bench.folder.path().join("data/audit/checkpoint");
    fs::copy(&head, bench.folder.path().join("kept")).unwrap();
    let first = json(&bench, &["audit", "key", "show", "--json"])[0].as_str().unwrap().to_owned();
    assert_eq!(out(&bench, &["audit", "key", "rotate"]).0, 0);
    let keys = json(&bench, &["audit", "key", "show", "--json"]);
    assert_eq!(keys.as_array().unwrap().len(), 2);
    let verify = ["audit", "verify", "--against", "kept", "--key", &first];
    let (code, told) = out(&bench, &verify);
    assert!(code == 0 && told.contains("the log grew from its 8"), "{told}");
    let subject = json(&bench, &["audit", "show", "2", "--json"])["beside"][0]["subject"].clone();
    let (code, told) = out(&bench, &["audit", "erase", subject.as_str().unwrap()]);
    assert_eq!(code, 0, "{told}");
    let shown = out(&bench, &["audit", "show", "2"]).1;
    assert!(!shown.contains("Ada") && shown.contains("erased"), "{shown}");
    assert_eq!(out(&bench, &verify).0, 0);
    let doctor = || json(&bench, &["doctor", "--data", "data", "--json"]).to_string();
    assert!(doctor().contains("its key is there"), "{}", doctor());
    // Lost for good: the log is put aside, and the new one names it.
    fs::remove_file(bench.folder.path().join("data/audit/key")).unwrap();
    let mark = ["issue", "mark", &issue, "--as", "accepted", "--reason", "x"];
    let (code, told) = out(&bench, &mark);
    assert!(code == 3 && told.contains("quell audit key renew"), "{told}");
    assert!(doctor().contains("cannot be used: it is not there"), "{}", doctor());
    assert_eq!(out(&bench, &["audit", "key", "renew", "--reason", "the disk died"]).0, 0);
    assert_eq!(out(&bench, &mark).0, 0);
    let begin = json(&bench, &["audit", "show", "0", "--json"]);
    assert_eq!(begin["record"]["action"], "audit.begin");
    assert!(begin["record"]["facts"]["earlier_size"].as_u64() > Some(8));
    assert_eq!(out(&bench, &["audit", "verify"]).0, 0);
    assert_eq!(out(&bench, &["audit", "verify", "data/audit.ended-1", "--key", &first]).0, 0);
    assert_eq!(out(&bench, &["audit", "verify", "--against", "kept"]).0, 1);
}

#[test]
fn a_restore_does_not_put_the_log_back() {
    let (bench, issue) = changed();
    assert_eq!(out(&bench, &["backup", "--to", "backup"]).0, 0);
    let mark = ["issue", "mark", &issue, "--as", "accepted", "--reason", "after the backup"];
    assert_eq!(out(&bench, &mark).0, 0);
    let head = bench.folder.path().join("data/audit/checkpoint");
    fs::copy(&head, bench.folder.path().join("kept")).unwrap();
    let (code, told) = out(&bench, &["restore", "--from", "backup", "--force"]);
    assert_eq!(code, 0, "{told}");
    let list = json(&bench, &["audit", "list", "--json"]);
    assert_eq!(list[0]["action"], "store.restore");
    let (code, told) = out(&bench, &["audit", "verify", "--against", "kept"]);
    assert!(code == 0, "{told}");
    // Where there is no log, the backup's is used.
    let data = bench.folder.path().join("data");
    fs::remove_dir_all(&data).unwrap();
    assert_eq!(out(&bench, &["restore", "--from", "backup"]).0, 0);
    let list = json(&bench, &["audit", "list", "--json"]);
    assert_eq!((list.as_array().unwrap().len(), &list[0]["action"]), (9, &"store.restore".into()));
    assert_eq!(out(&bench, &["audit", "verify", "--against", "kept"]).0, 1);
}

#[test]
fn a_token_that_was_taken_back_behind_a_backup_stays_so() {
    let bench = Bench::new();
    let make = || json(&bench, &["token", "create", "--role", "viewer", "--json"]);
    let (kept, gone, late) = (make(), make(), make());
    let id = |token: &Value| token["id"].as_str().unwrap().to_owned();
    let (kept, gone, late) = (id(&kept), id(&gone), id(&late));
    assert_eq!(out(&bench, &["backup", "--to", "backup"]).0, 0);
    assert_eq!(out(&bench, &["token", "revoke", &gone]).0, 0);
    let report = json(&bench, &["restore", "--from", "backup", "--force", "--json"]);
    assert_eq!(report["unconfirmed"]["tokens"], 3, "{report}");
    let waiting = |count: usize| {
        let list = json(&bench, &["token", "list", "--json"]);
        let all = list.as_array().unwrap().clone();
        assert_eq!(all.iter().filter(|one| one["unconfirmed"] == true).count(), count, "{list}");
        let opens = |id: &str| {
            let row = all.iter().find(|one| one["id"] == id).unwrap();
            row["revoked_at"].is_null()
        };
        [opens(&kept), opens(&gone), opens(&late)]
    };
    assert_eq!(waiting(3), [false; 3]);
    let (code, told) = out(&bench, &["token", "list"]);
    assert!(code == 0 && told.matches("to be confirmed").count() == 3, "{told}");
    let (code, told) = out(&bench, &["token", "confirm", &gone]);
    assert!(code == 2 && told.contains("stays taken back: record"), "{told}");
    assert_eq!(out(&bench, &["token", "confirm", "nobody000000"]).0, 2);
    assert_eq!(out(&bench, &["token", "confirm", &late]).0, 0);
    assert_eq!(waiting(2), [false, false, true]);
    let all = json(&bench, &["token", "confirm", "--all", "--json"]);
    assert_eq!(
        (&all["confirmed"][0], &all["taken_back"][0]),
        (&kept.as_str().into(), &gone.as_str().into())
    );
    assert_eq!(waiting(1), [true, false, true]);
    let log = json(&bench, &["audit", "list", "--action", "token.confirm", "--json"]);
    assert_eq!(log.as_array().unwrap().len(), 4);

    // Where the log went with the disk, nobody knows, and a person decides.
    fs::remove_dir_all(bench.folder.path().join("data")).unwrap();
    assert_eq!(out(&bench, &["restore", "--from", "backup"]).0, 0);
    assert_eq!(waiting(3), [false; 3]);
    assert_eq!(out(&bench, &["token", "revoke", &gone]).0, 0);
    assert_eq!(out(&bench, &["token", "confirm", "--all"]).0, 0);
    assert_eq!(waiting(0), [true, false, true]);
}

#[test]
fn people_are_switched_off_by_a_restore_until_somebody_says_otherwise() {
    let bench = Bench::new();
    let say = |arguments: &[&str], input: &str| {
        use std::io::Write as _;
        let mut command = bench.command(arguments);
        let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{arguments:?}");
    };
    for name in ["ana", "bo", "cy"] {
        say(&["user", "add", name, "--role", "viewer"], "a long password\n");
    }
    assert_eq!(out(&bench, &["user", "disable", "cy"]).0, 0);
    assert_eq!(out(&bench, &["backup", "--to", "backup"]).0, 0);
    let (code, told) = out(&bench, &["restore", "--from", "backup", "--force"]);
    assert!(code == 0 && told.contains("2 people are switched off"), "{told}");
    let off = || {
        let list = json(&bench, &["user", "list", "--json"]);
        let all = list.as_array().unwrap().clone().into_iter();
        all.map(|one| !one["disabled_at"].is_null()).collect::<Vec<_>>()
    };
    assert_eq!(off(), [true; 3]);
    assert_eq!(out(&bench, &["user", "enable", "bo"]).0, 0);
    assert_eq!(off(), [true, false, true]);
    assert_eq!(out(&bench, &["user", "enable", "--restored"]).0, 0);
    assert_eq!(off(), [false, false, true], "whom a person switched off stays so");
}
