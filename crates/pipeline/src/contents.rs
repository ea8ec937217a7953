//! Files that were read before.
//!
//! What is known of a finding is the newest of all that files said of it, and what closed it is
//! the newest of all that covered it. So reading the same bytes again changes nothing, whatever
//! came in between, and each record that was taken counts as unchanged. What a file came to is
//! kept, and told again without reading it.

use std::collections::BTreeMap;

use quell_model::{Accounting, Funnel, Reject};
use quell_store::{Content, IdSet, KEV, Packed, Store, Touched};
use serde::{Deserialize, Serialize};

use crate::PipelineError;
use crate::import::{MOST_REJECTS, Tally};

/// What a file came to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    records: u64,
    rejected: u64,
    pub(crate) funnel: Funnel,
    pub(crate) reasons: BTreeMap<String, u64>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) remark: Option<String>,
}

impl Summary {
    /// What its records come to now.
    pub(crate) const fn accounting(&self) -> Accounting {
        Accounting {
            records: self.records,
            created: 0,
            updated: 0,
            merged: 0,
            unchanged: self.records.saturating_sub(self.rejected),
            rejected: self.rejected,
        }
    }
}

/// What is to be kept of a file that was read to its end; `None` where telling it again would
/// not say the same as reading it again.
pub(crate) fn content(
    format: &str,
    tally: &Tally,
    rejects: &[Reject],
    remark: Option<&String>,
) -> Result<Option<Content>, PipelineError> {
    let all = u64::try_from(rejects.len()).is_ok_and(|kept| kept == tally.accounting.rejected);
    // The list of exploited weaknesses is no sum of files: the last one read holds.
    if !all || rejects.len() > MOST_REJECTS || tally.shares || format == KEV {
        return Ok(None);
    }
    let summary = Summary {
        records: tally.accounting.records,
        rejected: tally.accounting.rejected,
        funnel: tally.funnel,
        reasons: tally.reasons.clone(),
        rejects: rejects.to_vec(),
        remark: remark.cloned(),
    };
    let summary = Packed::of(&serde_json::to_vec(&summary)?);
    let (findings, relations) = (tally.findings.clone(), tally.relations.clone());
    Ok(Some(Content { summary, findings, relations }))
}

/// What a file came to, where the same reader has read it and none of its findings was seen in
/// this run yet: those would count as repeated.
pub(crate) fn known(
    store: &Store,
    key: (&[u8; 32], &[u8; 32]),
    seen: &IdSet,
) -> Result<Option<(Summary, Touched)>, PipelineError> {
    let Some(content) = store.content_get(key)? else { return Ok(None) };
    if seen.overlaps(&content.findings) {
        return Ok(None);
    }
    let Content { summary, findings, relations } = content;
    let summary = serde_json::from_slice(&summary.unpack()?)?;
    Ok(Some((summary, Touched { findings, relations, ..Touched::default() })))
}
