//! Jobs: called off, tried again, held and released; replays, folders, and a clock that jumps.

use std::sync::atomic::Ordering;

use quell_server::Role;
use quell_testkit::server::Request;
use serde_json::{Value, json};

use crate::bench::{Bench, lines, uids, until};

const IMPORTS: &str = "/api/v1/imports";
const YEAR: i64 = 365 * 86_400;

fn id(job: &Value) -> String {
    job["id"].as_str().unwrap().to_owned()
}

fn act(bench: &Bench, job: &str, action: &str) -> u16 {
    bench.post(&format!("/api/v1/jobs/{job}/{action}"), "").status
}

#[test]
fn a_job_that_waits_is_called_off_and_done_when_it_is_tried_again() {
    let bench = Bench::with(&[("jobs.workers", "1")], "");
    let jobs: Vec<String> = (0..8)
        .map(|number| id(&bench.post(IMPORTS, lines(&format!("busy-{number}"), 1400)).json()))
        .collect();
    let last = id(&bench.post(IMPORTS, lines("last", 3)).json());
    assert_eq!(act(&bench, &last, "cancel"), 202);
    bench.until_job(&last, "cancelled");
    for job in &jobs {
        bench.until_job(job, "done");
    }
    assert!(!bench.found("default").contains_key(&uids("last", 1)[0]));
    assert_eq!(act(&bench, &last, "cancel"), 409);
    assert_eq!(act(&bench, &last, "retry"), 202);
    bench.until_job(&last, "done");
    assert!(bench.found("default").contains_key(&uids("last", 1)[0]));
    assert_eq!((act(&bench, &last, "retry"), act(&bench, &last, "release")), (409, 409));
    assert_eq!(act(&bench, "00000000000000000000000000000000", "cancel"), 404);
}

#[test]
fn a_job_that_runs_is_called_off_whole_or_done_whole() {
    let bench = Bench::with(&[("server.max_import_bytes", "33554432")], "");
    let job = id(&bench.post(IMPORTS, lines("large", 20_000)).json());
    until("it runs", || bench.job(&job)["state"] != "queued");
    act(&bench, &job, "cancel");
    until("it is over", || bench.job(&job)["state"] != "running");
    let found = bench.found("default").len();
    match bench.job(&job)["state"].as_str().unwrap() {
        "cancelled" => assert_eq!(found, 0),
        "done" => assert_eq!(found, 20_000),
        other => panic!("{other}"),
    }
}

#[test]
fn a_job_that_cannot_be_done_is_put_aside_with_its_reason_and_can_be_tried_again() {
    let bench = Bench::new();
    let job = id(&bench.post(IMPORTS, "no format has this").json());
    let dead = bench.until_job(&job, "dead");
    assert!(!dead["reason"].as_str().unwrap().is_empty());
    assert_eq!(act(&bench, &job, "retry"), 202);
    until("it was tried again", || {
        let again = bench.job(&job);
        again["state"] == "dead" && again["ended_at"] != dead["ended_at"]
    });
    let list = bench.get("/api/v1/jobs?state=dead").json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

/// A whole scan of one check, as Prowler writes it.
fn scan(at: u64, buckets: std::ops::Range<u32>) -> Vec<u8> {
    let records: Vec<Value> = buckets
        .map(|number| {
            json!({"class_uid": 2004, "severity_id": 4, "status_code": "FAIL", "time": 1_790_000_000 + at,
                "metadata": {"event_code": "s3_bucket_object_versioning", "product": {"name": "Prowler"}},
                "finding_info": {"uid": format!("prowler-{number}"), "title": "Versioning"},
                "resources": [{"uid": format!("arn:aws:s3:::bucket-{number}"), "type": "AwsS3Bucket", "region": "eu-west-1"}],
                "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
        })
        .collect();
    serde_json::to_vec(&records).unwrap()
}

#[test]
fn a_file_that_would_close_much_is_held_until_somebody_releases_it() {
    let bench = Bench::new();
    let wait = format!("{IMPORTS}?wait=true");
    let first = bench.post(&wait, scan(0, 0..50));
    assert_eq!(first.json()["result"]["accounting"]["created"], 50, "{}", first.text());
    let second = bench.post(&wait, scan(60, 0..20)).json();
    assert_eq!(second["state"], "held", "{second}");
    assert_eq!(second["result"]["changes"]["closed"], 0, "{second}");
    let job = id(&second);
    assert_eq!(act(&bench, &job, "release"), 202);
    let done = bench.until_job(&job, "done");
    assert_eq!(done["result"]["changes"]["closed"], 30, "{done}");
    // Few are believed: the share is small.
    let third = bench.post(&wait, scan(120, 0..18)).json();
    assert_eq!(
        (&third["state"], &third["result"]["changes"]["closed"]),
        (&json!("done"), &json!(2))
    );
}

#[test]
fn an_empty_page_closes_nothing() {
    let bench = Bench::new();
    let wait = format!("{IMPORTS}?wait=true");
    bench.post(&wait, scan(0, 0..5));
    for empty in ["[]", "{}", "{\"findings\":[]}", " "] {
        let answer = bench.post(&wait, empty).json();
        let closed = &answer["result"]["changes"]["closed"];
        assert!(closed.is_null() || *closed == json!(0), "{empty}: {answer}");
    }
}

#[test]
fn a_replay_reads_everything_again_and_changes_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.post(&format!("{IMPORTS}?wait=true"), lines("a", 4)).status, 200);
    for number in 0..3 {
        let body = quell_testkit::server::delivery("hooked", number, 600);
        assert_eq!(bench.deliver(&body).status, 202);
    }
    let all = [uids("a", 4), uids("hooked", 3)].concat();
    bench.until_found("default", &all);
    let replay = bench.post("/api/v1/replays", "{}");
    assert_eq!(replay.status, 202, "{}", replay.text());
    let done = bench.until_job(&id(&replay.json()), "done");
    let accounting = &done["result"]["accounting"];
    assert_eq!(accounting["records"], 7, "{done}");
    assert_eq!((&accounting["created"], &accounting["rejected"]), (&json!(0), &json!(0)), "{done}");
    bench.until_found("default", &all);
    for (body, status) in [("{", 400), (r#"{"sins":1}"#, 422), (r#"{"since":"x"}"#, 422)] {
        assert_eq!(bench.post("/api/v1/replays", body).status, status, "{body}");
    }
    let bare = Request::post("/api/v1/replays", "{}").with("content-type", "text/plain");
    assert_eq!(bench.admin.send(&bare).unwrap().status, 415);
}

#[test]
fn files_that_are_put_into_a_folder_are_imported_once() {
    let drop = tempfile::tempdir().unwrap();
    let more = format!(
        "\n[folders.drop]\npath = \"{}\"\nevery_seconds = 1\ntenant = \"other\"\n",
        drop.path().display()
    );
    let bench = Bench::with(&[], &more);
    // What is written just now may not be whole; for the server it is a while ago.
    bench.clock.0.store(60, Ordering::SeqCst);
    std::fs::write(drop.path().join("a.json"), lines("a", 3)).unwrap();
    std::fs::write(drop.path().join(".hidden.json"), lines("hidden", 3)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", drop.path().join("link.json")).unwrap();
    bench.until_found("other", &uids("a", 3));
    std::fs::write(drop.path().join("a.json"), lines("a", 5)).unwrap();
    bench.until_found("other", &uids("a", 5));
    let other = bench.client(Role::Viewer, "other");
    let jobs = other.send(&Request::get("/api/v1/jobs")).unwrap().json();
    assert_eq!(jobs["items"].as_array().unwrap().len(), 2, "{jobs}");
}

#[test]
fn an_inventory_names_owners_and_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cmdb.csv");
    let id = uids("a", 1).remove(0);
    let write = |owner: &str| {
        std::fs::write(&file, format!("arn,owner\narn:aws:s3:::{id},{owner}\n")).unwrap();
    };
    write("payments");
    let more = format!("\n[inventory.prod]\nfile = \"{}\"\n", file.display());
    let bench = Bench::with(&[], &more);
    assert_eq!(bench.post(IMPORTS, lines("a", 2)).status, 202);
    bench.until_found("default", &uids("a", 2));
    for owner in ["payments", "sales"] {
        write(owner);
        until("the owner is told", || {
            let told = bench.get(&format!("/api/v1/issues?team={owner}")).json();
            let items = told["items"].as_array().cloned().unwrap_or_default();
            items.len() == 1
                && items.iter().all(|item| item["team_because"] == "from CMDB prod row 2")
        });
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(bench.get("/api/v1/issues?team=sales").json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_clock_that_jumps_delays_nothing() {
    let drop = tempfile::tempdir().unwrap();
    let more =
        format!("\n[folders.drop]\npath = \"{}\"\nevery_seconds = 1\n", drop.path().display());
    let bench = Bench::with(&[("jobs.workers", "1")], &more);
    let mut wanted = Vec::new();
    for (number, shift) in [0, YEAR, -YEAR, 2 * YEAR, 60].into_iter().enumerate() {
        bench.clock.0.store(shift, Ordering::SeqCst);
        // A job of before the jump, one after it, a delivery and a file.
        let import = format!("import-{number}");
        assert_eq!(bench.post(IMPORTS, lines(&import, 2)).status, 202);
        wanted.extend(uids(&import, 2));
        let hook = format!("hook-{number}");
        let body = quell_testkit::server::delivery(&hook, 0, 600);
        assert_eq!(bench.deliver(&body).status, 202);
        wanted.extend(uids(&hook, 1));
    }
    std::fs::write(drop.path().join("a.json"), lines("dropped", 2)).unwrap();
    wanted.extend(uids("dropped", 2));
    bench.until_found("default", &wanted);
}
