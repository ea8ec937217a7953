//! Issues that one person should look at together.
//!
//! Every open issue belongs to exactly one incident, by the first of these that applies:
//!
//! 1. a person put it there;
//! 2. it is part of an attack: a detection; a known weakness that a detection's evidence points
//!    at; or what plausibly helped, on the asset, on what it runs, or of the identity that acted;
//! 3. its weakness is exploited in the wild: one story for each weakness, wherever it is;
//! 4. one fix closes it and others: a change to one block of code, a rebuilt image, an upgraded
//!    package;
//! 5. the same fault stands many times in one account: one change, repeated;
//! 6. it stands alone.
//!
//! Detections are one attack when they are near in time on one asset or container, of one process
//! tree, of one campaign, or use the same weakness. What is open on an attacked asset and neither
//! is used nor helps stays out of the story.

mod anchors;
mod attack;
mod campaign;
mod candidate;
#[cfg(test)]
mod changes;
mod decide;
mod exploit;
mod groups;
mod helped;
mod often;
mod place;
mod seen;
mod shared;
mod standing;
mod story;
mod tree;
mod words;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use quell_model::{Incident, IncidentKey, IssueKey};

use attack::Attacks;
pub use candidate::{Candidate, StoredCandidate};
pub use decide::{Decisions, Join, Pin};
pub use shared::Shared;
pub use standing::{Gathered, Standing};
pub use story::Told;
use story::{Own, Part, Story, attack_kind, key_of, natural};

/// Assets and images at which detections happened, whose weaknesses are worth a closer look.
#[derive(Debug, Default)]
pub struct Attacked(HashSet<String>);

impl Attacked {
    /// The places of those candidates that are detections, once they have learned.
    #[must_use]
    pub fn by<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Self {
        let mut places = HashSet::new();
        for candidate in candidates {
            let Some(seen) = candidate.seen.as_deref() else { continue };
            places.insert(candidate.asset.clone());
            places.extend(seen.related.iter().cloned());
        }
        Self(places)
    }

    /// Whether a candidate's asset is one of them.
    #[must_use]
    pub fn holds(&self, candidate: &Candidate) -> bool {
        self.0.contains(&candidate.asset) || candidate.names.iter().any(|n| self.0.contains(n))
    }
}

/// Builds the incidents of all open issues, riskiest first. With `only`, those that one of these
/// issues belongs to; and of these, where nothing was seen to happen and no person decided, the
/// part that these issues are.
#[must_use]
pub fn build_incidents<'a>(
    candidates: impl Iterator<Item = &'a Candidate>,
    decisions: &Decisions,
    only: Option<&HashSet<IssueKey>>,
) -> Vec<Incident> {
    let mut candidates: Vec<&Candidate> = candidates.collect();
    // The order of keys, so that no order of input matters.
    candidates.sort_by_key(|candidate| candidate.key);
    let attacks = attack::attacks(&candidates, decisions);
    let stories = stories(&candidates, &attacks, decisions);
    let mut incidents: Vec<Incident> = stories
        .into_iter()
        .filter_map(|(key, mut story)| {
            let by_hand = decisions.about(key);
            if let Some(only) = only {
                let told_whole =
                    story.kinds.iter().any(|kind| kind.is_attack()) || !by_hand.is_empty();
                if !told_whole {
                    story.members.retain(|member| only.contains(&member.key));
                } else if !story.members.iter().any(|member| only.contains(&member.key)) {
                    return None;
                }
            }
            Some(story.tell(key, by_hand, &attacks.list)?.incident)
        })
        .collect();
    incidents.sort_by(|a, b| {
        let rank = |i: &Incident| (i.score, std::cmp::Reverse(i.kind), i.severity);
        rank(b).cmp(&rank(a)).then(a.key.cmp(&b.key))
    });
    incidents
}

fn stories<'c>(
    candidates: &[&'c Candidate],
    attacks: &Attacks,
    decisions: &Decisions,
) -> BTreeMap<IncidentKey, Story<'c>> {
    let hasher = RandomState::new();
    let mut stories: BTreeMap<IncidentKey, Story<'c>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let attack = attacks.of.get(at).copied().flatten();
        let (kind, anchor) = match attack.and_then(|id| attacks.list.get(id)) {
            Some(attack) => (attack_kind(attack), Cow::Owned(attack.anchor.clone())),
            None => natural(candidate),
        };
        let key = key_of(kind, &anchor);
        let stands_in = decisions.place(candidate.key, key);
        let part = Part {
            key: candidate.key,
            row: 0,
            asset: hasher.hash_one(&candidate.asset),
            score: candidate.score,
            severity: candidate.severity,
            is_detection: candidate.is_detection(),
            is_split: decisions.is_split(candidate.key),
        };
        let own = Own { kind, anchor, key, attack };
        stories.entry(stands_in).or_default().add(part, own, stands_in);
    }
    stories
}
