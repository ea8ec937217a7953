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

mod attack;
mod campaign;
mod candidate;
mod decide;
mod exploit;
mod groups;
mod helped;
mod place;
mod seen;
mod shared;
mod tree;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use quell_model::{
    Claim, HandAction, HandMade, Incident, IncidentKey, IncidentKind, IssueKey, KeyHasher, Severity,
};

use attack::{Attack, Attacks, claim};
pub use candidate::{Candidate, StoredCandidate};
pub use decide::{Decisions, Join, Pin};
pub use shared::Shared;

/// Most points that a story adds to its worst issue.
const STORY_POINTS: u32 = 100;
/// Points that exploitation adds, so that it stands above a detection and a weakness alone.
const EXPLOITATION_POINTS: u32 = 250;

/// Issues that a reason names one by one; the incident lists all of them.
const MOST_CITED: usize = 100;

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

/// What is told together, before it is an incident.
struct Story<'c> {
    kinds: BTreeSet<IncidentKind>,
    /// What the story itself is, unless only a person made it.
    natural: Option<(IncidentKind, String)>,
    members: Vec<&'c Candidate>,
    attacks: BTreeSet<usize>,
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
            (!story.members.is_empty()).then(|| incident(key, story, by_hand, &attacks.list))
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
    let mut stories: BTreeMap<IncidentKey, Story<'c>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let id = attacks.of.get(at).copied().flatten();
        let (kind, anchor) = match id.and_then(|id| attacks.list.get(id)) {
            Some(attack) => (attack_kind(attack), attack.anchor.clone()),
            None => story(candidate),
        };
        let own = key_of(kind, &anchor);
        let key = decisions.place(candidate.key, own);
        let is_split = decisions.is_split(candidate.key);
        let story = stories.entry(key).or_insert_with(|| Story {
            kinds: BTreeSet::new(),
            natural: None,
            members: Vec::new(),
            attacks: BTreeSet::new(),
        });
        // What a person took out leaves behind what its story was; what a person joined brings it
        // along, but only a detection can bring an attack.
        match (key == own, is_split, candidate.is_detection()) {
            (false, true, true) => {
                story.kinds.insert(IncidentKind::DetectionOnAsset);
            }
            (false, true, false) => {}
            (false, false, false) if kind.is_attack() => {}
            (true, _, _) | (false, false, _) => {
                story.kinds.insert(kind);
                story.attacks.extend(id);
            }
        }
        if key == own {
            story.natural = Some((kind, anchor));
        }
        story.members.push(candidate);
    }
    stories
}

/// The key follows from the story, not from how many issues it has today, nor from what an
/// attack turns out to be.
fn key_of(kind: IncidentKind, anchor: &str) -> IncidentKey {
    let kind = if kind.is_attack() { IncidentKind::DetectionOnAsset } else { kind };
    KeyHasher::new("incident").part(kind.as_str()).part(anchor).finish()
}

const fn attack_kind(attack: &Attack) -> IncidentKind {
    if attack.is_exploitation {
        IncidentKind::Exploitation
    } else if attack.is_campaign {
        IncidentKind::Campaign
    } else if attack.is_tree {
        IncidentKind::ProcessTree
    } else {
        IncidentKind::DetectionOnAsset
    }
}

fn story(candidate: &Candidate) -> (IncidentKind, String) {
    if let Some(weakness) = candidate.weakness.as_deref().filter(|weakness| weakness.exploited) {
        return (IncidentKind::ExploitedVulnerability, weakness.id.clone());
    }
    if let Some(fix) = &candidate.shared_fix {
        return (IncidentKind::SharedFix, fix.clone());
    }
    (IncidentKind::SameFault, format!("{}@{}", candidate.fault, candidate.account))
}

fn incident(
    key: IncidentKey,
    story: Story<'_>,
    by_hand: Vec<HandMade>,
    attacks: &[Attack],
) -> Incident {
    let kind = settled_kind(&story, !by_hand.is_empty());
    let mut because = because(kind, &story);
    if story.members.len() > 1 || kind == IncidentKind::Exploitation {
        because.extend(
            story.attacks.iter().filter_map(|id| attacks.get(*id)).flat_map(|a| a.because.clone()),
        );
    }
    because.extend(by_hand.iter().map(hand_claim));
    let mut members = story.members;
    members.sort_by(|a, b| (b.score, a.key).cmp(&(a.score, b.key)));
    let worst = members.first().map_or(0, |m| m.score);
    Incident {
        key,
        kind,
        severity: members.iter().map(|m| m.severity).max().unwrap_or(Severity::Unknown),
        score: (worst + points(kind, members.len())).min(1000),
        because,
        by_hand,
        issues: members.iter().map(|m| m.key).collect(),
    }
}

/// What the story adds to its worst issue.
fn points(kind: IncidentKind, count: usize) -> u32 {
    let more = u32::try_from(count).unwrap_or(u32::MAX).saturating_sub(1);
    let each = more.saturating_mul(25).min(STORY_POINTS);
    match kind {
        IncidentKind::Single => 0,
        IncidentKind::SameFault | IncidentKind::SharedFix | IncidentKind::ByHand => {
            let doublings = more.checked_ilog2().map_or(0, |log| log + 1);
            (doublings * 5).min(STORY_POINTS / 2)
        }
        IncidentKind::Exploitation => each + EXPLOITATION_POINTS,
        IncidentKind::Campaign
        | IncidentKind::DetectionOnAsset
        | IncidentKind::ProcessTree
        | IncidentKind::ExploitedVulnerability => each,
    }
}

/// What the story is, once its members are known.
fn settled_kind(story: &Story<'_>, is_by_hand: bool) -> IncidentKind {
    let natural = story.natural.as_ref().map(|(kind, _)| *kind);
    let only_detections = story.members.iter().all(|member| member.is_detection());
    let attack = story.kinds.iter().copied().find(|kind| kind.is_attack());
    match attack.or(natural) {
        Some(kind @ (IncidentKind::ExploitedVulnerability | IncidentKind::Exploitation)) => kind,
        _ if is_by_hand && (story.kinds.len() > 1 || attack.or(natural).is_none()) => {
            attack.unwrap_or(IncidentKind::ByHand)
        }
        None => IncidentKind::ByHand,
        Some(_) if story.members.len() == 1 => IncidentKind::Single,
        Some(IncidentKind::ProcessTree) if !only_detections => IncidentKind::DetectionOnAsset,
        Some(kind) => kind,
    }
}

fn because(kind: IncidentKind, story: &Story<'_>) -> Vec<Claim> {
    let members = &story.members;
    let count = members.len();
    let anchor = match &story.natural {
        Some((natural, anchor)) if *natural == kind => anchor.as_str(),
        _ => "",
    };
    let reason = match kind {
        IncidentKind::Single
        | IncidentKind::ByHand
        | IncidentKind::Exploitation
        | IncidentKind::Campaign
        | IncidentKind::ProcessTree
        | IncidentKind::DetectionOnAsset => return Vec::new(),
        IncidentKind::ExploitedVulnerability => format!(
            "{anchor} is exploited in the wild; it stands on {count} assets or packages here"
        ),
        IncidentKind::SharedFix => match anchor.split_once(':') {
            Some(("rebuild", image)) => {
                format!("rebuilding the image `{image}` with updated packages closes all {count}")
            }
            Some(("upgrade", asset)) => {
                format!("updating the packages of `{asset}` closes all {count}")
            }
            _ => format!("one change closes all {count}"),
        },
        IncidentKind::SameFault => {
            let assets: BTreeSet<&str> = members.iter().map(|m| m.asset.as_str()).collect();
            match assets.len() {
                1 => format!("the same fault stands {count} times on one asset"),
                n => format!("the same fault stands on {n} assets of one account"),
            }
        }
    };
    let cited = members.iter().take(MOST_CITED);
    vec![claim(reason, cited.map(|member| format!("issue:{}", member.key)).collect())]
}

fn hand_claim(hand: &HandMade) -> Claim {
    let HandMade { at, action, other, by } = hand;
    let day = at.strftime("%Y-%m-%d");
    let text = match action {
        HandAction::Joined => {
            format!("joined by hand on {day} by {by}: incident {}", other.short())
        }
        HandAction::Split => {
            format!("taken out of incident {} by hand on {day} by {by}", other.short())
        }
    };
    claim(text, vec![format!("incident:{other}")])
}
