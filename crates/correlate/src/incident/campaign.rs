//! One actor doing one thing, or one file, on several assets within a day.

use std::collections::{BTreeMap, BTreeSet};

use quell_model::{Claim, FindingKey};

use super::attack::{Spotted, cited, claim};
use super::often::Often;
use super::seen::Sighting;

/// Fewer assets are no campaign.
const LEAST_ASSETS: usize = 3;
const WITHIN_SECS: i64 = 24 * 3600;
/// Actors and acts of one finding that are compared.
const MOST: usize = 16;

/// Detections of one campaign.
pub(super) struct Campaign {
    pub(super) members: Vec<usize>,
    pub(super) claim: Claim,
}

/// What the detections of a campaign have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Feature {
    /// `address:` or `identity:` with its token; empty for a file.
    who: String,
    /// In words.
    what: String,
}

struct Event<'s> {
    time: i64,
    asset: &'s str,
    number: usize,
    finding: FindingKey,
}

/// The campaigns among detections.
pub(super) fn campaigns(spotted: &[Spotted<'_>]) -> Vec<Campaign> {
    let mut features: BTreeMap<Feature, Vec<Event<'_>>> = BTreeMap::new();
    let mut often = Often::default();
    for (number, Spotted { seen, .. }) in spotted.iter().enumerate() {
        let timed = seen.sightings.iter().filter(|sighting| sighting.time.is_some());
        timed.flat_map(actors_of).for_each(|who| often.count(&who, number));
    }
    for (number, Spotted { candidate, seen, .. }) in spotted.iter().enumerate() {
        for sighting in &seen.sightings {
            let Some(time) = sighting.time else { continue };
            // Most are about somebody, and something, that no other detection names.
            if !actors_of(sighting).any(|who| often.holds(&who)) {
                continue;
            }
            for feature in features_of(sighting) {
                let asset = candidate.asset.as_str();
                let event = Event { time, asset, number, finding: sighting.finding };
                features.entry(feature).or_default().push(event);
            }
        }
    }
    features.into_iter().flat_map(|(feature, events)| of_feature(&feature, events)).collect()
}

/// Who acted in a finding, and which files, in short.
fn actors_of(sighting: &Sighting) -> impl Iterator<Item = (u8, &str)> {
    let addresses = sighting.addresses.iter().map(|address| (0, address.as_str()));
    let principal = sighting.principal.iter().map(|token| (1, token.as_str()));
    addresses.chain(principal).chain(sighting.hashes.iter().map(|hash| (2, hash.as_str())))
}

fn features_of(sighting: &Sighting) -> Vec<Feature> {
    let addresses = sighting.addresses.iter().map(|address| format!("address:{address}"));
    let principals = sighting.principal.iter().map(|token| format!("identity:{token}"));
    let rule = std::iter::once(format!("rule `{}`", sighting.rule));
    let techniques = sighting.techniques.iter().map(|id| format!("technique {id}"));
    let acts: Vec<String> = rule.chain(techniques).take(MOST).collect();
    let mut features: Vec<Feature> = addresses
        .chain(principals)
        .take(MOST)
        .flat_map(|who| {
            acts.iter().map(move |what| Feature { who: who.clone(), what: what.clone() })
        })
        .collect();
    features.extend(
        sighting.hashes.iter().map(|hash| Feature {
            who: String::new(),
            what: format!("the file with hash `{hash}`"),
        }),
    );
    features
}

/// The runs of events in which every event lies in a day with enough assets.
fn of_feature(feature: &Feature, mut events: Vec<Event<'_>>) -> Vec<Campaign> {
    events.sort_by_key(|event| (event.time, event.number, event.finding));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut start = 0;
    // Ranges of events, first and last, that fill a day with enough assets.
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        *counts.entry(event.asset).or_default() += 1;
        while let Some(oldest) = events.get(start).filter(|o| event.time - o.time > WITHIN_SECS) {
            let left = counts.get(oldest.asset).map_or(0, |count| count.saturating_sub(1));
            match left {
                0 => counts.remove(oldest.asset),
                left => counts.insert(oldest.asset, left),
            };
            start += 1;
        }
        if counts.len() < LEAST_ASSETS {
            continue;
        }
        match runs.last_mut().filter(|(_, last)| start <= *last) {
            Some((_, last)) => *last = at,
            None => runs.push((start, at)),
        }
    }
    let campaign = |(first, last): (usize, usize)| {
        let of = events.get(first..=last)?;
        let assets: BTreeSet<&str> = of.iter().map(|event| event.asset).collect();
        let members: BTreeSet<usize> = of.iter().map(|event| event.number).collect();
        Some(Campaign {
            claim: claim(
                sentence(feature, assets.len()),
                of.iter().map(|event| cited(event.finding)).collect(),
            ),
            members: members.into_iter().collect(),
        })
    };
    runs.into_iter().filter_map(campaign).collect()
}

fn sentence(feature: &Feature, assets: usize) -> String {
    let Feature { who, what } = feature;
    let seen = format!("was seen on {assets} assets, three or more of them within 24 hours");
    match who.split_once(':') {
        Some(("address", address)) => format!("address `{address}` with {what} {seen}"),
        Some((_, identity)) => {
            let name = identity.rsplit([':', '/']).next().unwrap_or(identity);
            format!("identity `{name}` with {what} {seen}")
        }
        None => format!("{what} {seen}"),
    }
}
