//! Assets whose block stands in the repository: who owns the code owns what it makes.

use std::collections::{BTreeMap, HashMap};

use quell_model::IssueKey;
use quell_store::Store;

use super::save_book;
use crate::assess::Judgement;
use crate::fixes::Code;
use crate::priority::Estate;
use crate::report::open_issues;
use crate::{PipelineError, Setup, fixes};

/// Notes in which file the block of each open issue's asset stands. Says whether that is
/// something else than before.
pub(crate) fn find_blocks(
    store: &mut Store,
    setup: &Setup,
    by: Judgement<'_>,
    repository: Code<'_>,
) -> Result<bool, PipelineError> {
    let owners = setup.owners(store)?;
    if owners.book().files.is_empty() {
        return Ok(false);
    }
    let open = open_issues(store, &mut Estate::new(store, by)?, None)?;
    let proposed = fixes::propose(store, by.catalog, open.iter(), repository)?;
    let assets: HashMap<IssueKey, &str> =
        open.iter().map(|one| (one.candidate.key, one.candidate.asset())).collect();
    let found = proposed.iter().filter(|fix| !fix.address.is_empty());
    let mut blocks: BTreeMap<String, String> = BTreeMap::new();
    for fix in found {
        for asset in fix.closes.iter().filter_map(|key| assets.get(key)) {
            // Of several files the first by name counts, whatever issue found it.
            let file = blocks.entry((*asset).to_owned()).or_insert_with(|| fix.file.clone());
            if fix.file < *file {
                file.clone_from(&fix.file);
            }
        }
    }
    let mut book = owners.book().clone();
    book.blocks = blocks;
    save_book(store, &book, by.now)
}
