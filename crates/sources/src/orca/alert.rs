//! Alerts of both generations. An alert about vulnerable software lists its CVEs, and becomes a
//! finding for each.

use quell_model::{
    Asset, Detection, Finding, FindingClass, Location, Record, Rule, Untrusted, Vulnerability,
};
use serde_json::Value;

use super::asset;
use super::normalize::{alert_id, prose, severity, status, tool};
use super::wire::{Fields, FlatAlert, FlatAsset, Served, Text, texts};
use crate::wire::Facts;
use crate::{Output, Rejection};

/// What the class, the place and the weaknesses are read from.
struct About<'a> {
    category: &'a str,
    labels: Vec<&'a str>,
    source: &'a str,
    description: &'a str,
    cves: Vec<&'a str>,
    cvss: Option<f64>,
}

pub(super) fn flat(text: &str, output: &mut Output) -> Result<(), Rejection> {
    let wire: FlatAlert<'_> = serde_json::from_str(text)?;
    let about_asset: FlatAsset<'_> = serde_json::from_str(text)?;
    let asset = asset::flat(&about_asset)
        .ok_or_else(|| Rejection::new("names no asset at $.asset_unique_id"))?;
    let state = &wire.state;
    let id = state.alert_id.get().or_else(|| wire.alert_id.get()).unwrap_or_default();
    let rule_id = wire.rule.get().or_else(|| wire.alert_type.get()).or_else(|| wire.rule_id.get());
    let title = wire.type_string.get().or_else(|| wire.description.get()).or(rule_id);
    let title = title.ok_or_else(|| Rejection::new("an alert without $.type and $.type_string"))?;
    let mut facts = Facts::default();
    facts.add("rule_query", wire.rule_query.or_empty());
    facts.add("closed_reason", state.closed_reason.or_empty());
    facts.add("orca_score", first(&[&state.orca_score, &wire.orca_score]).or_empty());
    let (rank, native) = severity(
        first(&[&state.risk_level, &wire.risk_level]),
        first(&[&state.severity, &wire.severity]),
        &state.score,
        first(&[&state.orca_score, &wire.orca_score]),
    );
    let word = first(&[&state.status, &wire.status]);
    let seen = [&state.last_updated, &state.last_seen, &state.created_at, &wire.time_generated];
    let about = About {
        category: wire.category.or_empty(),
        labels: texts(&wire.alert_labels),
        source: wire.source.or_empty(),
        description: wire.description.or_empty(),
        cves: texts(&wire.cve_list),
        cvss: wire.max_cvss_score.number(),
    };
    let mut aliases: Vec<String> = Vec::new();
    aliases.extend(wire.rule_id.get().filter(|id| Some(*id) != rule_id).map(str::to_owned));
    let finding = Finding {
        tool: tool(),
        native_id: id.to_owned(),
        class: class(&about),
        rule: Rule {
            id: rule_id.unwrap_or_default().to_owned(),
            title: Untrusted::from(title).capped(1024),
            aliases,
        },
        title: Untrusted::from(title).capped(1024),
        description: prose(first(&[&wire.details, &wire.description])),
        severity: rank,
        severity_native: native,
        status: status(word),
        status_native: word.or_empty().to_owned(),
        asset,
        first_seen: state.created_at.time(),
        last_seen: seen.iter().find_map(|t| t.time()),
        vulnerability: None,
        location: None,
        detection: detection(&wire.data),
        remediation: prose(&wire.recommendation),
        references: Vec::new(),
        evidence: facts.into_vec(),
        scope: None,
    };
    push(finding, &about, output);
    Ok(())
}

pub(super) fn served(
    text: &str,
    around: &Served<'_>,
    output: &mut Output,
) -> Result<(), Rejection> {
    let wire: Fields<'_> = serde_json::from_str(text)?;
    let kinds = [&wire.alert_type, &wire.rule_type, &wire.title];
    let source = wire.source.0.get().map(plain_asset);
    let asset = asset::served(&wire, &around.asset_unique_id)
        .or(source)
        .ok_or_else(|| Rejection::new("names no asset at AssetData, Inventory or Source"))?;
    let rule_id = wire.rule_type.0.get().or_else(|| wire.alert_type.0.get());
    let rule_id = rule_id.or_else(|| wire.rule_id.0.get());
    let title = wire.title.0.get().or_else(|| kinds.iter().find_map(|k| k.0.get()));
    let title = title.ok_or_else(|| Rejection::new("an alert without Title and AlertType"))?;
    let name = [&wire.name.0, &around.name].into_iter().find(|name| name.get().is_some());
    let id = alert_id(&wire.alert_id.0, name.unwrap_or(&Text::EMPTY));
    // An export without ids is told apart by what it is about.
    let native_id = id.unwrap_or_else(|| format!("{title}|{}", asset.id.key()));
    let (rank, native) =
        severity(&wire.risk_level.0, &wire.severity.0, &wire.score.0, &wire.orca_score.0);
    let seen = [&wire.last_updated.0, &wire.last_seen.0, &around.last_seen, &wire.created_at.0];
    let mut facts = Facts::default();
    facts.add("closed_reason", wire.closed_reason.0.or_empty());
    facts.add("orca_score", wire.orca_score.0.or_empty());
    let about = About {
        category: wire.category.0.or_empty(),
        labels: texts(&wire.labels.0),
        source: wire.source.0.or_empty(),
        description: wire.description.0.or_empty(),
        cves: texts(&wire.cve_ids.0),
        cvss: wire.max_cvss_score.0.number(),
    };
    let others = [&wire.rule_id, &wire.alert_type];
    let aliases = others.iter().filter_map(|o| o.0.get()).filter(|o| Some(*o) != rule_id);
    let finding = Finding {
        tool: tool(),
        native_id,
        class: class(&about),
        rule: Rule {
            id: rule_id.unwrap_or_default().to_owned(),
            title: Untrusted::from(title).capped(1024),
            aliases: aliases.map(str::to_owned).collect(),
        },
        title: Untrusted::from(title).capped(1024),
        description: prose(first(&[&wire.details.0, &wire.description.0])),
        severity: rank,
        severity_native: native,
        status: status(&wire.status.0),
        status_native: wire.status.0.or_empty().to_owned(),
        asset,
        first_seen: wire.created_at.0.time(),
        last_seen: seen.iter().find_map(|t| t.time()),
        vulnerability: None,
        location: None,
        detection: None,
        remediation: prose(&wire.recommendation.0),
        references: Vec::new(),
        evidence: facts.into_vec(),
        scope: None,
    };
    push(finding, &about, output);
    Ok(())
}

/// An asset of which only a name is known.
fn plain_asset(name: &str) -> Asset {
    let hints = quell_model::Hints { name: Some(name), ..quell_model::Hints::default() };
    Asset {
        id: quell_model::AssetId::parse(name, &hints),
        native_id: name.to_owned(),
        name: Untrusted::from(name).capped(1024),
        ..Asset::default()
    }
}

fn first<'t, 'a>(texts: &[&'t Text<'a>]) -> &'t Text<'a> {
    const NONE: &Text<'static> = &Text::EMPTY;
    texts.iter().copied().find(|text| text.get().is_some()).unwrap_or(NONE)
}

fn class(about: &About<'_>) -> FindingClass {
    let labelled = |start: &str| about.labels.iter().any(|label| label.starts_with(start));
    match about.category {
        _ if labelled("shiftleft:sast") => FindingClass::CodeWeakness,
        _ if labelled("shiftleft:secret") => FindingClass::Secret,
        "Vulnerabilities" => FindingClass::Vulnerability,
        "Malware" | "Malicious activity" | "Suspicious activity" => FindingClass::Detection,
        "Attack Impact" => FindingClass::AttackPath,
        "IAM misconfigurations" => FindingClass::Identity,
        _ => FindingClass::Misconfiguration,
    }
}

/// ATT&CK as Orca names it: a category, and techniques by name or id.
fn detection(data: &Value) -> Option<Box<Detection>> {
    let list = |key: &str| {
        let listed = data.get(key).map(texts).unwrap_or_default();
        listed.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let techniques = list("mitre_technique");
    let is_id = |t: &String| {
        t.strip_prefix('T')
            .is_some_and(|rest| rest.len() >= 4 && rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let detection = Detection {
        techniques: techniques.into_iter().filter(is_id).collect(),
        tactics: list("mitre_category"),
        ..Detection::default()
    };
    (!detection.techniques.is_empty() || !detection.tactics.is_empty()).then(|| Box::new(detection))
}

fn push(mut finding: Finding, about: &About<'_>, output: &mut Output) {
    if finding.class == FindingClass::CodeWeakness || finding.class == FindingClass::Secret {
        finding.location = location(about.source);
    }
    if about.cves.is_empty() || finding.class != FindingClass::Vulnerability {
        output.push(Record::Finding(Box::new(finding)));
        return;
    }
    let (package, version) = package(about);
    for cve in &about.cves {
        let mut one = finding.clone();
        one.rule.id = (*cve).to_owned();
        one.vulnerability = Some(Box::new(Vulnerability {
            id: (*cve).to_owned(),
            package: package.to_owned(),
            version: version.to_owned(),
            // The alert gives the highest of its CVEs, which is this one's only when it is alone.
            cvss: about.cvss.filter(|_| about.cves.len() == 1),
            ..Vulnerability::default()
        }));
        output.push(Record::Finding(Box::new(one)));
    }
}

/// `path:line`.
fn location(source: &str) -> Option<Box<Location>> {
    let (file, line) = match source.rsplit_once(':') {
        Some((file, line)) if line.bytes().all(|b| b.is_ascii_digit()) => (file, line.parse().ok()),
        _ => (source, None),
    };
    let location = Location { file: file.to_owned(), start_line: line, ..Location::default() };
    (!file.is_empty()).then(|| Box::new(location))
}

/// Package and version: the source is `name-version`, and the description ends with the version.
fn package<'a>(about: &About<'a>) -> (&'a str, &'a str) {
    let (source, last) = (about.source, about.description.rsplit(' ').next().unwrap_or_default());
    if let Some(name) = source.strip_suffix(last).and_then(|name| name.strip_suffix('-'))
        && !last.is_empty()
    {
        return (name, last);
    }
    match source.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            (name, version)
        }
        _ => (source, ""),
    }
}
