//! A story: what is told together, and what it comes to.

use std::borrow::Cow;
use std::collections::BTreeSet;

use quell_model::{
    Claim, HandAction, HandMade, Incident, IncidentKey, IncidentKind, IssueKey, KeyHasher, Severity,
};

use super::attack::{Attack, claim};
use super::candidate::Candidate;

/// Most points that a story adds to its worst issue.
const STORY_POINTS: u32 = 100;
/// Points that exploitation adds, so that it stands above a detection and a weakness alone.
const EXPLOITATION_POINTS: u32 = 250;

/// Issues that a reason names one by one; the incident lists all of them.
const MOST_CITED: usize = 100;

/// What a story needs of an issue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) key: IssueKey,
    /// Its row, where issues stand in rows.
    pub(super) row: u32,
    /// A hash of its asset's key.
    pub(super) asset: u64,
    pub(super) score: u32,
    pub(super) severity: Severity,
    pub(super) is_detection: bool,
    /// Whether a person took it out of its story.
    pub(super) is_split: bool,
}

/// Where an issue belongs by itself.
pub(super) struct Own<'s> {
    pub(super) kind: IncidentKind,
    pub(super) anchor: Cow<'s, str>,
    pub(super) key: IncidentKey,
    pub(super) attack: Option<usize>,
}

/// What is told together, before it is an incident.
#[derive(Default)]
pub(super) struct Story<'s> {
    pub(super) kinds: BTreeSet<IncidentKind>,
    /// What the story itself is, by the last of its issues that says so, unless only a person
    /// made it.
    natural: Option<(IssueKey, IncidentKind, Cow<'s, str>)>,
    pub(super) members: Vec<Part>,
    attacks: BTreeSet<usize>,
}

/// An incident, and where its issues are.
#[derive(Debug)]
pub struct Told {
    /// The incident.
    pub incident: Incident,
    /// The rows of its issues, in their order.
    pub rows: Box<[u32]>,
    /// On how many assets they are.
    pub assets: usize,
}

impl<'s> Story<'s> {
    /// A story of so many issues, which come later.
    pub(super) fn of(count: usize) -> Self {
        Self { members: Vec::with_capacity(count), ..Self::default() }
    }

    /// Adds an issue.
    pub(super) fn add(&mut self, part: Part, own: Own<'s>, stands_in: IncidentKey) {
        let Own { kind, anchor, key, attack } = own;
        // What a person took out leaves behind what its story was; what a person joined brings it
        // along, but only a detection can bring an attack.
        match (key == stands_in, part.is_split, part.is_detection) {
            (false, true, true) => {
                self.kinds.insert(IncidentKind::DetectionOnAsset);
            }
            (false, true, false) => {}
            (false, false, false) if kind.is_attack() => {}
            (true, _, _) | (false, false, _) => {
                self.kinds.insert(kind);
                self.attacks.extend(attack);
            }
        }
        let is_last = self.natural.as_ref().is_none_or(|(last, _, _)| *last < part.key);
        if key == stands_in && is_last {
            self.natural = Some((part.key, kind, anchor));
        }
        self.members.push(part);
    }

    /// The incident; `None` where it has no issue.
    pub(super) fn tell(
        mut self,
        key: IncidentKey,
        by_hand: Vec<HandMade>,
        attacks: &[Attack],
    ) -> Option<Told> {
        let kind = self.settled_kind(!by_hand.is_empty());
        let assets = self.assets();
        let mut because = self.because(kind, assets);
        if self.members.len() > 1 || kind == IncidentKind::Exploitation {
            let told = self.attacks.iter().filter_map(|id| attacks.get(*id));
            because.extend(told.flat_map(|attack| attack.because.clone()));
        }
        because.extend(by_hand.iter().map(hand_claim));
        self.members.sort_unstable_by_key(|part| (std::cmp::Reverse(part.score), part.key));
        let worst = self.members.first()?.score;
        let incident = Incident {
            key,
            kind,
            severity: self.members.iter().map(|m| m.severity).max().unwrap_or(Severity::Unknown),
            score: (worst + points(kind, self.members.len())).min(1000),
            because,
            by_hand,
            issues: self.members.iter().map(|m| m.key).collect(),
        };
        Some(Told { incident, rows: self.members.iter().map(|m| m.row).collect(), assets })
    }

    fn assets(&self) -> usize {
        if self.members.len() < 2 {
            return self.members.len();
        }
        let mut assets: Vec<u64> = self.members.iter().map(|part| part.asset).collect();
        assets.sort_unstable();
        assets.dedup();
        assets.len()
    }

    /// What the story is, once its members are known.
    fn settled_kind(&self, is_by_hand: bool) -> IncidentKind {
        let natural = self.natural.as_ref().map(|(_, kind, _)| *kind);
        let only_detections = self.members.iter().all(|member| member.is_detection);
        let attack = self.kinds.iter().copied().find(|kind| kind.is_attack());
        match attack.or(natural) {
            Some(kind @ (IncidentKind::ExploitedVulnerability | IncidentKind::Exploitation)) => {
                kind
            }
            _ if is_by_hand && (self.kinds.len() > 1 || attack.or(natural).is_none()) => {
                attack.unwrap_or(IncidentKind::ByHand)
            }
            None => IncidentKind::ByHand,
            Some(_) if self.members.len() == 1 => IncidentKind::Single,
            Some(IncidentKind::ProcessTree) if !only_detections => IncidentKind::DetectionOnAsset,
            Some(kind) => kind,
        }
    }

    fn because(&mut self, kind: IncidentKind, assets: usize) -> Vec<Claim> {
        let count = self.members.len();
        let anchor = match &self.natural {
            Some((_, natural, anchor)) if *natural == kind => anchor.as_ref(),
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
                    format!(
                        "rebuilding the image `{image}` with updated packages closes all {count}"
                    )
                }
                Some(("upgrade", asset)) => {
                    format!("updating the packages of `{asset}` closes all {count}")
                }
                _ => format!("one change closes all {count}"),
            },
            IncidentKind::SameFault if assets == 1 => {
                format!("the same fault stands {count} times on one asset")
            }
            IncidentKind::SameFault => {
                format!("the same fault stands on {assets} assets of one account")
            }
        };
        if count > MOST_CITED {
            // Those with the smallest keys, so that no order matters.
            self.members.select_nth_unstable_by_key(MOST_CITED, |member| member.key);
        }
        let cited = self.members.iter().take(MOST_CITED);
        vec![claim(reason, cited.map(|member| format!("issue:{}", member.key)).collect())]
    }
}

/// The key follows from the story, not from how many issues it has today, nor from what an
/// attack turns out to be.
pub(super) fn key_of(kind: IncidentKind, anchor: &str) -> IncidentKey {
    let kind = if kind.is_attack() { IncidentKind::DetectionOnAsset } else { kind };
    KeyHasher::new("incident").part(kind.as_str()).part(anchor).finish()
}

pub(super) const fn attack_kind(attack: &Attack) -> IncidentKind {
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

/// What holds an issue together with others where no attack does, with what names it.
pub(super) fn natural(candidate: &Candidate) -> (IncidentKind, Cow<'_, str>) {
    if let Some(weakness) = candidate.weakness.as_deref().filter(|weakness| weakness.exploited) {
        return (IncidentKind::ExploitedVulnerability, Cow::Borrowed(&weakness.id));
    }
    if let Some(fix) = &candidate.shared_fix {
        return (IncidentKind::SharedFix, Cow::Borrowed(fix));
    }
    let anchor = format!("{}@{}", candidate.fault, candidate.account);
    (IncidentKind::SameFault, Cow::Owned(anchor))
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
