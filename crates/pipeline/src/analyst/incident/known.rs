//! What the rules say of an incident, by the part of an answer that it stands in for.

use std::collections::{BTreeMap, HashSet};

use quell_explain::runtime::{Happened, Place, Technique, Told, Weakness, happened};
use quell_model::{Claim, FindingClass, Untrusted};
use quell_report::{FixReport, IssueReport};

use super::Telling;
use super::records::confidence;

/// Sentences of one part.
const MOST: usize = 4;

pub(super) fn known(of: &Telling<'_, '_>) -> Vec<(&'static str, Vec<Claim>)> {
    let seen = seen(of);
    let incident = &of.story.incident;
    let told = &incident.explanation;
    let sure = seen.confidence.unwrap_or(told.confidence);
    let word = Claim {
        text: Untrusted::from(confidence(sure)),
        evidence: vec![format!("incident:{}", incident.id)],
    };
    let because = Claim {
        text: Untrusted::from(sentence(&told.confidence_because)),
        evidence: told.what.evidence.clone(),
    };
    vec![
        ("title", vec![Claim { text: incident.title.clone(), evidence: issues(of) }]),
        ("what", vec![told.what.clone()]),
        ("risk", risk(of, &seen)),
        ("why_here", why_here(of)),
        ("cause", some(&told.cause)),
        ("intent", some(&told.intent)),
        ("steps", steps(of, &seen)),
        ("breaks", some(&Claim { text: told.breaks.clone(), evidence: issues(of) })),
        ("chain", seen.chain),
        ("processes", seen.processes),
        ("techniques", seen.techniques),
        ("hypothesis", if seen.hypothesis.is_empty() { vec![because] } else { seen.hypothesis }),
        ("confidence", vec![word]),
        ("next", seen.next),
    ]
}

fn some(claim: &Claim) -> Vec<Claim> {
    if claim.text.raw().trim().is_empty() { Vec::new() } else { vec![claim.clone()] }
}

fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

fn issues(of: &Telling<'_, '_>) -> Vec<String> {
    of.story.issues.iter().take(MOST).map(|issue| format!("issue:{}", issue.id)).collect()
}

/// What could happen; what did, where something did.
fn risk(of: &Telling<'_, '_>, seen: &Told) -> Vec<Claim> {
    let told = &of.story.incident.explanation;
    let mut risk: Vec<Claim> = seen.hypothesis.iter().take(1).cloned().collect();
    risk.extend(some(&told.what));
    risk.extend(meaning(of).cloned());
    risk
}

/// What the catalogue says that the fault means: the first reason, where a control gave it.
fn meaning<'a>(of: &'a Telling<'_, '_>) -> Option<&'a Claim> {
    let first = of.story.incident.explanation.why.first()?;
    of.story.issues.first()?.control.is_some().then_some(first)
}

fn why_here(of: &Telling<'_, '_>) -> Vec<Claim> {
    let told = &of.story.incident.explanation;
    let skipped = usize::from(meaning(of).is_some());
    let mut why: Vec<Claim> = told.why.iter().skip(skipped).take(MOST).cloned().collect();
    if why.is_empty()
        && let Some(lead) = of.story.issues.first()
    {
        let parts = lead.risk.parts.iter().filter(|part| part.points > 0).take(MOST);
        let parts: Vec<&str> = parts.map(|part| part.because.as_str()).collect();
        let text = if parts.is_empty() {
            format!("Its score is {}.", lead.risk.score)
        } else {
            format!("Its score is {}: {}.", lead.risk.score, parts.join(", "))
        };
        why.push(Claim { text: text.into(), evidence: vec![format!("issue:{}", lead.id)] });
    }
    why
}

/// What to do first. A change that is proved comes before advice; what came in has to be stopped
/// before either.
fn steps(of: &Telling<'_, '_>, seen: &Told) -> Vec<Claim> {
    let told = &of.story.incident.explanation;
    let advice = told
        .steps
        .iter()
        .map(|step| Claim { text: step.clone(), evidence: told.what.evidence.clone() });
    let proved = of.story.fixes.iter().filter(|fix| fix.state == "proved").map(change);
    let contains = usize::from(!seen.chain.is_empty());
    let (mut first, rest): (Vec<Claim>, Vec<Claim>) = {
        let mut advice: Vec<Claim> = advice.collect();
        let rest = advice.split_off(contains.min(advice.len()));
        (advice, rest)
    };
    first.extend(proved.take(2));
    first.extend(rest);
    first.truncate(MOST);
    first
}

fn change(fix: &FixReport) -> Claim {
    let count = fix.closes.len();
    let closes = if count == 1 { "1 issue".to_owned() } else { format!("{count} issues") };
    let file = fix.file.raw();
    let text = format!("A proved change of {file} closes {closes}: {}.", fix.title);
    Claim { text: Untrusted::from(text).capped(600), evidence: vec![format!("fix:{}", fix.id)] }
}

/// What the rules say of what was seen to happen.
fn seen(of: &Telling<'_, '_>) -> Told {
    let incident = &of.story.incident;
    let Some(timeline) = &incident.timeline else { return Told::default() };
    let assets = of.story.assets.iter();
    let places: BTreeMap<&str, Place<'_>> = assets
        .map(|one| (one.id.as_str(), Place { name: one.name.raw(), provider: &one.provider }))
        .collect();
    happened(&Happened {
        kind: incident.kind,
        because: &incident.because,
        timeline,
        techniques: &techniques(of),
        weaknesses: &weaknesses(of),
        places: &places,
    })
}

/// Techniques in the order in which they were seen.
fn techniques<'a>(of: &'a Telling<'_, '_>) -> Vec<Technique<'a>> {
    let timeline = of.story.incident.timeline.iter();
    let mut all = Vec::new();
    for event in timeline.flat_map(|timeline| &timeline.events) {
        let (issue, finding) = (event.issue.to_string(), event.finding.to_string());
        let Some(member) = of.details.finding(&issue, &finding) else { continue };
        let Some(seen) = member.finding.detection.as_deref() else { continue };
        let tactic = seen.tactics.first().map(String::as_str).unwrap_or_default();
        all.extend(seen.techniques.iter().map(|id| Technique {
            record: format!("finding:{finding}"),
            id,
            tactic,
            seen: (&event.source, event.title.raw()),
        }));
    }
    if !all.is_empty() {
        return all;
    }
    let seen = of.issues().filter(|issue| issue.class == FindingClass::Detection);
    seen.flat_map(|issue| {
        let tool = issue.findings.first().map_or("A tool", |finding| finding.source.as_str());
        issue.attack.iter().map(move |id| Technique {
            record: format!("issue:{}", issue.id),
            id,
            tactic: "",
            seen: (tool, issue.title.raw()),
        })
    })
    .collect()
}

/// Weaknesses of the incident, each once, riskiest first.
fn weaknesses<'a>(of: &'a Telling<'_, '_>) -> Vec<Weakness<'a>> {
    let mut seen = HashSet::new();
    let weak = of.issues().filter_map(|issue| Some((issue, issue.vulnerability.as_deref()?)));
    weak.filter(|(_, id)| seen.insert(*id)).map(|(issue, id)| weakness(of, issue, id)).collect()
}

fn weakness<'a>(of: &'a Telling<'_, '_>, issue: &'a IssueReport, id: &'a str) -> Weakness<'a> {
    let members = of.details.get(&issue.id).map(|detail| detail.members.as_slice());
    let known = members.unwrap_or_default().iter().find_map(|member| {
        let weakness = member.finding.vulnerability.as_deref()?;
        (weakness.id == id).then_some((member.key, weakness))
    });
    match known {
        Some((key, weakness)) => Weakness {
            record: format!("finding:{key}"),
            id,
            package: &weakness.package,
            fixed_in: weakness.fixed_version.as_deref().unwrap_or_default(),
        },
        None => Weakness { record: format!("issue:{}", issue.id), id, package: "", fixed_in: "" },
    }
}
