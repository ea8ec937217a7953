//! Which detections are one attack, and which open issues belong to it.
//!
//! Everything is looked up by asset, process, address or identity, never pair by pair, so the
//! time grows with the number of issues and little more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use quell_model::{Claim, FindingKey, IssueKey, Severity, Untrusted};

use super::campaign;
use super::candidate::Candidate;
use super::decide::Decisions;
use super::exploit::{self, Pointer, Strength};
use super::groups::Groups;
use super::helped;
use super::place::is_container;
use super::seen::Seen;
use super::tree;

/// Detections on one asset that are further apart are two stories.
const STORY_SECS: i64 = 72 * 3600;
/// Detections of one place that are held against its weaknesses, other than by name.
const MOST_EXAMINED: usize = 64;
/// Records that one sentence cites.
const MOST_CITED: usize = 12;

/// The attacks among open issues.
#[derive(Debug, Default)]
pub(super) struct Attacks {
    /// For each candidate the attack it belongs to.
    pub(super) of: Vec<Option<usize>>,
    pub(super) list: Vec<Attack>,
}

/// One attack.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attack {
    /// The first of its detections, by key: attacks stand in this order.
    pub(super) first: Option<IssueKey>,
    /// What stays the same while the attack does: the place where it was first seen.
    pub(super) anchor: String,
    /// Whether it uses a known weakness.
    pub(super) is_exploitation: bool,
    pub(super) is_campaign: bool,
    /// Whether all its detections are of one process tree.
    pub(super) is_tree: bool,
    pub(super) because: Vec<Claim>,
}

/// A detection among the candidates.
pub(super) struct Spotted<'c> {
    /// Its place among the candidates.
    pub(super) at: usize,
    pub(super) candidate: &'c Candidate,
    pub(super) seen: &'c Seen,
}

/// Why detections are joined, with one of them.
pub(super) struct Reason {
    pub(super) of: usize,
    pub(super) claim: Claim,
}

/// What is found out step by step. Numbers are those of the detections.
pub(super) struct Work<'c> {
    pub(super) candidates: &'c [&'c Candidate],
    pub(super) decisions: &'c Decisions,
    pub(super) spotted: Vec<Spotted<'c>>,
    groups: Groups,
    /// Where each was first seen, in words that tell two stories of one asset apart.
    anchors: Vec<String>,
    reasons: Vec<Reason>,
    /// Sets of detections for which a sentence of a kind stands already.
    told: BTreeSet<(&'static str, Vec<usize>)>,
    /// Weaknesses that are used, with the detections that say so.
    used: BTreeMap<usize, BTreeMap<usize, Pointer>>,
    /// Assets that stand behind a name which many images may have.
    holders: HashMap<&'c str, BTreeSet<&'c str>>,
}

/// Finds the attacks. Candidates stand in the order of their keys. What a person took out of its
/// story is neither a weakness in use nor a help.
pub(super) fn attacks(candidates: &[&Candidate], decisions: &Decisions) -> Attacks {
    let spot = |(at, c): (usize, &&'_ Candidate)| c.seen.is_some().then_some(at);
    let found: Vec<usize> = candidates.iter().enumerate().filter_map(spot).collect();
    if found.is_empty() {
        return Attacks { of: vec![None; candidates.len()], list: Vec::new() };
    }
    let spotted: Vec<Spotted<'_>> = found
        .into_iter()
        .filter_map(|at| {
            let candidate: &Candidate = candidates.get(at)?;
            Some(Spotted { at, candidate, seen: candidate.seen.as_deref()? })
        })
        .collect();
    let mut work = Work {
        candidates,
        decisions,
        groups: Groups::new(spotted.len()),
        anchors: spotted.iter().map(|s| s.candidate.asset.clone()).collect(),
        spotted,
        reasons: Vec::new(),
        told: BTreeSet::new(),
        used: BTreeMap::new(),
        holders: holders(candidates),
    };
    let campaigns = campaign::campaigns(&work.spotted);
    let in_campaign: BTreeSet<usize> =
        campaigns.iter().flat_map(|c| c.members.iter().copied()).collect();
    work.join_places(&in_campaign);
    let mut trees = Groups::new(work.spotted.len());
    for chain in tree::chains(&work.spotted) {
        work.join("tree", &chain.members, chain.claim);
        let mut members = chain.members.iter();
        let first = members.next().copied().unwrap_or_default();
        members.for_each(|other| trees.join(first, *other));
    }
    for campaign in campaigns {
        work.join("campaign", &campaign.members, campaign.claim);
    }
    work.join_weaknesses();
    work.finish(&mut trees, &in_campaign)
}

fn holders<'c>(candidates: &[&'c Candidate]) -> HashMap<&'c str, BTreeSet<&'c str>> {
    let mut holders: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for candidate in candidates {
        for name in candidate.names.iter().filter(|name| is_shared(name)) {
            holders.entry(name).or_default().insert(&candidate.asset);
        }
    }
    holders
}

/// Whether several assets may have this name.
fn is_shared(name: &str) -> bool {
    name.starts_with("repository:") || name.starts_with("untagged:")
}

impl<'c> Work<'c> {
    /// Joins detections. Of several reasons of one kind for the same set one is told.
    fn join(&mut self, kind: &'static str, members: &[usize], claim: Claim) {
        let Some((first, others)) = members.split_first() else { return };
        if others.is_empty() {
            return;
        }
        others.iter().for_each(|other| self.groups.join(*first, *other));
        if self.told.insert((kind, members.to_vec())) {
            self.reasons.push(Reason { of: *first, claim });
        }
    }

    /// Joins detections of one place that are near in time. What knocks on many doors and is of
    /// little weight is no part of what happened behind one of them.
    fn join_places(&mut self, in_campaign: &BTreeSet<usize>) {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, Spotted { candidate, seen, .. }) in self.spotted.iter().enumerate() {
            let knocks = in_campaign.contains(&number) && candidate.severity <= Severity::Low;
            if let Some(anchor) = self.anchors.get_mut(number).filter(|_| knocks) {
                *anchor = whole_place(candidate);
                continue;
            }
            for place in places_of(candidate, seen) {
                places.entry(place).or_default().push(number);
            }
        }
        for (place, mut numbers) in places {
            let span = |number: &usize| self.spotted.get(*number).and_then(|s| s.seen.span);
            numbers.sort_by_key(|number| (span(number), *number));
            let chains = chained(&numbers, span, STORY_SECS);
            for (order, mut chain) in chains.into_iter().enumerate() {
                self.name_chain(&place, order, &chain);
                chain.sort_unstable();
                self.join_chain(&chain, is_container(&place));
            }
        }
    }

    /// Most stand alone, of whom there is nothing to say.
    fn join_chain(&mut self, chain: &[usize], in_container: bool) {
        if chain.len() > 1 {
            let claim = self.place_claim(chain, in_container);
            self.join("place", chain, claim);
        }
    }

    /// The first story of a place has the place's name, so that a later one does not rename it.
    fn name_chain(&mut self, place: &str, order: usize, chain: &[usize]) {
        let is_own = |number: &usize| {
            self.spotted
                .get(*number)
                .is_some_and(|s| place == s.candidate.asset || place == whole_place(s.candidate))
        };
        let start = chain.first().and_then(|n| self.spotted.get(*n)?.seen.span).map(|span| span.0);
        let name = match (order, start) {
            (0, _) => place.to_owned(),
            (_, Some(start)) => format!("{place}@{start}"),
            (_, None) => format!("{place}@"),
        };
        let own: Vec<usize> = chain.iter().copied().filter(|n| is_own(n)).collect();
        for number in own {
            if let Some(anchor) = self.anchors.get_mut(number) {
                anchor.clone_from(&name);
            }
        }
    }

    fn place_claim(&self, chain: &[usize], in_container: bool) -> Claim {
        let members = || chain.iter().filter_map(|number| self.spotted.get(*number));
        let assets: BTreeSet<&str> = members().map(|s| s.candidate.asset.as_str()).collect();
        let names: Vec<String> = assets.iter().take(3).map(|a| format!("`{a}`")).collect();
        let text = match assets.len() {
            1 => format!("{} detections were made on {} within days", chain.len(), names.join("")),
            _ => {
                let place = if in_container { "in one container" } else { "on one asset" };
                let (count, names) = (chain.len(), names.join(", "));
                format!("{count} detections were made {place}, seen as {names}")
            }
        };
        claim(text, members().map(|s| format!("issue:{}", s.candidate.key)).collect())
    }

    /// Joins weaknesses to the detections that point at them, and such detections to one another.
    fn join_weaknesses(&mut self) {
        let mut near: BTreeMap<&str, Near<'_>> = BTreeMap::new();
        for (number, Spotted { candidate, seen, .. }) in self.spotted.iter().enumerate() {
            near.entry(&candidate.asset).or_default().add(number, seen);
            for related in seen.related.iter().filter(|r| **r != candidate.asset) {
                near.entry(related).or_default().add(number, seen);
            }
        }
        // All that happened to one asset in one attack is judged together: where one record names
        // the weakness, hints at others are none.
        let mut pointers: BTreeMap<(usize, &str), Vec<Pointed>> = BTreeMap::new();
        let is_free = |c: &Candidate| c.weakness.is_some() && !self.decisions.is_split(c.key);
        let weak = self.candidates.iter().enumerate().filter(|(_, c)| is_free(c));
        for (weak, candidate) in weak {
            for (by, pointer) in self.pointers(candidate, &near) {
                let asset = self.spotted.get(by).map_or("", |s| s.candidate.asset.as_str());
                let group = (self.groups.root(by), asset);
                pointers.entry(group).or_default().push(Pointed { weak, by, pointer });
            }
        }
        for found in pointers.into_values() {
            for Pointed { weak, by, pointer } in strongest(self.candidates, found) {
                self.used.entry(weak).or_default().insert(by, pointer);
            }
        }
        for detections in self.used.values() {
            let Some(first) = detections.keys().next().copied() else { continue };
            detections.keys().for_each(|other| self.groups.join(first, *other));
        }
    }

    fn pointers(
        &self,
        weak: &Candidate,
        near: &BTreeMap<&str, Near<'_>>,
    ) -> BTreeMap<usize, Pointer> {
        let Some(weakness) = weak.weakness.as_deref() else { return BTreeMap::new() };
        let is_worth = exploit::is_worth(weak);
        let mut found: BTreeMap<usize, Pointer> = BTreeMap::new();
        let ids = || std::iter::once(&weakness.id).chain(&weakness.aliases).map(String::as_str);
        for place in self.tokens(weak).filter_map(|token| near.get(token)) {
            let hints = place.hints.iter().filter(|_| is_worth);
            let hints = hints.filter_map(|number| {
                let seen = self.spotted.get(*number)?.seen;
                Some((*number, exploit::pointer(seen, weakness)?))
            });
            found.extend(hints);
            let named = ids().filter_map(|id| place.named.get(id)).flatten().filter_map(|number| {
                Some((*number, exploit::named(self.spotted.get(*number)?.seen, weakness)?))
            });
            found.extend(named);
        }
        found
    }

    /// The names under which a record may mean a candidate's asset and no other.
    pub(super) fn tokens<'t>(&'t self, of: &'t Candidate) -> impl Iterator<Item = &'t str> {
        let is_telling = |name: &&str| {
            !is_shared(name) || self.holders.get(*name).is_some_and(|assets| assets.len() == 1)
        };
        let names = of.names.iter().map(String::as_str).filter(is_telling);
        std::iter::once(of.asset.as_str()).chain(names)
    }

    fn finish(mut self, trees: &mut Groups, in_campaign: &BTreeSet<usize>) -> Attacks {
        let mut numbers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for number in 0..self.spotted.len() {
            numbers.entry(self.groups.root(number)).or_default().push(number);
        }
        let mut attacks = Attacks { of: vec![None; self.candidates.len()], list: Vec::new() };
        let mut by_root: HashMap<usize, usize> = HashMap::new();
        for (root, members) in &numbers {
            by_root.insert(*root, attacks.list.len());
            for member in members.iter().filter_map(|number| self.spotted.get(*number)) {
                attacks.set(member.at, attacks.list.len());
            }
            let roots: BTreeSet<usize> = members.iter().map(|n| trees.root(*n)).collect();
            let first = members.first().and_then(|number| self.spotted.get(*number));
            attacks.list.push(Attack {
                first: first.map(|spotted| spotted.candidate.key),
                anchor: self.first_anchor(members),
                is_campaign: members.iter().any(|n| in_campaign.contains(n)),
                is_tree: members.len() > 1 && roots.len() == 1,
                ..Attack::default()
            });
        }
        let mut used: Vec<(usize, BTreeMap<usize, Pointer>)> =
            std::mem::take(&mut self.used).into_iter().collect();
        let score = |weak: usize| self.candidates.get(weak).map_or(0, |c| c.score);
        used.sort_by_key(|(weak, _)| (std::cmp::Reverse(score(*weak)), *weak));
        for (weak, detections) in used {
            let Some(number) = detections.keys().next().copied() else { continue };
            let Some(id) = by_root.get(&self.groups.root(number)).copied() else { continue };
            attacks.set(weak, id);
            let (Some(attack), Some(candidate)) =
                (attacks.list.get_mut(id), self.candidates.get(weak))
            else {
                continue;
            };
            attack.is_exploitation = true;
            attack.because.extend(exploit::use_claim(candidate, detections.values()));
        }
        for Reason { of, claim } in std::mem::take(&mut self.reasons) {
            let id = by_root.get(&self.groups.root(of)).copied();
            if let Some(attack) = id.and_then(|id| attacks.list.get_mut(id)) {
                attack.because.push(claim);
            }
        }
        helped::add(&self, &mut attacks);
        attacks
    }

    fn first_anchor(&self, members: &[usize]) -> String {
        let first = members.iter().filter_map(|number| {
            let start = self.spotted.get(*number)?.seen.span.map_or(i64::MAX, |span| span.0);
            Some((start, self.anchors.get(*number)?))
        });
        first.min().map(|(_, anchor)| anchor.clone()).unwrap_or_default()
    }
}

impl Attacks {
    pub(super) fn set(&mut self, candidate: usize, attack: usize) {
        if let Some(slot) = self.of.get_mut(candidate) {
            *slot = Some(attack);
        }
    }
}

/// The detections of one place.
#[derive(Default)]
struct Near<'c> {
    /// Those that may point at a weakness without naming it, the first of them.
    hints: Vec<usize>,
    /// The weaknesses that are named, by which.
    named: BTreeMap<&'c str, Vec<usize>>,
}

impl<'c> Near<'c> {
    fn add(&mut self, number: usize, seen: &'c Seen) {
        if self.hints.len() < MOST_EXAMINED && exploit::may_hint(seen) {
            self.hints.push(number);
        }
        let ids: BTreeSet<&str> =
            seen.sightings.iter().flat_map(|s| &s.named).map(|(id, _)| id.as_str()).collect();
        for id in ids {
            self.named.entry(id).or_default().push(number);
        }
    }
}

/// A weakness that a detection points at.
struct Pointed {
    weak: usize,
    by: usize,
    pointer: Pointer,
}

/// Of the weaknesses that detections point at, those they point at most strongly: the named ones,
/// else those that are exploited in the wild, else the rest.
fn strongest(candidates: &[&Candidate], found: Vec<Pointed>) -> Vec<Pointed> {
    let rank = |of: &Pointed| {
        let weakness = candidates.get(of.weak).and_then(|c| c.weakness.as_deref());
        let strength = of.pointer.strength;
        // Of named ones none is more so.
        let is_named = strength == Strength::Named;
        (is_named, is_named || weakness.is_some_and(|w| w.exploited), strength)
    };
    let most = found.iter().map(rank).max();
    found.into_iter().filter(|of| Some(rank(of)) == most).collect()
}

/// Runs of numbers, sorted by time, in which each begins at most `window` after what came before.
pub(super) fn chained(
    numbers: &[usize],
    span: impl Fn(&usize) -> Option<(i64, i64)>,
    window: i64,
) -> Vec<Vec<usize>> {
    let mut chains: Vec<Vec<usize>> = Vec::new();
    let mut until: Option<i64> = None;
    for number in numbers {
        let span = span(number);
        let goes_on = match (span, until) {
            (Some((start, _)), Some(until)) => start <= until.saturating_add(window),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        until = match (span, until) {
            (Some((_, end)), Some(until)) if goes_on => Some(end.max(until)),
            (span, _) => span.map(|(_, end)| end),
        };
        match chains.last_mut().filter(|_| goes_on) {
            Some(chain) => chain.push(*number),
            None => chains.push(vec![*number]),
        }
    }
    chains
}

/// Where a detection on a whole account or cluster stands: apart from those of other rules.
fn whole_place(candidate: &Candidate) -> String {
    format!("{}|{}", candidate.asset, candidate.fault)
}

fn places_of(candidate: &Candidate, seen: &Seen) -> Vec<String> {
    let mut places = seen.places.clone();
    if seen.is_wide {
        places.push(whole_place(candidate));
        let who = seen.sightings.iter().flat_map(|s| {
            s.addresses.iter().map(String::as_str).chain(s.principal.iter().map(String::as_str))
        });
        places.extend(who.map(|who| format!("{}|{who}", candidate.asset)));
    } else {
        places.push(candidate.asset.clone());
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// A sentence with the records that it rests on, the first of them.
pub(super) fn claim(text: String, mut evidence: Vec<String>) -> Claim {
    evidence.sort_unstable();
    evidence.dedup();
    evidence.truncate(MOST_CITED);
    Claim { text: Untrusted::from(text).capped(600), evidence }
}

/// A reference to a finding's detection.
pub(super) fn cited(finding: FindingKey) -> String {
    format!("finding:{finding}#detection")
}
