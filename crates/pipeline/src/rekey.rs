//! Sorts stored findings into issues again, once the knowledge that tells faults has changed.

use quell_correlate::identify;
use quell_model::Finding;
use quell_store::{Sorted, Store, Unsorted};
use rayon::prelude::*;

use crate::prepare::control_or_words;
use crate::run::Progress;
use crate::{PipelineError, Setup};

/// Findings of one step, which ends in a commit.
const STEP: usize = 20_000;
/// The scheme by which the key of an issue is made; changed with `quell_correlate::identify`.
const SCHEME: u64 = 2;

/// Brings the stored issues up to the knowledge of this program. It goes on where it was
/// interrupted.
///
/// # Errors
/// When the store refuses or the user interrupts.
pub fn bring_up_to_date(
    store: &mut Store,
    setup: &Setup,
    progress: &Progress<'_>,
) -> Result<(), PipelineError> {
    let version = setup.catalog().fingerprint().wrapping_add(SCHEME) >> 1;
    if !store.identity_begin(i64::try_from(version).unwrap_or(i64::MAX))? {
        return Ok(());
    }
    (progress.doing)("sorting by new knowledge");
    loop {
        progress.check()?;
        let step = store.unsorted(STEP)?;
        if step.is_empty() {
            break;
        }
        let sorted: Vec<Sorted<'_>> =
            step.par_iter().map(|one| sort(one, setup)).collect::<Result<_, PipelineError>>()?;
        store.sorted(&sorted)?;
    }
    store.identity_end()?;
    Ok(())
}

fn sort<'a>(one: &'a Unsorted, setup: &Setup) -> Result<Sorted<'a>, PipelineError> {
    let finding: Finding = serde_json::from_slice(&one.body.unpack()?)?;
    let catalog = setup.catalog();
    let control = control_or_words(catalog, &finding);
    let issue = identify(&finding, control, catalog.words()).key;
    Ok(Sorted { finding: one, issue, control: control.map(|c| c.id.clone()) })
}
