//! One record each: the incident, an issue with its asset, a finding, a control, a fix, a
//! statement.

use std::collections::BTreeSet;

use quell_analyst::Record;
use quell_catalog::Control;
use quell_correlate::Member;
use quell_model::{Confidence, IncidentKind, Safety, Signals, Timestamp, Untrusted};
use quell_report::{FindingReport, FixReport, IssueReport, StatementReport};

use super::names::{is_somebody, kind_of, mask_of, mask_of_owner};
use super::{MOST_ASSETS, Telling};

/// Longest description, advice or reason that is told.
const MOST_BYTES: usize = 500;
/// Reasons of an incident or a score that are told.
const MOST_REASONS: usize = 6;

pub(super) fn incident(of: &Telling<'_, '_>) -> Record {
    let incident = &of.story.incident;
    let decision = &incident.decision;
    let because = incident.because.iter().take(MOST_REASONS);
    let because: Vec<String> = because.map(|claim| named(of, claim.text.raw())).collect();
    let record = Record::new(format!("incident:{}", incident.id), "incident")
        .text("kind", kind_words(incident.kind))
        .text("title", incident.title.raw())
        .text("severity", incident.severity.as_str())
        .text("score", incident.score.to_string())
        .text("decision", decision.decision.as_str())
        .text("decision_because", decision.decision_because.as_str())
        .text("due", decision.due.clone().unwrap_or_default())
        .text("joined_because", because.join("; "))
        .text("issues", of.story.issues.len().to_string())
        .text("assets", of.story.assets.len().to_string())
        .text("tools", incident.sources.join(", "))
        .text("notes", incident.notes.join("; "));
    let owner = &incident.owner;
    if is_somebody(owner) {
        return record.name("owner", owner.name.raw(), mask_of_owner(owner.name.raw()));
    }
    record.text("owner", owner.name.raw())
}

/// A text with assets by their names, as the other records have them, and not by their ids.
fn named(of: &Telling<'_, '_>, text: &str) -> String {
    let assets = of.story.assets.iter().take(MOST_ASSETS);
    let within = assets.filter(|asset| !asset.name.is_empty() && text.contains(&asset.id));
    within.fold(text.to_owned(), |text, asset| text.replace(&asset.id, asset.name.raw()))
}

/// What holds an incident together, as words.
const fn kind_words(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Exploitation => "a known weakness is being exploited",
        IncidentKind::Campaign => "one actor or one file on several assets",
        IncidentKind::DetectionOnAsset => "something was seen on an asset with open issues",
        IncidentKind::ProcessTree => "detections of one process tree",
        IncidentKind::ExploitedVulnerability => "a weakness that is exploited elsewhere",
        IncidentKind::SharedFix => "one change closes all of it",
        IncidentKind::SameFault => "the same fault many times in one account",
        IncidentKind::ByHand => "put together by a person",
        IncidentKind::Single => "one issue",
    }
}

/// An issue; with what is known of its asset where it is the first that names it.
pub(super) fn issue(of: &Telling<'_, '_>, issue: &IssueReport, with_asset: bool) -> Record {
    let tools: BTreeSet<&str> = issue.findings.iter().map(|one| one.source.as_str()).collect();
    let parts = issue.risk.parts.iter().filter(|part| part.points > 0).take(MOST_REASONS);
    let parts: Vec<&str> = parts.map(|part| part.because.as_str()).collect();
    let mark = issue.mark.as_ref().filter(|mark| !mark.ended);
    let record = Record::new(format!("issue:{}", issue.id), "issue")
        .text("title", issue.title.raw())
        .text("class", issue.class.as_str().replace('_', " "))
        .text("severity", issue.severity.as_str())
        .text("status", issue.status.as_str())
        .text("score", issue.risk.score.to_string())
        .text("score_because", parts.join("; "))
        .text("control", issue.control.clone().unwrap_or_default())
        .text("weakness", issue.vulnerability.clone().unwrap_or_default())
        .text("techniques", issue.attack.join(", "))
        .text("tools", tools.into_iter().collect::<Vec<_>>().join(", "))
        .text("first_seen", when(issue.first_seen))
        .text("last_seen", when(issue.last_seen))
        .text("marked", mark.map(|mark| mark.kind.as_str()).unwrap_or_default());
    asset(of, issue, (record, with_asset))
}

fn asset(of: &Telling<'_, '_>, issue: &IssueReport, (record, whole): (Record, bool)) -> Record {
    let Some(asset) = of.asset(&issue.asset) else { return record };
    let record = record.name("asset", asset.name.raw(), mask_of(asset));
    if !whole {
        return record;
    }
    let text = |value: &Option<Untrusted>| value.as_ref().map_or("", |text| text.raw()).to_owned();
    let signals = signals(of, issue);
    let record = match &*asset.provider {
        "kubernetes" => {
            record.name("namespace", asset.region.raw(), (quell_mask::Kind::Resource, "namespace"))
        }
        _ => record.text("region", asset.region.raw()),
    };
    let record = record
        .text("asset_kind", kind_of(asset))
        .text("provider", &*asset.provider)
        .name("account", asset.account.raw(), (quell_mask::Kind::Account, ""))
        .text("environment", text(&asset.environment))
        .text("data_class", text(&asset.data_class))
        .text("criticality", text(&asset.criticality))
        .name("application", text(&asset.application), (quell_mask::Kind::Resource, "application"))
        .text("exposed", signals[0])
        .text("sensitive", signals[1])
        .text("privileged", signals[2]);
    match asset.owner.as_ref().filter(|owner| is_somebody(owner)) {
        Some(owner) => record.name("owner", owner.name.raw(), mask_of_owner(owner.name.raw())),
        None => record,
    }
}

/// What tools say of the surroundings; that they differ, where they do.
fn signals(of: &Telling<'_, '_>, issue: &IssueReport) -> [&'static str; 3] {
    let Some(detail) = of.details.get(&issue.id) else { return [""; 3] };
    let members = || detail.members.iter().map(|member| &member.finding.asset.signals);
    let own = &detail.issue.asset.signals;
    let word = |value: fn(&Signals) -> Option<bool>| {
        let said: BTreeSet<bool> = members().chain([own]).filter_map(value).collect();
        match (said.contains(&true), said.contains(&false)) {
            (true, true) => "tools differ",
            (true, false) => "yes",
            (false, true) => "no",
            (false, false) => "",
        }
    };
    [word(|s| s.internet_exposed), word(|s| s.sensitive_data), word(|s| s.high_privilege)]
}

pub(super) fn finding(
    of: &Telling<'_, '_>,
    issue: &IssueReport,
    finding: &FindingReport,
) -> Record {
    let title = if finding.title == issue.title { "" } else { finding.title.raw() };
    let record = Record::new(format!("finding:{}", finding.id), "finding")
        .text("title", title)
        .text("tool", finding.source.as_str())
        .text("rule", finding.rule.raw())
        .text("severity", finding.severity.as_str())
        .text("severity_native", finding.severity_native.raw())
        .text("status", finding.status.as_str())
        .text("last_seen", when(finding.last_seen));
    match of.details.finding(&issue.id, &finding.id) {
        Some(member) => of_member(record, member),
        None => record.text("weakness", issue.vulnerability.clone().unwrap_or_default()),
    }
}

fn of_member(record: Record, member: &Member) -> Record {
    let finding = &member.finding;
    let capped = |text: &Untrusted| text.clone().capped(MOST_BYTES).raw().to_owned();
    let mut record = record
        .text("description", capped(&finding.description))
        .text("advice", capped(&finding.remediation));
    if let Some(weakness) = finding.vulnerability.as_deref() {
        let yes = |value: Option<bool>| match value {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        record = record
            .text("weakness", weakness.id.as_str())
            .text("package", weakness.package.as_str())
            .text("version", weakness.version.as_str())
            .text("fixed_in", weakness.fixed_version.clone().unwrap_or_default())
            .text("cvss", weakness.cvss.map(|score| format!("{score:.1}")).unwrap_or_default())
            .text("epss", weakness.epss.map(|chance| format!("{chance:.3}")).unwrap_or_default())
            .text("exploited", yes(weakness.exploited))
            .text("exploit_public", yes(weakness.exploit_public));
    }
    if let Some(place) = finding.location.as_deref() {
        let line = place.start_line.map(|line| format!(":{line}")).unwrap_or_default();
        record = record
            .text("location", format!("{}{line}", place.file))
            .text("block", place.address.clone().unwrap_or_default());
    }
    let facts = finding.evidence.iter().take(MOST_REASONS * 2);
    let facts: Vec<String> =
        facts.map(|(name, value)| format!("{name}: {}", value.raw())).collect();
    record.log("facts", Untrusted::from(facts.join("; ")).capped(MOST_BYTES * 2).raw())
}

pub(super) fn control(control: &Control, asset: &str) -> Record {
    let filled = |text: &str| text.replace("{asset}", asset);
    let explain = &control.explain;
    Record::new(format!("control:{}", control.id), "control")
        .text("title", control.title.as_str())
        .text("what", filled(&explain.what))
        .text("why", filled(&explain.why))
        .text("cause", filled(&explain.cause))
        .text("intent", filled(&explain.intent))
        .text("steps", filled(&explain.steps.join(" ")))
        .text("breaks", filled(&explain.breaks))
        .text("techniques", control.attack.join(", "))
}

pub(in crate::analyst) fn fix(fix: &FixReport) -> Record {
    let safety = match fix.safety {
        Safety::Safe => "changes nothing that a running system can notice",
        Safety::NeedsApproval => "a person has to agree",
        Safety::DisplayOnly => "is shown only",
    };
    Record::new(format!("fix:{}", fix.id), "fix")
        .text("title", fix.title.as_str())
        .text("state", &*fix.state)
        .text("safety", safety)
        .text("closes", fix.closes.len().to_string())
        .text("file", fix.file.raw())
        .text("block", fix.address.raw())
        .text("may_break", fix.may_break.join("; "))
}

pub(super) fn statement(said: &StatementReport) -> Record {
    Record::new(said.id.as_str(), "statement")
        .text("weakness", said.vulnerability.raw())
        .text("product", said.product.raw())
        .text("verdict", said.verdict.words())
        .text("justification", said.justification.raw())
        .text("text", said.text.clone().capped(MOST_BYTES).raw())
        .text("author", said.author.raw())
        .text("at", when(said.time))
}

/// A time as texts have it.
pub(super) fn when(time: Option<Timestamp>) -> String {
    time.map(|time| format!("{time:.0}")).unwrap_or_default()
}

/// The word for how sure an explanation is.
pub(super) const fn confidence(confidence: Confidence) -> &'static str {
    quell_explain::runtime::word(confidence)
}
