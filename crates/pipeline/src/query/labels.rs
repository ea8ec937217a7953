//! The environments and tags of assets, which the index does not keep: they stand in the bodies of
//! issues, and are read only where who asks is limited by them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use quell_model::IssueKey;
use quell_store::{ISSUES_OF_A_PAGE, IssueRow, Labels, Snapshot, Store};
use rayon::prelude::*;
use serde::Deserialize;

use super::{QueryError, View};

/// What is known of an asset beside the index.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelSet {
    /// Its environments.
    pub environments: BTreeSet<String>,
    /// Those of its tags that somebody asks for, as `key=value`.
    pub tags: BTreeSet<String>,
}

/// The environments and tags of all assets, which follow the store as an index does.
#[derive(Debug, Default)]
pub struct LabelBook {
    wanted: BTreeSet<String>,
    version: i64,
    /// The set of each issue, by its row.
    rows: Vec<u32>,
    /// The first set is empty.
    sets: Vec<LabelSet>,
    numbers: HashMap<LabelSet, u32>,
    /// The set of each asset: that of all of its issues.
    assets: Labels,
}

/// The part of an issue's body that tells them.
#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    asset: AssetPart,
}

#[derive(Debug, Default, Deserialize)]
struct AssetPart {
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    context: ContextPart,
}

#[derive(Debug, Default, Deserialize)]
struct ContextPart {
    #[serde(default)]
    environment: Option<ValuePart>,
}

#[derive(Debug, Deserialize)]
struct ValuePart {
    value: String,
}

impl LabelBook {
    /// Makes it follow the store, with these tags among those that are told.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn refresh(
        &mut self,
        store: &Store,
        snapshot: &Snapshot,
        wanted: &BTreeSet<String>,
    ) -> Result<(), QueryError> {
        if snapshot.version() < self.version || !wanted.is_subset(&self.wanted) {
            let all = self.wanted.union(wanted).cloned().collect();
            *self = Self { wanted: all, ..Self::default() };
        }
        if snapshot.version() == self.version && !self.sets.is_empty() {
            return Ok(());
        }
        if self.sets.is_empty() {
            self.number(LabelSet::default());
        }
        for page in store.issue_pages_since(self.version)? {
            self.read(store, page)?;
        }
        self.join(snapshot);
        self.version = snapshot.version();
        Ok(())
    }

    /// The number of each asset's set.
    #[must_use]
    pub const fn labels(&self) -> &Labels {
        &self.assets
    }

    /// A set by its number.
    #[must_use]
    pub fn set(&self, number: u32) -> Option<&LabelSet> {
        self.sets.get(usize::try_from(number).ok()?)
    }

    fn number(&mut self, set: LabelSet) -> u32 {
        if let Some(number) = self.numbers.get(&set) {
            return *number;
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(set.clone());
        self.numbers.insert(set, number);
        number
    }

    fn read(&mut self, store: &Store, page: i64) -> Result<(), QueryError> {
        let first = page.saturating_mul(ISSUES_OF_A_PAGE);
        let most = u32::try_from(ISSUES_OF_A_PAGE).unwrap_or(u32::MAX);
        let end = first.saturating_add(ISSUES_OF_A_PAGE);
        let found = store.issue_page(first - 1, most)?;
        let found: Vec<IssueRow> = found.into_iter().filter(|row| row.id < end).collect();
        let wanted = &self.wanted;
        let sets: Vec<(i64, LabelSet)> = found
            .par_iter()
            .map(|row| Ok((row.id, set_of(row, wanted)?)))
            .collect::<Result<_, QueryError>>()?;
        let at = |row: i64| usize::try_from(row).unwrap_or(usize::MAX);
        if self.rows.len() < at(end) {
            self.rows.resize(at(end), 0);
        }
        if let Some(page) = self.rows.get_mut(at(first)..at(end)) {
            page.fill(0);
        }
        for (row, set) in sets {
            let number = self.number(set);
            if let Some(to) = self.rows.get_mut(at(row)) {
                *to = number;
            }
        }
        Ok(())
    }

    /// Puts together what all issues of an asset tell.
    fn join(&mut self, snapshot: &Snapshot) {
        let mut assets: Vec<u32> = Vec::new();
        let mut joined: HashMap<(u32, u32), u32> = HashMap::new();
        for (row, asset) in snapshot.assets_of_issues() {
            let told = usize::try_from(row).ok().and_then(|row| self.rows.get(row)).copied();
            let (told, asset) = (told.unwrap_or_default(), usize::try_from(asset).unwrap_or(0));
            if assets.len() <= asset {
                assets.resize(asset + 1, 0);
            }
            let known = assets.get(asset).copied().unwrap_or_default();
            let both = match (known, told) {
                (known, told) if known == told || told == 0 => known,
                (0, told) => told,
                pair => match joined.get(&pair) {
                    Some(both) => *both,
                    None => {
                        let both = self.both(pair);
                        joined.insert(pair, both);
                        both
                    }
                },
            };
            if let Some(to) = assets.get_mut(asset) {
                *to = both;
            }
        }
        self.assets = Labels(assets);
    }

    fn both(&mut self, (one, other): (u32, u32)) -> u32 {
        let mut both = self.set(one).cloned().unwrap_or_default();
        let other = self.set(other).cloned().unwrap_or_default();
        both.environments.extend(other.environments);
        both.tags.extend(other.tags);
        self.number(both)
    }
}

/// Who owns the assets of some issues, and which of the wanted tags those have, each pair once.
///
/// # Errors
/// When the store refuses.
pub fn belongings(
    view: &View<'_>,
    keys: &[IssueKey],
    wanted: &BTreeSet<String>,
) -> Result<BTreeSet<(String, BTreeSet<String>)>, QueryError> {
    let mut all = BTreeSet::new();
    for key in keys {
        for row in view.store.issue_between(*key, *key)? {
            let team = view.index.issue(row.id).and_then(|cells| cells.team).unwrap_or_default();
            all.insert((team.to_owned(), set_of(&row, wanted)?.tags));
        }
    }
    Ok(all)
}

fn set_of(row: &IssueRow, wanted: &BTreeSet<String>) -> Result<LabelSet, QueryError> {
    let Some(body) = &row.body else { return Ok(LabelSet::default()) };
    let body: Body = serde_json::from_slice(&body.unpack()?)?;
    let tags = body.asset.tags.into_iter().map(|(key, value)| format!("{key}={value}"));
    Ok(LabelSet {
        environments: body.asset.context.environment.map(|one| one.value).into_iter().collect(),
        tags: tags.filter(|tag| wanted.contains(tag)).collect(),
    })
}
