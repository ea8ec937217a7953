//! Reading the pages of the store into columns: all of them once, then those that changed.

use std::sync::Arc;

use hashbrown::HashMap;
use rayon::prelude::*;
use rusqlite::{Connection, OptionalExtension, params};

use super::Snapshot;
use super::assets::Lookup;
use super::columns::{
    FindingPage, Group, Inner, IssuePage, Texts, issue_state, page_of, slot_of, status_of,
};
use crate::brief::{Facets, PAGE, Place, facets_of, place_parts, places_of, texts};
use crate::facts::{Facts, facts_of};
use crate::pages::{self, Kind};
use crate::{Packed, Store, StoreError};

/// Pages that are unpacked at once.
const AT_ONCE: usize = 64;
/// Seconds of a day.
const DAY: u32 = 86_400;

/// The hot columns of all issues and findings, kept in memory. Who keeps it makes it follow the
/// store, and hands out snapshots that stay as they are.
#[derive(Debug, Default)]
pub struct Index {
    snapshot: Snapshot,
    lookup: Lookup,
    groups: HashMap<Group, u32>,
    tools: HashMap<u32, u16>,
}

/// A page of issues as it was read.
struct ReadIssues {
    page: i64,
    facets: Vec<Facets>,
    places: Vec<Place>,
    /// Its assets' keys, as a page keeps them.
    assets: Vec<u8>,
}

impl Index {
    /// Reads all of a store.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn load(store: &Store) -> Result<Self, StoreError> {
        let mut index = Self::default();
        index.refresh(store)?;
        Ok(index)
    }

    /// What is known now. It stays as it is while the index goes on.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }

    /// Reads what was written since, whoever wrote it. Says whether that was anything.
    ///
    /// # Errors
    /// When the database refuses; the index then stays as it was.
    pub fn refresh(&mut self, store: &Store) -> Result<bool, StoreError> {
        // One moment for all reads.
        let moment = store.connection.unchecked_transaction()?;
        let version = pages::version(&moment)?;
        let known = self.snapshot.0.version;
        if version == known {
            return Ok(false);
        }
        // A database that was put back has other pages under the numbers known.
        if version < known {
            *self = Self::default();
        }
        let result = self.read(&moment, version);
        if result.is_err() {
            // What was added to the dictionaries has no place in the snapshot.
            *self = Self::default();
        }
        result?;
        Ok(true)
    }

    fn read(&mut self, moment: &Connection, version: i64) -> Result<(), StoreError> {
        let mut next = self.snapshot.0.copy();
        let mut names = Vec::new();
        let issues = pages::since(moment, Kind::Issues, next.version)?;
        let most = issues.len().saturating_sub(1) * usize::try_from(PAGE).unwrap_or(0);
        self.lookup.reserve(&next.assets, most);
        for numbers in issues.chunks(AT_ONCE) {
            for read in read_issues(moment, numbers)? {
                self.take_issues(&mut next, &read, &mut names);
            }
        }
        for numbers in pages::since(moment, Kind::Findings, next.version)?.chunks(AT_ONCE) {
            for (page, facts) in read_findings(moment, numbers)? {
                self.take_findings(&mut next, page, &facts, &mut names);
            }
        }
        learn(&mut next.texts, moment, &names)?;
        note_seen(&mut next);
        next.version = version;
        self.snapshot = Snapshot(Arc::new(next));
        Ok(())
    }

    fn take_issues(&mut self, next: &mut Inner, read: &ReadIssues, names: &mut Vec<u32>) {
        let mut state = Vec::new();
        let (mut score, mut groups, mut assets) = (Vec::new(), Vec::new(), Vec::new());
        let (mut keys, mut first_day) = (Vec::new(), Vec::new());
        let places = read.places.iter().copied().chain(std::iter::repeat(Place::default()));
        let rows = read.facets.iter().zip(places).zip(texts(&read.assets));
        for ((facets, place), key) in rows {
            let group = Group {
                control: facets.control,
                tools: facets.tools,
                place: place.place,
                team: place.team,
                class: place.class,
            };
            let is_there = facets.status != 0;
            let known = self.groups.get(&group).copied();
            let group = known.unwrap_or_else(|| {
                let number = next.groups.push(group);
                self.groups.insert(group, number);
                names.extend([group.control, group.tools, group.place, group.team]);
                number
            });
            let key = if is_there { String::from_utf8_lossy(key) } else { "".into() };
            state.push(if is_there { issue_state(facets, &place) } else { 0 });
            score.push(facets.score);
            groups.push(group);
            assets.push(self.lookup.number(&mut next.assets, &key));
            keys.push(facets.key);
            first_day.push(u16::try_from(place.first_seen / DAY).unwrap_or(u16::MAX));
        }
        let page = IssuePage {
            state,
            score: Arc::new(score),
            group: Arc::new(groups),
            asset: Arc::new(assets),
            key: Arc::new(keys),
            first_day: Arc::new(first_day),
        };
        set(&mut next.issues, read.page, page);
    }

    /// The number of a tool. More tools than there are numbers are not told apart.
    fn tool(&mut self, next: &mut Inner, name: u32, names: &mut Vec<u32>) -> u16 {
        if let Some(number) = self.tools.get(&name) {
            return *number;
        }
        if next.tools.len() == 0 {
            next.tools.push(0);
        }
        let number = u16::try_from(next.tools.len()).ok().filter(|_| name != 0).unwrap_or_default();
        if number != 0 {
            next.tools.push(name);
            names.push(name);
        }
        self.tools.insert(name, number);
        number
    }

    fn take_findings(
        &mut self,
        next: &mut Inner,
        number: i64,
        facts: &[Facts],
        names: &mut Vec<u32>,
    ) {
        let mut state = Vec::with_capacity(facts.len());
        let (mut tools, mut issue, mut last_seen) = (Vec::new(), Vec::new(), Vec::new());
        for facts in facts {
            let tool = self.tool(next, facts.tool, names);
            let is_there = facts.status != 0;
            state.push(if is_there { facts.status | facts.severity << 3 } else { 0 });
            tools.push(tool);
            issue.push(facts.issue);
            last_seen.push(facts.last_seen);
        }
        let page = FindingPage {
            state,
            tool: Arc::new(tools),
            issue: Arc::new(issue),
            last_seen: Arc::new(last_seen),
        };
        set(&mut next.findings, number, page);
    }
}

fn set<T: Default>(pages: &mut Vec<Arc<T>>, number: i64, page: T) {
    let Ok(number) = usize::try_from(number) else { return };
    if number >= pages.len() {
        pages.resize_with(number + 1, Arc::default);
    }
    if let Some(to) = pages.get_mut(number) {
        *to = Arc::new(page);
    }
}

fn read_issues(moment: &Connection, numbers: &[i64]) -> Result<Vec<ReadIssues>, StoreError> {
    let mut select = moment.prepare_cached(
        "SELECT f.body, p.body, a.body FROM issue_facets f JOIN issue_assets a ON a.page = f.page
           LEFT JOIN issue_places p ON p.page = f.page WHERE f.page = ?1",
    )?;
    let mut packed: Vec<(i64, Packed, Option<Packed>, Packed)> = Vec::new();
    for number in numbers {
        let row = select.query_row(params![number], |row| {
            let places: Option<Vec<u8>> = row.get(1)?;
            Ok((
                *number,
                Packed::from_stored(row.get(0)?),
                places.map(Packed::from_stored),
                Packed::from_stored(row.get(2)?),
            ))
        });
        packed.extend(row.optional()?);
    }
    let unpack = |(page, facets, places, assets): &(i64, Packed, Option<Packed>, Packed)| {
        Ok(ReadIssues {
            page: *page,
            facets: facets_of(&facets.unpack()?),
            places: match places {
                Some(places) => places_of(&places.unpack()?),
                None => Vec::new(),
            },
            assets: assets.unpack()?,
        })
    };
    packed.par_iter().map(unpack).collect()
}

fn read_findings(
    moment: &Connection,
    numbers: &[i64],
) -> Result<Vec<(i64, Vec<Facts>)>, StoreError> {
    let mut select = moment.prepare_cached("SELECT body FROM finding_facets WHERE page = ?1")?;
    let mut packed: Vec<(i64, Packed)> = Vec::new();
    for number in numbers {
        let row = select.query_row(params![number], |row| Ok(Packed::from_stored(row.get(0)?)));
        packed.extend(row.optional()?.map(|body| (*number, body)));
    }
    packed.par_iter().map(|(page, body)| Ok((*page, facts_of(&body.unpack()?)))).collect()
}

/// Reads the names that are not known yet.
fn learn(texts: &mut Arc<Texts>, moment: &Connection, numbers: &[u32]) -> Result<(), StoreError> {
    let mut select = moment.prepare_cached("SELECT name FROM names WHERE id = ?1")?;
    for number in numbers {
        if *number == 0 || texts.names.contains_key(number) {
            continue;
        }
        let name: Option<String> =
            select.query_row(params![number], |row| row.get(0)).optional()?;
        let name = name.unwrap_or_default();
        let texts = Arc::make_mut(texts);
        if let Some(parts) = place_parts(&name) {
            texts.places.insert(*number, parts.map(Arc::from));
        }
        texts.names.insert(*number, Arc::from(name));
    }
    Ok(())
}

/// Notes when each issue was last seen. A page of which nothing changes stays shared.
fn note_seen(next: &mut Inner) {
    let empty = |page: &Arc<IssuePage>| vec![0_u32; page.state.len()];
    let mut seen: Vec<Vec<u32>> = next.issues.iter().map(empty).collect();
    for page in &next.findings {
        let rows = page.state.iter().zip(&*page.issue).zip(&*page.last_seen);
        for ((state, issue), last_seen) in rows {
            let cell = seen.get_mut(page_of(*issue)).and_then(|p| p.get_mut(slot_of(*issue)));
            if let Some(cell) = cell.filter(|_| status_of(*state) != 0) {
                *cell = (*cell).max(*last_seen);
            }
        }
    }
    for (number, page) in (0..).zip(seen) {
        if next.seen.get(number).is_none_or(|known| **known != page) {
            set(&mut next.seen, i64::try_from(number).unwrap_or(-1), page);
        }
    }
}
