//! Held payloads of Wiz, where they are at hand: read with no reject, or known to be no finding.

use std::fs;
use std::path::{Path, PathBuf};

/// Lists that Wiz has and that hold nothing to find: technologies, tickets, answers to changes,
/// and what other programs made beside Wiz.
const NO_FINDINGS: &[&str] = &[
    "add_comment",
    "ignore_issue",
    "reopen_issue",
    "resolve_issue",
    "mock_data",
    "get_blue_agent",
    "technology__",
    "serviceTicket__",
    "control__",
    "cloud_account",
    "cmdb_record",
    "runlog",
    "iac_component",
    "ticket",
    "vended_account",
];

fn files(folder: &Path, to: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, to) } else { to.push(path) }
    }
}

#[test]
fn held_payloads_are_read_with_no_reject() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let near = [root.join("shared"), root.parent().unwrap().join("shared")];
    let Some(folder) = near.into_iter().map(|f| f.join("samples/wiz")).find(|f| f.exists()) else {
        return;
    };
    let mut all = Vec::new();
    files(&folder, &mut all);
    let (mut read, mut unread) = (0, Vec::new());
    for path in all {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if NO_FINDINGS.iter().any(|part| name.contains(part)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let results = std::panic::catch_unwind(|| crate::testing::normalize_text(&text));
        match results {
            Ok(results) => {
                read += results.len();
                // Another program's extracts leave the asset out, and what is wrong with nothing is no finding.
                let bad = results.into_iter().filter_map(Result::err);
                let bad = bad
                    .filter(|why| !(name.ends_with(".jsonl") && why.starts_with("names no asset")));
                unread.extend(bad.map(|why| format!("{}: {why}", path.display())));
            }
            Err(_) => unread.push(format!("{}: no format fits", path.display())),
        }
    }
    assert_eq!(unread, Vec::<String>::new());
    assert!(read > 50, "{read}");
}
