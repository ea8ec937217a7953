//! An occurrence: something that was found out about one image.

use quell_model::{
    Activity, Asset, AssetId, Finding, FindingClass, Hints, Provider, Record, Rule, Severity, Tool,
    Untrusted,
};

use super::vulnerability;
use crate::wire::{Facts, Tree};
use crate::{Output, RawRecord, Rejection};

pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let record: Tree<'_> = serde_json::from_str(raw.text)?;
    if record.first(&["fullyQualifiedDigest"]).is_some() && record.key("noteName").is_empty() {
        output.push(Record::Asset(Box::new(summary(&record)?)));
        return Ok(());
    }
    let place = place(&record)?;
    let kind = kind(&record);
    match kind.as_str() {
        "VULNERABILITY" => vulnerability::findings(&record, &place, output)?,
        "COMPLIANCE" => output.push(compliance(&record, place)?),
        "SECRET" => output.push(secret(&record, place)?),
        "DISCOVERY" | "BUILD" | "DEPLOYMENT" | "ATTESTATION" | "DSSE_ATTESTATION"
        | "SBOM_REFERENCE" => output.push(activity(&record, place, &kind)?),
        "PACKAGE" | "UPGRADE" | "IMAGE" | "VULNERABILITY_ASSESSMENT" => {
            return Err(Rejection::new(format!(
                "an occurrence of kind `{kind}` at $.kind describes the image and no fault in it"
            )));
        }
        "" => return Err(Rejection::new("names no kind at $.kind")),
        _ => {
            let told: String = kind.chars().take(64).collect();
            return Err(Rejection::new(format!("`{told}` at $.kind is no known occurrence")));
        }
    }
    Ok(())
}

pub(super) fn tool() -> Tool {
    Tool { product: "gcp_artifact".to_owned(), format: "gcp_artifact".to_owned() }
}

/// The kind as it is said, or as the part that only this kind has tells it.
fn kind(record: &Tree<'_>) -> String {
    let said = record.text(&["kind"]).to_ascii_uppercase();
    if !matches!(said.as_str(), "" | "NOTE_KIND_UNSPECIFIED") {
        return if said == "PACKAGE_VULNERABILITY" { "VULNERABILITY".to_owned() } else { said };
    }
    let parts = ["vulnerability", "discovery", "build", "deployment", "attestation", "compliance"];
    let found = parts.into_iter().find(|part| record.key(part).is_map());
    found.unwrap_or_default().to_ascii_uppercase()
}

pub(super) fn place(record: &Tree<'_>) -> Result<Asset, Rejection> {
    let uri = record
        .first(&["resourceUri", "resource.uri", "resourceUrl"])
        .ok_or_else(|| Rejection::new("names no resource at $.resourceUri"))?;
    Ok(image(uri))
}

fn image(uri: &str) -> Asset {
    let reference = uri.strip_prefix("https://").unwrap_or(uri);
    let hints =
        Hints { provider: Some(Provider::Image), kind: Some("containerimage"), ..Hints::default() };
    Asset {
        id: AssetId::parse(reference, &hints),
        native_id: uri.to_owned(),
        native_kind: "container image".to_owned(),
        name: Untrusted::from(reference).capped(1024),
        ..Asset::default()
    }
}

fn summary(record: &Tree<'_>) -> Result<Asset, Rejection> {
    let digest = record.first(&["fullyQualifiedDigest"]).ok_or_else(|| {
        Rejection::new("names no image at $.image_summary.fully_qualified_digest")
    })?;
    Ok(image(digest))
}

fn activity(record: &Tree<'_>, place: Asset, kind: &str) -> Result<Record, Rejection> {
    let name = record
        .first(&["name", "noteName"])
        .ok_or_else(|| Rejection::new("names no occurrence at $.name"))?;
    let status = record.text(&["discovery.analysisStatus"]);
    let succeeded = match status {
        "FINISHED_SUCCESS" | "COMPLETE" => Some(true),
        "FINISHED_FAILED" | "FINISHED_UNSUPPORTED" => Some(false),
        _ => None,
    };
    let mut facts = Facts::default();
    facts.add("analysisStatus", status);
    facts.add("analysisError", record.text(&["discovery.analysisStatusError.message"]));
    facts.add("continuousAnalysis", record.text(&["discovery.continuousAnalysis"]));
    facts.add(
        "builder",
        record.text(&["build.intotoStatement.predicate.builder.id", "build.provenance.id"]),
    );
    facts.add("deployedTo", record.text(&["deployment.address", "deployment.platform"]));
    facts.add("noteName", record.text(&["noteName"]));
    Ok(Record::Activity(Box::new(Activity {
        tool: tool(),
        native_id: name.to_owned(),
        action: format!("image.{}", kind.to_ascii_lowercase()),
        principal: record.prose(&["deployment.userEmail", "build.provenance.creator"]),
        asset: place,
        time: record.time(&[
            "discovery.lastScanTime",
            "deployment.deployTime",
            "build.provenance.endTime",
            "updateTime",
            "createTime",
        ]),
        succeeded,
        evidence: facts.into_vec(),
    })))
}

/// A benchmark's rule that files of the image do not keep.
fn compliance(record: &Tree<'_>, place: Asset) -> Result<Record, Rejection> {
    let note = note(record)?;
    let wire = record.key("compliance");
    let rule = Rule { id: note.to_owned(), title: Untrusted::from(note), aliases: Vec::new() };
    let mut out = Finding::new(tool(), FindingClass::Misconfiguration, rule, place);
    out.native_id = record.text(&["name", "noteName"]).to_owned();
    out.description = wire.prose(&["nonComplianceReason"]);
    out.remediation = record.prose(&["remediation"]);
    dates(record, &mut out);
    let mut facts = Facts::default();
    for file in wire.key("nonCompliantFiles").list() {
        facts.add(file.text(&["path"]), file.text(&["reason", "displayCommand"]));
    }
    out.evidence = facts.into_vec();
    Ok(Record::Finding(Box::new(out)))
}

fn secret(record: &Tree<'_>, place: Asset) -> Result<Record, Rejection> {
    let kind = record
        .first(&["secret.kind"])
        .ok_or_else(|| Rejection::new("names no kind of secret at $.secret.kind"))?;
    let rule = Rule { id: kind.to_owned(), title: Untrusted::from(kind), aliases: Vec::new() };
    let mut out = Finding::new(tool(), FindingClass::Secret, rule, place);
    out.native_id = record.text(&["name", "noteName"]).to_owned();
    dates(record, &mut out);
    let mut facts = Facts::default();
    for location in record.at("secret.locations").list() {
        facts.add("file", location.text(&["fileLocation.filePath"]));
    }
    out.evidence = facts.into_vec();
    Ok(Record::Finding(Box::new(out)))
}

/// `projects/goog-vulnz/notes/CVE-2031-1` → `CVE-2031-1`.
pub(super) fn note<'t>(record: &'t Tree<'_>) -> Result<&'t str, Rejection> {
    let name = record.first(&["noteName"]).and_then(|name| name.rsplit('/').next());
    name.filter(|name| !name.is_empty())
        .ok_or_else(|| Rejection::new("names no note at $.noteName"))
}

pub(super) fn dates(record: &Tree<'_>, out: &mut Finding) {
    out.first_seen = record.time(&["createTime"]);
    out.last_seen = record.time(&["updateTime", "createTime"]);
}

pub(super) fn severity(word: &str) -> Severity {
    match word {
        "MINIMAL" => Severity::Informational,
        _ => Severity::from_word(word),
    }
}
