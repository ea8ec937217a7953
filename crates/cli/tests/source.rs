//! `quell source` against doubles of the platforms.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::sync::Arc;

use common::models::text;
use common::{Bench, SystemClock};
use quell_model::Timestamp;
use quell_testkit::platforms::{Four, World};
use serde_json::Value;
use tokio::runtime::Runtime;

struct Asked {
    bench: Bench,
    environment: BTreeMap<String, String>,
    four: Four,
    _runtime: Runtime,
}

impl Asked {
    fn new(flaws: usize) -> Self {
        let runtime = Runtime::new().unwrap();
        let world = World::new(7, flaws, Timestamp::now());
        let four = runtime.block_on(Four::start(world, Arc::new(SystemClock))).unwrap();
        let bench = Bench::new();
        bench.file("quell.toml", four.config());
        Self { bench, environment: four.environment(), four, _runtime: runtime }
    }

    /// What somebody reads who says something else in the configuration, or in the environment.
    fn misled(&mut self, source: &str, (before, now): (&str, &str), key: &str) -> String {
        let config = self.four.config();
        assert!(config.contains(before), "{config}");
        self.bench.file("quell.toml", config.replace(before, now));
        let mut environment = self.environment.clone();
        if !key.is_empty() {
            environment.insert(key.to_owned(), "a-wrong-secret".to_owned());
        }
        let mut command = self.bench.command(&["source", "test", source]);
        let output = command.envs(&environment).output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
        assert!(!said.contains("a-wrong-secret") && !said.contains("panicked"), "{said}");
        said.split_whitespace().collect::<Vec<_>>().join(" ")
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

/// A host that answers every request with these bytes as they are.
fn host(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 65_536];
            drop(stream.read(&mut request));
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    url
}

const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 37\r\n\
    connection: close\r\n\r\n<html><body>Please sign in</body></html>";
const ABSENT: &str = "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 22\r\n\
    connection: close\r\n\r\n<html>not here</html>\n";
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\
    connection: close\r\n\r\n{\"access_token\": \"abc";

#[test]
fn what_is_wrong_says_what_to_do_next() {
    let mut asked = Asked::new(5);
    for (source, key) in [
        ("wiz", "WIZ_KEY"),
        ("prisma", "PRISMA_KEY"),
        ("orca", "ORCA_KEY"),
        ("lacework", "LACEWORK_KEY"),
    ] {
        let said = asked.misled(source, ("", ""), key);
        let wanted = "the login is refused: ";
        assert!(said.contains(wanted) && said.contains("; check the key and `url`"), "{said}");
    }
    for (answer, steps) in [
        (
            PAGE,
            ["or `login_at`?", "is `url` the API's address", "is `url` right?", "is `url` right?"],
        ),
        (
            ABSENT,
            [
                "check the key and `url`",
                "check the key and `url`",
                "is `url` right, and `api`?",
                "check the key and `url`",
            ],
        ),
        (
            CUT,
            ["or `login_at`?", "is `url` the API's address", "is `url` right?", "is `url` right?"],
        ),
    ] {
        let url = host(answer);
        let names = asked.four.all().map(|(name, double)| (name, double.url()));
        for ((name, double), step) in names.into_iter().zip(steps) {
            let said = asked.misled(name, (&double, &url), "");
            assert!(said.contains(step), "{name}: {said}");
        }
    }
}

#[test]
fn rights_and_pauses_are_shown_on_80_columns() {
    let asked = Asked::new(5);
    for source in ["wiz", "prisma", "orca", "lacework"] {
        let shown = text(&asked.run(&["test", source]).stdout);
        assert!(shown.starts_with(&format!("{source} works\n")), "{shown}");
        for line in shown.lines() {
            let indent = line.chars().take_while(|c| *c == ' ').count();
            assert!(line.chars().count() <= 80 && indent < 48, "{shown}");
            assert!(!line.contains('…'), "no right is cut: {shown}");
        }
    }
    let line = |words: &[&str]| {
        let shown = text(&asked.run(words).stdout);
        shown.lines().find(|line| line.contains("orca")).unwrap_or_default().to_owned()
    };
    assert!(line(&["list"]).starts_with("silent "), "{}", line(&["list"]));
    asked.sync(&[]);
    asked.run(&["pause", "orca"]);
    assert!(line(&["list"]).starts_with("paused "), "{}", line(&["list"]));
    asked.run(&["resume", "orca"]);
    assert!(line(&["list"]).starts_with("healthy "), "{}", line(&["list"]));
    let status = text(&asked.run(&["status", "orca"]).stdout);
    assert!(status.contains(", lag "), "{status}");
    assert!(status.lines().all(|line| line.chars().count() <= 80), "{status}");
    let unknown = asked.run(&["status", "nothere"]);
    assert!(text(&unknown.stderr).contains("`quell source list` names them"), "{unknown:?}");
}
