//! Connections: sorted once for each state of the world, paged by a place that a cursor names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use quell_model::Timestamp;
use serde_json::{Value, json};

use super::filter::{Facts, keeps};
use super::graphql::{Answered, Refusal};
use super::login::text;
use super::records::View;
use super::{Kind, WizDouble};
use crate::platforms::{Seer, World};

/// The most records of a page.
const MOST: i64 = 500;

/// The records of each kind in the orders that are asked for.
#[derive(Debug, Default)]
pub(super) struct Index {
    version: (u64, u64),
    created: BTreeMap<Kind, Vec<(Timestamp, usize)>>,
    changed: BTreeMap<Kind, Vec<(Timestamp, usize)>>,
    counts: Mutex<BTreeMap<String, usize>>,
}

impl WizDouble {
    /// What a root field that only reads is answered with.
    pub(super) fn read(&self, name: &str, arguments: &Value) -> Answered {
        let by_id = |kind: Kind| Ok(self.one(kind, text(arguments, "id")));
        match name {
            "issuesV2" => self.page(Kind::Issue, arguments),
            "configurationFindings" => self.page(Kind::Configuration, arguments),
            "vulnerabilityFindings" => self.page(Kind::Vulnerability, arguments),
            "detections" => self.page(Kind::Detection, arguments),
            "cloudResourcesV2" => self.page(Kind::Resource, arguments),
            "issue" => self
                .one(Kind::Issue, text(arguments, "id"))
                .map_or_else(|| Err(Refusal::input("id must be a valid service issue id")), Ok),
            "configurationFinding" => by_id(Kind::Configuration).map(Option::unwrap_or_default),
            "vulnerabilityFinding" => by_id(Kind::Vulnerability).map(Option::unwrap_or_default),
            "detection" => by_id(Kind::Detection).map(Option::unwrap_or_default),
            "projects" => self.short(arguments, self.view().projects()),
            "cloudPrincipalsV2" => self.short(arguments, self.view().principals()),
            "excessiveAccessFindings" => self.short(arguments, self.view().entitlements()),
            "networkExposures" => self.short(arguments, self.view().exposures()),
            // What the double does not make is an empty list.
            _ => Ok(json!({})),
        }
    }

    /// One record as it is now.
    pub(super) fn one(&self, kind: Kind, id: &str) -> Option<Value> {
        let view = self.view();
        let facts = view.facts(kind, kind.number(id)?)?;
        Some(view.record(kind, &facts))
    }

    /// Looks at the world with what people changed in Wiz.
    pub(super) fn view(&self) -> View {
        let state = self.state();
        View {
            world: self.world.clone(),
            touched: state.touched.clone(),
            sparse: state.manner.sparse,
            threats: state.rights.contains("read:threat_issues"),
            now: self.now(),
        }
    }

    /// What is sorted, made anew when the world changed.
    fn index(&self) -> Arc<Index> {
        let version = (self.world.read().version, self.state().changes);
        let held = self.state().index.clone();
        if let Some(index) = held.filter(|index| index.version == version) {
            return index;
        }
        let index = Arc::new(Index::new(&self.world, &self.view(), version));
        self.state().index = Some(Arc::clone(&index));
        index
    }

    fn page(&self, kind: Kind, arguments: &Value) -> Answered {
        let first = size(arguments)?;
        let filter = arguments.get("filterBy").cloned().unwrap_or_default();
        let (field, by_change, backwards) = order(arguments);
        let (index, view) = (self.index(), self.view());
        let all = if by_change { &index.changed } else { &index.created };
        let all = all.get(&kind).map(Vec::as_slice).unwrap_or_default();
        let from = self.place(arguments, field)?;
        let part = behind(all, from, backwards);
        let (mut nodes, mut last, mut more) = (Vec::new(), None, false);
        for key in part {
            let Some(facts) = view.facts(kind, key.1) else { continue };
            if !keeps(&filter, &facts)? {
                continue;
            }
            more = nodes.len() >= first;
            if more {
                break;
            }
            nodes.push(view.record(kind, &facts));
            last = Some(*key);
        }
        let total = index.count(kind, &filter, &view)?;
        Ok(self.connection(&nodes, (last.filter(|_| more), field), total, from.is_none()))
    }

    /// A list that is made whole for each page: it holds few records.
    fn short(&self, arguments: &Value, all: Vec<Value>) -> Answered {
        let first = size(arguments)?;
        let from = self.place(arguments, "ROW")?.map_or(0, |(_, row)| row);
        let total = all.len();
        let nodes: Vec<Value> = all.into_iter().skip(from).take(first).collect();
        let next = from + nodes.len();
        let last = (next < total).then_some((Timestamp::UNIX_EPOCH, next));
        Ok(self.connection(&nodes, (last, "ROW"), total, from == 0))
    }

    fn connection(
        &self,
        nodes: &[Value],
        (last, field): (Option<(Timestamp, usize)>, &str),
        total: usize,
        is_first: bool,
    ) -> Value {
        let empty = self.state().manner.empty_pages && is_first && !nodes.is_empty();
        if empty {
            // The first page comes empty, and its cursor names a place before all.
            let cursor = self.cursor(field, (Timestamp::MIN, 0));
            let info = json!({"hasNextPage": true, "endCursor": cursor});
            return json!({"nodes": [], "pageInfo": info, "totalCount": total});
        }
        let cursor = last.map(|key| self.cursor(field, key));
        let info = json!({"hasNextPage": last.is_some(), "endCursor": cursor});
        json!({"nodes": nodes, "pageInfo": info, "totalCount": total})
    }

    fn cursor(&self, field: &str, (at, row): (Timestamp, usize)) -> String {
        let plain = format!("{field}|{at}|{row}|{}", self.now().as_second());
        plain.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The place that the cursor of a request names.
    fn place(&self, arguments: &Value, field: &str) -> Result<Option<(Timestamp, usize)>, Refusal> {
        let after = text(arguments, "after");
        if after.is_empty() {
            return Ok(None);
        }
        let bad = || Refusal::input("invalid cursor in argument `after`");
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = after.as_bytes().chunks(2).map(byte).collect();
        let plain = String::from_utf8(bytes.ok_or_else(bad)?).map_err(|_| bad())?;
        let parts: Vec<&str> = plain.split('|').collect();
        let [of, at, row, made] = parts.as_slice() else { return Err(bad()) };
        let made: i64 = made.parse().map_err(|_| bad())?;
        let lives = self.state().manner.cursor_seconds.unwrap_or(i64::MAX);
        if *of != field || self.now().as_second().saturating_sub(made) > lives {
            return Err(bad());
        }
        Ok(Some((at.parse().map_err(|_| bad())?, row.parse().map_err(|_| bad())?)))
    }
}

/// The records behind a place, in the order that is asked for.
fn behind(
    all: &[(Timestamp, usize)],
    from: Option<(Timestamp, usize)>,
    backwards: bool,
) -> Box<dyn Iterator<Item = &(Timestamp, usize)> + '_> {
    if backwards {
        let end = from.map_or(all.len(), |at| all.partition_point(|key| *key < at));
        Box::new(all.get(..end).unwrap_or_default().iter().rev())
    } else {
        let begin = from.map_or(0, |at| all.partition_point(|key| *key <= at));
        Box::new(all.get(begin..).unwrap_or_default().iter())
    }
}

/// How many records are asked for.
fn size(arguments: &Value) -> Result<usize, Refusal> {
    let first = arguments.get("first").and_then(Value::as_i64);
    let first = first.ok_or_else(|| Refusal::input("argument `first` is missing"))?;
    if !(1..=MOST).contains(&first) {
        return Err(Refusal::input(format!("argument `first` must be between 1 and {MOST}")));
    }
    Ok(usize::try_from(first).unwrap_or(1))
}

/// The name of the order, whether it is by the last change, and whether it goes backwards.
fn order(arguments: &Value) -> (&'static str, bool, bool) {
    let order = arguments.get("orderBy").cloned().unwrap_or_default();
    let backwards = text(&order, "direction") == "DESC";
    match text(&order, "field") {
        "STATUS_CHANGED_AT" | "UPDATED_AT" | "ANALYZED_AT" | "INCREMENTAL" => {
            ("CHANGED", true, backwards)
        }
        _ => ("CREATED", false, backwards),
    }
}

impl Index {
    fn new(world: &World, view: &View, version: (u64, u64)) -> Self {
        let mut index = Self { version, ..Self::default() };
        let mut seen: BTreeMap<usize, Timestamp> = BTreeMap::new();
        let state = world.read();
        for flaw in &state.flaws {
            let first = seen.entry(flaw.thing).or_insert(flaw.opened);
            *first = (*first).min(flaw.opened);
        }
        let told = state.seen_by(Seer::Wiz).flat_map(|(flaw, thing)| {
            let key = (flaw.opened, flaw.number);
            super::records::kinds_of(flaw, thing).into_iter().map(move |kind| (kind, key))
        });
        for (kind, key) in told {
            index.created.entry(kind).or_default().push(key);
        }
        drop(state);
        let things = seen.into_iter().map(|(thing, at)| (at, thing));
        index.created.entry(Kind::Resource).or_default().extend(things);
        for kind in Kind::ALL {
            let list = index.created.entry(kind).or_default();
            list.sort_unstable();
            let changed = list.iter().filter_map(|(_, number)| {
                Some((view.facts(kind, *number)?.status_changed, *number))
            });
            let mut changed: Vec<(Timestamp, usize)> = changed.collect();
            changed.sort_unstable();
            index.changed.insert(kind, changed);
        }
        index
    }

    /// How many records a filter keeps, counted once for each state of the world.
    fn count(&self, kind: Kind, filter: &Value, view: &View) -> Result<usize, Refusal> {
        let name = format!("{kind:?} {filter}");
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get(&name) {
            return Ok(*count);
        }
        let mut count = 0;
        for (_, number) in self.created.get(&kind).into_iter().flatten() {
            let facts: Option<Facts> = view.facts(kind, *number);
            if facts.map_or(Ok(false), |facts| keeps(filter, &facts))? {
                count += 1;
            }
        }
        counts.insert(name, count);
        Ok(count)
    }
}
