//! What is wrong and why it matters here; each claim with the records it rests on.

use std::collections::BTreeSet;

use quell_model::{
    Claim, FindingClass, FindingKey, Incident, IncidentKind, LabelKind, Statement, Untrusted,
    record_behind,
};

use crate::owner::origin_text;
use crate::title::asset_name;
use crate::{Finding, IssueEvidence};

const MOST_BYTES: usize = 800;
/// Records named for one claim.
const MOST_EVIDENCE: usize = 12;
/// Statements named in one explanation.
const MOST_STATEMENTS: usize = 6;
/// Reasons for an incident that its explanation repeats; all stand beside it.
const MOST_REASONS: usize = 1;

/// The tools that see an incident.
pub(crate) fn tools<'a>(issues: &'a [IssueEvidence<'_>]) -> BTreeSet<&'a str> {
    issues.iter().flat_map(|i| &i.findings).map(|(_, f, _)| f.tool.product.as_str()).collect()
}

/// References to every finding of an issue.
pub(crate) fn all_findings(issue: &IssueEvidence<'_>) -> Vec<String> {
    let mut all: Vec<String> = issue
        .findings
        .iter()
        .take(MOST_EVIDENCE)
        .map(|(key, _, _)| format!("finding:{key}"))
        .collect();
    all.extend(issue.control.map(|c| format!("control:{}", c.id)));
    all
}

/// What is wrong: the catalogue's words, else the tool's own.
pub(crate) fn what(lead: Option<&IssueEvidence<'_>>, evidence: Vec<String>) -> Claim {
    let Some(lead) = lead else { return Claim { text: Untrusted::default(), evidence } };
    let text = match (lead.control, lead.findings.first()) {
        (Some(control), _) => control.explain.what.replace("{asset}", &asset_name(lead)),
        (None, Some((_, finding, _))) if !finding.description.is_empty() => {
            finding.description.raw().to_owned()
        }
        (None, _) => lead.issue.title.raw().to_owned(),
    };
    Claim { text: Untrusted::from(text).capped(MOST_BYTES), evidence }
}

/// Why it matters here, fact by fact.
pub(crate) fn why_here(incident: &Incident, issues: &[IssueEvidence<'_>]) -> Vec<Claim> {
    let Some(lead) = issues.first() else { return Vec::new() };
    let mut claims = Vec::new();
    if let Some(control) = lead.control {
        let text = control.explain.why.replace("{asset}", &asset_name(lead));
        claims.push(Claim { text: Untrusted::from(text), evidence: all_findings(lead) });
    }
    claims.extend(surroundings(lead));
    claims.extend(lead.related.iter().cloned());
    claims.extend(weakness(lead));
    claims.extend(detection(issues));
    let tools = tools(issues);
    if tools.len() > 1 {
        let names: Vec<&str> = tools.iter().copied().collect();
        let evidence = issues.iter().flat_map(all_findings).take(MOST_EVIDENCE).collect();
        claims
            .push(claim(format!("{} tools see it: {}.", names.len(), names.join(", ")), evidence));
    }
    claims.extend(said(issues));
    if incident.kind.is_attack() {
        claims.extend(incident.because.iter().take(MOST_REASONS).cloned().map(sentence));
    }
    claims
}

/// A reason as a sentence of its own.
fn sentence(claim: Claim) -> Claim {
    let mut letters = claim.text.raw().chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let text = format!("{first}{}.", letters.as_str());
    Claim { text: Untrusted::from(text), evidence: claim.evidence }
}

/// What suppliers and people say of the issues, the newest of each issue first.
fn said(issues: &[IssueEvidence<'_>]) -> Vec<Claim> {
    let each = issues.iter().flat_map(|issue| {
        let about = all_findings(issue);
        issue.statements.iter().map(move |statement| (about.clone(), statement))
    });
    each.take(MOST_STATEMENTS)
        .map(|(about, statement)| {
            let mut evidence = vec![format!("statement:{}", statement.key())];
            evidence.extend(about.into_iter().take(MOST_EVIDENCE - 1));
            claim(statement_text(statement), evidence)
        })
        .collect()
}

fn statement_text(statement: &Statement) -> String {
    let who = match statement.author.raw() {
        "" => "Somebody",
        author => author,
    };
    let format = &statement.tool.format;
    let on = statement.time.map(|time| format!(", {}", time.strftime("%Y-%m-%d")));
    let component = statement.component.as_ref().map(|part| format!("{} of ", part.label()));
    let mut text = format!(
        "{who} says of {} ({format}{}): {}{} is {}",
        statement.vulnerability,
        on.unwrap_or_default(),
        component.unwrap_or_default(),
        statement.product.label(),
        statement.verdict.words()
    );
    for said in [statement.justification.as_str(), statement.text.raw()] {
        if !said.is_empty() {
            text.push_str(", ");
            text.push_str(said.lines().next().unwrap_or_default());
        }
    }
    text.truncate(text.floor_char_boundary(MOST_BYTES - 100));
    let text = text.trim_end_matches('.');
    if statement.verdict.excuses() {
        return format!("{text}. That closes nothing until a person has reviewed it.");
    }
    format!("{text}.")
}

fn claim(text: String, evidence: Vec<String>) -> Claim {
    Claim { text: Untrusted::from(text).capped(MOST_BYTES), evidence }
}

/// The first finding for which something holds, as a reference to one of its fields.
fn because(
    of: &IssueEvidence<'_>,
    field: &str,
    holds: impl Fn(&Finding) -> bool,
) -> Option<(FindingKey, String, String)> {
    let (key, finding, _) = of.findings.iter().find(|(_, finding, _)| holds(finding))?;
    Some((*key, finding.tool.product.clone(), format!("finding:{key}#{field}")))
}

fn surroundings(lead: &IssueEvidence<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    let signals = [
        ("asset.signals.internet_exposed", "the internet reaches it", 0),
        ("asset.signals.sensitive_data", "it holds sensitive data", 1),
        ("asset.signals.high_privilege", "it can act as an administrator", 2),
    ];
    for (field, words, which) in signals {
        let says = |finding: &Finding| {
            let signals = &finding.asset.signals;
            let all = [signals.internet_exposed, signals.sensitive_data, signals.high_privilege];
            all.get(which).copied().flatten() == Some(true)
        };
        if let Some((_, tool, evidence)) = because(lead, field, says) {
            claims.push(claim(format!("According to {tool}, {words}."), vec![evidence]));
        }
    }
    let (asset, context) = (&lead.issue.asset.id, &lead.issue.asset.context);
    if context.is_exposed() == Some(true)
        && lead.issue.asset.signals.internet_exposed == Some(true)
        && let Some(known) = &context.exposed
        && let Some(row) = known.row()
    {
        let from = origin_text(&known.origin);
        claims.push(claim(format!("The internet reaches it, {from}."), vec![row]));
    }
    for (field, kind, name, value) in [
        ("asset.context.environment", LabelKind::Environment, "environment", &context.environment),
        ("asset.context.data_class", LabelKind::DataClass, "data class", &context.data_class),
    ] {
        let Some(value) = value else { continue };
        let says = |finding: &Finding| {
            let of = &finding.asset.context;
            of.environment.as_ref() == Some(value) || of.data_class.as_ref() == Some(value)
        };
        let record = record_behind(asset, kind, value);
        if let Some(evidence) = record.or_else(|| Some(because(lead, field, says)?.2)) {
            let text =
                format!("Its {name} is {}, {}.", value.value.raw(), origin_text(&value.origin));
            claims.push(claim(text, vec![evidence]));
        }
    }
    claims
}

fn weakness(lead: &IssueEvidence<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    let of = |finding: &Finding| finding.vulnerability.as_deref().cloned();
    let kev = lead.issue.risk.parts.iter().any(|p| p.name == "kev");
    if kev
        && let Some((key, finding, _)) =
            lead.findings.iter().find(|(_, f, _)| f.vulnerability.is_some())
    {
        let id = of(finding).map(|v| v.id).unwrap_or_default();
        claims.push(claim(
            format!("{id} is exploited in the wild."),
            vec![format!("finding:{key}#vulnerability.id"), "intelligence:kev".to_owned()],
        ));
    }
    let epss = lead.issue.risk.parts.iter().find(|part| part.name == "epss");
    for (key, finding, _) in lead.findings.iter().take(1) {
        let Some(weakness) = of(finding) else { continue };
        if let Some(part) = epss {
            let evidence = match weakness.epss {
                Some(_) => format!("finding:{key}#vulnerability.epss"),
                None => "intelligence:epss".to_owned(),
            };
            claims.push(claim(format!("{}.", part.because), vec![evidence]));
        }
        if let Some(cvss) = weakness.cvss {
            claims.push(claim(
                format!("Its CVSS base score is {cvss:.1}."),
                vec![format!("finding:{key}#vulnerability.cvss")],
            ));
        }
    }
    claims
}

/// The latest thing that was seen to happen.
fn detection(issues: &[IssueEvidence<'_>]) -> Option<Claim> {
    let seen = issues
        .iter()
        .flat_map(|i| &i.findings)
        .filter(|(_, f, _)| f.class == FindingClass::Detection);
    let (key, finding, _) = seen.max_by_key(|(key, f, _)| (f.last_seen, *key))?;
    let mut text = format!("{} saw: {}", finding.tool.product, finding.title.raw());
    let detection = finding.detection.as_deref();
    if let Some(process) =
        detection.and_then(|d| d.processes.first()).filter(|p| !p.name.is_empty())
    {
        text.push_str(&format!(", by process {}", process.name.raw()));
    }
    if let Some(principal) = detection.map(|d| d.principal.raw()).filter(|p| !p.is_empty()) {
        text.push_str(&format!(", as {principal}"));
    }
    if let Some(time) = finding.last_seen {
        text.push_str(&format!(", at {time:.0}"));
    }
    Some(claim(text, vec![format!("finding:{key}#detection")]))
}

/// The largest parts of the risk, as one line.
pub(crate) fn one_line(kind: IncidentKind, issues: &[IssueEvidence<'_>]) -> String {
    let Some(lead) = issues.first() else { return String::new() };
    let mut words: Vec<String> = Vec::new();
    match kind {
        IncidentKind::Exploitation => words.push("what was seen points at it".to_owned()),
        IncidentKind::Campaign => words.push("one actor or file on several assets".to_owned()),
        IncidentKind::DetectionOnAsset
        | IncidentKind::ProcessTree
        | IncidentKind::ExploitedVulnerability
        | IncidentKind::SharedFix
        | IncidentKind::SameFault
        | IncidentKind::ByHand
        | IncidentKind::Single => {}
    }
    let parts = lead.issue.risk.parts.iter().filter(|p| p.points > 0).take(4);
    words.extend(parts.map(|p| p.because.clone()));
    let tools = tools(issues).len();
    if tools > 1 {
        words.push(format!("seen by {tools} tools"));
    }
    words.join("; ")
}
