//! A result as a finding or a piece of evidence.

use quell_model::{
    Asset, AssetId, Evidence, Finding, FindingClass, Hints, KeyHasher, Location, Record, Rule,
    Scope, Severity, Status, Tool, Untrusted,
};
use serde_json::Value;

use super::message::{of_rule, resolve};
use super::package::vulnerability;
use super::run::Run;
use super::wire::{ResultWire, Text};
use crate::wire::{Facts, sorted};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const TEXT_BYTES: usize = 4096;

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let result: ResultWire<'_> = serde_json::from_str(raw.text)?;
    let run = Run::of(raw.envelope.document, raw.indices.first().copied().unwrap_or_default());
    let rule = run.rule(&result);
    let message = resolve(&result.message, rule, run);
    let text = |name| rule.get(name).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
    let rule_id = result.rule_id.get().or_else(|| result.rule.id.get()).or_else(|| text("id"));
    if rule_id.is_none() && message.is_empty() {
        return Err(Rejection::new("a result without `ruleId` and without `message`"));
    }
    let rule_id = rule_id.unwrap_or_default();
    let product = run.product();
    let cvss = [&result.properties, rule.get("properties").unwrap_or(&Value::Null)]
        .iter()
        .find_map(|properties| number(properties.get("security-severity")?));
    let vulnerability = vulnerability(rule_id, &message, &result.properties, cvss);
    let class = class(rule, &product, vulnerability.is_some());
    let location = location(&result, run);
    let asset = asset(&result, run, class, location.as_ref());
    let (severity, severity_native) = severity(&result, rule, cvss);
    let title = of_rule(rule, "shortDescription")
        .filter(|title| *title != rule_id)
        .or_else(|| message.lines().next())
        .or_else(|| text("name"))
        .unwrap_or(rule_id);
    let rule_title = of_rule(rule, "shortDescription").or_else(|| text("name")).unwrap_or_default();
    let tool = Tool { product, format: "sarif".to_owned() };
    let rule_model = Rule {
        id: rule_id.to_owned(),
        title: Untrusted::from(rule_title).capped(TITLE_BYTES),
        aliases: aliases(rule, rule_id),
    };
    let scope = run.target().filter(|_| !rule_id.is_empty()).map(|target| Scope {
        target,
        check: rule_id.to_owned(),
        place: String::new(),
    });
    let native_id = native_id(&result, &message, location.as_ref());
    if let "pass" | "notApplicable" | "informational" | "open" = result.kind.or_empty() {
        output.push(Record::Evidence(Box::new(Evidence {
            tool,
            native_id,
            rule: rule_model,
            asset,
            passed: result.kind.or_empty() == "pass",
            result_native: result.kind.or_empty().to_owned(),
            observed: run.time(),
            scope,
        })));
        return Ok(());
    }
    let mut facts = Facts::default();
    facts.add("cwe", &cwe(rule, &result.properties));
    let justification = result.suppressions.first().map(|s| s.justification.or_empty());
    facts.add("suppression", justification.unwrap_or_default());
    let advice = result.fixes.first().map(|fix| fix.description.text.or_empty());
    let advice = advice.filter(|a| !a.is_empty()).or_else(|| of_rule(rule, "help"));
    let web = |uri: &&str| uri.starts_with("https://") || uri.starts_with("http://");
    output.push(Record::Finding(Box::new(Finding {
        tool,
        native_id,
        class,
        title: Untrusted::from(title).capped(TITLE_BYTES),
        rule: rule_model,
        description: description(&message, rule, title),
        severity,
        severity_native,
        status: status(&result),
        status_native: result.baseline_state.or_empty().to_owned(),
        asset,
        first_seen: None,
        last_seen: run.time(),
        vulnerability,
        location: location.map(Box::new),
        detection: None,
        remediation: Untrusted::from(advice.unwrap_or_default()).capped(TEXT_BYTES),
        references: text("helpUri").filter(web).map(str::to_owned).into_iter().collect(),
        evidence: facts.into_vec(),
        scope,
    })));
    Ok(())
}

fn description(message: &str, rule: &Value, title: &str) -> Untrusted {
    let full = of_rule(rule, "fullDescription").unwrap_or_default();
    let text = if message.is_empty() || message == title { full } else { message };
    Untrusted::from(text).capped(TEXT_BYTES)
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_f64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|n: &f64| n.is_finite())
}

/// The score where a scanner gives one (GitHub's `security-severity`), else the level: the
/// result's own, the rule's, or `warning`, which is the standard's default.
fn severity(result: &ResultWire<'_>, rule: &Value, cvss: Option<f64>) -> (Severity, String) {
    if let Some(score) = cvss {
        return (Severity::from_cvss(score), score.to_string());
    }
    let of_rule = rule.pointer("/defaultConfiguration/level").and_then(Value::as_str);
    let level = result.level.get().or(of_rule).unwrap_or("warning");
    let severity = match level {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        "none" => Severity::Informational,
        other => Severity::from_word(other),
    };
    (severity, level.to_owned())
}

/// A suppression counts unless it is still looked at or was refused (section 3.27.23).
fn status(result: &ResultWire<'_>) -> Status {
    let refused = result.suppressions.iter().any(|suppression| {
        let word = suppression.status.get().or_else(|| suppression.state.get());
        matches!(word, Some("underReview" | "rejected"))
    });
    if !result.suppressions.is_empty() && !refused {
        Status::Suppressed
    } else if result.baseline_state.or_empty() == "absent" {
        Status::Resolved
    } else {
        Status::Open
    }
}

/// Tools whose results are about configuration, and about secrets.
const CONFIGURATION: &[&str] = &[
    "checkov",
    "dockle",
    "hadolint",
    "kics",
    "kubescape",
    "kube_linter",
    "kube_score",
    "prowler",
    "terrascan",
    "tfsec",
    "polaris",
    "steampipe",
    "scoutsuite",
    "actionlint",
    "zizmor",
];
const SECRETS: &[&str] = &["gitleaks", "trufflehog", "detect_secrets", "ggshield"];

fn class(rule: &Value, product: &str, is_vulnerability: bool) -> FindingClass {
    let tags = rule.pointer("/properties/tags").and_then(Value::as_array);
    let tagged = |word: &str| {
        tags.is_some_and(|tags| {
            tags.iter().any(|t| t.as_str().is_some_and(|t| t.eq_ignore_ascii_case(word)))
        })
    };
    if is_vulnerability {
        FindingClass::Vulnerability
    } else if SECRETS.contains(&product) || tagged("secret") || tagged("secrets") {
        FindingClass::Secret
    } else if tagged("license") {
        FindingClass::License
    } else if CONFIGURATION.contains(&product) || tagged("misconfiguration") {
        FindingClass::Misconfiguration
    } else {
        FindingClass::CodeWeakness
    }
}

fn location(result: &ResultWire<'_>, run: Run<'_>) -> Option<Location> {
    let first = result.locations.first()?;
    let physical = &first.physical_location;
    let artifact = &physical.artifact_location;
    let uri = artifact.uri.get().or_else(|| run.artifact(artifact.index.integer()))?;
    let line = |text: &Text<'_>| {
        text.integer().and_then(|n| u32::try_from(n).ok()).filter(|line| *line > 0)
    };
    let start_line = line(&physical.region.start_line);
    let resource = first.logical_locations.iter().find(|l| l.kind.or_empty() == "resource");
    Some(Location {
        file: path(uri),
        start_line,
        end_line: line(&physical.region.end_line).or(start_line),
        address: resource.and_then(|l| l.fully_qualified_name.get()).map(str::to_owned),
    })
}

/// A path without its scheme, with its escapes read.
fn path(uri: &str) -> String {
    let below = uri.strip_prefix("file://").unwrap_or(uri);
    let below = below.trim_start_matches('/').trim_start_matches("./");
    let mut bytes = Vec::with_capacity(below.len());
    let mut rest = below.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).replace('\\', "/")
}

fn asset(
    result: &ResultWire<'_>,
    run: Run<'_>,
    class: FindingClass,
    location: Option<&Location>,
) -> Asset {
    if let Some(image) = run.image() {
        let hints = Hints { kind: Some("image"), name: Some(image), ..Hints::default() };
        return named(AssetId::parse(image, &hints), image, "image");
    }
    let repository = run.repository();
    if let Some(location) = location {
        return match (&location.address, class) {
            (Some(address), FindingClass::Misconfiguration) => {
                named(AssetId::iac(repository, &location.file, address), address, "resource")
            }
            _ => named(AssetId::code(repository, &location.file), &location.file, "file"),
        };
    }
    // A result in a binary names what is in it; one without any place is about all that was
    // scanned, which only the run can name.
    let logical = result.locations.first().and_then(|l| l.logical_locations.first());
    match logical.and_then(|l| l.fully_qualified_name.get()) {
        Some(name) => named(AssetId::code(repository, name), name, "symbol"),
        None => {
            let target = run.target().unwrap_or_else(|| run.product());
            named(AssetId::code(&target, ""), &target, "scan")
        }
    }
}

fn named(id: AssetId, name: &str, kind: &str) -> Asset {
    Asset {
        id,
        native_id: name.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(name).capped(TITLE_BYTES),
        ..Asset::default()
    }
}

/// Other ids of the rule: its name, and the ids it had before.
fn aliases(rule: &Value, rule_id: &str) -> Vec<String> {
    let old = rule.get("deprecatedIds").and_then(Value::as_array).into_iter().flatten();
    let all = old.filter_map(Value::as_str).chain(rule.get("id").and_then(Value::as_str));
    all.filter(|id| *id != rule_id).take(8).map(str::to_owned).collect()
}

/// The CWE numbers among the tags of rule and result.
fn cwe(rule: &Value, properties: &Value) -> String {
    let tags = rule.pointer("/properties/tags").and_then(Value::as_array).into_iter().flatten();
    let own = properties.get("cwe").and_then(Value::as_str);
    let all = tags.filter_map(Value::as_str).chain(own);
    let number = |tag: &str| {
        let at = tag.to_ascii_lowercase().find("cwe-")?;
        let digits: String = tag.get(at + 4..)?.chars().take_while(char::is_ascii_digit).collect();
        let number: u32 = digits.parse().ok()?;
        Some(format!("CWE-{number}"))
    };
    let mut found: Vec<String> = all.filter_map(number).collect();
    found.sort();
    found.dedup();
    found.join(", ")
}

/// The tool's own id where it gives a stable one, else the place and the message.
///
/// Of the partial fingerprints only the line hash tells one result from another; some tools put
/// a commit's data there, which many results share.
fn native_id(result: &ResultWire<'_>, message: &str, location: Option<&Location>) -> String {
    let stable = sorted(&result.fingerprints).into_iter().find_map(|(_, value)| {
        let text = value.as_str().or_else(|| value.get("value")?.as_str())?;
        (!text.is_empty() && text != "requires login").then_some(text)
    });
    let line_hash = result.partial_fingerprints.get("primaryLocationLineHash");
    let given = stable
        .or_else(|| line_hash.and_then(Value::as_str))
        .or_else(|| result.correlation_guid.get())
        .or_else(|| result.guid.get());
    let file = location.map_or("", |l| l.file.as_str());
    if let Some(given) = given {
        return format!("{given}|{file}");
    }
    let line = location.and_then(|l| l.start_line).unwrap_or_default();
    let first = result.locations.first();
    let column = first.map_or("", |l| l.physical_location.region.start_column.or_empty());
    let hash = KeyHasher::new("message").part(message).finish::<()>();
    format!("{file}|{line}|{column}|{hash}")
}
