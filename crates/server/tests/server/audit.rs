//! The audit log of a server: every change is in it first, and without it nothing changes.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_audit_verify::{Directory, Key, Options, check_proof, verify};
use quell_testkit::server::{Request, delivery};
use serde_json::{Value, json};

use crate::bench::{Bench, lines, until};
use crate::rights::{ask, bogus, routes};

/// The newest records, the newest first.
fn records(bench: &Bench) -> Vec<Value> {
    let page = bench.get("/api/v1/audit?limit=1000").json();
    page["items"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

fn size(bench: &Bench) -> u64 {
    bench.get("/api/v1/audit?limit=1").json()["size"].as_u64().unwrap()
}

fn sound(bench: &Bench) {
    let folder = Directory(bench.data().join("audit"));
    let report = verify(&folder, &Options { beside: true, ..Options::default() });
    assert!(report.is_sound(), "{:?}", report.faults);
}

#[test]
fn every_route_that_changes_something_writes_a_record_before_and_one_after() {
    let bench = Bench::new();
    let mut words = BTreeSet::new();
    for (method, path) in routes(&bench) {
        if method == "GET" || path.starts_with("/api/v1/hooks/") {
            continue;
        }
        let before = size(&bench);
        let answer = ask(&bench.admin, (&method, &path), &bogus(&path));
        assert_ne!(answer.status, 500, "{method} {path} has no action: {}", answer.text());
        let after = records(&bench);
        let new: Vec<&Value> =
            after.iter().filter(|one| one["index"].as_u64() >= Some(before)).collect();
        let own = |stage: &str| {
            new.iter().find(|one| one["stage"] == stage && one["actor"]["kind"] == "token")
        };
        let begun = own("begun").unwrap_or_else(|| panic!("{method} {path}: {new:?}"));
        let ended = own("ended").unwrap_or_else(|| panic!("{method} {path}: {new:?}"));
        assert_eq!((&ended["of"], &ended["action"]), (&begun["index"], &begun["action"]));
        assert_eq!(ended["facts"]["status"], json!(answer.status), "{method} {path}");
        for field in ["time", "tenant", "actor", "action", "stage", "index", "v"] {
            assert!(!begun[field].is_null(), "{method} {path} says no {field}");
        }
        words.insert(begun["action"].as_str().unwrap().to_owned());
    }
    assert!(words.len() > 14, "{words:?}");
    sound(&bench);
}

#[test]
fn a_mark_is_told_with_who_what_and_how_and_its_reason_stands_beside() {
    let mut bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true&name=x", lines("told", 3)).status, 200);
    let issue = bench.get("/api/v1/issues").json()["items"][0]["id"].as_str().unwrap().to_owned();
    let body = json!({"as": "accepted", "reason": "Ada said so"}).to_string();
    assert_eq!(bench.post(&format!("/api/v1/issues/{issue}/mark"), body).status, 200);
    let all = records(&bench);
    let begun = all.iter().find(|one| one["action"] == "issue.mark" && one["stage"] == "begun");
    let begun = begun.unwrap();
    assert_eq!(begun["objects"]["issue"], json!([issue]));
    assert_eq!(
        (&begun["decision"], &begun["actor"]["role"]),
        (&json!("accepted"), &json!("admin"))
    );
    assert!(!begun.to_string().contains("Ada"), "{begun}");
    let shown = bench.get(&format!("/api/v1/audit/{}", begun["index"])).json();
    let beside = shown["beside"].to_string();
    assert!(beside.contains("Ada said so") && beside.contains("first administrator"), "{beside}");
    let run = all.iter().find(|one| one["action"] == "import.run" && one["stage"] == "ended");
    assert_eq!(run.unwrap()["facts"]["records"], 3);
    let handed = all.iter().find(|one| one["action"] == "import.create" && one["stage"] == "ended");
    assert_eq!(handed.unwrap()["objects"]["job"], run.unwrap()["objects"]["job"]);
    // Proved without the server.
    let proof = bench.get(&format!("/api/v1/audit/{}/proof", begun["index"])).json();
    let key = fs::read_to_string(bench.data().join("audit/key.pub")).unwrap();
    let leaf = STANDARD.decode(proof["leaf"].as_str().unwrap()).unwrap();
    let keys = [Key::parse(&key).unwrap()];
    let proved = check_proof(proof["proof"].as_str().unwrap(), &leaf, &keys).unwrap();
    assert_eq!(json!(proved.index), begun["index"]);
    let head = bench.get("/api/v1/audit/checkpoint").json()["note"].as_str().unwrap().to_owned();
    bench.stop();
    let folder = Directory(bench.data().join("audit"));
    let report = verify(&folder, &Options { against: vec![head], ..Options::default() });
    assert!(report.is_sound() && report.size > 6, "{report:?}");
}

#[test]
fn pages_of_records_lose_none_and_are_the_tenants_own() {
    let bench = Bench::new();
    for _ in 0..4 {
        bench.post(
            "/api/v1/issues/00000000000000000000000000/mark",
            r#"{"as":"accepted","reason":"x"}"#,
        );
    }
    let (mut path, mut seen) = ("/api/v1/audit?limit=3&action=issue.mark".to_owned(), Vec::new());
    loop {
        let page = bench.get(&path).json();
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|one| one["index"].as_u64().unwrap()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/audit?limit=3&action=issue.mark&cursor={cursor}");
    }
    assert_eq!(seen.len(), 8);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    assert_eq!(bench.get("/api/v1/audit?cursor=x").status, 400);
    assert_eq!(bench.get("/api/v1/audit/999999").status, 404);
    let foreign = bench.client(quell_server::Role::Admin, "foreign");
    let theirs = foreign.send(&Request::get("/api/v1/audit")).unwrap().json();
    assert_eq!(theirs["size"], 0);
}

#[test]
fn without_its_key_nothing_changes_and_reading_and_webhooks_go_on() {
    let mut bench = Bench::new();
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("kept", 3)).status, 200);
    let issue = bench.get("/api/v1/issues").json()["items"][0]["id"].as_str().unwrap().to_owned();
    bench.stop();
    let key = bench.data().join("audit/key");
    let aside = bench.data().join("audit/aside");
    fs::rename(&key, &aside).unwrap();
    bench.start().unwrap();
    let path = format!("/api/v1/issues/{issue}/mark");
    let body = r#"{"as":"accepted","reason":"x"}"#;
    let answer = bench.post(&path, body);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(
        answer.text().contains("audit log") && answer.text().contains("key"),
        "{}",
        answer.text()
    );
    assert!(!answer.text().contains(bench.data().to_str().unwrap()), "{}", answer.text());
    assert!(bench.get(&format!("/api/v1/issues/{issue}")).json()["issue"]["mark"].is_null());
    assert_eq!(bench.get("/api/v1/issues").json()["total"], 3);
    assert!(records(&bench).len() > 3);
    let status = bench.get("/api/v1/status").json();
    assert!(status["why"].as_str().unwrap_or_default().contains("audit"), "{status}");
    // What comes in is kept, and taken once the log can be written.
    assert_eq!(bench.deliver(&delivery("waits", 1, 600)).status, 202);
    fs::rename(&aside, &key).unwrap();
    until("what came in is taken", || bench.found("default").len() == 4);
    assert_eq!(bench.post(&path, body).status, 200);
    sound(&bench);
}

#[test]
fn a_repeated_request_is_one_change_and_two_records() {
    let bench = Bench::new();
    let request = Request::post("/api/v1/replays", "{}")
        .with("content-type", "application/json")
        .with("idempotency-key", "once");
    for _ in 0..3 {
        assert_eq!(bench.admin.send(&request).unwrap().status, 202);
    }
    let asked = records(&bench).iter().filter(|one| one["action"] == "replay.create").count();
    assert_eq!(asked, 2);
}

#[test]
fn a_log_that_was_rolled_back_is_found_by_the_checkpoint_outside_and_takes_nothing() {
    let outside = tempfile::tempdir().unwrap();
    let more = format!(
        "\n[audit]\ncheckpoints = [\"file:{}\"]\ncheckpoint_seconds = 1\n",
        outside.path().display()
    );
    let mut bench = Bench::with(&[], &more);
    assert_eq!(bench.post("/api/v1/imports?wait=true", lines("first", 2)).status, 200);
    bench.stop();
    let (folder, copy) = (bench.data().join("audit"), bench.data().join("copy"));
    let kept = || fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().path()).next();
    let note = fs::read_to_string(kept().unwrap()).unwrap();
    assert_eq!(note, fs::read_to_string(folder.join("checkpoint")).unwrap());
    let copied = std::process::Command::new("cp").arg("-r").arg(&folder).arg(&copy).status();
    assert!(copied.unwrap().success());
    bench.start().unwrap();
    let path = "/api/v1/issues/00000000000000000000000000/mark";
    let body = r#"{"as":"accepted","reason":"x"}"#;
    assert_eq!(bench.post(path, body).status, 404);
    bench.stop();
    assert_ne!(fs::read_to_string(kept().unwrap()).unwrap(), note);
    // Yesterday's copy of the log.
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&copy, &folder).unwrap();
    bench.start().unwrap();
    let answer = bench.post(path, body);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains("older copy"), "{}", answer.text());
    let status = bench.get("/api/v1/status").json();
    assert!(status["why"].as_str().unwrap().contains("older copy"), "{status}");
    assert_eq!(bench.get("/api/v1/issues").status, 200);
}

#[test]
fn records_reach_every_receiver_at_least_once_and_a_blocked_one_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let syslog = TcpListener::bind("127.0.0.1:0").unwrap();
    let splunk = TcpListener::bind("127.0.0.1:0").unwrap();
    let blocked = TcpListener::bind("127.0.0.1:0").unwrap();
    let file = folder.path().join("audit.ndjson");
    let more = format!(
        "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\
         [audit_streams.lines]\nfile = \"{}\"\n\
         [audit_streams.sys]\nto = \"syslog\"\ntransport = \"tcp\"\naddress = \"{}\"\n\
         [audit_streams.hec]\nto = \"splunk\"\nform = \"ocsf\"\ntoken = \"env:BUCKET_KEY\"\n\
         url = \"http://{}/services/collector/event\"\n\
         [audit_streams.stuck]\nto = \"splunk\"\ntoken = \"env:BUCKET_KEY\"\n\
         url = \"http://{}/services/collector/event\"\n",
        file.display(),
        syslog.local_addr().unwrap(),
        splunk.local_addr().unwrap(),
        blocked.local_addr().unwrap(),
    );
    let taken = Arc::new(Mutex::new(String::new()));
    let heard = Arc::new(Mutex::new(String::new()));
    listen(syslog, Arc::clone(&heard), false);
    listen(splunk, Arc::clone(&taken), true);
    let mut bench = Bench::with(&[], &more);
    for _ in 0..3 {
        assert_eq!(bench.post("/api/v1/replays", "{}").status, 202);
    }
    let last = size(&bench) - 1;
    let has = |text: &str| text.contains(&format!("\"index\":{last},"));
    until("the file has all", || has(&fs::read_to_string(&file).unwrap_or_default()));
    until("syslog has all", || has(&heard.lock().unwrap()));
    until("Splunk has all", || has(&taken.lock().unwrap()));
    let text = taken.lock().unwrap().clone();
    assert!(
        text.contains("Splunk canary-bucket_key") && text.contains("\"class_uid\":6003"),
        "{text}"
    );
    assert!(heard.lock().unwrap().contains(" quell - replay.create - {"));
    bench.stop();
    // After a restart it goes on where it was.
    let before = fs::read_to_string(&file).unwrap().lines().count();
    bench.start().unwrap();
    let last = size(&bench) - 1;
    until("what came since is there", || {
        fs::read_to_string(&file).unwrap().contains(&format!("\"index\":{last},"))
    });
    let all = fs::read_to_string(&file).unwrap();
    let numbers: Vec<u64> = all
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..u64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
    assert!(numbers.len() > before);
}

/// Keeps all that comes to a port, and answers each request where it is HTTP.
fn listen(listener: TcpListener, kept: Arc<Mutex<String>>, http: bool) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || keep(stream, &kept, http));
        }
    });
}

fn keep(mut stream: TcpStream, kept: &Mutex<String>, http: bool) {
    let (mut chunk, mut own) = ([0; 65_536], String::new());
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        let text = String::from_utf8_lossy(chunk.get(..count).unwrap()).into_owned();
        kept.lock().unwrap().push_str(&text);
        own.push_str(&text);
        if http && whole(&own) {
            own.clear();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        }
    }
}

fn whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}
