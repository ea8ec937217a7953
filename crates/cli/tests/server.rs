//! `quell jobs`, `quell replay` and `quell status`, on a running server and on its data directory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod served;

use std::io::{Read, Write};
use std::net::TcpListener;

use common::prowler;
use serde_json::Value;
use served::Served;

fn scan(buckets: &[&str]) -> String {
    Value::from(buckets.iter().map(|bucket| prowler(bucket)).collect::<Vec<_>>()).to_string()
}

#[test]
fn a_server_and_its_directory_tell_the_same_jobs() {
    let served = Served::start();
    let good = served.import("good.json", &scan(&["a", "b"]));
    let bad = served.import("bad.json", "{\"nothing\": true}");
    assert_eq!((good["state"].as_str(), bad["state"].as_str()), (Some("done"), Some("dead")));
    let by_server = served.json(&["jobs", "list", "--json"]);
    let by_data = served.json_offline(&["jobs", "list", "--json"]);
    assert_eq!(by_server, by_data);
    assert_eq!(by_server.as_array().unwrap().len(), 2);
    let dead = served.json(&["jobs", "list", "--state", "dead", "--json"]);
    assert_eq!(dead[0]["id"], bad["id"]);
    let shown = served.text(&["jobs", "list"]);
    assert!(shown.contains("2 records: 2 new") && shown.contains("dead"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let shown = served.text(&["jobs", "show", good["id"].as_str().unwrap()]);
    assert!(shown.contains("good.json") && shown.contains("2 new"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn a_job_is_changed_only_in_a_state_for_that() {
    let served = Served::start();
    let good = served.import("good.json", &scan(&["a"]));
    let bad = served.import("bad.json", "{\"nothing\": true}");
    let (good, bad) = (good["id"].as_str().unwrap(), bad["id"].as_str().unwrap());
    for place in [Served::run, Served::run_offline] {
        for what in ["retry", "release", "cancel"] {
            let output = place(&served, &["jobs", what, good]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{what}: {said}");
            assert!(said.contains("the job is done"), "{said}");
        }
        let output = place(&served, &["jobs", "retry", bad]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        served.over(bad);
        let output = place(&served, &["jobs", "show", "0123456789abcdefghjkmnpqrs"]);
        assert_eq!(output.status.code(), Some(2));
    }
    assert_eq!(served.json(&["jobs", "show", bad, "--json"])["attempts"], 3);
}

#[test]
fn a_replay_at_a_server_is_waited_for() {
    let served = Served::start();
    served.import("good.json", &scan(&["a", "b"]));
    let job = served.json(&["replay", "--wait", "--json"]);
    assert_eq!(job["state"], "done");
    assert_eq!(job["result"]["accounting"]["records"], 2);
    assert_eq!(job["result"]["accounting"]["created"], 0);
    let output = served.run(&["replay"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("quell jobs show"), "{said}");
}

#[test]
fn a_replay_without_a_server_runs_here_and_not_beside_one() {
    let served = Served::start();
    served.import("good.json", &scan(&["a", "b"]));
    let output = served.run_offline(&["replay"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--server"), "{said}");
    let stopped = served.stop();
    let told = stopped.json_offline(&["replay", "--json"]);
    assert_eq!(told["accounting"]["records"], 2);
    assert_eq!(told["accounting"]["created"], 0);
    let none = stopped.json_offline(&["replay", "--since", "2999-01-01", "--json"]);
    assert_eq!(none["accounting"]["records"], 0);
    // What was received stays, and so do its jobs.
    assert_eq!(stopped.json_offline(&["jobs", "list", "--json"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_status_tells_whether_the_server_is_well() {
    let served = Served::start();
    served.import("good.json", &scan(&["a", "b"]));
    served.import("bad.json", "{\"nothing\": true}");
    let status = served.json(&["status", "--json"]);
    assert_eq!(status["ready"], true);
    assert_eq!((&status["issues_open"], &status["findings_open"]), (&2.into(), &2.into()));
    assert_eq!((&status["jobs"]["done"], &status["jobs"]["dead"]), (&1.into(), &1.into()));
    assert!(status["disk"]["raw_bytes"].as_u64().unwrap() > 0);
    let shown = served.text(&["status"]);
    assert!(shown.contains("quell jobs list --state dead"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert_eq!(served.run_offline(&["status"]).status.code(), Some(0));
    let stopped = served.stop();
    let output = stopped.run_offline(&["status", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["why"], "no server runs on this data directory");
    assert_eq!(status["issues_open"], 2);
    assert_eq!(stopped.run(&["status"]).status.code(), Some(3), "nobody answers there any more");
}

#[test]
fn what_is_wrong_with_the_way_to_the_server_is_said_with_the_next_step() {
    let served = Served::start();
    let token = served.bench.file("token", "quell_aaaaaaaaaaaa_wrong");
    let token = token.to_str().unwrap();
    let url = served.url.as_str();
    for (arguments, code, said) in [
        (vec!["status", "--server", url], 2, "--token-file"),
        (vec!["status", "--server", url, "--token-file", token], 2, "quell token create"),
        (vec!["status", "--server", "127.0.0.1:8420"], 2, "http://127.0.0.1:8420"),
        (vec!["status", "--server", "http://169.254.169.254"], 2, "metadata"),
        (vec!["status", "--server", "http://127.0.0.1:1"], 3, "quell serve"),
        (vec!["status", "--server", url, "--data", "d"], 2, "give one of them"),
        (vec!["status", "--server", url, "--token-file", "absent"], 3, "cannot read the token"),
        (vec!["status", "--data", "absent"], 2, "no server ever ran"),
        (vec!["jobs", "list", "--state", "odd"], 2, "possible values"),
        (vec!["replay", "--since", "soon"], 2, "2026-11-01"),
    ] {
        let output = served.bench.run(&arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("aaaaaaaaaaaa"), "{stderr}");
    }
    assert!(!served.bench.folder.path().join("absent").exists());
}

#[test]
fn a_token_that_may_only_read_changes_nothing() {
    let served = Served::start();
    let bad = served.import("bad.json", "{\"nothing\": true}");
    let made = served.bench.run(&["token", "create", "--role", "viewer", "--name", "v"]);
    let token = served.bench.file("viewer", &made.stdout);
    let id = bad["id"].as_str().unwrap();
    let arguments = ["jobs", "retry", id, "--server", &served.url, "--token-file"];
    let output = served.bench.run(&[&arguments[..], &[token.to_str().unwrap()]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("operate"), "{said}");
}

#[test]
fn files_go_to_a_server_and_its_report_comes_back_as_here() {
    let served = Served::start();
    let good = served.bench.file("scans/good.json", scan(&["a", "b"]));
    served.bench.file("scans/bad.json", "{\"nothing\": true}");
    let packed = gzip(&scan(&["c"]));
    served.bench.file("scans/more.json.gz", packed);
    let output = served.run(&["triage", "scans", "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "one file fits no format: {said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let total = &report["accounting"]["total"];
    assert_eq!((&total["records"], &total["created"]), (&4.into(), &3.into()), "{total}");
    assert_eq!(total["rejected"], 1);
    assert_eq!(report["accounting"]["files"].as_array().unwrap().len(), 3);
    assert_eq!(report["funnel"]["issues"], 3);
    let path = good.to_str().unwrap();
    let again = served.text(&["triage", path]);
    assert!(
        again.contains("good.json") && again.lines().all(|l| l.chars().count() <= 80),
        "{again}"
    );
    let gate = served.run(&["triage", "--fail-on", "high"]);
    assert_eq!(gate.status.code(), Some(1));
    // The same, told by the same writer from the same data without the server.
    let stopped = served.stop();
    let here = String::from_utf8(stopped.run_offline(&["triage"]).stdout).unwrap();
    let there = again.lines().filter(|line| line.contains("Versioning")).count();
    assert_eq!(here.lines().filter(|line| line.contains("Versioning")).count(), there, "{here}");
}

#[test]
fn a_token_that_only_imports_is_told_what_came_of_its_files() {
    let served = Served::start();
    let made = served.bench.run(&["token", "create", "--role", "importer", "--name", "ci"]);
    let token = served.bench.file("importer", &made.stdout);
    served.bench.file("good.json", scan(&["a"]));
    let run = |arguments: &[&str]| {
        let server = ["--server", &served.url, "--token-file", token.to_str().unwrap()];
        served.bench.run(&[arguments, &server[..]].concat())
    };
    let output = run(&["triage", "good.json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("1 record: 1 new") && output.stdout.is_empty(), "{said}");
    assert_eq!(run(&["triage"]).status.code(), Some(2));
    assert_eq!(run(&["jobs", "list"]).status.code(), Some(2));
}

#[test]
fn what_only_works_here_is_refused_with_a_server() {
    let served = Served::start();
    for flag in ["--repo", "--intel", "--map", "--tags"] {
        let output = served.run(&["triage", flag, "x"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(flag), "{said}");
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

#[test]
fn issues_are_listed_shown_and_taken_apart_as_here() {
    let served = Served::start();
    let (first, mut second) = (prowler("a"), prowler("a"));
    second["finding_info"]["uid"] = "another".into();
    let both = Value::from(vec![first, second, prowler("b")]);
    served.import("two.json", &both.to_string());
    for arguments in [
        &["issue", "list", "--json"][..],
        &["issue", "list", "--asset", "A", "--tool", "prowler", "--json"],
        &["issue", "list", "--severity", "low,medium", "--json"],
        &["issue", "list", "--status", "all", "--limit", "1", "--json"],
        &["incident", "list", "--json"],
    ] {
        assert_eq!(served.json(arguments), served.json_offline(arguments), "{arguments:?}");
    }
    let listed = served.json(&["issue", "list", "--json"]);
    let asset = listed["issues"][0]["asset"].as_str().unwrap();
    let one = served.json(&["issue", "list", "--asset", asset, "--json"]);
    assert_eq!((&one["count"], &listed["count"]), (&1.into(), &2.into()));
    let ids = listed["issues"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap());
    let merged = |id: &&str| {
        let shown = served.json(&["issue", "show", id, "--json"]);
        shown["issue"]["findings"].as_array().unwrap().len() == 2
    };
    let id = ids.clone().find(merged).unwrap();
    let shown = served.json(&["issue", "show", id, "--json"]);
    let finding = shown["issue"]["findings"][0]["id"].as_str().unwrap();
    let text = served.text(&["issue", "show", id]);
    assert!(text.contains("two.json"), "{text}");
    assert_eq!(served.run(&["issue", "split", id, finding]).status.code(), Some(0));
    assert_eq!(served.json(&["issue", "list", "--json"])["count"], 3);
    assert_eq!(served.run(&["issue", "show", "zzzz"]).status.code(), Some(2));
    assert_eq!(served.run(&["issue", "show", id, "--repo", "."]).status.code(), Some(2));
}

#[test]
fn fixes_of_a_servers_issues_are_made_in_a_checkout_here() {
    let served = Served::start();
    let main = "resource \"aws_s3_bucket\" \"a\" {\n  bucket = \"a\"\n}\n";
    let path = served.bench.file("infra/main.tf", main);
    served.import("good.json", &scan(&["a"]));
    let there = served.json(&["fix", "--repo", "infra", "--json"]);
    let here = served.json_offline(&["fix", "--repo", "infra", "--json"]);
    assert_eq!(there["made"], 1, "{there}");
    assert_eq!(there, here);
    let output = served.run(&["fix", "--repo", "infra", "--write", "--allow-dirty"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(std::fs::read_to_string(path).unwrap(), main);
    assert_eq!(served.run(&["fix", "zzzz-no-name", "--repo", "infra"]).status.code(), Some(2));
}

/// A server that answers so many requests, each with the next of these, and is gone then.
fn gone_after(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut buffer = vec![0; 64 << 10];
            let mut seen = Vec::new();
            // Both a head alone and a body in pieces end so; a closed end too.
            while !seen.ends_with(b"\r\n\r\n")
                || seen.windows(9).any(|w| w == b"POST /api") && !seen.ends_with(b"\r\n0\r\n\r\n")
            {
                match stream.read(&mut buffer) {
                    Ok(read) if read > 0 => seen.extend_from_slice(buffer.get(..read).unwrap()),
                    _ => break,
                }
            }
            stream.write_all(answer.as_bytes()).unwrap_or_default();
        }
    });
    url
}

fn answer(status: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[test]
fn a_server_that_goes_away_in_the_middle_is_told_with_what_it_still_does() {
    let served = Served::start();
    served.bench.file("good.json", scan(&["a"]));
    let at = "2026-01-02T03:04:05Z";
    let job = serde_json::json!({"id": "0123456789abcdefghjkmnpqrs", "kind": "import",
        "state": "running", "source": "api", "made_by": "me", "made_at": at, "due_at": at,
        "started_at": at, "ended_at": null, "attempts": 1, "done_bytes": 1, "total_bytes": 9,
        "doing": "reading", "reason": null, "task": {}, "result": null});
    let url = gone_after(vec![answer("202 Accepted", &job), answer("200 OK", &job)]);
    let output = served.bench.run(&["triage", "good.json", "--server", &url]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("job 0123456789abcdefghjkmnpqrs") && said.contains("quell jobs show"),
        "{said}"
    );
    // It breaks off before it answers the upload: three attempts, and then the truth.
    let url = gone_after(vec![String::new(), String::new(), String::new()]);
    let output = served.bench.run(&["triage", "good.json", "--server", &url]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(output.stdout.is_empty(), "nothing is told of what was not taken");
}

#[test]
fn incidents_are_put_together_and_taken_apart_at_a_server() {
    let served = Served::start();
    served.import("good.json", &scan(&["a", "b"]));
    let issues = served.json(&["issue", "list", "--json"]);
    let ids: Vec<&str> =
        issues["issues"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap()).collect();
    let story = served.json(&["incident", "show", ids[0], "--json"]);
    let before = story["incident"]["issues"].as_array().unwrap().len();
    let what = if before == 2 { "split" } else { "join" };
    let output = served.run(&["incident", what, ids[0], ids[1]]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let told = said.split_whitespace().find_map(|word| word.strip_suffix(';'));
    let after = served.json(&["incident", "show", ids[0], "--json"]);
    assert_ne!(after["incident"]["issues"].as_array().unwrap().len(), before);
    let output = served.run(&["incident", "reset", told.unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let again = served.json(&["incident", "show", ids[0], "--json"]);
    assert_eq!(again["incident"]["issues"].as_array().unwrap().len(), before);
}

#[test]
fn a_server_lists_shows_and_proves_the_records_of_its_directory() {
    let served = Served::start();
    served.import("good.json", &scan(&["a"]));
    let list = ["audit", "list", "--action", "import.create", "--json"];
    let by_server = served.json(&list);
    assert_eq!(by_server.as_array().unwrap().len(), 2);
    let index = by_server[1]["index"].to_string();
    let shown = served.json(&["audit", "show", &index, "--json"]);
    assert_eq!(shown["record"], by_server[1]);
    let files = ["--out", "x.tlog-proof", "--record", "x.json"];
    served.text(&[&["audit", "prove", &index], files.as_slice()].concat());
    let output =
        served.run_offline(&["audit", "verify", "--proof", "x.tlog-proof", "--record", "x.json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains(&format!("record {index}")), "{said}");
    assert_eq!(served.json_offline(&list), by_server);
    let output = served.run(&["audit", "key", "rotate", "--server", "http://127.0.0.1:1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
}
