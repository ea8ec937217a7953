//! `quell user` and `quell access`: people are made, and who may do what is explained.

#![allow(clippy::allow_attributes, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs quell in a folder of its own, with something on standard input.
fn run(data: &Path, arguments: &[&str], input: &str) -> Output {
    std::fs::write(data.join("input"), input).unwrap_or_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quell"));
    command.args(arguments).arg("--data").arg(data).env_remove("QUELL_CONFIG").current_dir(data);
    let input = std::fs::File::open(data.join("input")).map_or_else(|_| Stdio::null(), Stdio::from);
    command.stdin(input).output().unwrap_or_else(|error| panic!("{error}"))
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

const PASSWORD: &str = "correct horse battery\n";

#[test]
fn people_are_added_changed_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let short = run(data, &["user", "add", "ana", "--role", "admin"], "short");
    assert!(!short.status.success() && text(&short).contains("12 to 1024"), "{}", text(&short));
    let nothing = run(data, &["user", "add", "ana"], PASSWORD);
    assert!(!nothing.status.success(), "{}", text(&nothing));
    let added =
        ["user", "add", "bo", "--role", "analyst", "--limit", "account=1", "--group", "web"];
    assert!(run(data, &added, PASSWORD).status.success());
    assert!(text(&run(data, &added, PASSWORD)).contains("`bo` already"));
    let group = ["user", "group", "set", "web", "--role", "viewer", "--limit", "team=web"];
    assert!(run(data, &group, "").status.success());
    let listed = run(data, &["user", "list", "--json"], "");
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["limits"], serde_json::json!(["account=1"]), "{listed}");
    assert!(!listed.to_string().contains("argon2"), "{listed}");

    let explain = |arguments: &[&str]| {
        let all: Vec<&str> = ["access", "explain"].iter().chain(arguments).copied().collect();
        let output = run(data, &all, "");
        (output.status.code().unwrap(), text(&output))
    };
    let (code, told) = explain(&["bo", "decide", "account=1"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("roles.cedar#analyst permits"), "{told}");
    let (code, told) = explain(&["bo", "decide", "account=2", "team=web"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("limits.cedar#own-accounts forbids"), "{told}");
    assert!(told.contains("no policy permits it"), "{told}");
    assert_eq!(explain(&["bo", "read", "account=2", "team=web"]).0, 0);
    assert_eq!(explain(&["role:viewer", "operate"]).0, 1);
    assert_eq!(explain(&["nobody", "read"]).0, 2);
    assert_eq!(explain(&["role:king", "read"]).0, 2);
    assert_ne!(explain(&["bo", "fly"]).0, 0);

    assert!(
        run(data, &["user", "set", "bo", "--role", "viewer", "--no-limits"], "").status.success()
    );
    assert_eq!(explain(&["bo", "read", "account=2"]).0, 0);
    assert_eq!(explain(&["bo", "decide", "account=1"]).0, 1);
    assert!(run(data, &["user", "disable", "bo"], "").status.success());
    assert!(text(&run(data, &["user", "list"], "")).contains("switched off"));
    assert!(!run(data, &["user", "disable", "nobody"], "").status.success());
    assert!(run(data, &["user", "group", "remove", "web"], "").status.success());
    assert!(!run(data, &["user", "group", "remove", "web"], "").status.success());
}

#[test]
fn policies_are_looked_at_before_a_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let policies = data.join("policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(
        policies.join("own.cedar"),
        "\npermit (principal, action, resource)\nwhen { resource.acount == \"1\" };",
    )
    .unwrap();
    let check = ["access", "check", "--policies", policies.to_str().unwrap()];
    let wrong = run(data, &check, "");
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong));
    assert!(text(&wrong).contains("own.cedar:3: "), "{}", text(&wrong));
    std::fs::write(
        policies.join("own.cedar"),
        "forbid (principal, action, resource is Quell::Place)\nwhen { resource.account == \"1\" };",
    )
    .unwrap();
    assert_eq!(run(data, &check, "").status.code(), Some(0));
    let explain = [
        "access",
        "explain",
        "role:admin",
        "read",
        "account=1",
        "--json",
        "--policies",
        policies.to_str().unwrap(),
    ];
    let told = run(data, &explain, "");
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["allowed"], false, "{told}");
    assert!(told["as"][0]["because"][0].as_str().unwrap().ends_with("own.cedar#1"), "{told}");
}
