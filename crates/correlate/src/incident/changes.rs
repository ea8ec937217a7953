//! Whatever changes in whatever order, what is told change by change is what is told at once.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::RandomState;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use quell_model::{HandAction, Incident, IncidentKey, IssueKey, KeyHasher, Severity, Timestamp};

use super::candidate::Weakness;
use super::seen::{Proc, Seen, Sighting};
use super::{Attacked, Candidate, Decisions, Join, Pin, Standing, build_incidents};

/// Rows of the estate.
const ROWS: u32 = 24;
const HOUR: i64 = 3600;

fn issue(row: u32) -> IssueKey {
    KeyHasher::new("issue").part(&row.to_string()).finish()
}

fn texts(of: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    vec(select(of), 0..=most).prop_map(|texts| {
        let texts: BTreeSet<&str> = texts.into_iter().collect();
        texts.into_iter().map(str::to_owned).collect()
    })
}

const ASSETS: &[&str] = &["host:a", "host:b", "host:c", "image:x:1", "role:r", "aws:account:1", ""];
const NAMES: &[&str] = &["repository:x", "untagged:x", "image:x:1", "key:k1", "name:1:kim"];
const PLACES: &[&str] = &["container:1", "container:2"];

fn process() -> impl Strategy<Value = Proc> {
    (select(&["nginx", "sh", "java", "app"][..]), option::of(2_i64..5))
        .prop_map(|(name, pid)| Proc { name: name.to_owned(), pid })
}

fn sighting() -> impl Strategy<Value = Sighting> {
    (
        (0_u32..40, option::of(0_i64..200), select(&["r1", "r2"][..])),
        texts(&["T1190", "T1059"], 1),
        option::of(select(&["name:1:kim", "key:k1"][..])),
        texts(&["198.51.100.7", "203.0.113.9"], 1),
        vec(process(), 0..3),
        texts(&["CVE-2021-44228", "CVE-2022-0001"], 1),
        texts(&["/app/lib/log4j-core-2.14.1.jar", "nginx -g daemon"], 1),
    )
        .prop_map(
            |((finding, hour, rule), techniques, principal, addresses, processes, named, text)| {
                Sighting {
                    finding: KeyHasher::new("finding").part(&finding.to_string()).finish(),
                    time: hour.map(|hour| hour * HOUR),
                    rule: rule.to_owned(),
                    techniques,
                    principal: principal.map(str::to_owned),
                    addresses,
                    hashes: Vec::new(),
                    processes,
                    named: named.into_iter().map(|id| (id, "title".to_owned())).collect(),
                    texts: text
                        .into_iter()
                        .map(|text| ("evidence.path".to_owned(), text))
                        .collect(),
                    ports: Vec::new(),
                }
            },
        )
}

fn seen() -> impl Strategy<Value = Seen> {
    (
        option::of((0_i64..300, 0_i64..50)),
        any::<bool>(),
        texts(PLACES, 1),
        vec(select([ASSETS, NAMES].concat()), 0..3),
        texts(&["role:r", "key:k1", "name:1:kim"], 2),
        vec(sighting(), 0..3),
    )
        .prop_map(|(span, is_wide, places, related, identities, sightings)| Seen {
            span: span.map(|(start, long)| (start * HOUR, (start + long) * HOUR)),
            is_wide,
            places,
            related: related.into_iter().map(str::to_owned).collect(),
            identities,
            sightings,
        })
}

fn weakness() -> impl Strategy<Value = Weakness> {
    (
        select(&["CVE-2021-44228", "CVE-2022-0001", "CVE-2023-1"][..]),
        select(&["log4j-core", "nginx", "openssl"][..]),
        any::<bool>(),
        texts(&["CVE-2022-0001"], 1),
        texts(&["app/lib/log4j-core-2.14.1.jar"], 1),
    )
        .prop_map(|(id, package, exploited, aliases, paths)| Weakness {
            id: id.to_owned(),
            package: package.to_owned(),
            exploited,
            aliases,
            paths,
            kinds: vec!["maven".to_owned()],
            finding: None,
        })
}

/// What an issue is about.
#[derive(Debug, Clone)]
enum About {
    Detection(Seen),
    Weakness(Weakness),
    Setting(Option<&'static str>),
}

fn about() -> impl Strategy<Value = About> {
    prop_oneof![
        2 => seen().prop_map(About::Detection),
        2 => weakness().prop_map(About::Weakness),
        3 => option::of(select(&["opens it to the internet", "weakens who can act"][..]))
            .prop_map(About::Setting),
    ]
}

fn candidate(row: u32) -> impl Strategy<Value = Candidate> {
    let place = (select(ASSETS), select(&["1", "2"][..]), select(&["f", "g"][..]));
    let names = texts(NAMES, 2);
    (place, select(&Severity::ALL[..]), 0_u32..1000, about(), names).prop_map(
        move |((asset, account, fault), severity, score, about, names)| {
            let mut made = Candidate {
                key: issue(row),
                severity,
                shared_fix: None,
                asset: asset.to_owned(),
                account: Arc::from(account),
                score,
                fault: Arc::from(fault),
                seen: None,
                weakness: None,
                opening: None,
                names: Vec::new(),
            };
            match about {
                About::Detection(seen) => made.seen = Some(Box::new(seen)),
                About::Weakness(weakness) => {
                    made.shared_fix = Some(format!("upgrade:{asset}"));
                    made.weakness = Some(Box::new(weakness));
                    made.names = names;
                }
                About::Setting(opening) => {
                    made.opening = opening.map(Arc::from);
                    made.names = if opening.is_some() { names } else { Vec::new() };
                }
            }
            made
        },
    )
}

#[derive(Debug, Clone)]
enum Step {
    Put(u32, Candidate),
    Remove(u32),
    /// Its findings say something else, while the issue stays.
    Learn(u32, Vec<Sighting>),
    Rate(u32, u32),
    /// An issue is taken out, or put with another one.
    Pin(u32, u32, HandAction),
    /// The incident of one issue becomes part of another's.
    Join(u32, u32),
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let row = || 0..ROWS;
    let action = select(&[HandAction::Split, HandAction::Joined][..]);
    prop_oneof![
        8 => row().prop_flat_map(|row| (Just(row), candidate(row)))
            .prop_map(|(row, candidate)| Step::Put(row, candidate)),
        2 => row().prop_map(Step::Remove),
        2 => (row(), vec(sighting(), 0..3)).prop_map(|(row, of)| Step::Learn(row, of)),
        2 => (row(), 0_u32..1000).prop_map(|(row, score)| Step::Rate(row, score)),
        1 => (row(), row(), action).prop_map(|(a, b, action)| Step::Pin(a, b, action)),
        1 => (row(), row()).prop_map(|(a, b)| Step::Join(a, b)),
        1 => Just(Step::Reset),
    ]
}

/// A candidate as it is stored: what is learned of its findings is not.
fn stored(of: &Candidate) -> Candidate {
    let mut stored = of.clone();
    stored.seen = of
        .seen
        .as_ref()
        .map(|seen| Box::new(Seen { span: seen.span, is_wide: seen.is_wide, ..Seen::default() }));
    stored.weakness = of.weakness.as_ref().map(|weak| {
        let Weakness { id, package, exploited, .. } = (**weak).clone();
        Box::new(Weakness { id, package, exploited, ..Weakness::default() })
    });
    stored
}

/// All that is so, and what was told of it.
#[derive(Default)]
struct World {
    all: BTreeMap<u32, Candidate>,
    pins: Vec<Pin>,
    joins: Vec<Join>,
    standing: Standing,
    told: BTreeMap<IncidentKey, Incident>,
}

impl World {
    fn decisions(&self) -> Decisions {
        Decisions::new(self.pins.clone(), self.joins.clone())
    }

    fn whole(&self) -> BTreeMap<IncidentKey, Incident> {
        let detections = self.all.values().filter(|of| of.is_detection());
        let attacked = Attacked::by(detections);
        let learn = |of: &Candidate| {
            let is_learned = of.is_detection() || (of.is_weakness() && attacked.holds(of));
            if is_learned { of.clone() } else { stored(of) }
        };
        let all: Vec<Candidate> = self.all.values().map(learn).collect();
        let made = build_incidents(all.iter(), &self.decisions(), None);
        made.into_iter().map(|incident| (incident.key, incident)).collect()
    }

    fn of(&self, row: u32) -> Option<IncidentKey> {
        let key = issue(row);
        self.told.values().find(|told| told.issues.contains(&key)).map(|told| told.key)
    }

    fn apply(&mut self, step: Step, at: i64) {
        let at = Timestamp::from_second(at).unwrap();
        match step {
            Step::Put(row, candidate) => {
                self.standing.put(row, &stored(&candidate));
                self.all.insert(row, candidate);
            }
            Step::Remove(row) => {
                self.standing.remove(row);
                self.all.remove(&row);
            }
            Step::Learn(row, sightings) => {
                let Some(of) = self.all.get_mut(&row) else { return };
                if let Some(seen) = of.seen.as_deref_mut() {
                    seen.sightings = sightings;
                } else if let Some(weak) = of.weakness.as_deref_mut() {
                    weak.paths.clear();
                }
                self.standing.forget(row);
            }
            Step::Rate(row, score) => {
                let Some(of) = self.all.get_mut(&row) else { return };
                of.score = score;
                self.standing.rate(row, score);
            }
            Step::Pin(a, b, action) => {
                let (Some(from), Some(to)) = (self.of(a), self.of(b)) else { return };
                let incident = match action {
                    HandAction::Split => KeyHasher::new("split").part(&a.to_string()).finish(),
                    HandAction::Joined => to,
                };
                let by = "kim".to_owned();
                self.pins.push(Pin { issue: issue(a), incident, from, action, at, by });
            }
            Step::Join(a, b) => {
                let (Some(incident), Some(into)) = (self.of(a), self.of(b)) else { return };
                self.joins.push(Join { incident, into, at, by: "kim".to_owned() });
            }
            Step::Reset => {
                self.pins.clear();
                self.joins.pop();
            }
        }
    }

    fn tell(&mut self) {
        for row in self.standing.unknown() {
            self.standing.learned(row, self.all[&row].clone());
        }
        for row in self.standing.wanted() {
            self.standing.learned(row, self.all[&row].clone());
        }
        self.standing.settle(self.decisions());
        for gathered in self.standing.gather() {
            let key = gathered.key;
            match self.standing.tell(gathered) {
                Some(told) => {
                    let rows: Vec<IssueKey> = told.rows.iter().map(|row| issue(*row)).collect();
                    assert_eq!(rows, told.incident.issues);
                    self.told.insert(key, told.incident);
                }
                None => {
                    self.told.remove(&key);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn told_change_by_change_or_at_once_is_the_same(
        steps in vec(vec(step(), 1..4), 1..25),
    ) {
        let mut world = World { standing: Standing::new(RandomState::new()), ..World::default() };
        for (at, steps) in (0_i64..).zip(steps) {
            for (number, step) in (0_i64..).zip(steps) {
                world.apply(step, at * 10 + number);
            }
            world.tell();
            prop_assert_eq!(&world.told, &world.whole());
        }
    }
}
