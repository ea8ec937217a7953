//! Scan results of images, hosts, functions and containers: one record makes many findings.

use std::collections::BTreeMap;

use quell_model::{
    Asset, Finding, FindingClass, Record, Rule, Severity, Status, Timestamp, Untrusted,
    Vulnerability,
};
use serde_json::Value;

use super::asset::{Place, account, function, host, image, pod, provider, repository};
use super::compute_wire::{CloudMetadata, ContainerScan, PipelineScan, Scan, Tag, Weakness};
use super::{DESCRIPTION_BYTES, TITLE_BYTES, tool};
use crate::related::Related;
use crate::wire::{Facts, Text, tags_of, text_of};
use crate::{Output, RawRecord, Rejection};

/// Most bytes of an asset's id: every finding of a scan repeats it.
const MOST_ID_BYTES: usize = 2048;
/// Most bytes that the tags of one scan's asset may take in all its findings together.
const MOST_TAG_BYTES: usize = 16 << 20;

/// What a scan looked at and when.
struct Scanned {
    asset: Asset,
    time: Option<Timestamp>,
}

/// The scan of an image, host or function, also as the command line tool writes it.
pub(super) fn scan(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let scan: Scan<'_> = serde_json::from_str(raw.text)?;
    results(&scan, None, output)
}

/// The scan of a pipeline, with the result inside.
pub(super) fn pipeline_scan(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let scan: PipelineScan<'_> = serde_json::from_str(raw.text)?;
    results(&scan.entity_info, scan.time.time(), output)
}

/// The scan of a running container, which checks its settings only.
pub(super) fn container_scan(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let scan: ContainerScan<'_> = serde_json::from_str(raw.text)?;
    let info = &scan.info;
    let label = |key: &str| {
        let labels = info.labels.iter().filter_map(Text::get);
        labels.filter_map(|label| label.split_once([':', '='])).find(|(k, _)| *k == key)
    };
    let place = Place {
        cluster: info.cluster.get(),
        namespace: info.namespace.get(),
        ..cloud_place(&info.cloud_metadata)
    };
    let asset = label("io.kubernetes.pod.name")
        .and_then(|(_, name)| pod(name, &place))
        .or_else(|| image(info.image_name.or_empty()))
        .or_else(|| host(scan.hostname.or_empty(), None, &place))
        .ok_or_else(|| {
            Rejection::new("a container scan without $.info.imageName and $.hostname")
        })?;
    let scanned = Scanned { asset, time: scan.scan_time.time() };
    emit(scanned, &[], &info.compliance_issues, output)
}

/// What a scan found, wherever it was read from.
pub(super) fn results(
    scan: &Scan<'_>,
    time: Option<Timestamp>,
    output: &mut Output,
) -> Result<(), Rejection> {
    let empty = scan.vulnerabilities.is_empty() && scan.compliance_issues.is_empty();
    if scan.err.get().is_some() && empty {
        return Err(Rejection::new("the scan itself failed, see $.err"));
    }
    let mut asset = asset(scan).ok_or_else(|| {
        Rejection::new("a scan without its place: none of $.repoTag, $.hostname, $.name and $.id")
    })?;
    asset.tags = tags(scan);
    let mut related = Related::of(tool());
    related.same_machine(&asset, scan.cloud_metadata.vm_id.get());
    let scanned =
        Scanned { asset, time: scan.scan_time.time().or_else(|| scan.time.time()).or(time) };
    emit(scanned, &scan.vulnerabilities, &scan.compliance_issues, output)?;
    related.write(output);
    Ok(())
}

/// One finding each; a scan that found nothing still says that the asset is there.
fn emit(
    mut scanned: Scanned,
    vulnerabilities: &[Weakness<'_>],
    issues: &[Weakness<'_>],
    output: &mut Output,
) -> Result<(), Rejection> {
    if scanned.asset.native_id.len() > MOST_ID_BYTES {
        return Err(Rejection::new("a scan whose place has a name of more than 2048 bytes"));
    }
    let tags = scanned.asset.tags.iter().map(|(key, value)| key.len() + value.raw().len());
    let count = vulnerabilities.len() + issues.len();
    if tags.sum::<usize>().saturating_mul(count) > MOST_TAG_BYTES {
        scanned.asset.tags.clear();
    }
    let scanned = &scanned;
    let found = vulnerabilities.iter().map(|weakness| vulnerability(weakness, scanned));
    let failed = issues.iter().map(|weakness| compliance(weakness, scanned));
    for finding in found.chain(failed) {
        output.push(Record::Finding(Box::new(finding)));
    }
    if vulnerabilities.is_empty() && issues.is_empty() {
        output.push(Record::Asset(Box::new(scanned.asset.clone())));
    }
    Ok(())
}

fn vulnerability(weakness: &Weakness<'_>, scanned: &Scanned) -> Finding {
    let id = weakness
        .cve
        .get()
        .or_else(|| weakness.id.get())
        .or_else(|| weakness.title.get())
        .unwrap_or("unnamed-vulnerability");
    let package = weakness.package_name.or_empty();
    let version = weakness.package_version.or_empty();
    let factors = factors(weakness.risk_factors.as_ref());
    let stated = |word: &str| factors.iter().any(|factor| factor.eq_ignore_ascii_case(word));
    let exploits = || weakness.exploits.iter();
    let wild = weakness.exploit.get() == Some("cisa-kev")
        || exploits().any(|e| e.source.get() == Some("cisa-kev"))
        || exploits().any(|e| e.kind.get() == Some("in-the-wild"))
        || stated("Exploit exists - in the wild");
    let public = weakness.exploit.get().is_some()
        || !weakness.exploits.is_empty()
        || factors.iter().any(|factor| factor.starts_with("Exploit exists"));
    let cvss = weakness.cvss.number().filter(|score| (0.1..=10.0).contains(score));
    let fixed = weakness.status.get().and_then(fixed_version);
    let mut facts = Facts::default();
    facts.add("fix_status", weakness.status.or_empty());
    facts.add("risk_factors", &factors.join(", "));
    facts.add("package_type", weakness.package_type.or_empty());
    let path = weakness.package_path.get();
    let mut native_id = format!("{id}|{package}|{version}");
    if let Some(path) = path {
        native_id = format!("{native_id}|{path}");
    }
    let mut finding = frame(weakness, scanned, id);
    finding.class = FindingClass::Vulnerability;
    finding.native_id = native_id;
    if finding.severity_native.is_empty() {
        finding.severity = cvss.map_or(Severity::Unknown, Severity::from_cvss);
    }
    finding.title = if package.is_empty() {
        Untrusted::from(id).capped(TITLE_BYTES)
    } else {
        Untrusted::from(format!("{id} in {package} {version}")).capped(TITLE_BYTES)
    };
    finding.evidence = facts.into_vec();
    finding.vulnerability = Some(Box::new(Vulnerability {
        id: id.to_owned(),
        aliases: Vec::new(),
        package: package.to_owned(),
        version: version.to_owned(),
        fixed_version: fixed.map(str::to_owned),
        purl: None,
        path: path.map(str::to_owned),
        cvss,
        cvss_vector: weakness.vec_str.get().map(str::to_owned),
        epss: None,
        exploited: wild.then_some(true),
        exploit_public: public.then_some(true),
    }));
    finding
}

fn compliance(weakness: &Weakness<'_>, scanned: &Scanned) -> Finding {
    let id = weakness.id.get().filter(|id| *id != "0");
    let named = id.or_else(|| weakness.title.get()).unwrap_or("unnamed");
    let id = format!("compute-{named}");
    let mut facts = Facts::default();
    facts.add("cause", weakness.cause.or_empty());
    facts.add("text", weakness.text.or_empty());
    facts.add("type", weakness.kind.or_empty());
    let mut finding = frame(weakness, scanned, &id);
    finding.class = match weakness.kind.get() {
        Some("image_secret" | "host_secret") => FindingClass::Secret,
        Some("image_malware" | "host_malware") => FindingClass::Detection,
        _ => FindingClass::Misconfiguration,
    };
    finding.title = if weakness.title.get().is_some() {
        weakness.title.untrusted(TITLE_BYTES)
    } else {
        Untrusted::from(format!("compliance check {named}")).capped(TITLE_BYTES)
    };
    finding.rule.title = weakness.title.untrusted(TITLE_BYTES);
    finding.evidence = facts.into_vec();
    finding
}

/// What both kinds have in common.
fn frame(weakness: &Weakness<'_>, scanned: &Scanned, id: &str) -> Finding {
    let word = weakness.severity.or_empty();
    Finding {
        tool: tool(),
        native_id: id.to_owned(),
        class: FindingClass::Misconfiguration,
        rule: Rule { id: id.to_owned(), ..Rule::default() },
        title: Untrusted::default(),
        description: weakness.description.untrusted(DESCRIPTION_BYTES),
        severity: severity(word),
        severity_native: word.to_owned(),
        status: Status::Open,
        status_native: String::new(),
        asset: scanned.asset.clone(),
        first_seen: weakness.discovered.time(),
        last_seen: scanned.time,
        vulnerability: None,
        location: None,
        detection: None,
        remediation: Untrusted::default(),
        references: weakness.link.link().into_iter().collect(),
        evidence: Vec::new(),
        scope: None,
    }
}

/// The feeds' own words: `unimportant` is Debian's for no harm.
fn severity(word: &str) -> Severity {
    match word {
        "unimportant" => Severity::Informational,
        other => Severity::from_word(other),
    }
}

fn fixed_version(status: &str) -> Option<&str> {
    status.strip_prefix("fixed in ").map(str::trim).filter(|version| !version.is_empty())
}

/// Risk factors are the keys of an object, or a list.
fn factors(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Object(map)) => map.keys().take(16).cloned().collect(),
        Some(Value::Array(list)) => {
            list.iter().take(16).filter_map(text_of).map(std::borrow::Cow::into_owned).collect()
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
            Vec::new()
        }
    }
}

fn asset(scan: &Scan<'_>) -> Option<Asset> {
    let cloud = &scan.cloud_metadata;
    let outer = Place {
        provider: scan.provider.get().and_then(provider),
        account: account(&scan.account_id),
        region: scan.region.get(),
        ..Place::default()
    };
    let inner = cloud_place(cloud);
    let place = Place {
        provider: outer.provider.or(inner.provider),
        account: outer.account.or(inner.account),
        region: outer.region.or(inner.region),
        ..Place::default()
    };
    if let Some(name) = scan.repository.get() {
        return Some(repository(name));
    }
    let id = scan.id.get().or_else(|| scan.mongo_id.get());
    let kind = scan.kind.or_empty();
    let serverless =
        scan.runtime.get().is_some() || kind.to_ascii_lowercase().contains("serverless");
    if serverless {
        let arn = [&scan.id, &scan.mongo_id].into_iter().filter_map(Text::get);
        let arn = arn.into_iter().find(|id| id.starts_with("arn:") || id.contains('/'));
        return function(scan.name.or_empty(), arn.or(id), &place);
    }
    let machine = || {
        let name = scan.hostname.get().or(id).unwrap_or_default();
        let link = cloud.resource_url.get().filter(|link| link.contains(".googleapis.com/"));
        host(name, link.or_else(|| cloud.resource_id.get()), &place)
    };
    if matches!(kind, "host" | "vm" | "agentlessHost") {
        return machine();
    }
    reference(scan)
        .and_then(|reference| image(&reference))
        .or_else(|| if scan.hostname.get().is_some() { machine() } else { id.and_then(image) })
}

/// The image's full name: registry, repository, tag and, where known, digest.
fn reference(scan: &Scan<'_>) -> Option<String> {
    let tag = Some(&scan.repo_tag).filter(|tag| tag.repo.get().is_some());
    let tag = tag.or_else(|| scan.tags.iter().find(|tag| tag.repo.get().is_some()));
    let digest = scan.repo_digests.iter().find_map(Text::get);
    match tag {
        Some(tag) => Some(full_name(tag, digest)),
        None => digest.or_else(|| scan.name.get()).map(str::to_owned),
    }
}

fn full_name(tag: &Tag<'_>, digest: Option<&str>) -> String {
    let mut name = String::new();
    if let Some(registry) = tag.registry.get() {
        name.push_str(registry.trim_end_matches('/'));
        name.push('/');
    }
    name.push_str(tag.repo.or_empty());
    if let Some(tag) = tag.tag.get() {
        name.push(':');
        name.push_str(tag);
    }
    let digest = tag.digest.get().or_else(|| {
        digest.map(|digest| digest.rsplit_once('@').map_or(digest, |(_, digest)| digest))
    });
    if let Some(digest) = digest.filter(|digest| digest.starts_with("sha256:")) {
        name.push('@');
        name.push_str(digest);
    }
    name
}

fn cloud_place<'a>(cloud: &'a CloudMetadata<'_>) -> Place<'a> {
    Place {
        provider: cloud.provider.get().and_then(provider),
        account: account(&cloud.account_id),
        region: cloud.region.get(),
        ..Place::default()
    }
}

fn tags(scan: &Scan<'_>) -> BTreeMap<String, Untrusted> {
    let mut tags = scan.external_labels.as_ref().map(tags_of).unwrap_or_default();
    if let Some(more) = &scan.cloud_metadata.labels {
        tags.append(&mut tags_of(more));
    }
    tags
}
