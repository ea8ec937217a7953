//! `quell config`: all errors at once, and what holds with its origin.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::Bench;
use serde_json::Value;

#[test]
fn the_example_is_a_file_that_holds() {
    let bench = Bench::new();
    let example = bench.run(&["config", "example"]).stdout;
    bench.file("quell.toml", &example);
    let output = bench.run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("server.listen") && shown.contains("(quell.toml:"), "{shown}");
}

#[test]
fn every_value_tells_where_it_was_said() {
    let bench = Bench::new();
    let file = bench.file("etc/q.toml", "[jobs]\nworkers = 3\n");
    let output = bench
        .command(&["config", "check", "--json", "--config", file.to_str().unwrap(), "--data", "d"])
        .env("QUELL_LIMITS_PAGE_ITEMS", "50")
        .env("QUELL_LIMITS_PAGE_ITEM", "50")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |key: &str| {
        let values = report["values"].as_array().unwrap();
        let entry = values.iter().find(|entry| entry["key"] == key).unwrap();
        (entry["value"].clone(), entry["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(of("limits.page_items"), (50.into(), "QUELL_LIMITS_PAGE_ITEMS".to_owned()));
    assert_eq!(of("server.data"), ("d".into(), "--data".to_owned()));
    assert_eq!(of("jobs.attempts"), (5.into(), "default".to_owned()));
    assert!(of("jobs.workers").1.ends_with("q.toml:2:11"), "{report}");
    assert_eq!(report["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn all_that_is_wrong_is_named_and_the_exit_code_is_2() {
    let bench = Bench::new();
    bench.file(
        "quell.toml",
        "[server]\nlisten = 'x'\n[hooks.a]\nauth = 'bearer'\nsecrets = ['hunter2']\n",
    );
    let output = bench.run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(told.contains("quell.toml:2:10") && !told.contains("hunter2"), "{told}");
    assert!(output.stdout.is_empty());
    assert_eq!(bench.run(&["config", "check", "--config", "none.toml"]).status.code(), Some(3));
    let report: Value =
        serde_json::from_slice(&bench.run(&["config", "check", "--json"]).stdout).unwrap();
    assert_eq!(report["errors"].as_array().unwrap().len(), 2);
}

#[test]
fn notes_go_to_sources_that_are_asked_and_of_the_same_tenant() {
    let bench = Bench::new();
    let told = |enabled: bool, tenant: &str| {
        let source = |name: &str, more: &str| {
            format!(
                "[sources.{name}]\nkind = \"orca\"\nurl = \"https://{name}.example\"\nkey_secret = \"env:KEY\"\n{more}\n"
            )
        };
        let sink = |name: &str| {
            format!(
                "[sinks.{name}-notes]\nkind = \"source\"\nproject = \"{name}\"\nenabled = {enabled}\n"
            )
        };
        let sources = [
            source("own", &format!("enabled = {enabled}")),
            source("other", &format!("enabled = {enabled}\ntenant = \"{tenant}\"")),
        ];
        let route =
            "[routes.all]\nwhat = \"incidents\"\nsinks = [\"own-notes\", \"other-notes\"]\n";
        let config = [&*sources.concat(), &sink("own"), &sink("other"), route].concat();
        bench.file("quell.toml", config);
        let output = bench.run(&["config", "check"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(told(true, "default"), (Some(0), String::new()));
    let (code, said) = told(true, "shop");
    let why = "is not that of the source of `other-notes`";
    assert!(code == Some(2) && said.contains(why), "{said}");
    // A source and its notes can be switched off together.
    let (code, said) = told(false, "default");
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_schema_and_the_page_are_printed() {
    let bench = Bench::new();
    let schema: Value = serde_json::from_slice(&bench.run(&["config", "schema"]).stdout).unwrap();
    assert!(schema["properties"]["hooks"]["patternProperties"].is_object());
    let page = bench.run(&["config", "page"]).stdout;
    assert_eq!(page, include_bytes!("../../../docs/configuration.md"));
}
