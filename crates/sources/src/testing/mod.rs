//! Reads text the way a file is read, for the tests of sources.

mod drift;

use std::io::Write;
use std::ops::ControlFlow;

use quell_model::{Finding, Record, Statement};

use crate::intake::{Detected, Formats, Item, Limits, detect, normalize_batch, read, walk};

/// Detects, splits and normalizes a text; each record with what it became.
pub(crate) fn normalize_text(text: &str) -> Vec<Result<Vec<Record>, String>> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let mut input = walk(&[file.path().to_owned()]).remove(0).unwrap();
    let limits = Limits::default();
    let fit = match detect(&mut input, Formats::BUILT_IN, &limits).unwrap() {
        Detected::Fits(fit) => fit,
        Detected::Empty => panic!("empty"),
        Detected::NoFit(reason) => panic!("{reason}"),
    };
    let detection = fit.at("2026-11-01T00:00:00Z".parse().unwrap());
    let mut results = Vec::new();
    let summary = read(&mut input, &detection, &limits, &mut |item| {
        match item {
            Item::Batch(batch) => {
                results.extend(normalize_batch(&batch, &detection).map(|n| n.result));
            }
            Item::Reject { reason, .. } => results.push(Err(reason)),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(summary.broke_off, None);
    results
}

/// The only finding of a text with one record.
pub(crate) fn only_finding(text: &str) -> Finding {
    let mut results = normalize_text(text);
    assert_eq!(results.len(), 1, "{results:?}");
    let mut records = results.remove(0).unwrap();
    match (records.len(), records.pop()) {
        (1, Some(Record::Finding(finding))) => *finding,
        other => panic!("{other:?}"),
    }
}

/// Every record of a text, which must all be statements.
pub(crate) fn only_statements(text: &str) -> Vec<Statement> {
    let records = normalize_text(text).into_iter().flat_map(Result::unwrap);
    let mut statements = Vec::new();
    for record in records {
        let Record::Statement(statement) = record else { panic!("{record:?}") };
        statements.push(*statement);
    }
    statements
}
