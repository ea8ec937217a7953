//! `quell incident`, and hostile text in what happened.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Bench, demo};
use serde_json::Value;

fn imported() -> (Bench, Value) {
    let bench = Bench::new();
    let (code, report) = bench.triage(&demo().join("findings"));
    assert_eq!(code, 0);
    (bench, report)
}

#[test]
fn an_incident_is_shown_taken_apart_and_put_together() {
    let (bench, report) = imported();
    let attack = &report["incidents"][0];
    let id = attack["id"].as_str().unwrap();
    let shown = String::from_utf8(bench.run(&["incident", "show", id]).stdout).unwrap();
    assert!(shown.contains("└ sh (4711)") && shown.contains("Why this is one incident"), "{shown}");
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let weak = attack["issues"][0].as_str().unwrap();
    let issue = String::from_utf8(bench.run(&["issue", "show", weak]).stdout).unwrap();
    assert!(issue.contains("Its incident") && issue.contains("What happened"), "{issue}");
    assert_eq!(bench.run(&["incident", "split", id, weak]).status.code(), Some(0));
    let json = |id: &str| -> Value {
        let out = bench.run(&["incident", "show", id, "--json"]).stdout;
        serde_json::from_slice(&out).unwrap()
    };
    let apart = json(weak);
    assert_eq!(apart["incident"]["by_hand"][0]["action"], "split");
    assert_eq!(apart["issues"].as_array().unwrap().len(), 1);
    assert_eq!(bench.run(&["incident", "join", id, weak]).status.code(), Some(0));
    assert_eq!(json(weak)["incident"]["by_hand"][0]["action"], "joined");
    assert_eq!(bench.run(&["incident", "reset", id]).status.code(), Some(0));
    assert!(json(id)["incident"]["by_hand"].is_null());
    for wrong in [&["incident", "show", "zzzz"][..], &["incident", "reset", id]] {
        assert_eq!(bench.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn what_happened_is_escaped_in_every_format() {
    let bench = Bench::new();
    let hostile = "<script>x</script>\u{1b}[2J|`[a](http://x)`\u{202e}";
    let alert = serde_json::json!({"rule": "Shell", "priority": "Warning", "source": "syscall",
        "time": "2026-10-30T01:02:03Z", "output": hostile, "output_fields": {
            "k8s.ns.name": "a", "k8s.pod.name": "b", "proc.name": hostile, "proc.pid": 7,
            "proc.cmdline": hostile, "proc.pname": "java", "user.name": hostile}});
    let path = bench.file("a.json", alert.to_string());
    let path = path.to_str().unwrap();
    for format in ["html", "markdown", "terminal"] {
        let out = bench.run(&["triage", path, "-f", format]).stdout;
        let text = String::from_utf8(out).unwrap();
        for bad in ["<script>", "\u{1b}", "\u{202e}"] {
            assert!(!text.contains(bad), "{format}: {text}");
        }
        assert!(format == "terminal" || text.contains("What happened"), "{format}: {text}");
    }
    let html = String::from_utf8(bench.run(&["triage", path, "-f", "html"]).stdout).unwrap();
    assert!(html.contains("<svg class=\"timeline\"") && html.contains("<svg class=\"tree\""));
}
