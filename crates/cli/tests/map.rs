//! A format of the user's own: drafted, tried, used.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn quell(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quell"))
        .current_dir(folder)
        .args(arguments)
        .args(["--data", "data"])
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const TABLE: &str = "Finding Title;Risk Level;Asset ARN;State\n\
    Bucket logs nothing;P2;arn:aws:s3:::acme-logs;open\n\
    Bucket is fine;P3;arn:aws:s3:::acme-logs;pass\n\
    cut short;P1\n";

#[test]
fn a_draft_is_tried_and_used() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.csv"), TABLE).unwrap();
    let unread = quell(folder.path(), &["triage", "acme.csv"]);
    assert_eq!(unread.status.code(), Some(3));
    assert!(text(&unread.stdout).contains("`quell map new FILE` drafts a map for it"));

    let drafted = quell(folder.path(), &["map", "new", "acme.csv"]);
    assert!(drafted.status.success(), "{}", text(&drafted.stderr));
    let told = text(&drafted.stderr);
    assert!(told.contains("to do: [severity]: the words marked unknown"), "{told}");
    let map = text(&drafted.stdout).replace("\"P2\" = \"unknown\"", "\"P2\" = \"high\"");
    std::fs::write(folder.path().join("acme.toml"), map).unwrap();

    let tried = quell(folder.path(), &["map", "test", "acme.toml", "acme.csv"]);
    let shown = text(&tried.stdout);
    assert!(shown.contains("high          open       arn:aws:s3:::acme-logs"), "{shown}");
    assert!(shown.contains("rejected: the row has 2 fields where the header names 4"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert_eq!(tried.status.code(), Some(3), "a record was rejected");

    let used = quell(folder.path(), &["triage", "acme.csv", "--map", "acme.toml", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&used.stdout).unwrap();
    let total = &report["accounting"]["total"];
    assert_eq!(
        (&total["records"], &total["created"], &total["rejected"]),
        (&3.into(), &2.into(), &1.into())
    );
    assert_eq!(report["accounting"]["files"][0]["format"], "acme");
    assert_eq!(report["issues"][0]["severity"], "high");
}

#[test]
fn a_wrong_map_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.csv"), TABLE).unwrap();
    let wrong = "tool = \"acme\"\n[finding]\ntitel = \"Finding Title\"\n";
    std::fs::write(folder.path().join("acme.toml"), wrong).unwrap();
    for arguments in [
        &["map", "test", "acme.toml", "acme.csv"][..],
        &["triage", "acme.csv", "--map", "acme.toml"],
    ] {
        let refused = quell(folder.path(), arguments);
        let said = text(&refused.stderr);
        assert!(said.contains("in `acme.toml`: line 3: unknown field `titel`"), "{said}");
        assert!(said.contains("did you mean `title`?"), "{said}");
        assert_eq!(refused.status.code(), Some(3));
    }
    let other = "tool = \"acme\"\n[finding]\ntitle = \"Name\"\n";
    std::fs::write(folder.path().join("acme.toml"), other).unwrap();
    let unfit = quell(folder.path(), &["map", "test", "acme.toml", "acme.csv"]);
    assert!(!unfit.status.success());
}
