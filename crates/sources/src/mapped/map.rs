//! The map file, read and checked.

use std::collections::{BTreeMap, HashMap};

use quell_model::{FindingClass, Provider, Severity, Status};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::path::any;

/// A user's description of a format, ready to be used.
#[derive(Debug)]
pub struct FormatMap {
    tool: String,
    title: String,
    records: String,
    needs: Vec<String>,
    pub(super) fields: Fields,
    pub(super) severity: HashMap<String, Severity>,
    pub(super) severity_scale: Option<f64>,
    pub(super) status: HashMap<String, Verdict>,
    pub(super) class: HashMap<String, FindingClass>,
}

/// A map file that cannot be used: which key, on which line, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct MapError {
    /// Line of the fault, from 1.
    pub line: usize,
    /// What is wrong, with the nearest right thing where there is one.
    pub problem: String,
}

/// What a tool's word for a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Finding(Status),
    /// The check passed: evidence, no finding.
    Passed,
    /// The check came to no result: evidence as well.
    Undecided,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMap {
    tool: Spanned<String>,
    title: Option<String>,
    records: Option<Spanned<String>>,
    #[serde(default)]
    needs: Vec<Spanned<String>>,
    severity_scale: Option<Spanned<f64>>,
    finding: RawFinding,
    #[serde(default)]
    asset: RawAsset,
    vulnerability: Option<RawVulnerability>,
    #[serde(default)]
    severity: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    status: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    class: BTreeMap<String, Spanned<String>>,
}

/// Where the parts of a finding stand.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFinding {
    class: Option<Spanned<Field>>,
    id: Option<Field>,
    rule: Option<Field>,
    title: Option<Field>,
    description: Option<Field>,
    severity: Option<Field>,
    status: Option<Field>,
    first_seen: Option<Field>,
    last_seen: Option<Field>,
    remediation: Option<Field>,
    link: Option<Field>,
    file: Option<Field>,
    line: Option<Field>,
    address: Option<Field>,
    principal: Option<Field>,
    evidence: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawAsset {
    id: Option<Field>,
    name: Option<Field>,
    kind: Option<Field>,
    provider: Option<Spanned<Field>>,
    account: Option<Field>,
    region: Option<Field>,
    namespace: Option<Field>,
    tags: Option<Field>,
    exposed: Option<Field>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawVulnerability {
    id: Option<Field>,
    package: Option<Field>,
    version: Option<Field>,
    fixed_version: Option<Field>,
    purl: Option<Field>,
    path: Option<Field>,
    cvss: Option<Field>,
    epss: Option<Field>,
}

/// Where a value stands: a field, the first of several that says something, or a fixed value.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Field {
    Path(String),
    FirstOf(Vec<String>),
    Fixed { value: String },
}

/// Everything that can be read, by name. Absent ones are not read.
pub(super) type Fields = HashMap<&'static str, Field>;

impl FormatMap {
    /// Reads a map file.
    ///
    /// # Errors
    /// When it is no TOML, or a key or a word in it is not known.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        let raw: RawMap = toml::from_str(text).map_err(|error| of_toml(&error, text))?;
        let at = |start: usize, problem: String| MapError { line: line_of(text, start), problem };
        let tool = raw.tool.get_ref().trim().to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if tool.is_empty() || !tool.chars().all(plain) {
            let problem = "`tool` is a short name of letters, digits, `_`, `-` and `.`".to_owned();
            return Err(at(raw.tool.span().start, problem));
        }
        let records = match &raw.records {
            Some(records) => {
                let ends = records.get_ref() == "$" || records.get_ref().ends_with("[]");
                if !(records.get_ref().starts_with('$') && ends) {
                    let problem = "`records` is `$` (each document, line or row) or the path of a list (`$.results[]`)";
                    return Err(at(records.span().start, problem.to_owned()));
                }
                records.get_ref().clone()
            }
            None => "$".to_owned(),
        };
        let scale = match &raw.severity_scale {
            Some(scale) if *scale.get_ref() <= 0.0 || !scale.get_ref().is_finite() => {
                let problem = "`severity_scale` is the highest number of the scale (`10`)";
                return Err(at(scale.span().start, problem.to_owned()));
            }
            other => other.as_ref().map(|scale| *scale.get_ref()),
        };
        if let Some(class) = &raw.finding.class {
            check_fixed(class, CLASSES, "class").map_err(|(start, p)| at(start, p))?;
        }
        if let Some(provider) = &raw.asset.provider {
            check_fixed(provider, PROVIDERS, "provider").map_err(|(start, p)| at(start, p))?;
        }
        let needs = needs(&raw).map_err(|(start, p)| at(start, p))?;
        let pick = |(start, problem)| at(start, problem);
        Ok(Self {
            title: raw.title.clone().unwrap_or_else(|| tool.clone()),
            tool,
            records,
            needs,
            severity: words(&raw.severity, SEVERITIES, "severity").map_err(pick)?,
            severity_scale: scale,
            status: words(&raw.status, STATUSES, "status").map_err(pick)?,
            class: words(&raw.class, CLASSES, "class").map_err(pick)?,
            fields: fields(raw),
        })
    }

    /// The tool's short name.
    #[must_use]
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// The tool's name for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What a record must have for the map to fit.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        self.needs.iter().map(String::as_str)
    }

    /// Where the records are.
    pub(crate) fn records(&self) -> &str {
        &self.records
    }

    /// The name at the top under which they are.
    pub(crate) fn records_key(&self) -> Option<&str> {
        let below = self.records.strip_prefix("$.")?;
        below.split(['.', '[']).next()
    }

    /// Whether a document, a row included, has what the map needs.
    pub(crate) fn fits(&self, document: &Value) -> bool {
        let has = |record: &Value, path: &str| any(record, path, &mut |_| true);
        any(document, &self.records, &mut |record| self.needs.iter().all(|need| has(record, need)))
    }
}

/// What a record must have: what the file says, else where its rule, title and severity stand.
fn needs(raw: &RawMap) -> Result<Vec<String>, (usize, String)> {
    if !raw.needs.is_empty() {
        return Ok(raw.needs.iter().map(|need| need.get_ref().clone()).collect());
    }
    let told = [&raw.finding.title, &raw.finding.rule, &raw.finding.severity, &raw.asset.id];
    let path = |field: &&Option<Field>| match field {
        Some(Field::Path(path)) => Some(path.clone()),
        Some(Field::FirstOf(_) | Field::Fixed { .. }) | None => None,
    };
    let needs: Vec<String> = told.iter().filter_map(path).collect();
    if raw.finding.title.is_none() && raw.finding.rule.is_none() {
        let problem = "`[finding]` names neither a `title` nor a `rule`".to_owned();
        return Err((raw.tool.span().start, problem));
    }
    if needs.is_empty() {
        let problem = "`needs` is missing: name the fields by which such a file is known";
        return Err((raw.tool.span().start, problem.to_owned()));
    }
    Ok(needs)
}

fn fields(raw: RawMap) -> Fields {
    let (finding, asset) = (raw.finding, raw.asset);
    let vulnerability = raw.vulnerability.unwrap_or_default();
    let evidence = (!finding.evidence.is_empty()).then_some(Field::FirstOf(finding.evidence));
    let all = [
        ("class", finding.class.map(Spanned::into_inner)),
        ("id", finding.id),
        ("rule", finding.rule),
        ("title", finding.title),
        ("description", finding.description),
        ("severity", finding.severity),
        ("status", finding.status),
        ("first_seen", finding.first_seen),
        ("last_seen", finding.last_seen),
        ("remediation", finding.remediation),
        ("link", finding.link),
        ("file", finding.file),
        ("line", finding.line),
        ("address", finding.address),
        ("principal", finding.principal),
        ("evidence", evidence),
        ("asset.id", asset.id),
        ("asset.name", asset.name),
        ("asset.kind", asset.kind),
        ("asset.provider", asset.provider.map(Spanned::into_inner)),
        ("asset.account", asset.account),
        ("asset.region", asset.region),
        ("asset.namespace", asset.namespace),
        ("asset.tags", asset.tags),
        ("asset.exposed", asset.exposed),
        ("vulnerability.id", vulnerability.id),
        ("vulnerability.package", vulnerability.package),
        ("vulnerability.version", vulnerability.version),
        ("vulnerability.fixed_version", vulnerability.fixed_version),
        ("vulnerability.purl", vulnerability.purl),
        ("vulnerability.path", vulnerability.path),
        ("vulnerability.cvss", vulnerability.cvss),
        ("vulnerability.epss", vulnerability.epss),
    ];
    all.into_iter().filter_map(|(name, field)| Some((name, field?))).collect()
}

/// The words that a map may use, with what they stand for.
type Known<T> = &'static [(&'static str, T)];

const SEVERITIES: Known<Severity> = &[
    ("informational", Severity::Informational),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
    ("unknown", Severity::Unknown),
];

const STATUSES: Known<Verdict> = &[
    ("open", Verdict::Finding(Status::Open)),
    ("in_progress", Verdict::Finding(Status::InProgress)),
    ("suppressed", Verdict::Finding(Status::Suppressed)),
    ("resolved", Verdict::Finding(Status::Resolved)),
    ("passed", Verdict::Passed),
    ("undecided", Verdict::Undecided),
];

/// What words mean that many tools use for a status, as [`STATUSES`] has it.
pub(super) fn usual_status(word: &str) -> Option<&'static str> {
    Some(match word.trim().to_lowercase().as_str() {
        "fail" | "failed" | "open" | "new" | "active" | "unhealthy" | "non-compliant" => "open",
        "pass" | "passed" | "ok" | "compliant" | "success" | "healthy" => "passed",
        "resolved" | "closed" | "fixed" | "remediated" | "done" => "resolved",
        "suppressed" | "muted" | "ignored" | "dismissed" | "accepted" | "risk accepted"
        | "false positive" | "exempt" => "suppressed",
        "in progress" | "in_progress" | "inprogress" | "assigned" => "in_progress",
        "manual" | "skipped" | "not applicable" | "notapplicable" | "n/a" | "not_applicable" => {
            "undecided"
        }
        _ => return None,
    })
}

/// What a tool's word for a status means where the map does not say.
pub(super) fn usual_verdict(word: &str) -> Verdict {
    let usual = usual_status(word).and_then(|ours| known(STATUSES, ours));
    usual.unwrap_or(Verdict::Finding(Status::Open))
}

/// Words of the class of a finding.
pub(super) const CLASSES: Known<FindingClass> = &[
    ("misconfiguration", FindingClass::Misconfiguration),
    ("vulnerability", FindingClass::Vulnerability),
    ("detection", FindingClass::Detection),
    ("secret", FindingClass::Secret),
    ("code_weakness", FindingClass::CodeWeakness),
    ("attack_path", FindingClass::AttackPath),
    ("identity", FindingClass::Identity),
    ("data_risk", FindingClass::DataRisk),
    ("license", FindingClass::License),
];

/// Words of the world an asset lives in.
pub(super) const PROVIDERS: Known<Provider> = &[
    ("aws", Provider::Aws),
    ("azure", Provider::Azure),
    ("gcp", Provider::Gcp),
    ("kubernetes", Provider::Kubernetes),
    ("image", Provider::Image),
    ("iac", Provider::Iac),
    ("code", Provider::Code),
    ("host", Provider::Host),
    ("other", Provider::Other),
];

/// What a word stands for.
pub(super) fn known<T: Copy>(words: Known<T>, word: &str) -> Option<T> {
    words.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, value)| *value)
}

fn words<T: Copy>(
    table: &BTreeMap<String, Spanned<String>>,
    allowed: Known<T>,
    name: &str,
) -> Result<HashMap<String, T>, (usize, String)> {
    let one = |(word, ours): (&String, &Spanned<String>)| match known(allowed, ours.get_ref()) {
        Some(value) => Ok((word.trim().to_lowercase(), value)),
        None => Err((ours.span().start, not_known(name, ours.get_ref(), allowed))),
    };
    table.iter().map(one).collect()
}

fn check_fixed<T: Copy>(
    field: &Spanned<Field>,
    allowed: Known<T>,
    name: &str,
) -> Result<(), (usize, String)> {
    match field.get_ref() {
        Field::Fixed { value } if known(allowed, value).is_none() => {
            Err((field.span().start, not_known(name, value, allowed)))
        }
        Field::Fixed { .. } | Field::Path(_) | Field::FirstOf(_) => Ok(()),
    }
}

fn not_known<T: Copy>(name: &str, word: &str, allowed: Known<T>) -> String {
    let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
    let hint = nearest(word, &names);
    format!("`{word}` is no {name}; it is one of `{}`{hint}", names.join("`, `"))
}

/// `; did you mean …?` where something is near.
fn nearest(word: &str, names: &[&str]) -> String {
    let near = |name: &&str| strsim::jaro_winkler(&word.to_lowercase(), name);
    let best = names.iter().copied().max_by(|a, b| near(a).total_cmp(&near(b)));
    match best.filter(|name| near(name) > 0.75) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// A parser's message, cut to what is wrong, with the nearest name for one that is not known.
fn of_toml(error: &toml::de::Error, text: &str) -> MapError {
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let hint = match (message.starts_with("unknown field"), quoted.next()) {
        (true, Some(wrong)) => nearest(wrong, &quoted.collect::<Vec<_>>()),
        _ => String::new(),
    };
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    let message = match message.starts_with("data did not match any variant of untagged enum Field")
    {
        true => "a field is a name, a list of names, or `{ value = \"…\" }`",
        false => message,
    };
    MapError { line, problem: format!("{}{hint}", message.replace('\n', " ")) }
}

fn line_of(text: &str, start: usize) -> usize {
    text.get(..start.min(text.len())).unwrap_or_default().matches('\n').count() + 1
}
