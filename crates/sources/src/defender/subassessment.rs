//! One row below a recommendation: a vulnerability for each CVE it names, else a misconfiguration.

use quell_model::{
    Asset, Evidence, Finding, FindingClass, Record, Rule, Severity, Status, Untrusted,
    Vulnerability,
};

use super::asset;
use super::normalize::{Parts, tool};
use crate::wire::{Facts, Tree};
use crate::{Output, Rejection};

const MOST_CVES: usize = 512;

pub(super) fn records(parts: &Parts<'_>, output: &mut Output) -> Result<(), Rejection> {
    let body = parts.body;
    let data = body.key("additionalData").unwrapped();
    let code = body
        .first(&["status.code"])
        .ok_or_else(|| Rejection::new("gives no result at $.properties.status.code"))?;
    let id = parts.id();
    let place =
        asset::image(&data).or_else(|| asset::of_assessment(body, &id)).ok_or_else(|| {
            Rejection::new(
                "names no resource at $.properties.resourceDetails.id or \
             $.properties.additionalData.artifactDetails.digest",
            )
        })?;
    let row = Row { parts, data: &data, code, place, id };
    let cves = row.cves();
    if cves.is_empty() {
        output.push(row.record(None)?);
    }
    for cve in cves {
        output.push(row.record(Some(cve))?);
    }
    Ok(())
}

struct Row<'r> {
    parts: &'r Parts<'r>,
    data: &'r Tree<'r>,
    code: &'r str,
    place: Asset,
    id: String,
}

impl Row<'_> {
    /// The CVEs of every shape that has them, each once. An SQL rule or a posture check has none.
    fn cves(&self) -> Vec<&str> {
        let details = self.data.first(&["vulnerabilityDetails.cveId"]).into_iter();
        let of_reference =
            self.data.at("vulnerabilityDetails.references").list().iter().filter_map(title);
        let listed = self.data.key("cve").list().iter();
        let listed = listed.filter_map(|cve| title(cve).or_else(|| cve.get()));
        let own = self.data.first(&["cve.title", "cve.cveId", "cve"]).into_iter();
        let named = self.parts.body.first(&["displayName"]).into_iter();
        let mut found: Vec<&str> = Vec::new();
        let all = details.chain(own).chain(listed).chain(of_reference).chain(named);
        for cve in all.filter(|cve| is_cve(cve)).take(MOST_CVES) {
            if !found.iter().any(|known| known.eq_ignore_ascii_case(cve)) {
                found.push(cve);
            }
        }
        found
    }

    fn record(&self, cve: Option<&str>) -> Result<Record, Rejection> {
        let body = self.parts.body;
        let title = body.first(&["displayName", "description"]);
        let own = body.first(&["id"]).or_else(|| self.parts.whole.first(&["name"]));
        let rule_id = cve.or(own).or(title).ok_or_else(|| {
            Rejection::new("names no check at $.properties.id, $.name or $.properties.displayName")
        })?;
        let rule = Rule {
            id: rule_id.rsplit('/').next().unwrap_or(rule_id).to_owned(),
            title: Untrusted::from(title.unwrap_or(rule_id)).capped(512),
            aliases: Vec::new(),
        };
        let native_id = match self.id.as_str() {
            "" => format!("{}|{}", self.place.id.key(), rule.id),
            id => id.to_owned(),
        };
        let observed = body.time(&["timeGenerated"]);
        if !self.code.eq_ignore_ascii_case("unhealthy") {
            return Ok(Record::Evidence(Box::new(Evidence {
                tool: tool(),
                native_id,
                rule,
                asset: self.place.clone(),
                passed: self.code.eq_ignore_ascii_case("healthy"),
                result_native: self.code.to_owned(),
                observed,
                scope: None,
            })));
        }
        let class = match cve {
            Some(_) => FindingClass::Vulnerability,
            None => FindingClass::Misconfiguration,
        };
        let mut out = Finding::new(tool(), class, rule, self.place.clone());
        out.native_id = native_id;
        out.description = body.prose(&["description", "impact"]);
        out.remediation = body.prose(&["remediation"]);
        let severity = body.first(&["status.severity"]);
        let severity = severity.or_else(|| self.data.first(&["vulnerabilityDetails.severity"]));
        out.severity = Severity::from_word(severity.unwrap_or_default());
        out.severity_native = severity.unwrap_or_default().to_owned();
        let is_deleted = self.parts.is_deleted();
        out.status = if is_deleted { Status::Resolved } else { Status::Open };
        out.status_native = if is_deleted { "Delete" } else { self.code }.to_owned();
        out.last_seen = observed;
        out.references = self.links();
        out.evidence = self.facts();
        out.vulnerability = cve.map(|cve| Box::new(self.weakness(cve)));
        Ok(Record::Finding(Box::new(out)))
    }

    fn weakness(&self, cve: &str) -> Vulnerability {
        let data = self.data;
        let exploit = data.at("vulnerabilityDetails.exploitabilityAssessment");
        let steps =
            exploit.flag("exploitStepsPublished").or_else(|| data.flag("cve.hasPublicExploit"));
        Vulnerability {
            id: cve.to_owned(),
            package: data
                .text(&["softwareDetails.packageName", "softwareName", "packageName"])
                .to_owned(),
            version: data
                .text(&["softwareDetails.version", "softwareVersion", "installedVersion"])
                .to_owned(),
            fixed_version: data
                .first(&["softwareDetails.fixedVersion", "recommendedVersion", "fixedVersion"])
                .map(str::to_owned),
            path: data
                .at("softwareDetails.evidence")
                .words(1)
                .first()
                .map(|path| (*path).to_owned()),
            cvss: self.score(),
            cvss_vector: data
                .at("vulnerabilityDetails.cvss")
                .key("3.0")
                .first(&["cvssVectorString", "vector"])
                .or_else(|| data.first(&["cve.cvssVectorString"]))
                .map(str::to_owned),
            exploit_public: steps,
            ..Vulnerability::default()
        }
    }

    /// The base score of the newest version of CVSS that is given.
    fn score(&self) -> Option<f64> {
        let maps = [self.data.at("vulnerabilityDetails.cvss"), self.data.key("cvss")];
        let versions = ["4.0", "3.1", "3.0", "2.0"];
        let mapped =
            versions.iter().find_map(|v| maps.iter().find_map(|m| m.key(v).number(&["base"])));
        let flat = ["cvssV30Score", "cvssV3Score", "cve.cvssScore"];
        mapped.or_else(|| self.data.number(&flat))
    }

    fn links(&self) -> Vec<String> {
        let lists = [
            self.data.at("vulnerabilityDetails.references"),
            self.data.key("vendorReferences"),
            self.data.key("cve"),
        ];
        let found = lists.iter().flat_map(|list| list.list()).filter_map(|l| l.first(&["link"]));
        found
            .filter(|link| link.starts_with("https://") || link.starts_with("http://"))
            .filter(|link| link.len() <= 2048)
            .take(8)
            .map(str::to_owned)
            .collect()
    }

    fn facts(&self) -> Vec<(String, Untrusted)> {
        let mut facts = Facts::default();
        let body = self.parts.body;
        facts.add("category", body.text(&["category"]));
        facts.add("impact", body.text(&["impact"]));
        facts.add("threat", self.data.text(&["threat"]));
        facts.add("assessedResourceType", self.data.text(&["assessedResourceType"]));
        facts.add("patchable", self.data.text(&["patchable", "softwareDetails.fixStatus"]));
        facts.add("tags", &self.data.at("artifactDetails.tags").words(8).join(", "));
        facts.add("query", self.data.text(&["query"]));
        facts.into_vec()
    }
}

fn title<'t>(tree: &'t Tree<'_>) -> Option<&'t str> {
    tree.first(&["title"])
}

/// `CVE-2031-1234` and nothing around it: a title can be a sentence that mentions one.
pub(super) fn is_cve(text: &str) -> bool {
    let Some((start, rest)) = text.split_at_checked(4) else { return false };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    start.eq_ignore_ascii_case("CVE-")
        && rest.split_once('-').is_some_and(|(year, number)| is_number(year) && is_number(number))
}
