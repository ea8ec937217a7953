//! The same findings make the same issues, whatever the order, the batches, repeats and mixtures.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use quell_model::FixedClock;
use quell_pipeline::{Progress, Request, Setup, run};
use quell_store::Store;
use quell_testkit::merging::estate;
use serde_json::Value;

/// What an import came to: each finding's issue, and what is said of the issue.
type Result = BTreeMap<String, (String, String)>;

/// Imports batches of files one after another and says what is there in the end.
fn imported(batches: &[Vec<(String, Value)>]) -> Result {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("data")).unwrap();
    let setup = Setup::embedded(None).unwrap();
    let clock = FixedClock("2026-11-01T00:00:00Z".parse().unwrap());
    let mut go = |paths: Vec<std::path::PathBuf>| {
        let request = Request { paths, ..Request::default() };
        let progress =
            Progress { cancelled: &AtomicBool::new(false), bytes: &|_, _| (), doing: &|_| () };
        let outcome = run(&mut store, &setup, &request, &clock, &progress).unwrap();
        assert!(outcome.report.accounting.total.balances());
        outcome.report
    };
    for (number, batch) in batches.iter().enumerate() {
        let part = folder.path().join(number.to_string());
        std::fs::create_dir(&part).unwrap();
        batch.iter().for_each(|(name, content)| write(&part.join(name), content));
        go(vec![part]);
    }
    let report = go(Vec::new());
    let of_issue = |issue: &quell_report::IssueReport| {
        let said = format!("{:?} {:?} {:?}", issue.severity, issue.title, issue.risk.score);
        let finding = |f: &quell_report::FindingReport| {
            (format!("{}|{}", f.source, f.native_id.raw()), (issue.id.to_string(), said.clone()))
        };
        issue.findings.iter().map(finding).collect::<Vec<_>>()
    };
    report.issues.iter().flat_map(of_issue).collect()
}

fn write(path: &Path, content: &Value) {
    std::fs::write(path, content.to_string()).unwrap();
}

/// A file cut into files of a few records each, whatever its envelope.
fn cut(name: &str, content: &Value, records: usize) -> Vec<(String, Value)> {
    let (pointer, list) = ["", "/Findings", "/items", "/data", "/data/configurationFindings/nodes"]
        .into_iter()
        .find_map(|pointer| Some((pointer, content.pointer(pointer)?.as_array()?)))
        .unwrap();
    let part = |(number, some): (usize, &[Value])| {
        let mut whole = content.clone();
        *whole.pointer_mut(pointer).unwrap() = Value::Array(some.to_vec());
        (format!("{number:03}-{name}"), whole)
    };
    list.chunks(records).enumerate().map(part).collect()
}

#[test]
fn order_batches_repeats_and_mixtures_change_nothing() {
    let setup = Setup::embedded(None).unwrap();
    for seed in 0..3 {
        let made = estate(seed, 250, setup.catalog());
        let whole = imported(std::slice::from_ref(&made.files));
        assert_eq!(whole.len(), made.truth.len(), "every finding is in an issue");
        let backwards: Vec<_> = made.files.iter().rev().map(|file| vec![file.clone()]).collect();
        assert_eq!(imported(&backwards), whole, "order");
        // Prowler writes a whole scan into one file: what a newer one leaves out is gone.
        let records = |name: &str| if name.starts_with("prowler") { usize::MAX } else { 7 };
        let parts: Vec<Vec<_>> =
            made.files.iter().map(|(name, content)| cut(name, content, records(name))).collect();
        let longest = parts.iter().map(Vec::len).max().unwrap();
        let mixed: Vec<Vec<_>> = (0..longest)
            .map(|at| parts.iter().filter_map(|part| part.get(at).cloned()).collect())
            .collect();
        assert_eq!(imported(&mixed), whole, "mixtures of small batches");
        let repeated: Vec<_> = mixed.iter().chain(&backwards).cloned().collect();
        assert_eq!(imported(&repeated), whole, "repeats");
    }
}
