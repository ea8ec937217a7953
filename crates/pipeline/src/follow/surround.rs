//! What issues of one asset say of it together, and what that makes of each.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use quell_catalog::Exposure;
use quell_correlate::Facts;
use quell_model::IssueKey;
use quell_risk::Provisional;
use quell_store::{FindingRow, IssueRow, Store};
use rayon::prelude::*;

use super::{Changed, Following};
use crate::PipelineError;
use crate::assess::{member, members, read_issue};
use crate::exceptions::Sayings;
use crate::priority::{Around, Estate};

/// Parts of which a copy shares those that stay as they are.
const SHARDS: usize = 256;
/// Issues that are read at once.
const AT_ONCE: usize = 256;

/// What is known of assets of which their issues say different things. A copy costs little.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    hasher: RandomState,
    shards: Vec<Arc<HashMap<u64, Around>>>,
}

impl Surroundings {
    pub(super) fn new(hasher: RandomState) -> Self {
        Self { hasher, shards: vec![Arc::default(); SHARDS] }
    }

    /// What is known of an asset, by its key.
    pub(crate) fn of(&self, asset: &str) -> Option<&Around> {
        self.get(self.hasher.hash_one(asset))
    }

    fn shard(asset: u64) -> usize {
        usize::try_from(asset).unwrap_or_default() % SHARDS
    }

    fn get(&self, asset: u64) -> Option<&Around> {
        self.shards.get(Self::shard(asset))?.get(&asset)
    }

    fn set(&mut self, asset: u64, around: Option<Around>) {
        let Some(shard) = self.shards.get_mut(Self::shard(asset)) else { return };
        match around {
            Some(around) => {
                Arc::make_mut(shard).insert(asset, around);
            }
            None if shard.contains_key(&asset) => {
                Arc::make_mut(shard).remove(&asset);
            }
            None => {}
        }
    }
}

/// An issue on an asset.
#[derive(Clone, Copy)]
struct On {
    asset: u64,
    key: IssueKey,
    row: u32,
    says: u32,
}

/// What judging an issue again by its surroundings came to.
struct Settled {
    row: u32,
    score: u32,
    by: Provisional,
}

impl Following {
    /// Follows the relations of assets. Assets of which they tell something else now are to be put
    /// together again.
    pub(super) fn relate(
        &mut self,
        store: &Store,
        changed: &mut Changed,
    ) -> Result<(), PipelineError> {
        let news = self.links.follow(store, self.version)?;
        if !news.renamed.is_empty() {
            // Where it leads is to be learned again.
            let rows = self.standing.on_assets(&news.renamed);
            rows.into_iter().for_each(|row| self.standing.forget(row));
        }
        let is_touched = |asset: &u64| self.links.assets().contains(asset);
        if !(changed.all || news.any || changed.assets.iter().any(is_touched)) {
            return Ok(());
        }
        let ways = self.links.ways(&self.facts(), self.among.is_some());
        let before = std::mem::replace(&mut self.ways, ways);
        if !changed.all {
            let now = &self.ways;
            let differ = |asset: &&u64| before.get(*asset) != now.get(*asset);
            changed.assets.extend(before.keys().chain(now.keys()).filter(differ));
        }
        Ok(())
    }

    /// What open issues say of assets that have relations.
    fn facts(&self) -> HashMap<u64, Facts> {
        let mut facts: HashMap<u64, Facts> = HashMap::new();
        if self.links.is_empty() {
            return facts;
        }
        for row in self.standing.on_assets(self.links.assets()) {
            let says = self.cells.says(self.cells.says_number(row));
            let (Some(says), Some(key)) = (says, self.standing.key(row)) else { continue };
            let Some(asset) = self.standing.asset(row) else { continue };
            says.add_to(facts.entry(asset).or_default(), key);
        }
        facts
    }

    /// Puts together again what is known of assets of which an issue changed, and judges by it.
    pub(super) fn surround(
        &mut self,
        store: &Store,
        estate: &Estate<'_>,
        changed: &mut Changed,
    ) -> Result<(), PipelineError> {
        let mut on = self.on(changed);
        on.par_sort_unstable_by_key(|of| (of.asset, of.key));
        let mut told: HashSet<u64> = HashSet::new();
        let mut waiting: Vec<(u32, u64)> = Vec::new();
        for group in on.chunk_by(|a, b| a.asset == b.asset) {
            let Some(asset) = group.first().map(|first| first.asset) else { continue };
            // Nothing is known yet, and one issue does not differ from itself.
            if changed.all && group.len() < 2 && !self.ways.contains_key(&asset) {
                continue;
            }
            if !changed.all {
                told.insert(asset);
            }
            self.put_together(asset, group, changed, &mut waiting);
        }
        // Of the others no issue is open any more.
        let gone = changed.assets.difference(&told);
        gone.for_each(|asset| self.surroundings.set(*asset, None));
        changed.settled.extend(waiting.iter().map(|(row, _)| *row));
        for some in waiting.chunks(AT_ONCE) {
            for Settled { row, score, by } in self.settled(store, estate, some)? {
                self.standing.rate(row, score);
                self.cells.settle(row, Some(&by));
            }
        }
        Ok(())
    }

    /// Issues on assets of which one changed, where there are several.
    fn on(&self, changed: &Changed) -> Vec<On> {
        let of = |row: u32| {
            let (asset, key) = (self.standing.asset(row)?, self.standing.key(row)?);
            Some(On { asset, key, row, says: self.cells.says_number(row) })
        };
        let unnamed = self.surroundings.hasher.hash_one("");
        let rows: Vec<u32> = if changed.all {
            self.standing.open().collect()
        } else {
            self.standing.on_assets(&changed.assets)
        };
        rows.into_iter().filter_map(of).filter(|on| on.asset != unnamed).collect()
    }

    fn put_together(
        &mut self,
        asset: u64,
        group: &[On],
        changed: &mut Changed,
        waiting: &mut Vec<(u32, u64)>,
    ) {
        let first = group.first().map(|on| on.says);
        let differ = group.iter().any(|on| Some(on.says) != first);
        let says = group.iter().filter_map(|on| Some((self.cells.says(on.says)?, on.key)));
        let ways = self.ways.get(&asset);
        let around = if differ || ways.is_some() { Around::together(says, ways) } else { None };
        let known = self.surroundings.get(asset);
        let same = around.as_ref() == known;
        let (was_mixed, is_mixed) = (known.is_some(), around.is_some());
        if !same {
            self.surroundings.set(asset, around);
        }
        for on in group {
            // What did not change was settled before.
            if same && !changed.rows.contains(i64::from(on.row)) {
                continue;
            }
            if was_mixed && !changed.rows.contains(i64::from(on.row)) {
                self.standing.rate(on.row, self.cells.score(on.row));
                self.cells.settle(on.row, None);
                changed.settled.push(on.row);
            }
            if is_mixed {
                waiting.push((on.row, asset));
            }
        }
    }

    /// Judges issues by what others know of their assets; those that this changes.
    fn settled(
        &self,
        store: &Store,
        estate: &Estate<'_>,
        rows: &[(u32, u64)],
    ) -> Result<Vec<Settled>, PipelineError> {
        let read = |(row, asset): &(u32, u64)| -> Result<_, PipelineError> {
            let around = self.surroundings.get(*asset);
            Ok((
                *row,
                around,
                store.issue_get(i64::from(*row))?,
                store.finding_list(i64::from(*row))?,
            ))
        };
        let read: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
        let judge =
            |(row, around, issue, findings): (u32, Option<&Around>, Option<IssueRow>, _)| {
                let (Some(around), Some(issue)) = (around, issue) else { return Ok(None) };
                settle(estate, around, (row, issue, findings))
            };
        let settled: Vec<Option<Settled>> =
            read.into_par_iter().map(judge).collect::<Result<_, PipelineError>>()?;
        Ok(settled.into_iter().flatten().collect())
    }

    /// Decides on issues of which a supplier says something.
    pub(super) fn excuse(
        &mut self,
        store: &Store,
        estate: &Estate<'_>,
        changed: &Changed,
    ) -> Result<(), PipelineError> {
        if store.statement_count()? == 0 {
            self.excused.clear();
            return Ok(());
        }
        let version = store.statement_version()?;
        let all = changed.all || version != self.statements;
        self.statements = version;
        let rows: Vec<u32> = if all {
            self.excused.clear();
            self.standing.open().collect()
        } else {
            let rows = changed.rows.iter().filter_map(|row| u32::try_from(row).ok());
            rows.chain(changed.settled.iter().copied()).collect()
        };
        let mut sayings = Sayings::new(store)?;
        for row in rows {
            self.excused.remove(&row);
            if !self.cells.has_weakness(row) {
                continue;
            }
            let said = sayings.of(i64::from(row))?;
            if !said.iter().any(|statement| statement.verdict.excuses()) {
                continue;
            }
            let Some(issue) = store.issue_get(i64::from(row))? else { continue };
            let Some(body) = &issue.body else { continue };
            let mut issue = read_issue(body)?;
            let around = self.standing.asset(row).and_then(|asset| self.surroundings.get(asset));
            if around.is_some_and(|around| estate.fill(around, &mut issue)) {
                estate.judge(&mut issue, &members(store, i64::from(row))?);
            }
            self.excused.insert(row, estate.decide(&issue, &said).decision);
        }
        Ok(())
    }
}

fn settle(
    estate: &Estate<'_>,
    around: &Around,
    (row, issue, findings): (u32, IssueRow, Vec<FindingRow>),
) -> Result<Option<Settled>, PipelineError> {
    let Some(body) = &issue.body else { return Ok(None) };
    let mut issue = read_issue(body)?;
    if !estate.fill(around, &mut issue) {
        return Ok(None);
    }
    let members = findings.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    estate.judge(&mut issue, &members);
    let implies = estate.control(&issue).map_or(Exposure::None, |c| c.exposure);
    Ok(Some(Settled { row, score: issue.risk.score, by: Provisional::of(&issue, implies) }))
}
