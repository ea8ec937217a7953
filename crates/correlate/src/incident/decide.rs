//! What people decided about incidents, which every later import keeps to.

use std::collections::{BTreeMap, BTreeSet};

use quell_model::{HandAction, HandMade, IncidentKey, IssueKey, Timestamp};

/// A person put an issue into an incident, whatever else is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The issue.
    pub issue: IssueKey,
    /// The incident that it stays in.
    pub incident: IncidentKey,
    /// The incident that it was in.
    pub from: IncidentKey,
    /// Whether its incident was joined with another, or it was taken out.
    pub action: HandAction,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// A person made one incident part of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The one that is part of the other, with all that comes to it later.
    pub incident: IncidentKey,
    /// The other.
    pub into: IncidentKey,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// What people decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    pins: BTreeMap<IssueKey, Pin>,
    joins: BTreeMap<IncidentKey, Join>,
    /// Decisions by the incident that they made.
    made: BTreeMap<IncidentKey, BTreeSet<HandMade>>,
}

impl Decisions {
    /// Decisions as they are stored. Of two about one issue, or one incident, the later counts.
    #[must_use]
    pub fn new(pins: Vec<Pin>, joins: Vec<Join>) -> Self {
        let mut decisions = Self::default();
        for pin in pins {
            let known = decisions.pins.get(&pin.issue);
            if known.is_none_or(|known| (known.at, known.incident) < (pin.at, pin.incident)) {
                decisions.pins.insert(pin.issue, pin);
            }
        }
        for join in joins.into_iter().filter(|join| join.incident != join.into) {
            let known = decisions.joins.get(&join.incident);
            if known.is_none_or(|known| (known.at, known.into) < (join.at, join.into)) {
                decisions.joins.insert(join.incident, join);
            }
        }
        decisions.note();
        decisions
    }

    /// Whether nothing was decided.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty() && self.joins.is_empty()
    }

    /// Where an issue stands, whose own story is `story`.
    #[must_use]
    pub fn place(&self, issue: IssueKey, story: IncidentKey) -> IncidentKey {
        self.end(self.pins.get(&issue).map_or(story, |pin| pin.incident))
    }

    /// Whether a person took an issue out of its story.
    #[must_use]
    pub fn is_split(&self, issue: IssueKey) -> bool {
        self.pins.get(&issue).is_some_and(|pin| pin.action == HandAction::Split)
    }

    /// Whether a person put an issue anywhere.
    pub(super) fn speaks_of(&self, issue: IssueKey) -> bool {
        self.pins.contains_key(&issue)
    }

    /// The incidents about which other decisions say something else.
    pub(super) fn differs(&self, other: &Self) -> Vec<IncidentKey> {
        let keys: BTreeSet<&IncidentKey> = self.made.keys().chain(other.made.keys()).collect();
        let differs = |key: &&IncidentKey| self.made.get(key) != other.made.get(key);
        keys.into_iter().filter(differs).copied().collect()
    }

    /// What was decided about an incident, oldest first.
    #[must_use]
    pub fn about(&self, incident: IncidentKey) -> Vec<HandMade> {
        self.made.get(&incident).into_iter().flatten().cloned().collect()
    }

    /// The incident that one is part of in the end; itself where nobody joined it.
    fn end(&self, incident: IncidentKey) -> IncidentKey {
        let mut seen = BTreeSet::from([incident]);
        let mut at = incident;
        while let Some(join) = self.joins.get(&at) {
            // A ring stands for its smallest member, wherever it was entered.
            if !seen.insert(join.into) {
                return self.smallest_of_ring(join.into);
            }
            at = join.into;
        }
        at
    }

    fn smallest_of_ring(&self, start: IncidentKey) -> IncidentKey {
        let (mut at, mut smallest) = (start, start);
        while let Some(next) = self.joins.get(&at).map(|join| join.into).filter(|n| *n != start) {
            smallest = smallest.min(next);
            at = next;
        }
        smallest
    }

    fn note(&mut self) {
        let mut made: BTreeMap<IncidentKey, BTreeSet<HandMade>> = BTreeMap::new();
        for pin in self.pins.values() {
            let hand =
                HandMade { at: pin.at, action: pin.action, other: pin.from, by: pin.by.clone() };
            let end = self.end(pin.incident);
            if end != pin.from {
                made.entry(end).or_default().insert(hand);
            }
        }
        for join in self.joins.values() {
            let hand = HandMade {
                at: join.at,
                action: HandAction::Joined,
                other: join.incident,
                by: join.by.clone(),
            };
            made.entry(self.end(join.into)).or_default().insert(hand);
        }
        self.made = made;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(name: &str) -> IncidentKey {
        quell_model::KeyHasher::new("incident").part(name).finish()
    }

    fn join(from: &str, into: &str) -> Join {
        Join {
            incident: incident(from),
            into: incident(into),
            at: Timestamp::UNIX_EPOCH,
            by: "x".to_owned(),
        }
    }

    #[test]
    fn joins_are_followed_and_a_ring_has_one_end() {
        let issue = quell_model::KeyHasher::new("issue").finish();
        let line = Decisions::new(Vec::new(), vec![join("a", "b"), join("b", "c")]);
        assert_eq!(line.place(issue, incident("a")), incident("c"));
        let ring = Decisions::new(
            Vec::new(),
            vec![join("a", "b"), join("b", "c"), join("c", "a"), join("d", "a")],
        );
        let ends: BTreeSet<IncidentKey> =
            ["a", "b", "c", "d"].iter().map(|name| ring.place(issue, incident(name))).collect();
        assert_eq!(ends.len(), 1, "{ends:?}");
    }
}
