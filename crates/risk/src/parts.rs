//! The formula: facts become parts, and parts a sum.

use quell_model::{FindingClass, RiskPart, Severity};

use crate::MOST;
use crate::facts::{Data, Facts, Place, Privilege, Reach};

/// Points for a severity.
#[must_use]
pub const fn severity_points(severity: Severity) -> i32 {
    match severity {
        Severity::Informational => 20,
        Severity::Low => 80,
        Severity::Medium => 200,
        Severity::Unknown => 230,
        Severity::High => 300,
        Severity::Critical => 360,
    }
}

/// Most points that facts give together, beyond what each gives alone.
const MOST_TOGETHER: i32 = 280;
/// Points for an EPSS probability of one.
pub(crate) const EPSS_POINTS: u16 = 60;
/// Below this probability, EPSS speaks for a weakness that nobody uses.
pub(crate) const UNLIKELY: f64 = 0.01;
/// From this probability on, EPSS speaks for a weakness that will be used.
pub(crate) const LIKELY: f64 = 0.1;

/// What a part is kept as: with its reason, or as its points alone where only the sum is asked for.
trait Part: Sized {
    fn new(name: &'static str, points: i32, because: impl FnOnce() -> String) -> Self;
}

impl Part for RiskPart {
    fn new(name: &'static str, points: i32, because: impl FnOnce() -> String) -> Self {
        Self { name: name.to_owned(), points, because: because() }
    }
}

impl Part for i32 {
    fn new(_: &'static str, points: i32, _: impl FnOnce() -> String) -> Self {
        points
    }
}

/// The parts, largest first; they add up to the score.
pub(crate) fn of(facts: &Facts) -> Vec<RiskPart> {
    let mut parts: Vec<RiskPart> = all(facts).into_iter().flatten().collect();
    let sum: i32 = parts.iter().map(|p| p.points).sum();
    let clamped = sum.clamp(0, MOST);
    if clamped != sum {
        let because = format!("the scale ends at {}", if sum > MOST { MOST } else { 0 });
        parts.push(RiskPart { name: "limit".to_owned(), points: clamped - sum, because });
    }
    parts.sort_by(|a, b| (b.points, &a.name).cmp(&(a.points, &b.name)));
    parts
}

/// What the parts of facts add up to.
pub(crate) fn score(facts: &Facts) -> u32 {
    let points: i32 = all::<i32>(facts).into_iter().flatten().sum();
    u32::try_from(points.clamp(0, MOST)).unwrap_or(0)
}

/// What parts add up to.
pub(crate) fn sum(parts: &[RiskPart]) -> u32 {
    u32::try_from(parts.iter().map(|p| p.points).sum::<i32>()).unwrap_or(0)
}

fn all<P: Part>(facts: &Facts) -> [Option<P>; 12] {
    [
        severity(facts),
        cvss(facts),
        epss(facts),
        kev(facts),
        exposure(facts),
        data(facts),
        environment(facts),
        criticality(facts),
        detection(facts),
        credential(facts),
        together(facts),
        age(facts),
    ]
}

fn part<P: Part>(name: &'static str, points: i32, because: &'static str) -> Option<P> {
    told(name, points, || because.to_owned())
}

/// A part whose reason is put together.
fn told<P: Part>(name: &'static str, points: i32, because: impl FnOnce() -> String) -> Option<P> {
    (points != 0).then(|| P::new(name, points, because))
}

fn severity<P: Part>(facts: &Facts) -> Option<P> {
    told("severity", severity_points(facts.severity), || match facts.severity {
        Severity::Unknown => {
            "no tool gives a severity that is known; taken as above medium".to_owned()
        }
        Severity::Informational
        | Severity::Low
        | Severity::Medium
        | Severity::High
        | Severity::Critical => format!("severity {}", facts.severity.as_str()),
    })
}

/// A fraction of `most` points, for a value between 0 and 1.
fn share(value: f64, most: u16) -> i32 {
    let mut points = 0;
    // Counting up avoids a cast from a float; `most` is small.
    while points < i32::from(most) && f64::from(points) + 0.5 <= value * f64::from(most) {
        points += 1;
    }
    points
}

fn cvss<P: Part>(facts: &Facts) -> Option<P> {
    let score = facts.cvss?;
    told("cvss", share(score / 10.0, 60), || format!("CVSS base score {score:.1}"))
}

fn epss<P: Part>(facts: &Facts) -> Option<P> {
    let probability = facts.epss?;
    let because =
        || format!("EPSS gives {:.1} % to be exploited within 30 days", probability * 100.0);
    let unlikely = if probability < UNLIKELY && !facts.exploited { -60 } else { 0 };
    told("epss", share(probability, EPSS_POINTS) + unlikely, because)
}

fn kev<P: Part>(facts: &Facts) -> Option<P> {
    part("kev", if facts.exploited { 110 } else { 0 }, "exploited in the wild")
}

fn exposure<P: Part>(facts: &Facts) -> Option<P> {
    match facts.reach {
        Reach::Said if facts.elsewhere.exposed => {
            part("exposure", 120, "the internet reaches it, as its relations to other assets show")
        }
        Reach::Said => part("exposure", 120, "a tool says that the internet reaches it"),
        Reach::Implied => part("exposure", 110, "the fault itself opens it to the internet"),
        Reach::Unknown => None,
        Reach::Denied => part("exposure", -60, "a tool says that the internet does not reach it"),
    }
}

fn data<P: Part>(facts: &Facts) -> Option<P> {
    match &facts.data {
        Data::Classed(class) => told("data", 120, || format!("its data class is {class}")),
        Data::Found if facts.elsewhere.sensitive => {
            part("data", 120, "it leads to another asset with sensitive data")
        }
        Data::Found => part("data", 120, "a tool found sensitive data on it"),
        Data::Opened => part("data", 30, "the fault opens its data"),
        Data::Public => part("data", -80, "its data is public"),
        Data::Unknown => None,
    }
}

fn environment<P: Part>(facts: &Facts) -> Option<P> {
    match facts.place {
        Place::Production => part("environment", 60, "it is production"),
        Place::Staging => part("environment", -30, "it is staging"),
        Place::Lower => part("environment", -120, "it is not production"),
        Place::Unknown => None,
    }
}

fn criticality<P: Part>(facts: &Facts) -> Option<P> {
    match facts.privilege {
        Privilege::Administrator if facts.elsewhere.admin => {
            part("criticality", 100, "it can act as an administrator through another asset")
        }
        Privilege::Administrator => part("criticality", 100, "it can act as an administrator"),
        Privilege::More => part("criticality", 40, "the fault gives more rights than needed"),
        Privilege::Unknown => None,
    }
}

/// What was seen counts as much as the tool makes of it: most detections are of low severity, and
/// most of those are nothing.
fn detection<P: Part>(facts: &Facts) -> Option<P> {
    let points = match facts.severity {
        Severity::Informational => 20,
        Severity::Low => 50,
        Severity::Medium | Severity::Unknown => 130,
        Severity::High | Severity::Critical => 200,
    };
    match facts.class {
        FindingClass::Detection => part("detection", points, "something happened, not only could"),
        FindingClass::AttackPath => {
            part("detection", 60, "a tool shows a path an attacker could walk")
        }
        FindingClass::Misconfiguration
        | FindingClass::Vulnerability
        | FindingClass::Secret
        | FindingClass::CodeWeakness
        | FindingClass::Identity
        | FindingClass::DataRisk
        | FindingClass::License => None,
    }
}

fn credential<P: Part>(facts: &Facts) -> Option<P> {
    let points = if facts.class == FindingClass::Secret { 60 } else { 0 };
    part("credential", points, "who finds it can use it as it is")
}

/// Facts that make each other worse: a way in to something worth having.
fn together<P: Part>(facts: &Facts) -> Option<P> {
    let open = facts.reach.is_open();
    let seen = facts.class == FindingClass::Detection && facts.severity >= Severity::Medium;
    let leaked = facts.class == FindingClass::Secret;
    let pairs = [
        (open && facts.exploited, 160, "exploited in the wild and within reach"),
        (open && facts.is_sensitive(), 200, "sensitive data within reach"),
        (open && facts.is_admin(), 200, "administrator rights within reach"),
        (seen && facts.is_sensitive(), 140, "something happened where sensitive data is"),
        (seen && facts.is_admin(), 140, "something happened with administrator rights"),
        (leaked && facts.is_admin(), 180, "a credential of an administrator"),
        (leaked && facts.is_sensitive(), 80, "a credential beside sensitive data"),
    ];
    let hold = pairs.into_iter().filter(|(holds, ..)| *holds);
    let points: i32 = hold.clone().map(|(_, points, _)| points).sum();
    let because = || hold.map(|(.., why)| why).collect::<Vec<_>>().join(", ");
    // What its own tools hold to be lesser gives less of a way in.
    let lesser = facts.severity < Severity::High;
    let points = points.min(MOST_TOGETHER) / if lesser { 2 } else { 1 };
    told("together", points, because)
}

fn age<P: Part>(facts: &Facts) -> Option<P> {
    let days = facts.days?;
    let points = match days {
        ..=30 => 0,
        31..=90 => 10,
        91..=365 => 20,
        366.. => 30,
    };
    told("age", points, || format!("open for {days} days"))
}
