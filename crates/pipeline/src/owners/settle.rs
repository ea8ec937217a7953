//! Issues judged again after lists or owners changed.

use std::collections::BTreeSet;

use quell_catalog::Intel;
use quell_model::{FindingClass, Origin, Timestamp};
use quell_owners::{Joined, Owners};
use quell_report::InventoryReport;
use quell_store::{IdSet, IssueRow, Store};

use super::{OwnersAsked, labels, save_names, take_owners, version};
use crate::assess::{Judgement, assess, members, read_issue};
use crate::{PipelineError, Setup, intel};

/// Issues read in one go.
const PAGE: u32 = 4096;

/// What all stored issues are judged by, as one hash. Where nothing is known of owners it is that
/// of the lists alone.
fn judged_by(store: &Store, intel: &Intel) -> Result<blake3::Hash, PipelineError> {
    let lists = blake3::hash(&intel.fingerprint());
    let (book, names) = version(store)?;
    if book.is_none() && names.is_none() {
        return Ok(lists);
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(lists.as_bytes());
    for one in [book, names] {
        hasher.update(one.unwrap_or_default().as_bytes()).update(b";");
    }
    Ok(hasher.finalize())
}

/// Takes in what is said of owners, judges again what that changes, and says what became of the
/// rows.
///
/// # Errors
/// When an inventory cannot be read at all, or the store refuses.
pub fn refresh_owners(
    store: &mut Store,
    setup: &Setup,
    asked: &OwnersAsked,
    now: Timestamp,
) -> Result<Vec<InventoryReport>, PipelineError> {
    take_owners(store, setup, (asked, None), now)?;
    judge_waiting(store, setup, now)?;
    counts(store, setup)
}

/// Judges the issues that wait for it: what a platform no longer lists closes them without a file.
///
/// # Errors
/// When the store refuses.
pub fn judge_waiting(
    store: &mut Store,
    setup: &Setup,
    now: Timestamp,
) -> Result<(), PipelineError> {
    let known = intel::load(store, setup.catalog().intel())?;
    let by = Judgement { catalog: setup.catalog(), intel: &known, now };
    settle(store, setup, by, (&IdSet::default(), None))
}

/// Notes by what a database without issues is going to be judged.
pub(crate) fn begin(store: &mut Store, intel: &Intel) -> Result<(), PipelineError> {
    if store.judged_by()?.is_none() && store.issue_page(0, 1)?.is_empty() {
        let by = judged_by(store, intel)?;
        store.judge_again(&[], by.as_bytes())?;
    }
    Ok(())
}

/// Judges what waits for it, and every issue of which the lists or owners that hold now say
/// something else than those it was judged by. Issues of what was `touched` may have been judged by
/// what was known when it `begun`.
pub(crate) fn settle(
    store: &mut Store,
    setup: &Setup,
    by: Judgement<'_>,
    (touched, begun): (&IdSet, Option<i64>),
) -> Result<(), PipelineError> {
    labels::judge_again(store, begun)?;
    let owners = setup.owners(store)?;
    assess(store, by, &owners)?;
    let before = judged_by(store, by.intel)?;
    let changed = store.judged_by()?.as_deref() != Some(before.as_bytes().as_slice());
    if !changed && owners.book().inventories.is_empty() {
        return Ok(());
    }
    let mut owners = Owners::clone(&owners);
    let mut again = Vec::new();
    let mut contested = changed;
    let mut learned: BTreeSet<String> = BTreeSet::new();
    if !changed {
        for row in touched.iter() {
            let body = store.issue_get(row)?.and_then(|row| row.body);
            let Some(body) = body else { continue };
            let asset = read_issue(&body)?.asset;
            let (own, others) = owners.note(&asset);
            contested |= others;
            if own {
                learned.insert(asset.id.key().to_owned());
            }
            // Its other issues of this run were judged without that name too.
            if learned.contains(asset.id.key()) {
                again.push(row);
            }
        }
    }
    if contested {
        owners.forget_names();
        each_issue(store, |row| {
            if let Some(body) = &row.body {
                owners.note(&read_issue(body)?.asset);
            }
            Ok(())
        })?;
        again = differing(store, by, &owners)?;
    }
    save_names(store, owners.claims(), by.now)?;
    let after = judged_by(store, by.intel)?;
    if changed || after != before || !again.is_empty() {
        store.judge_again(&again, after.as_bytes())?;
    }
    assess(store, by, &owners)
}

fn each_issue(
    store: &Store,
    mut look: impl FnMut(&IssueRow) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let mut after = 0;
    loop {
        let page = store.issue_page(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        page.iter().try_for_each(&mut look)?;
    }
}

/// The issues that would be judged otherwise now.
fn differing(store: &Store, by: Judgement<'_>, owners: &Owners) -> Result<Vec<i64>, PipelineError> {
    let mut again = Vec::new();
    let says_something = !owners.book().is_plain();
    each_issue(store, |row| {
        let Some(body) = &row.body else { return Ok(()) };
        let issue = read_issue(body)?;
        let context = &issue.asset.context;
        let known = [
            &context.owner,
            &context.environment,
            &context.data_class,
            &context.criticality,
            &context.item,
        ];
        let was_told = known
            .into_iter()
            .flatten()
            .any(|one| matches!(one.origin, Origin::Inventory { .. } | Origin::Codeowners { .. }));
        let owned = says_something || was_told || !context.other_owners.is_empty();
        let is_weakness = issue.class == FindingClass::Vulnerability;
        if !owned && !is_weakness {
            return Ok(());
        }
        let members = members(store, row.id)?;
        let control = row.control.as_deref().and_then(|id| by.catalog.control(id));
        let other_owner = owned && {
            let now = by.of(owners, row.key, &members, (control, None))?;
            now.is_some_and(|now| now.issue.asset.context != *context)
        };
        if other_owner || (is_weakness && by.differs(&issue, &members, control)) {
            again.push(row.id);
        }
        Ok(())
    })?;
    Ok(again)
}

/// What became of the rows of each inventory.
pub(crate) fn counts(store: &Store, setup: &Setup) -> Result<Vec<InventoryReport>, PipelineError> {
    let owners = setup.owners(store)?;
    if owners.book().inventories.is_empty() {
        return Ok(Vec::new());
    }
    let mut joined: BTreeSet<(String, u64)> = BTreeSet::new();
    let mut assets: BTreeSet<(String, String)> = BTreeSet::new();
    let mut ambiguous: BTreeSet<(String, String)> = BTreeSet::new();
    each_issue(store, |row| {
        let Some(body) = &row.body else { return Ok(()) };
        let asset = read_issue(body)?.asset;
        for (name, found) in owners.rows(&asset) {
            let key = || (name.to_owned(), asset.id.key().to_owned());
            match found {
                Joined::Row(row) => {
                    joined.insert((name.to_owned(), row.row));
                    assets.insert(key());
                }
                Joined::Ambiguous => drop(ambiguous.insert(key())),
                Joined::Nothing => {}
            }
        }
        Ok(())
    })?;
    let count = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
    let inventories = owners.book().inventories.iter();
    Ok(inventories
        .map(|(name, inventory)| {
            let of = |set: &BTreeSet<(String, String)>| {
                count(set.iter().filter(|(inventory, _)| inventory == name).count())
            };
            let rows = count(joined.iter().filter(|(inventory, _)| inventory == name).count());
            InventoryReport {
                name: name.as_str().into(),
                records: inventory.records(),
                joined: rows,
                unmatched: count(inventory.rows.len()).saturating_sub(rows),
                rejected: inventory.rejected,
                assets: of(&assets),
                ambiguous: of(&ambiguous),
                rejects: inventory
                    .rejects
                    .iter()
                    .map(|reject| format!("row {}: {}", reject.row, reject.reason).into())
                    .collect(),
            }
        })
        .collect())
}
