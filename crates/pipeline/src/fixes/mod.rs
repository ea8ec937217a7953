//! Fixes for open issues: proposed, chosen, made one upon the other, and written.

mod ask;
mod branch;
mod cases;
mod change;
mod checkout;
mod config;
mod git;
mod impact;
mod look_up;
mod message;
mod patch;
mod plan;
mod policy;
mod propose;
mod report;
mod select;
mod steps;
mod trace;
mod unfixed;
mod verify;
mod write;
mod written;

use std::path::Path;

use quell_catalog::Catalog;
use quell_model::Fix;
use quell_store::Store;

pub use ask::Ask;
pub use branch::{Branch, Commit, Dirty, refuse_uncommitted, write_branch};
pub use cases::{FixCase, FixMember, FixStory, fix_case, fix_cases};
pub use change::{ChangePlace, CodePlace, code_change, code_place};
pub use config::{FixConfig, FixSaid};
pub use look_up::{LookUp, Looked, wanted_of};
pub use message::commit_message;
pub use patch::patch_text;
pub use plan::{FixHelp, FixPlan, FixRequest, Offer, Taken, plan_fixes, plan_fixes_from};
pub use report::fixes_report;
pub use trace::{StateFile, TraceRequest, named_asset, trace_asset, trace_thing};
pub use unfixed::Unfixed;
pub use verify::Tool;
pub use write::{FileChange, recover_files, write_files};
pub use written::{
    FIX_TASK, FixAdvice, FixFault, FixNeighbour, FixQuestion, MOST_WRITTEN, Writer, score_fix,
};

use crate::PipelineError;
use crate::report::Open;
pub(crate) use plan::composed;
pub(crate) use propose::{Grouped, Workbench, grouped};
pub(crate) use steps::steps_of;
pub(crate) use written::{Opening, write_all};

/// A repository, with what is said of fixes beside its file, and state files that lead there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) said: &'a FixSaid,
    pub(crate) states: &'a [StateFile],
}

/// Proposes a fix for every open issue whose control has a recipe and whose block is found.
/// One change that closes several issues is one fix.
pub(crate) fn propose<'o>(
    store: &Store,
    catalog: &Catalog,
    open: impl Iterator<Item = &'o Open>,
    Code { folder, said, states }: Code<'_>,
) -> Result<Vec<Fix>, PipelineError> {
    let config = FixConfig::load(folder, None, catalog)?.over(said, catalog)?;
    let bench = Workbench::open(folder, catalog, (&config, states))?;
    let has_recipe = |open: &&Open| {
        let control = open.control.as_deref().and_then(|id| catalog.control(id));
        control.is_some_and(|control| !control.fixes.is_empty())
    };
    let open = open.filter(has_recipe);
    Ok(grouped(bench.answers(store, open)?).fixes)
}
