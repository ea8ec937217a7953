//! CVEs that a recommendation lists in one field, as those about images in clusters do.

use quell_model::{
    Asset, Finding, FindingClass, Record, Rule, Severity, Status, Untrusted, Vulnerability,
};

use super::normalize::{Parts, tool};
use super::{asset, subassessment};
use crate::Output;
use crate::wire::Tree;

const MOST: usize = 512;

/// Adds a finding for each CVE of an unhealthy recommendation, on the image where one is named.
pub(super) fn weaknesses(parts: &Parts<'_>, output: &mut Output) {
    let data = parts.body.key("additionalData").unwrapped();
    let listed = data.key("CVEs").unwrapped();
    let is_open = parts.body.text(&["status.code"]).eq_ignore_ascii_case("unhealthy");
    let id = parts.id();
    let place = asset::image(&data).or_else(|| asset::of_assessment(parts.body, &id));
    let (true, Some(place)) = (is_open, place) else { return };
    for row in listed.list().iter().take(MOST) {
        let cve = row.first(&["CVE", "cveId"]).filter(|cve| subassessment::is_cve(cve));
        let found = cve.map(|cve| finding(parts, row, cve, &place));
        output.records.extend(found);
    }
}

fn finding(parts: &Parts<'_>, row: &Tree<'_>, cve: &str, place: &Asset) -> Record {
    let rule = Rule { id: cve.to_owned(), title: Untrusted::from(cve), aliases: Vec::new() };
    let mut out = Finding::new(tool(), FindingClass::Vulnerability, rule, place.clone());
    out.native_id = parts.id();
    let severity = row.text(&["severity"]);
    out.severity = Severity::from_word(severity);
    severity.clone_into(&mut out.severity_native);
    if parts.is_deleted() {
        out.status = Status::Resolved;
        "Delete".clone_into(&mut out.status_native);
    } else {
        parts.body.text(&["status.code"]).clone_into(&mut out.status_native);
    }
    out.last_seen = parts.body.time(&["status.statusChangeDate"]);
    out.vulnerability = Some(Box::new(Vulnerability {
        id: cve.to_owned(),
        cvss: row.number(&["baseScore"]),
        ..Vulnerability::default()
    }));
    Record::Finding(Box::new(out))
}
