//! `quell source` against doubles of the platforms.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;
use std::sync::Arc;

use common::Bench;
use common::models::text;
use quell_model::{Clock, Timestamp};
use quell_testkit::platforms::{Four, World};
use serde_json::Value;
use tokio::runtime::Runtime;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

struct Asked {
    bench: Bench,
    environment: BTreeMap<String, String>,
    _four: Four,
    _runtime: Runtime,
}

impl Asked {
    fn new(flaws: usize) -> Self {
        let runtime = Runtime::new().unwrap();
        let world = World::new(7, flaws, Timestamp::now());
        let four = runtime.block_on(Four::start(world, Arc::new(SystemClock))).unwrap();
        let bench = Bench::new();
        bench.file("quell.toml", four.config());
        Self { bench, environment: four.environment(), _four: four, _runtime: runtime }
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = self.bench.command(&[&["source"], words].concat());
        let output = command.envs(&self.environment).output().unwrap();
        assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
        output
    }

    /// The streams that a reading came to the end of, each with whether all of it was read.
    fn sync(&self, words: &[&str]) -> BTreeMap<String, bool> {
        let output = self.run(&[&["sync", "orca", "--json"], words].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let came: Value = serde_json::from_slice(&output.stdout).unwrap();
        let read = came["read"].as_array().unwrap().iter();
        let name = |one: &Value| one["stream"].as_str().unwrap().to_owned();
        read.map(|one| (name(one), one["whole"].as_bool().unwrap())).collect()
    }
}

#[test]
fn every_stream_is_read_now_unless_others_are_asked_for() {
    let asked = Asked::new(60);
    let read = |streams: &[(&str, bool)]| -> BTreeMap<String, bool> {
        streams.iter().map(|(name, whole)| ((*name).to_owned(), *whole)).collect()
    };
    let all = read(&[("alerts", true), ("assets", true), ("vulnerabilities", true)]);
    let one = asked.sync(&["--stream", "assets"]);
    assert_eq!(one, read(&[("assets", true)]), "no other");
    let rest = asked.sync(&["--due"]);
    assert_eq!(rest, read(&[("alerts", true), ("vulnerabilities", true)]));
    let now = read(&[("alerts", false), ("assets", true), ("vulnerabilities", true)]);
    assert_eq!(asked.sync(&[]), now);
    assert_eq!(asked.sync(&["--whole"]), all);
    assert_eq!(asked.sync(&["--whole", "--stream", "alerts"]), read(&[("alerts", true)]));
    assert_eq!(asked.sync(&["--stream", "alerts"]), read(&[("alerts", false)]));
    // What was asked for once is not read again by itself.
    let due: BTreeSet<String> = asked.sync(&["--due"]).into_keys().collect();
    assert!(!due.contains("assets") && !due.contains("vulnerabilities"), "{due:?}");

    let output = asked.run(&["sync", "orca"]);
    let out = text(&output.stdout);
    assert!(out.contains("read what is new of: alerts\n"), "{out}");
    assert!(out.contains("read all of: assets, vulnerabilities\n"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    for wrong in [&["--due", "--whole"][..], &["--due", "--stream", "alerts"]] {
        assert_eq!(asked.run(&[&["sync", "orca"], wrong].concat()).status.code(), Some(2));
    }
    let unknown = asked.run(&["sync", "orca", "--stream", "issues"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("alerts, vulnerabilities, assets"), "{unknown:?}");
}
