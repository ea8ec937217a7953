//! The ways in which a module is called, from the top of the repository down.

use std::sync::Arc;

use hcl_edit::structure::Block;

use super::{MAX_INSTANCES, Repository};
use crate::terraform::SourceFile;

/// How deep calls may lie within each other.
const MAX_DEPTH: usize = 8;

/// One way in which a module is called.
#[derive(Debug, Clone)]
pub(super) struct Call<'r> {
    /// The file of the call.
    pub(super) file: &'r SourceFile,
    /// The `module` block.
    pub(super) block: &'r Block,
    /// How the caller itself is called; none for one that nobody calls.
    pub(super) caller: Option<Arc<Call<'r>>>,
}

/// Every way in which a module is called. A module that nobody calls has one: none. So has one
/// that is called in too many ways to look at each.
pub(super) fn all<'r>(repository: &'r Repository, folder: &str) -> Vec<Option<Arc<Call<'r>>>> {
    let mut found = Vec::new();
    if into(repository, folder, 0, &mut found) && !found.is_empty() {
        return found;
    }
    vec![None]
}

/// Puts in what is found; false where there are too many.
fn into<'r>(
    repository: &'r Repository,
    folder: &str,
    depth: usize,
    found: &mut Vec<Option<Arc<Call<'r>>>>,
) -> bool {
    if depth >= MAX_DEPTH {
        return false;
    }
    let calls = repository.calls(folder);
    if calls.is_empty() {
        found.push(None);
    }
    for (file, block) in calls {
        let mut above = Vec::new();
        if file.folder() == folder || !into(repository, file.folder(), depth + 1, &mut above) {
            return false;
        }
        found.extend(above.into_iter().map(|caller| Some(Arc::new(Call { file, block, caller }))));
        if found.len() > MAX_INSTANCES {
            return false;
        }
    }
    true
}
