//! What a detection says, in a form that can be compared with other records.

use quell_model::{Asset, Finding, FindingKey, Issue, Provider};

use serde::{Deserialize, Serialize};

use super::candidate::{is_wide, span};
use super::place::{
    container_token, identity_tokens, image_tokens, is_identity, without_tag, workloads,
};
use super::words;
use crate::Member;

/// Findings of one issue that are looked at; the rest are repeats of them.
const MOST_SIGHTINGS: usize = 64;
/// Facts, processes, addresses and others of one finding that are looked at.
const MOST: usize = 32;
/// Longest text that is searched.
const MOST_BYTES: usize = 4096;

/// Facts that name files, modules and addresses of requests.
const FILES: &[&str] = &[
    "fd.name",
    "file",
    "filePath",
    "log_file",
    "module",
    "path",
    "proc.exepath",
    "script",
    "target_process",
    "threat_file",
    "url",
];
/// Facts that name the port that was reached.
const PORTS: &[&str] = &["local_port", "port", "ports", "probed_ports"];
/// Facts that hold hashes of files.
const HASHES: &[&str] = &["hash", "md5", "sha1", "sha256", "fileHash"];
/// Facts that name the image that runs, with its tag where it has one.
const IMAGES: &[&str] = &["image", "container.image", "containerImage", "imageName"];
/// Facts that name the container.
const CONTAINERS: &[&str] = &["container.id", "container_id", "containerId"];

/// A detection: where and when, and each of its findings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// First and last, in seconds since 1970.
    pub(super) span: Option<(i64, i64)>,
    /// Whether the asset is a whole account or cluster, which joins nothing by itself.
    pub(super) is_wide: bool,
    /// Places, beside the asset, at which the same thing would be seen: containers.
    #[serde(skip)]
    pub(super) places: Vec<String>,
    /// Assets that its evidence leads to: the image that runs, the workload, the machine.
    #[serde(skip)]
    pub(super) related: Vec<String>,
    /// Tokens of the identities that acted.
    #[serde(skip)]
    pub(super) identities: Vec<String>,
    #[serde(skip)]
    pub(super) sightings: Vec<Sighting>,
}

/// One finding of a detection.
#[derive(Debug, Clone)]
pub(super) struct Sighting {
    pub(super) finding: FindingKey,
    /// In seconds since 1970.
    pub(super) time: Option<i64>,
    pub(super) rule: String,
    pub(super) techniques: Vec<String>,
    /// The token of the identity that acted.
    pub(super) principal: Option<String>,
    pub(super) addresses: Vec<String>,
    pub(super) hashes: Vec<String>,
    /// From the one that acted to its oldest known ancestor.
    pub(super) processes: Vec<Proc>,
    /// Weaknesses that it names, with the field that does.
    pub(super) named: Vec<(String, String)>,
    /// Files and command lines in lower case, with their fields.
    pub(super) texts: Vec<(String, String)>,
    pub(super) ports: Vec<(u16, String)>,
}

/// A process of a detection.
#[derive(Debug, Clone)]
pub(super) struct Proc {
    /// The file's own name in lower case.
    pub(super) name: String,
    pub(super) pid: Option<i64>,
}

impl Seen {
    /// What the issue alone says.
    pub(super) fn of(issue: &Issue) -> Self {
        Self {
            span: span(issue.first_seen, issue.last_seen),
            is_wide: is_wide(&issue.asset.id),
            ..Self::default()
        }
    }

    /// What its findings say, which stand in the order of their keys.
    pub(super) fn learn<'m>(&mut self, members: impl Iterator<Item = &'m Member>) {
        let mut members: Vec<&Member> = members.collect();
        members.sort_by_key(|m| (m.finding.last_seen, m.key));
        for member in members.into_iter().rev().take(MOST_SIGHTINGS) {
            self.learn_places(&member.finding);
            self.sightings.push(sighting(member));
        }
        for list in [&mut self.places, &mut self.related, &mut self.identities] {
            list.sort_unstable();
            list.dedup();
        }
    }

    fn learn_places(&mut self, finding: &Finding) {
        let own = &finding.asset;
        self.places.extend(facts(finding, CONTAINERS).filter_map(|(_, id)| container_token(id)));
        self.related.extend(workloads(&own.id));
        self.related.extend(facts(finding, IMAGES).flat_map(|(_, image)| running(image)));
        self.related.extend(assembled_image(finding));
        let detection = finding.detection.as_deref();
        let involved = detection.into_iter().flat_map(|d| &d.also_involved).take(MOST);
        for asset in std::iter::once(own).chain(involved) {
            self.learn_asset(asset);
        }
        if let Some(detection) = detection {
            self.identities.extend(identity_tokens(detection.principal.raw(), &own.id));
        }
        // An access key is named in a fact of its own.
        let keys = finding.evidence.iter().take(MOST * 2).map(|(_, value)| value.raw());
        let keys = keys.flat_map(|text| identity_tokens(text, &quell_model::AssetId::default()));
        self.identities.extend(keys.filter(|token| token.starts_with("key:")));
    }

    fn learn_asset(&mut self, asset: &Asset) {
        let id = &asset.id;
        if is_identity(id) {
            self.identities.push(id.key().to_owned());
            self.identities.extend(identity_tokens(asset.name.raw(), id));
            return;
        }
        if id.provider == Provider::Image {
            self.related.extend(running(&asset.native_id));
        }
        if id.kind.ends_with("container") {
            self.places.extend(container_token(&asset.native_id));
        }
        if !is_wide(id) {
            self.related.push(id.key().to_owned());
            self.related.extend(workloads(id));
        }
    }
}

/// Tokens of the image that a record says is running.
fn running(reference: &str) -> Vec<String> {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    if reference.contains('@') {
        return image_tokens(reference, true);
    }
    let tokens = image_tokens(reference, false);
    let repositories = tokens.iter().filter_map(|t| t.strip_prefix("repository:"));
    if last.contains(':') {
        // A scan that names the digest alone may be of this tag.
        let untagged: Vec<String> = repositories.map(|r| format!("untagged:{r}")).collect();
        return tokens.into_iter().filter(|t| t.starts_with("image:")).chain(untagged).collect();
    }
    tokens.into_iter().filter(|t| t.starts_with("repository:")).collect()
}

/// Falco names repository, tag and digest one by one.
fn assembled_image(finding: &Finding) -> Vec<String> {
    let fact = |name: &str| {
        finding.evidence.iter().find(|(known, _)| known == name).map(|(_, value)| value.raw())
    };
    let Some(repository) = fact("container.image.repository") else { return Vec::new() };
    let repository = without_tag(repository);
    let mut tokens = match fact("container.image.tag").filter(|tag| !tag.is_empty()) {
        Some(tag) => running(&format!("{repository}:{tag}")),
        None => running(repository),
    };
    if let Some(digest) = fact("container.image.digest") {
        tokens.extend(running(&format!("{repository}@{digest}")));
    }
    tokens
}

fn facts<'f>(finding: &'f Finding, names: &'f [&str]) -> impl Iterator<Item = (&'f str, &'f str)> {
    let of = finding.evidence.iter().map(|(name, value)| (name.as_str(), value.raw()));
    of.filter(|(name, value)| names.contains(name) && value.len() <= MOST_BYTES).take(MOST)
}

fn sighting(member: &Member) -> Sighting {
    let finding = &member.finding;
    let detection = finding.detection.as_deref();
    let lists = |of: fn(&quell_model::Detection) -> &Vec<String>| {
        detection.into_iter().flat_map(of).take(MOST).cloned()
    };
    let words_of = |value: &'_ str| -> Vec<String> {
        value.split([',', ' ']).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    let principal = detection.map_or("", |d| d.principal.raw());
    let token = identity_tokens(principal, &finding.asset.id).into_iter().next();
    Sighting {
        finding: member.key,
        time: finding.first_seen.or(finding.last_seen).map(quell_model::Timestamp::as_second),
        rule: format!("{}:{}", finding.tool.product, finding.rule.id.to_lowercase()),
        techniques: lists(|d| &d.techniques).collect(),
        principal: token,
        addresses: lists(|d| &d.remote_addresses).filter(|a| words::is_somebody(a)).collect(),
        hashes: facts(finding, HASHES)
            .flat_map(|(_, value)| words_of(value))
            .map(|hash| hash.rsplit(':').next().unwrap_or(&hash).to_ascii_lowercase())
            .filter(|h| matches!(h.len(), 32 | 40 | 64) && h.bytes().all(|b| b.is_ascii_hexdigit()))
            .collect(),
        processes: processes(finding),
        named: named(finding),
        texts: texts(finding),
        ports: facts(finding, PORTS)
            .flat_map(|(name, value)| {
                let numbers = words_of(value).into_iter().filter_map(|w| w.parse().ok());
                numbers.map(|port| (port, format!("evidence.{name}"))).collect::<Vec<_>>()
            })
            .collect(),
    }
}

fn processes(finding: &Finding) -> Vec<Proc> {
    let listed = finding.detection.iter().flat_map(|d| &d.processes).take(MOST);
    let read = listed.map(|p| Proc { name: base_name(p.name.raw()), pid: p.pid });
    read.collect()
}

/// The file's own name of a path, in lower case.
pub(super) fn base_name(path: &str) -> String {
    let path = path.get(..path.floor_char_boundary(MOST_BYTES)).unwrap_or(path);
    path.trim().rsplit(['/', '\\']).next().unwrap_or(path).to_lowercase()
}

fn texts(finding: &Finding) -> Vec<(String, String)> {
    let listed = finding.detection.iter().flat_map(|d| &d.processes).take(MOST);
    let of_processes = listed.enumerate().flat_map(|(at, process)| {
        let field = |name: &str| format!("detection.processes[{at}].{name}");
        [(field("command_line"), process.command_line.raw()), (field("name"), process.name.raw())]
    });
    let files = facts(finding, FILES).map(|(name, value)| (format!("evidence.{name}"), value));
    of_processes
        .chain(files)
        .filter(|(_, text)| !text.is_empty())
        .take(MOST)
        .map(|(field, text)| {
            let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or(text);
            (field, text.to_lowercase().replace('\\', "/"))
        })
        .collect()
}

/// The weaknesses that a finding names, each with the first field that does.
fn named(finding: &Finding) -> Vec<(String, String)> {
    let own = [
        ("title", finding.title.raw()),
        ("rule.id", finding.rule.id.as_str()),
        ("rule.title", finding.rule.title.raw()),
        ("description", finding.description.raw()),
    ];
    let own = own.into_iter().map(|(field, text)| (field.to_owned(), text));
    let facts = finding.evidence.iter().take(MOST * 2);
    let facts = facts.map(|(name, value)| (format!("evidence.{name}"), value.raw()));
    let mut found: Vec<(String, String)> = Vec::new();
    for (field, text) in own.chain(facts) {
        for id in weaknesses(text).take(MOST) {
            if !found.iter().any(|(known, _)| *known == id) {
                found.push((id, field.clone()));
            }
        }
    }
    found
}

/// Ids of weaknesses in a text.
fn weaknesses(text: &str) -> impl Iterator<Item = String> {
    let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or(text);
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    words.filter_map(|word| {
        let id = word.trim_matches(['-', '_']).to_ascii_uppercase().replace('_', "-");
        let mut parts = id.split('-');
        let start = parts.next();
        let is_cve = start == Some("CVE")
            && parts.next().is_some_and(|year| year.len() == 4)
            && parts.next().is_some_and(|n| n.len() >= 4 && n.bytes().all(|b| b.is_ascii_digit()))
            && parts.next().is_none();
        (is_cve || (start == Some("GHSA") && id.len() == 19)).then_some(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weaknesses_are_found_in_any_spelling() {
        let text = "Log4Shell (cve-2021-44228), CVE_2022_22965: GHSA-jfh8-c2jp-5v3q; CVE-1, xCVE-2021-44228";
        let found: Vec<String> = weaknesses(text).collect();
        assert_eq!(found, ["CVE-2021-44228", "CVE-2022-22965", "GHSA-JFH8-C2JP-5V3Q"]);
    }

    #[test]
    fn an_image_with_a_tag_leads_to_that_tag_or_to_a_bare_digest() {
        let tagged = running("registry.example/shop/web:1.2");
        assert_eq!(
            tagged,
            ["image:registry.example/shop/web:1.2", "untagged:registry.example/shop/web"]
        );
        assert_eq!(running("registry.example/shop/web"), ["repository:registry.example/shop/web"]);
    }
}
