//! What the score would be if one thing were otherwise.

use quell_model::{Issue, Timestamp};

use crate::facts::{Data, Facts, Place, Privilege, Reach};
use crate::{Factors, days_open, parts};

/// One thing that could be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIf {
    /// The part of the risk it is about; `fix` for the fix itself.
    pub part: &'static str,
    /// What would be otherwise, as a phrase after "if".
    pub condition: String,
    /// What to do for it, as a phrase; empty where nothing can be done.
    pub change: String,
    /// The score then.
    pub score_after: u32,
    /// Whether it is something to do, not only something to know better.
    pub is_work: bool,
    /// How much work, beside others: 1 is a setting, 4 is moving data.
    pub effort: u8,
}

/// What would change the score, lowest score first.
#[must_use]
pub fn what_if(issue: &Issue, factors: &Factors<'_>, now: Timestamp) -> Vec<WhatIf> {
    let facts = Facts::of(issue, factors, days_open(issue, now));
    among(issue, factors, (&facts, parts::score(&facts)), |_| true)
}

/// What there is to do about it, lowest score first.
pub(crate) fn work(issue: &Issue, factors: &Factors<'_>, judged: (&Facts, u32)) -> Vec<WhatIf> {
    among(issue, factors, judged, |it| !it.change.is_empty())
}

/// What would change the score, of that which is wanted, lowest score first.
fn among(
    issue: &Issue,
    factors: &Factors<'_>,
    (facts, before): (&Facts, u32),
    wanted: impl Fn(&Otherwise) -> bool,
) -> Vec<WhatIf> {
    let mut all: Vec<WhatIf> = Vec::new();
    if issue.status.is_open() {
        all.extend(fix(factors));
    }
    let others = otherwise(facts).into_iter().filter(wanted);
    all.extend(others.filter_map(|it| it.judged(before)));
    all.sort_by(|a, b| (a.score_after, a.effort, a.part).cmp(&(b.score_after, b.effort, b.part)));
    all
}

fn fix(factors: &Factors<'_>) -> Option<WhatIf> {
    let (condition, change) = match (factors.fixed_version, factors.step) {
        (Some(version), _) => ("it were patched", format!("upgrade to {version}")),
        (None, step) => ("it were fixed", step?.trim_end_matches('.').to_owned()),
    };
    Some(WhatIf {
        part: "fix",
        condition: condition.to_owned(),
        change,
        score_after: 0,
        is_work: true,
        effort: 2,
    })
}

/// The facts with one of them otherwise.
struct Otherwise {
    part: &'static str,
    condition: &'static str,
    change: &'static str,
    effort: u8,
    facts: Facts,
}

impl Otherwise {
    /// With the score then; nothing where that is the same.
    fn judged(&self, before: u32) -> Option<WhatIf> {
        let score_after = parts::score(&self.facts);
        (score_after != before).then(|| WhatIf {
            part: self.part,
            condition: self.condition.to_owned(),
            change: self.change.to_owned(),
            score_after,
            is_work: !self.change.is_empty(),
            effort: self.effort,
        })
    }
}

fn otherwise(facts: &Facts) -> Vec<Otherwise> {
    let mut all = Vec::new();
    let mut add = |part, (condition, change), effort, facts| {
        all.push(Otherwise { part, condition, change, effort, facts });
    };
    if facts.reach.is_open() {
        let closed = Facts { reach: Reach::Denied, ..facts.clone() };
        let words = ("the internet did not reach it", "take it off the internet");
        add("exposure", words, 1, closed);
    } else {
        let open = Facts { reach: Reach::Said, ..facts.clone() };
        add("exposure", ("the internet reached it", ""), 0, open);
    }
    if facts.is_sensitive() {
        let moved = Facts { data: Data::Unknown, ..facts.clone() };
        let words = ("it held no sensitive data", "move the sensitive data elsewhere");
        add("data", words, 4, moved);
    } else {
        let found = Facts { data: Data::Found, ..facts.clone() };
        add("data", ("it held sensitive data", ""), 0, found);
    }
    if facts.is_admin() {
        let less = Facts { privilege: Privilege::Unknown, ..facts.clone() };
        let words = ("it were no administrator", "take its administrator rights away");
        add("criticality", words, 2, less);
    }
    if facts.exploited {
        let quiet = Facts { exploited: false, ..facts.clone() };
        add("kev", ("nobody exploited it", ""), 0, quiet);
    }
    if facts.class == quell_model::FindingClass::Detection {
        let contained =
            Facts { class: quell_model::FindingClass::Misconfiguration, ..facts.clone() };
        let change = "contain what was detected and confirm that it has stopped";
        add("detection", ("nothing had happened", change), 3, contained);
    }
    for (place, condition) in [
        (Place::Production, "its environment were production"),
        (Place::Lower, "its environment were test"),
    ] {
        if facts.place != place {
            add("environment", (condition, ""), 0, Facts { place, ..facts.clone() });
        }
    }
    all
}
