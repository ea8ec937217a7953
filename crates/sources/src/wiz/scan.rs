//! Results of the command line tool: a folder, an image or infrastructure code that was scanned
//! before it runs. Packages and rules are read from the document around each record.

use quell_model::{
    Asset, AssetId, Finding, FindingClass, Hints, Location, Provider, Record, Rule, Severity,
    Untrusted, Vulnerability, parse_timestamp,
};
use serde_json::Value;

use super::normalize::{prose, tool};
use crate::wire::{Facts, text_of};
use crate::{Output, RawRecord, Rejection};

/// The shape's name.
pub(super) const SCAN: &str = "command line scan";

/// Where the records are.
pub(super) const LISTS: &[&str] = &[
    "$.result.libraries[].vulnerabilities[]",
    "$.result.osPackages[].vulnerabilities[]",
    "$.result.applications[].vulnerabilities[]",
    "$.result.cpes[].vulnerabilities[]",
    "$.result.aiModels[].vulnerabilities[]",
    "$.result.ruleMatches[].matches[]",
    "$.result.secrets[]",
    "$.result.dataFindings[]",
    "$.result.sast[]",
    "$.result.malwares[]",
    "$.result.softwareSupplyChain[]",
];
/// The lists of packages, in the order of [`LISTS`].
const PACKAGES: &[&str] = &["libraries", "osPackages", "applications", "cpes", "aiModels"];

type Reader = fn(&Value, &Value, &Scanned<'_>) -> Result<Finding, Rejection>;

/// What reads the lists behind those of packages, in the order of [`LISTS`].
const READERS: &[Reader] = &[rule_match, secret, data, code, malware, supply];

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: Value = serde_json::from_str(raw.text)?;
    let document = raw.envelope.document;
    let scanned = Scanned::of(document);
    let outer = raw.indices.first().copied().unwrap_or_default();
    let around = |list: &str| {
        let listed = document.get("result").and_then(|result| result.get(list)?.get(outer));
        listed.unwrap_or(&Value::Null)
    };
    let mut finding = match PACKAGES.get(raw.pattern) {
        Some(list) => vulnerability(&wire, around(list), &scanned)?,
        None => {
            let reader = READERS.get(raw.pattern - PACKAGES.len());
            let reader = reader.ok_or_else(|| Rejection::new("no reader for this list"))?;
            reader(&wire, around("ruleMatches"), &scanned)?
        }
    };
    finding.last_seen = parse_timestamp(text(document, "createdAt"));
    finding.references.extend(link(text(document, "reportUrl")));
    finding.native_id = format!("wizcli|{}|{}", scanned.origin(), finding.native_id);
    output.push(Record::Finding(Box::new(finding)));
    Ok(())
}

/// What was scanned.
struct Scanned<'a> {
    kind: &'a str,
    name: &'a str,
    digest: &'a str,
}

impl<'a> Scanned<'a> {
    fn of(document: &'a Value) -> Self {
        let origin = document.get("scanOriginResource").unwrap_or(&Value::Null);
        let kind = text(origin, "__typename");
        Self {
            kind: kind.strip_prefix("CICDScanOrigin").unwrap_or(kind),
            name: text(origin, "name"),
            digest: text(origin, "digest"),
        }
    }

    fn is_image(&self) -> bool {
        self.kind == "ContainerImage"
    }

    /// What was scanned, the same in the next scan. Infrastructure code is scanned under a name
    /// that holds the time.
    fn origin(&self) -> String {
        let name = if self.kind == "IAC" { "" } else { self.name };
        format!("{}:{name}", self.kind)
    }

    /// The image, or the file below the folder.
    fn asset(&self, file: &str) -> Asset {
        if !self.is_image() {
            return made(AssetId::code("", file), file, "file");
        }
        let pinned = self.digest.starts_with("sha256:") && !self.name.contains('@');
        let native =
            if pinned { format!("{}@{}", self.name, self.digest) } else { self.name.to_owned() };
        let hints = Hints {
            provider: Some(Provider::Image),
            kind: Some("container_image"),
            ..Hints::default()
        };
        made(AssetId::parse(&native, &hints), &native, "container_image")
    }

    fn finding(&self, class: FindingClass, rule: Rule, wire: &Value, file: &str) -> Finding {
        let word = text(wire, "severity");
        let failed = wire.get("failedPolicyMatches").and_then(Value::as_array);
        let names = failed.into_iter().flatten().filter_map(|f| f.get("policy")?.get("name"));
        let names: Vec<&str> = names.filter_map(Value::as_str).take(8).collect();
        let mut facts = Facts::default();
        facts.add("failedPolicies", &names.join(", "));
        Finding {
            native_id: format!("{}|{file}", rule.id),
            severity: Severity::from_word(word),
            severity_native: word.to_owned(),
            description: prose(text(wire, "description")),
            evidence: facts.into_vec(),
            ..Finding::new(tool(), class, rule, self.asset(file))
        }
    }
}

fn made(id: AssetId, native: &str, kind: &str) -> Asset {
    Asset {
        id,
        native_id: native.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(native).capped(1024),
        ..Asset::default()
    }
}

fn vulnerability(
    wire: &Value,
    package: &Value,
    scanned: &Scanned<'_>,
) -> Result<Finding, Rejection> {
    let id = named(wire, "name")?;
    let rule = Rule { id: id.to_owned(), title: prose(id), aliases: Vec::new() };
    let (name, version) = (text(package, "name"), text(package, "version"));
    let path = text(package, "path");
    let mut finding = scanned.finding(FindingClass::Vulnerability, rule, wire, path);
    finding.native_id = format!("{id}|{name}|{version}|{path}");
    finding.references.extend(link(text(wire, "source")));
    let number = |field: &str| text_of(wire.get(field)?)?.parse::<f64>().ok();
    finding.vulnerability = Some(Box::new(Vulnerability {
        id: id.to_owned(),
        package: name.to_owned(),
        version: version.to_owned(),
        fixed_version: filled(text(wire, "fixedVersion")),
        path: filled(path),
        cvss: number("score").filter(|s| (0.0..=10.0).contains(s)),
        epss: number("epssProbability").filter(|p| (0.0..=1.0).contains(p)),
        exploited: wire.get("hasCisaKevExploit").and_then(Value::as_bool),
        exploit_public: wire.get("hasExploit").and_then(Value::as_bool),
        ..Vulnerability::default()
    }));
    finding.location = location(path, package, None).filter(|_| !scanned.is_image());
    Ok(finding)
}

fn rule_match(wire: &Value, around: &Value, scanned: &Scanned<'_>) -> Result<Finding, Rejection> {
    let of = around.get("rule").unwrap_or(&Value::Null);
    let (id, name) = (text(of, "id"), text(of, "name"));
    let id = if id.is_empty() { name } else { id };
    if id.is_empty() {
        return Err(Rejection::new("no rule at $.result.ruleMatches[].rule.id"));
    }
    let rule = Rule { id: id.to_owned(), title: prose(name), aliases: Vec::new() };
    let (file, address) = (text(wire, "fileName"), text(wire, "resourceName"));
    let mut finding = scanned.finding(FindingClass::Misconfiguration, rule, wire, file);
    let block = block(address);
    if let Some(block) = block.as_deref().filter(|_| !scanned.is_image()) {
        finding.asset = made(AssetId::iac("", file, block), block, text(wire, "fileType"));
    }
    let word = text(around, "severity");
    finding.severity = Severity::from_word(word);
    word.clone_into(&mut finding.severity_native);
    finding.native_id = format!("{id}|{file}|{address}");
    let (found, expected) = (text(wire, "found"), text(wire, "expected"));
    let sentences = [found, expected].into_iter().filter(|sentence| !sentence.is_empty());
    finding.description = prose(&sentences.collect::<Vec<_>>().join("\n"));
    finding.remediation = prose(text(wire, "remediationInstructions"));
    finding.location = location(file, wire, block.as_deref());
    Ok(finding)
}

/// The block that a search key begins with: `aws_s3_bucket[logs].acl` is in `aws_s3_bucket.logs`.
/// A key that quotes text (`FROM={{alpine}}`) names a line, no block.
fn block(key: &str) -> Option<String> {
    if key.is_empty() || key.contains("{{") {
        return None;
    }
    match key.split_once('[').and_then(|(kind, rest)| Some((kind, rest.split_once(']')?.0))) {
        Some((kind, name)) => Some(format!("{kind}.{name}")),
        None => Some(key.to_owned()),
    }
}

/// What was found stays out: a report is no place for a secret.
fn secret(wire: &Value, _: &Value, scanned: &Scanned<'_>) -> Result<Finding, Rejection> {
    let (kind, path) = (named(wire, "type")?, text(wire, "path"));
    let rule = Rule { id: kind.to_owned(), title: prose(kind), aliases: Vec::new() };
    let mut finding = scanned.finding(FindingClass::Secret, rule, wire, path);
    let line = line(wire).unwrap_or_default();
    let offset = wire.get("offset").and_then(Value::as_u64).unwrap_or_default();
    finding.native_id = format!("{kind}|{path}|{line}|{offset}");
    finding.description = Untrusted::default();
    finding.title = prose(&format!("{} in {path}", kind.to_lowercase().replace('_', " ")));
    finding.location = location(path, wire, None);
    Ok(finding)
}

fn data(wire: &Value, _: &Value, scanned: &Scanned<'_>) -> Result<Finding, Rejection> {
    let classifier = wire.get("dataClassifier").unwrap_or(&Value::Null);
    let name = [text(classifier, "name"), text(wire, "name"), text(classifier, "id")];
    let name = name.into_iter().find(|name| !name.is_empty());
    let name = name.ok_or_else(|| Rejection::new("no class at $.dataClassifier.name"))?;
    let examples = wire.get("examples").and_then(Value::as_array);
    let path = examples.and_then(|list| list.first()).map_or("", |first| text(first, "path"));
    let rule = Rule { id: name.to_owned(), title: prose(name), aliases: Vec::new() };
    let mut finding = scanned.finding(FindingClass::DataRisk, rule, wire, path);
    finding.location = location(path, wire, None);
    Ok(finding)
}

fn code(wire: &Value, _: &Value, scanned: &Scanned<'_>) -> Result<Finding, Rejection> {
    let (name, path) = (named(wire, "name")?, text(wire, "filePath"));
    let rule = Rule { id: name.to_owned(), title: prose(name), aliases: Vec::new() };
    let mut finding = scanned.finding(FindingClass::CodeWeakness, rule, wire, path);
    finding.native_id = format!("{name}|{path}|{}", line(wire).unwrap_or_default());
    finding.location = location(path, wire, None);
    Ok(finding)
}

fn malware(wire: &Value, _: &Value, scanned: &Scanned<'_>) -> Result<Finding, Rejection> {
    let details = wire.get("malwareDetails").unwrap_or(&Value::Null);
    let path = text(wire, "path");
    let names = [text(wire, "name"), text(details, "name"), path];
    let name = names.into_iter().find(|name| !name.is_empty());
    let name = name.ok_or_else(|| Rejection::new("`$.name` and `$.path` are missing"))?;
    let rule = Rule { id: name.to_owned(), title: prose(name), aliases: Vec::new() };
    Ok(scanned.finding(FindingClass::Detection, rule, wire, path))
}

/// A package that the policy does not allow, mostly for its licence.
fn supply(wire: &Value, _: &Value, scanned: &Scanned<'_>) -> Result<Finding, Rejection> {
    let name = named(wire, "name")?;
    let package = wire.get("codeLibrary").unwrap_or(&Value::Null);
    let path = text(package, "path");
    let licensed = wire.get("licenseNames").and_then(Value::as_array);
    let class = match licensed.is_some_and(|names| !names.is_empty()) {
        true => FindingClass::License,
        false => FindingClass::Misconfiguration,
    };
    let rule = Rule { id: name.to_owned(), title: prose(name), aliases: Vec::new() };
    let mut finding = scanned.finding(class, rule, wire, path);
    finding.native_id = format!("{name}|{}|{path}", text(package, "name"));
    Ok(finding)
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).map(str::trim).unwrap_or_default()
}

fn named<'v>(value: &'v Value, field: &str) -> Result<&'v str, Rejection> {
    let given = Some(text(value, field)).filter(|text| !text.is_empty());
    given.ok_or_else(|| Rejection::new(format!("`$.{field}` is missing")))
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn link(text: &str) -> Option<String> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    filled(text).filter(|_| is_web && text.len() <= 2048)
}

fn line(value: &Value) -> Option<u32> {
    let line = value.get("startLine").or_else(|| value.get("lineNumber"))?.as_u64()?;
    u32::try_from(line).ok().filter(|line| *line > 0)
}

fn location(file: &str, value: &Value, address: Option<&str>) -> Option<Box<Location>> {
    let end = value.get("endLine").and_then(Value::as_u64);
    (!file.is_empty()).then(|| {
        Box::new(Location {
            file: file.trim_start_matches("./").trim_start_matches('/').to_owned(),
            start_line: line(value),
            end_line: end.and_then(|line| u32::try_from(line).ok()),
            address: address.filter(|address| !address.is_empty()).map(str::to_owned),
        })
    })
}
