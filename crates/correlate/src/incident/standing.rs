//! The incidents of issues that change one by one: what is kept between changes, so that only
//! what a change can touch is told again.
//!
//! A story that is no attack depends on its own issues alone. An attack depends on all detections,
//! and on the weaknesses and openings that stand where they lead: at an asset, an image or an
//! identity that one of them names. Those candidates are kept whole, and the attacks among them
//! are found anew when one of them changes. Of every other issue a few numbers are kept.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use quell_model::{IncidentKey, IssueKey, Severity};

use super::Attacked;
use super::anchors::{Anchors, NOWHERE};
use super::attack::{self, Attack, Attacks};
use super::candidate::Candidate;
use super::decide::Decisions;
use super::story::{Own, Part, Story, Told, attack_kind, key_of, natural};

/// Words of a sieve: 256 KiB, which stay in the processor's cache.
const SIEVE_WORDS: usize = 32_768;

/// Rows for which room is made at once.
const MORE_ROWS: usize = 65_536;

/// What is kept of an open issue.
#[derive(Debug, Clone, Copy)]
struct Row {
    key: IssueKey,
    asset: u64,
    score: u32,
    /// The story that it belongs to where no attack holds it.
    natural: u32,
    /// The story in which it stands.
    place: u32,
    /// The attack that it is part of.
    attack: Option<u32>,
    severity: Severity,
    is_detection: bool,
    /// Whether an attack can reach it.
    is_reachable: bool,
}

/// The open issues, and the stories in which they stand. Issues are named by their rows.
#[derive(Debug, Default)]
pub struct Standing {
    hasher: RandomState,
    rows: Vec<Option<Row>>,
    anchors: Anchors,
    /// Hashes of the other names of assets, where a record may mean one by them.
    names: HashMap<u32, Box<[u64]>>,
    /// Detections, and what they lead to, with all that is learned of them.
    near: BTreeMap<u32, Candidate>,
    /// Detections of which nothing is learned yet.
    unknown: HashSet<u32>,
    /// Hashes of the names of assets, images and identities to which detections lead.
    reach: HashSet<u64>,
    /// Whether it waits to be found anew.
    reach_changed: bool,
    /// Reachable issues that changed since it was looked which are near.
    fresh: Vec<u32>,
    attacks: Attacks,
    /// The keys of their stories.
    attack_keys: Vec<IncidentKey>,
    /// The issues that are part of an attack.
    attacked: Vec<u32>,
    attacks_changed: bool,
    decisions: Decisions,
    /// Issues that wait to be put into their story.
    moved: Vec<u32>,
    /// Stories that wait to be told again.
    stale: HashSet<u32>,
}

/// The issues of a story that is to be told again.
#[derive(Debug)]
pub struct Gathered {
    /// Its key.
    pub key: IncidentKey,
    /// Their rows, in order.
    pub rows: Vec<u32>,
}

/// A set of hashes that is asked for millions, of which few are in it.
struct Sieve<'s> {
    /// A bit for each value of some bits of a hash.
    bits: Vec<u64>,
    set: &'s HashSet<u64>,
}

impl<'s> Sieve<'s> {
    fn of(set: &'s HashSet<u64>) -> Self {
        let mut bits = vec![0; SIEVE_WORDS];
        set.iter().map(|hash| Self::place(*hash)).for_each(|(word, bit)| {
            if let Some(word) = bits.get_mut(word) {
                *word |= bit;
            }
        });
        Self { bits, set }
    }

    fn place(hash: u64) -> (usize, u64) {
        let word = usize::try_from(hash >> 32).unwrap_or_default() % SIEVE_WORDS;
        (word, 1 << (hash % 64))
    }

    fn holds(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash);
        self.bits.get(word).is_some_and(|word| word & bit != 0) && self.set.contains(&hash)
    }
}

fn slot(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

impl Standing {
    /// No issue yet. Assets are told apart by this hasher.
    #[must_use]
    pub fn new(hasher: RandomState) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// Makes room for issues up to a row, no more than is needed.
    pub fn reserve(&mut self, rows: usize) {
        self.rows.reserve_exact(rows.saturating_sub(self.rows.len()));
    }

    fn row(&self, row: u32) -> Option<&Row> {
        self.rows.get(slot(row))?.as_ref()
    }

    /// An open issue as it is now.
    pub fn put(&mut self, row: u32, candidate: &Candidate) {
        self.remove(row);
        let (kind, anchor) = natural(candidate);
        let is_reachable = candidate.is_weakness() || candidate.opening.is_some();
        let known = Row {
            key: candidate.key,
            asset: self.hasher.hash_one(&candidate.asset),
            score: candidate.score,
            natural: self.anchors.natural(kind, &anchor),
            place: NOWHERE,
            attack: None,
            severity: candidate.severity,
            is_detection: candidate.is_detection(),
            is_reachable,
        };
        if slot(row) >= self.rows.len() {
            if slot(row) >= self.rows.capacity() {
                self.reserve(slot(row) + MORE_ROWS);
            }
            self.rows.resize(slot(row) + 1, None);
        }
        if let Some(to) = self.rows.get_mut(slot(row)) {
            *to = Some(known);
        }
        if candidate.is_detection() {
            self.unknown.insert(row);
        } else if is_reachable {
            let names = candidate.names.iter().map(|name| self.hasher.hash_one(name));
            let names: Box<[u64]> = names.collect();
            if !names.is_empty() {
                self.names.insert(row, names);
            }
            self.fresh.push(row);
        }
        self.moved.push(row);
    }

    /// An issue is open no more.
    pub fn remove(&mut self, row: u32) {
        let Some(old) = self.rows.get_mut(slot(row)).and_then(Option::take) else { return };
        self.stale.insert(old.place);
        self.names.remove(&row);
        self.forget(row);
        self.unknown.remove(&row);
    }

    /// Nothing is learned of an issue any more: its findings changed.
    pub fn forget(&mut self, row: u32) {
        let Some(old) = self.near.remove(&row) else { return };
        self.attacks_changed = true;
        if old.is_detection() {
            self.reach_changed = true;
            self.unknown.insert(row);
        } else {
            self.fresh.push(row);
        }
    }

    /// Gives an issue another score.
    pub fn rate(&mut self, row: u32, score: u32) {
        let Some(of) = self.rows.get_mut(slot(row)).and_then(Option::as_mut) else { return };
        if of.score == score {
            return;
        }
        of.score = score;
        self.moved.push(row);
        if let Some(near) = self.near.get_mut(&row) {
            near.rate(score);
            self.attacks_changed = true;
        }
    }

    /// The story of an issue is to be told again, since something else about the issue changed.
    pub fn mark(&mut self, row: u32) {
        if let Some(place) = self.row(row).map(|of| of.place) {
            self.stale.insert(place);
        }
    }

    /// An asset's number here.
    #[must_use]
    pub fn asset(&self, row: u32) -> Option<u64> {
        self.row(row).map(|of| of.asset)
    }

    /// The open issues on some assets, by their numbers.
    #[must_use]
    pub fn on_assets(&self, assets: &HashSet<u64>) -> Vec<u32> {
        let wanted = Sieve::of(assets);
        let numbered = (0_u32..).zip(&self.rows);
        let found = numbered.filter(|(_, row)| row.is_some_and(|row| wanted.holds(row.asset)));
        found.map(|(number, _)| number).collect()
    }

    /// An issue's key.
    #[must_use]
    pub fn key(&self, row: u32) -> Option<IssueKey> {
        self.row(row).map(|of| of.key)
    }

    /// The rows of all open issues.
    pub fn open(&self) -> impl Iterator<Item = u32> {
        let numbered = (0_u32..).zip(&self.rows);
        numbered.filter(|(_, row)| row.is_some()).map(|(number, _)| number)
    }

    /// Detections that are to be learned.
    #[must_use]
    pub fn unknown(&self) -> Vec<u32> {
        let mut rows: Vec<u32> = self.unknown.iter().copied().collect();
        rows.sort_unstable();
        rows
    }

    /// Whether an issue's findings are known here.
    #[must_use]
    pub fn knows(&self, row: u32) -> bool {
        self.near.contains_key(&row)
    }

    /// A candidate with all that its findings say.
    pub fn learned(&mut self, row: u32, mut candidate: Candidate) {
        let Some(of) = self.row(row) else { return };
        candidate.rate(of.score);
        self.attacks_changed = true;
        if candidate.is_detection() {
            self.unknown.remove(&row);
            self.reach_changed = true;
        }
        self.near.insert(row, candidate);
    }

    /// Issues that are no detections and stand where detections lead, as far as they are to be
    /// learned. All detections must be.
    pub fn wanted(&mut self) -> Vec<u32> {
        let fresh = std::mem::take(&mut self.fresh);
        if !std::mem::take(&mut self.reach_changed) {
            let reached = |row: &u32| !self.knows(*row) && self.is_reached(*row);
            return fresh.into_iter().filter(reached).collect();
        }
        let detections = || self.near.values().filter_map(|of| Some((of, of.seen.as_deref()?)));
        let names = detections().flat_map(|(candidate, seen)| {
            std::iter::once(&candidate.asset).chain(&seen.related).chain(&seen.identities)
        });
        self.reach = names.map(|name| self.hasher.hash_one(name)).collect();
        let is_left = |row: &u32| !self.is_detection(*row) && !self.is_reached(*row);
        let left: Vec<u32> = self.near.keys().copied().filter(is_left).collect();
        for row in left {
            self.near.remove(&row);
        }
        if self.reach.is_empty() {
            return Vec::new();
        }
        let all = 0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        all.filter(|row| self.is_reached(*row) && !self.knows(*row)).collect()
    }

    fn is_detection(&self, row: u32) -> bool {
        self.row(row).is_some_and(|of| of.is_detection)
    }

    fn is_reached(&self, row: u32) -> bool {
        let Some(of) = self.row(row).filter(|of| of.is_reachable) else { return false };
        let named = || self.names.get(&row)?.iter().find(|name| self.reach.contains(name));
        self.reach.contains(&of.asset) || named().is_some()
    }

    /// The places at which detections happened.
    #[must_use]
    pub fn attacked(&self) -> Attacked {
        Attacked::by(self.near.values())
    }

    /// Puts every issue that changed into its story, with what people decided.
    pub fn settle(&mut self, decisions: Decisions) {
        let before = (self.decisions != decisions)
            .then(|| std::mem::replace(&mut self.decisions, decisions));
        if self.attacks_changed || before.is_some() {
            self.find_attacks();
        }
        if let Some(before) = before {
            self.decide(&before);
        }
        for row in std::mem::take(&mut self.moved) {
            let Some(place) = self.place_of(row) else { continue };
            let place = self.anchors.number(place);
            let Some(of) = self.rows.get_mut(slot(row)).and_then(Option::as_mut) else { continue };
            self.stale.extend([of.place, place]);
            of.place = place;
        }
    }

    /// Where an issue stands.
    fn place_of(&self, row: u32) -> Option<IncidentKey> {
        let of = self.row(row)?;
        let attack = of.attack.and_then(|id| self.attack_keys.get(slot(id))).copied();
        let own = attack.or_else(|| Some(self.anchors.get(of.natural)?.key))?;
        Some(self.decisions.place(of.key, own))
    }

    fn find_attacks(&mut self) {
        self.attacks_changed = false;
        let mut near: Vec<(&Candidate, u32)> = self.near.iter().map(|(r, c)| (c, *r)).collect();
        near.sort_unstable_by_key(|(candidate, _)| candidate.key);
        let candidates: Vec<&Candidate> = near.iter().map(|(candidate, _)| *candidate).collect();
        let attacks = attack::attacks(&candidates, &self.decisions);
        let of = near.iter().zip(&attacks.of);
        let mut of: Vec<(u32, Option<u32>)> = of
            .filter_map(|((_, row), id)| Some((*row, Some(u32::try_from((*id)?).ok()?))))
            .collect();
        of.sort_unstable();
        let attacked: Vec<u32> = of.iter().map(|(row, _)| *row).collect();
        let left = std::mem::replace(&mut self.attacked, attacked);
        let left = left.into_iter().filter(|row| self.attacked.binary_search(row).is_err());
        of.extend(left.map(|row| (row, None)));
        let mut same: HashMap<(u32, u32), bool> = HashMap::new();
        for (row, new) in of {
            let Some(known) = self.rows.get_mut(slot(row)).and_then(Option::as_mut) else {
                continue;
            };
            let is_same = |old: u32, new: u32| {
                self.attacks.list.get(slot(old)) == attacks.list.get(slot(new))
            };
            let stays = match (std::mem::replace(&mut known.attack, new), new) {
                (Some(old), Some(new)) => {
                    *same.entry((old, new)).or_insert_with(|| is_same(old, new))
                }
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if !stays {
                self.moved.push(row);
            }
        }
        let key = |of: &Attack| key_of(attack_kind(of), &of.anchor);
        self.attack_keys = attacks.list.iter().map(key).collect();
        self.attacks = attacks;
    }

    /// Moves what other decisions move, and marks what they speak of.
    fn decide(&mut self, before: &Decisions) {
        let all = 0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        for number in all {
            let Some(row) = self.row(number) else { continue };
            let stands_in = self.anchors.get(row.place).map(|anchor| anchor.key);
            let pinned = before.speaks_of(row.key) || self.decisions.speaks_of(row.key);
            if pinned || self.place_of(number) != stands_in {
                self.moved.push(number);
            }
        }
        for key in before.differs(&self.decisions) {
            self.stale.insert(self.anchors.number(key));
        }
    }

    /// The stories that are to be told again, with their issues.
    pub fn gather(&mut self) -> Vec<Gathered> {
        let mut stale = std::mem::take(&mut self.stale);
        stale.remove(&NOWHERE);
        if stale.is_empty() {
            return Vec::new();
        }
        let mut stale: Vec<u32> = stale.into_iter().collect();
        stale.sort_unstable();
        // Where each stands among those, so that an issue costs one look.
        let mut at: Vec<u32> = vec![NOWHERE; self.anchors.len()];
        let mut found: Vec<Vec<u32>> = vec![Vec::new(); stale.len()];
        for (number, place) in (0_u32..).zip(&stale) {
            if let Some(at) = at.get_mut(slot(*place)) {
                *at = number;
            }
        }
        for (number, row) in (0_u32..).zip(&self.rows) {
            let Some(at) = row.and_then(|row| at.get(slot(row.place)).copied()) else { continue };
            if let Some(rows) = found.get_mut(slot(at)) {
                rows.push(number);
            }
        }
        let gathered = stale
            .into_iter()
            .zip(found)
            .filter_map(|(place, rows)| Some(Gathered { key: self.anchors.get(place)?.key, rows }));
        gathered.collect()
    }

    /// Tells a story; `None` where it has no issue any more.
    #[must_use]
    pub fn tell(&self, gathered: Gathered) -> Option<Told> {
        let Gathered { key, rows } = gathered;
        let mut story = Story::of(rows.len());
        for number in rows {
            let Some(row) = self.row(number) else { continue };
            let part = Part {
                key: row.key,
                row: number,
                asset: row.asset,
                score: row.score,
                severity: row.severity,
                is_detection: row.is_detection,
                is_split: self.decisions.is_split(row.key),
            };
            story.add(part, self.own(row)?, key);
        }
        story.tell(key, self.decisions.about(key), &self.attacks.list)
    }

    fn own(&self, row: &Row) -> Option<Own<'_>> {
        if let Some(id) = row.attack.map(slot) {
            let (of, key) = (self.attacks.list.get(id)?, *self.attack_keys.get(id)?);
            let anchor = Cow::Borrowed(of.anchor.as_str());
            return Some(Own { kind: attack_kind(of), anchor, key, attack: Some(id) });
        }
        let anchor = self.anchors.get(row.natural)?;
        let text = Cow::Borrowed(&*anchor.text);
        Some(Own { kind: anchor.kind, anchor: text, key: anchor.key, attack: None })
    }
}
