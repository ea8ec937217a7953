//! Checkov's checks as findings and evidence.

use quell_model::{
    Asset, AssetId, Evidence, Finding, FindingClass, Location, Record, Rule, Scope, Severity,
    Status, Tool, Untrusted, Vulnerability,
};
use serde_json::Value;

use super::wire::Check;
use crate::wire::{Facts, Text, tags_of};
use crate::{Output, RawRecord, Rejection};

const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let list = record.pattern;
    if list == 3 {
        let file = record.text.trim_matches('"');
        return Err(Rejection::new(format!("checkov could not parse `{file}`")));
    }
    let check: Check<'_> = serde_json::from_str(record.text)?;
    let Some(id) = check.check_id.get() else {
        return Err(Rejection::new("`check_id` is missing"));
    };
    let framework = framework(record);
    let rule = Rule {
        id: id.to_owned(),
        title: check.check_name.untrusted(TITLE_BYTES),
        aliases: check.bc_check_id.get().map(str::to_owned).into_iter().collect(),
    };
    let file =
        check.file_path.or_empty().trim_start_matches("./").trim_start_matches('/').to_owned();
    let asset = asset(&check, framework, &file);
    let scanned = scanned(&check);
    let location = location(&check, framework, file);
    let line = location.start_line.filter(|_| location.address.is_none()).unwrap_or_default();
    let native_id = format!(
        "{framework}|{scanned}|{id}|{}|{}|{line}",
        location.file,
        check.resource.or_empty()
    );
    let tool = Tool { product: "checkov".to_owned(), format: "checkov".to_owned() };
    let scope = Scope {
        target: format!("checkov:{framework}:{scanned}"),
        check: id.to_owned(),
        place: String::new(),
    };
    if list == 1 {
        output.push(Record::Evidence(Box::new(Evidence {
            tool,
            native_id,
            rule,
            asset,
            passed: true,
            result_native: check.check_result.result.or_empty().to_owned(),
            observed: None,
            scope: Some(scope),
        })));
        return Ok(());
    }
    let mut facts = Facts::default();
    facts.add("suppress_comment", check.check_result.suppress_comment.or_empty());
    let vulnerability = vulnerability(&check);
    let severity = check
        .severity
        .get()
        .or(check.vulnerability_details.as_ref().and_then(|v| v.severity.get()));
    output.push(Record::Finding(Box::new(Finding {
        tool,
        native_id,
        class: class(id, framework, vulnerability.is_some()),
        title: rule.title.clone(),
        rule,
        description: check.description.untrusted(DESCRIPTION_BYTES),
        severity: severity.map_or(Severity::Unknown, Severity::from_word),
        severity_native: severity.unwrap_or_default().to_owned(),
        status: if list == 2 { Status::Suppressed } else { Status::Open },
        status_native: check.check_result.result.or_empty().to_owned(),
        asset,
        first_seen: None,
        last_seen: None,
        vulnerability,
        location: Some(Box::new(location)),
        detection: None,
        remediation: Untrusted::default(),
        references: check.guideline.link().into_iter().collect(),
        evidence: facts.into_vec(),
        scope: Some(scope),
    })));
    Ok(())
}

/// `check_type` of the report that the check stands in.
fn framework<'a>(record: &RawRecord<'a>) -> &'a str {
    let document = record.envelope.document;
    let report = match record.shape.name {
        "report" => Some(document),
        _ => record.indices.first().and_then(|at| document.get(*at)),
    };
    report.and_then(|r| r.get("check_type")).and_then(Value::as_str).unwrap_or_default()
}

/// The folder that was scanned: what the whole path has before the path below it.
fn scanned(check: &Check<'_>) -> String {
    let (whole, below) = (check.file_abs_path.or_empty(), check.file_path.or_empty());
    let folder =
        whole.strip_suffix(below).or_else(|| whole.strip_suffix(below.trim_start_matches('/')));
    folder.unwrap_or_default().trim_end_matches('/').to_owned()
}

fn class(id: &str, framework: &str, is_vulnerability: bool) -> FindingClass {
    match framework {
        _ if is_vulnerability => FindingClass::Vulnerability,
        "secrets" => FindingClass::Secret,
        _ if id.starts_with("CKV_SECRET") => FindingClass::Secret,
        "sca_package" | "sca_image" if id.starts_with("BC_LIC") => FindingClass::License,
        "sast" | "cdk" => FindingClass::CodeWeakness,
        _ => FindingClass::Misconfiguration,
    }
}

/// Whether the framework's resources are blocks with an address of their own.
fn has_address(framework: &str) -> bool {
    !matches!(framework, "secrets" | "sca_package" | "sca_image" | "sast" | "dockerfile")
}

fn asset(check: &Check<'_>, framework: &str, file: &str) -> Asset {
    let address = check.resource.or_empty();
    let id = if has_address(framework) && !address.is_empty() {
        AssetId::iac("", file, address)
    } else {
        AssetId::code("", file)
    };
    Asset {
        id,
        native_id: format!("{file}:{address}"),
        native_kind: framework.to_owned(),
        name: Untrusted::from(if has_address(framework) && !address.is_empty() {
            address
        } else {
            file
        })
        .capped(TITLE_BYTES),
        tags: tags_of(&check.entity_tags),
        ..Asset::default()
    }
}

fn location(check: &Check<'_>, framework: &str, file: String) -> Location {
    let line = |at: usize| {
        let line = check.file_line_range.get(at).and_then(Text::integer);
        line.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)
    };
    let address = check.resource.get().filter(|_| has_address(framework)).map(str::to_owned);
    Location { file, start_line: line(0), end_line: line(1), address }
}

fn vulnerability(check: &Check<'_>) -> Option<Box<Vulnerability>> {
    let package = check.vulnerability_details.as_ref()?;
    let id = package.id.get()?;
    Some(Box::new(Vulnerability {
        id: id.to_owned(),
        package: package.package_name.or_empty().to_owned(),
        version: package.package_version.or_empty().to_owned(),
        fixed_version: package.lowest_fixed_version.get().map(str::to_owned),
        cvss: package.cvss.number(),
        ..Vulnerability::default()
    }))
}
