//! Buckets whose objects cannot be read: nothing is lost silently, and all of it can be tried again.

use quell_testkit::net::{BucketDouble, SigningKey};
use serde_json::Value;

use crate::bench::{Bench, lines, runtime, secret, uids, until};

/// A time that is long past, so that only what was put there tells objects apart.
const OLD: &str = "2026-01-02T03:04:05.000Z";
/// More than a day later: a listing then begins behind the old one.
const LATER: &str = "2026-01-09T03:04:05.000Z";

struct Polled {
    double: BucketDouble,
    bench: Bench,
    /// Where the double lives.
    _runtime: tokio::runtime::Runtime,
}

/// A server that polls a bucket with these objects.
fn polled(fill: impl FnOnce(&BucketDouble)) -> Polled {
    let runtime = runtime();
    let key = SigningKey { access_key: secret("BUCKET_ID"), secret_key: secret("BUCKET_KEY") };
    let double = runtime.block_on(BucketDouble::start("exports", 100, key)).unwrap();
    fill(&double);
    let url = double.url();
    let more = format!(
        "\n[egress]\nallow = [\"http://127.0.0.1\"]\n\n[buckets.exports]\nendpoint = \"{url}\"\n\
         bucket = \"exports\"\nevery_seconds = 5\naccess_key = \"env:BUCKET_ID\"\n\
         secret_key = \"env:BUCKET_KEY\"\n"
    );
    Polled { double, bench: Bench::with(&[], &more), _runtime: runtime }
}

fn objects(bench: &Bench, state: &str) -> Vec<Value> {
    let jobs = bench.get(&format!("/api/v1/jobs?kind=object&state={state}")).json();
    jobs["items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn an_object_that_cannot_be_read_becomes_a_dead_job_and_is_taken_once_it_can() {
    let Polled { double, bench, _runtime } = polled(|double| {
        double.put("a.json", OLD, &lines("a", 3));
        double.put("b.json", LATER, &lines("b", 2));
        double.set_broken("a.json", Some((503, "SlowDown")));
    });
    bench.until_found("default", &uids("b", 2));
    until("the object is given up", || objects(&bench, "dead").len() == 1);
    let dead = objects(&bench, "dead").remove(0);
    let said = dead["reason"].as_str().unwrap();
    assert!(said.contains("exports"), "{said}");
    assert_eq!((dead["kind"].as_str(), dead["source"].as_str()), (Some("object"), Some("exports")));
    double.set_broken("a.json", None);
    let id = dead["id"].as_str().unwrap();
    let again = bench.post(&format!("/api/v1/jobs/{id}/retry"), "");
    assert!(again.status < 300, "{}", again.text());
    bench.until_job(id, "done");
    bench.until_found("default", &[uids("a", 3), uids("b", 2)].concat());
    assert!(double.faults().is_empty(), "{:?}", double.faults());
}

#[test]
fn an_archived_object_is_named_at_once_and_a_bucket_that_refuses_all_loses_nothing() {
    let Polled { double, bench, _runtime } = polled(|double| {
        double.put("a.json", OLD, &lines("a", 1));
        double.put("b.json", LATER, &lines("b", 1));
        double.set_broken("a.json", Some((403, "InvalidObjectState")));
        double.set_broken("b.json", Some((403, "AccessDenied")));
    });
    until("the archived one is told", || objects(&bench, "dead").len() == 1);
    let dead = objects(&bench, "dead").remove(0);
    assert!(dead["reason"].as_str().unwrap().contains("archived"), "{dead}");
    until("the source says why", || {
        let sources = bench.get("/api/v1/sources").text();
        sources.contains("s3:GetObject")
    });
    double.set_broken("b.json", None);
    bench.until_found("default", &uids("b", 1));
    assert_eq!(objects(&bench, "dead").len(), 1);
}
