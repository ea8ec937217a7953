//! How much an issue matters: a sum of named parts, each with its reason.
//!
//! The formula is written out for users in `docs/risk.md`; the constants here are that page's
//! table, and a test holds the two together.

use quell_catalog::Exposure;
use quell_model::{FindingClass, Issue, Risk, RiskChange, RiskPart, Severity, Timestamp};

/// What is known of an issue beyond the issue itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Factors<'a> {
    /// Highest CVSS base score that any finding gives.
    pub cvss: Option<f64>,
    /// Highest EPSS probability that any finding gives.
    pub epss: Option<f64>,
    /// Exploited in the wild: on CISA's KEV list, or by a tool's own intelligence.
    pub exploited: bool,
    /// What the control says a failing asset implies.
    pub implies: Exposure,
    /// The version to upgrade to, where a tool names it.
    pub fixed_version: Option<&'a str>,
    /// The control's first step.
    pub step: Option<&'a str>,
}

/// The highest score.
pub const MOST: i32 = 1000;

/// Points for a severity.
#[must_use]
pub const fn severity_points(severity: Severity) -> i32 {
    match severity {
        Severity::Informational => 20,
        Severity::Low => 100,
        Severity::Medium => 220,
        Severity::Unknown => 260,
        Severity::High => 380,
        Severity::Critical => 500,
    }
}

/// Judges an issue as of `now`.
#[must_use]
pub fn score(issue: &Issue, factors: &Factors<'_>, now: Timestamp) -> Risk {
    let mut parts: Vec<RiskPart> = [
        severity(issue),
        cvss(factors),
        epss(factors),
        kev(factors),
        exposure(issue, factors),
        data(issue, factors),
        environment(issue),
        criticality(issue, factors),
        detection(issue),
        age(issue, now),
    ]
    .into_iter()
    .flatten()
    .collect();
    let sum: i32 = parts.iter().map(|p| p.points).sum();
    let clamped = sum.clamp(0, MOST);
    if clamped != sum {
        let because = format!("the scale ends at {}", if sum > MOST { MOST } else { 0 });
        parts.push(RiskPart { name: "limit".to_owned(), points: clamped - sum, because });
    }
    parts.sort_by(|a, b| (b.points, &a.name).cmp(&(a.points, &b.name)));
    Risk {
        score: u32::try_from(clamped).unwrap_or(0),
        would_lower: would_lower(issue, factors, &parts, sum),
        parts,
    }
}

fn part(name: &str, points: i32, because: impl Into<String>) -> Option<RiskPart> {
    (points != 0).then(|| RiskPart { name: name.to_owned(), points, because: because.into() })
}

fn severity(issue: &Issue) -> Option<RiskPart> {
    let because = match issue.severity {
        Severity::Unknown => {
            "no tool gives a severity that is known; taken as above medium".to_owned()
        }
        Severity::Informational
        | Severity::Low
        | Severity::Medium
        | Severity::High
        | Severity::Critical => {
            format!("severity {}", issue.severity.as_str())
        }
    };
    part("severity", severity_points(issue.severity), because)
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

fn cvss(factors: &Factors<'_>) -> Option<RiskPart> {
    let score = factors.cvss.filter(|s| (0.0..=10.0).contains(s))?;
    part("cvss", share(score / 10.0, 80), format!("CVSS base score {score:.1}"))
}

fn epss(factors: &Factors<'_>) -> Option<RiskPart> {
    let probability = factors.epss.filter(|p| (0.0..=1.0).contains(p))?;
    let because = format!("EPSS gives {:.1} % to be exploited within 30 days", probability * 100.0);
    part("epss", share(probability, 100), because)
}

fn kev(factors: &Factors<'_>) -> Option<RiskPart> {
    part("kev", if factors.exploited { 200 } else { 0 }, "exploited in the wild")
}

fn exposure(issue: &Issue, factors: &Factors<'_>) -> Option<RiskPart> {
    match (issue.asset.signals.internet_exposed, factors.implies) {
        (Some(true), _) => part("exposure", 120, "a tool says that the internet reaches it"),
        (_, Exposure::Internet) => {
            part("exposure", 90, "the fault itself opens it to the internet")
        }
        (Some(false), Exposure::None | Exposure::Data | Exposure::Privilege) => {
            part("exposure", -40, "a tool says that the internet does not reach it")
        }
        (None, Exposure::None | Exposure::Data | Exposure::Privilege) => None,
    }
}

fn data(issue: &Issue, factors: &Factors<'_>) -> Option<RiskPart> {
    let class = issue.asset.context.data_class.as_ref().map(|c| c.value.raw());
    match class {
        Some("restricted" | "confidential") => {
            return part("data", 100, format!("its data class is {}", class.unwrap_or_default()));
        }
        Some("public") => return part("data", -20, "its data is public"),
        _ => {}
    }
    if issue.asset.signals.sensitive_data == Some(true) {
        return part("data", 100, "a tool found sensitive data on it");
    }
    part("data", if factors.implies == Exposure::Data { 30 } else { 0 }, "the fault opens its data")
}

fn environment(issue: &Issue) -> Option<RiskPart> {
    match issue.asset.context.environment.as_ref().map(|e| e.value.raw())? {
        "production" => part("environment", 60, "it is production"),
        "staging" => part("environment", -20, "it is staging"),
        "development" | "test" | "sandbox" => part("environment", -60, "it is not production"),
        _ => None,
    }
}

fn criticality(issue: &Issue, factors: &Factors<'_>) -> Option<RiskPart> {
    if issue.asset.signals.high_privilege == Some(true) {
        return part("criticality", 80, "it can act as an administrator");
    }
    let points = if factors.implies == Exposure::Privilege { 40 } else { 0 };
    part("criticality", points, "the fault gives more rights than needed")
}

fn detection(issue: &Issue) -> Option<RiskPart> {
    match issue.class {
        FindingClass::Detection => part("detection", 150, "something happened, not only could"),
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

fn age(issue: &Issue, now: Timestamp) -> Option<RiskPart> {
    let days = now.duration_since(issue.first_seen?).as_hours() / 24;
    let points = match days {
        ..=30 => 0,
        31..=90 => 10,
        91..=365 => 20,
        366.. => 30,
    };
    part("age", points, format!("open for {days} days"))
}

/// The two changes that would lower the score most: the fix itself where it is known, and then
/// the surroundings.
fn would_lower(
    issue: &Issue,
    factors: &Factors<'_>,
    parts: &[RiskPart],
    sum: i32,
) -> Vec<RiskChange> {
    let after = |without: i32| u32::try_from((sum - without).clamp(0, MOST)).unwrap_or(0);
    let mut changes = Vec::new();
    let fix = match (factors.fixed_version, factors.step) {
        (Some(version), _) => Some(format!("upgrade to {version}")),
        (None, step) => step.map(|s| s.trim_end_matches('.').to_owned()),
    };
    if let Some(change) = fix.filter(|_| issue.status.is_open()) {
        changes.push(RiskChange { change, score_after: 0 });
    }
    for part in parts.iter().filter(|p| p.points > 0) {
        let change = match part.name.as_str() {
            "exposure" => "take it off the internet",
            "data" => "move the sensitive data elsewhere",
            "criticality" => "take its administrator rights away",
            "detection" => "contain what was detected and confirm that it has stopped",
            _ => continue,
        };
        changes.push(RiskChange { change: change.to_owned(), score_after: after(part.points) });
    }
    changes.sort_by_key(|c| c.score_after);
    changes.truncate(2);
    changes
}

#[cfg(test)]
mod tests;
