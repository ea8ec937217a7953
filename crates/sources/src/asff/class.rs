//! What kind of claim a finding makes, how bad it is and where it stands.

use quell_model::{FindingClass, Severity, Status};

use super::wire::Finding;
use crate::wire::Text;

/// What a record says of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckResult {
    /// Something is wrong.
    Failed,
    /// The check passed.
    Passed,
    /// The check could not be decided.
    Undecided,
}

/// The types, the record's own before the provider's.
pub(super) fn types<'f>(finding: &'f Finding<'_>) -> impl Iterator<Item = &'f str> {
    finding.types.iter().chain(&finding.provider_fields.types).filter_map(Text::get)
}

/// The result of the check; findings of no check count as failed.
pub(super) fn result(finding: &Finding<'_>) -> CheckResult {
    match finding.compliance.status.or_empty().to_ascii_uppercase().as_str() {
        "PASSED" => CheckResult::Passed,
        "NOT_AVAILABLE" => CheckResult::Undecided,
        _ => CheckResult::Failed,
    }
}

/// What kind of claim it is.
pub(super) fn class(finding: &Finding<'_>, product: &str) -> FindingClass {
    let any = |start: &str| types(finding).any(|t| t.starts_with(start));
    let attack = any("TTPs") || any("Effects") || any("Unusual Behaviors");
    // These check settings, and file some of them under data or under the effects of an attack.
    if matches!(product, "prowler" | "security_hub" | "config" | "access_analyzer") {
        FindingClass::Misconfiguration
    } else if product == "guardduty" {
        FindingClass::Detection
    } else if !finding.vulnerabilities.is_empty()
        || any("Software and Configuration Checks/Vulnerabilities/CVE")
    {
        FindingClass::Vulnerability
    } else if any("Sensitive Data Identifications") {
        // Trivy files the secrets that it finds in files here.
        if product == "trivy" { FindingClass::Secret } else { FindingClass::DataRisk }
    } else if attack && product != "macie" && finding.compliance.status.get().is_none() {
        FindingClass::Detection
    } else {
        FindingClass::Misconfiguration
    }
}

/// The severity: the label, else the deprecated number, else the provider's.
pub(super) fn severity(finding: &Finding<'_>) -> Severity {
    let own = &finding.severity;
    let label = own.label.get().map(Severity::from_word);
    label
        .or_else(|| normalized(&own.normalized))
        .or_else(|| finding.provider_fields.severity.label.get().map(Severity::from_word))
        .or_else(|| own.original.get().map(Severity::from_word))
        .unwrap_or(Severity::Unknown)
}

/// The number may be written as `70` or as `70.0`.
fn normalized(text: &Text<'_>) -> Option<Severity> {
    let whole = text.get()?.split('.').next()?.parse().ok()?;
    Some(Severity::from_asff_normalized(whole))
}

/// The tool's own word for the severity.
pub(super) fn severity_native<'f>(finding: &'f Finding<'_>) -> &'f str {
    let (own, provider) = (&finding.severity, &finding.provider_fields.severity);
    [&own.original, &own.label, &own.normalized, &own.product, &provider.original, &provider.label]
        .into_iter()
        .find_map(|text| text.get())
        .unwrap_or_default()
}

/// Where it stands, with the word that says so.
pub(super) fn status<'f>(finding: &'f Finding<'_>, product: &str) -> (Status, &'f str) {
    let record = finding.record_state.or_empty();
    let workflow = finding.workflow.status.get().or(finding.workflow_state.get());
    let workflow = workflow.unwrap_or_default();
    let check = finding.compliance.status.or_empty();
    if record.eq_ignore_ascii_case("ARCHIVED") {
        return (Status::Resolved, record);
    }
    match workflow.to_ascii_uppercase().as_str() {
        "RESOLVED" => (Status::Resolved, workflow),
        "SUPPRESSED" => (Status::Suppressed, workflow),
        // Prowler's word for a muted check.
        _ if product == "prowler" && check == "WARNING" => (Status::Suppressed, check),
        "NOTIFIED" | "ASSIGNED" | "IN_PROGRESS" => (Status::InProgress, workflow),
        "" => (Status::Open, record),
        _ => (Status::Open, workflow),
    }
}
