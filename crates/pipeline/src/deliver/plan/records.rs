//! The records of a platform that a letter is about, for sinks that write beside them.

use quell_deliver::letter::Record;
use quell_deliver::outbox::Act;
use quell_model::IssueKey;
use quell_store::{FindingRow, Store};

use super::Post;
use crate::PipelineError;
use crate::assess::member;

/// Records that one letter names.
const MOST: usize = 20;
/// Findings that are looked at for them.
const MOST_FINDINGS: usize = 200;

/// A sink that writes beside the records of a source.
#[derive(Debug, Clone)]
pub struct Noted {
    /// The source's name in the configuration.
    pub source: String,
    /// Its streams whose records take notes.
    pub streams: &'static [&'static str],
}

/// The open records of some issues that a source lists and that take notes, some at most.
pub(super) fn records(
    store: &Store,
    noted: &Noted,
    issues: &[IssueKey],
) -> Result<Vec<Record>, PipelineError> {
    let (mut records, mut looked) = (Vec::new(), 0);
    for key in issues {
        let Some(issue) = store.issue_between(*key, *key)?.pop() else { continue };
        for row in store.finding_list(issue.id)? {
            if records.len() >= MOST || looked >= MOST_FINDINGS {
                return Ok(records);
            }
            looked += 1;
            records.extend(record(store, noted, &row)?);
        }
    }
    Ok(records)
}

fn record(store: &Store, noted: &Noted, row: &FindingRow) -> Result<Option<Record>, PipelineError> {
    if !row.state.status.is_open() {
        return Ok(None);
    }
    let listed = store.reading_list(row.key)?;
    let takes = |(source, stream): &&(String, String)| {
        *source == noted.source && noted.streams.contains(&stream.as_str())
    };
    let Some((_, stream)) = listed.iter().find(takes) else { return Ok(None) };
    let id = member(row)?.finding.native_id.into();
    Ok(Some(Record { stream: stream.clone(), id }))
}

/// Names records in the letters of a post.
pub(super) fn name_records(post: &mut Post, records: &[Record]) {
    for row in &mut post.rows {
        match &mut row.act {
            Act::Open { letter } | Act::Edit { letter } => letter.records = records.to_vec(),
            Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } | Act::Review { .. } => {}
        }
    }
}
