//! What inventories of tools say of assets: kept in memory, and issues judged again where it
//! changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use quell_model::{Label, Relation};
use quell_owners::Labels;
use quell_store::{Labelled, Store};

use crate::PipelineError;

/// The labels of a database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// How far they were read.
    read: i64,
    /// What had been written when one of them last changed.
    changed: i64,
    labels: Arc<Labels>,
}

/// The labels of a store, and what had been written when one last changed. Only what changed is
/// read again.
pub(super) fn follow(
    store: &Store,
    kept: &mut HashMap<String, Kept>,
) -> Result<(i64, Arc<Labels>), PipelineError> {
    // A database that was put back has other pages under the numbers known.
    let version = store.page_version()?;
    let known = kept.remove(store.file()).filter(|known| known.read <= version);
    let mut known = known.unwrap_or_default();
    if known.read < version {
        let Labelled { version, pages, entries } = store.labels_since(known.read)?;
        known.read = version;
        if !pages.is_empty() {
            known.changed = version;
            let pages: HashSet<i64> = pages.into_iter().collect();
            let read = |says| -> Result<Option<Label>, PipelineError> {
                let text = store.label_text(says)?;
                Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
            };
            let new = entries.into_iter().map(|entry| (entry.asset, entry.page, entry.says));
            let is_read = |page| pages.contains(&i64::from(page));
            Arc::make_mut(&mut known.labels).replace(is_read, new, read)?;
        }
    }
    let (changed, labels) = (known.changed, Arc::clone(&known.labels));
    kept.insert(store.file().to_owned(), known);
    Ok((changed, labels))
}

/// Has the issues judged again of whose assets something else is said than what they were judged
/// by. What began to be judged when less was written may have missed what came since.
pub(super) fn judge_again(store: &mut Store, begun: Option<i64>) -> Result<(), PipelineError> {
    let judged = store.labels_judged()?;
    let since = begun.map_or(judged, |begun| begun.min(judged));
    let (version, pages) = store.label_pages_since(since)?;
    if pages.is_empty() {
        return Ok(());
    }
    let mut assets: HashSet<String> = HashSet::new();
    for page in pages {
        for body in store.label_page(page)? {
            let relation: Relation = serde_json::from_slice(&body.unpack()?)?;
            assets.insert(relation.from.key().to_lowercase());
        }
    }
    let issues = store.issues_on(&assets)?;
    Ok(store.labels_settle(&issues, version)?)
}
