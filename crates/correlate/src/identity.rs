//! Which issue a finding belongs to.
//!
//! Two findings are one issue when they name the same fault on the same asset. The fault is
//! named by the catalogue's control, by the weakness and its package, or, where neither is known,
//! by the tool's rule. A wrong merge hides a breach, so everything else keeps findings apart.

use std::borrow::Cow;

use quell_catalog::{Control, Words};
use quell_model::{
    AssetId, Finding, FindingClass, IssueKey, KeyHasher, MergeBasis, Provider, Vulnerability,
};

/// The issue a finding belongs to, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The issue's key.
    pub key: IssueKey,
    /// Why findings with this key are one.
    pub basis: MergeBasis,
}

/// Titles with fewer words say too little to hold two rules to be one.
const TELLING_WORDS: usize = 3;

/// Says which issue a finding belongs to. `control` is what the catalogue says of its rule, and
/// `words` tell what the title of a rule says that it does not know.
#[must_use]
pub fn identify(finding: &Finding, control: Option<&Control>, words: &Words) -> Identity {
    let asset = asset_key(finding);
    if let Some(vulnerability) = finding.vulnerability.as_deref().filter(|v| !v.id.is_empty()) {
        return of_vulnerability(vulnerability, &asset);
    }
    match (finding.class, control) {
        (FindingClass::Detection | FindingClass::AttackPath, _) => of_detection(finding, &asset),
        (_, Some(control)) => {
            let key = KeyHasher::new("issue").part("control").part(&control.id).part(&asset);
            let key = key.part(&place(finding)).finish();
            Identity { key, basis: MergeBasis::Control { control: control.id.clone() } }
        }
        (_, None) => of_unknown_rule(finding, &asset, words),
    }
}

/// The asset's key. Findings that name no asset at all have nothing in common.
fn asset_key(finding: &Finding) -> Cow<'_, str> {
    let asset = &finding.asset;
    if asset.native_id.is_empty() && asset.id.name.is_empty() && asset.name.is_empty() {
        return Cow::Owned(format!("unnamed:{}", finding.key()));
    }
    Cow::Borrowed(asset.id.key())
}

fn of_vulnerability(vulnerability: &Vulnerability, asset: &str) -> Identity {
    let id = weakness_id(vulnerability);
    let package = package_name(&vulnerability.package);
    let key = KeyHasher::new("issue").part("vulnerability").part(&id).part(&package).part(asset);
    Identity { key: key.finish(), basis: MergeBasis::Vulnerability { id, package } }
}

/// `CVE-…` where any of the ids is one, so that an advisory and its CVE meet.
fn weakness_id(vulnerability: &Vulnerability) -> String {
    let all = std::iter::once(&vulnerability.id).chain(&vulnerability.aliases);
    let cve =
        all.map(|id| id.trim().to_ascii_uppercase()).filter(|id| id.starts_with("CVE-")).min();
    cve.unwrap_or_else(|| vulnerability.id.trim().to_ascii_uppercase())
}

/// The package's own name: lower case, without a Maven group (`org.apache:log4j-core`).
fn package_name(package: &str) -> String {
    let name = package.trim().rsplit(':').next().unwrap_or_default();
    name.to_ascii_lowercase()
}

fn of_detection(finding: &Finding, asset: &str) -> Identity {
    let detection = finding.detection.as_deref();
    let principal = detection.map_or("", |d| d.principal.raw());
    let process = detection.and_then(|d| d.processes.first()).map_or("", |p| p.name.raw());
    let key = KeyHasher::new("issue")
        .part("detection")
        .part(&finding.tool.product)
        .part(&rule_name(finding))
        .part(asset)
        .part(principal)
        .part(process);
    let shared = format!("rule `{}`", rule_name(finding));
    Identity { key: key.finish(), basis: MergeBasis::Detection { shared } }
}

fn of_unknown_rule(finding: &Finding, asset: &str, words: &Words) -> Identity {
    let place = place(finding);
    let key = KeyHasher::new("issue");
    if let Some(said) = said_by_title(finding, words) {
        let key = key.part("words").part(&said).part(asset).part(&place).finish();
        return Identity { key, basis: MergeBasis::Title { title: said } };
    }
    let title = normalize_title(finding.title.raw());
    if title.split(' ').count() >= TELLING_WORDS {
        let key = key.part("title").part(&title).part(asset).part(&place).finish();
        return Identity { key, basis: MergeBasis::Title { title } };
    }
    let (product, rule) = (finding.tool.product.clone(), rule_name(finding));
    let key = key.part("rule").part(&product).part(&rule).part(asset).part(&place).finish();
    Identity { key, basis: MergeBasis::Rule { product, rule } }
}

fn said_by_title(finding: &Finding, words: &Words) -> Option<String> {
    words.of_title(title_to_read(finding)?, &finding.asset.id.kind)
}

/// The title by whose words a finding may meet others: that of a rule about a setting of a
/// resource. Accounts carry too many faults, and machines and code too special ones, for words
/// to tell them apart.
#[must_use]
pub fn title_to_read(finding: &Finding) -> Option<&str> {
    use FindingClass::{DataRisk, Identity, Misconfiguration};
    let of_a_setting = matches!(finding.class, Misconfiguration | Identity | DataRisk);
    let title = match finding.rule.title.raw() {
        "" => finding.title.raw(),
        title => title,
    };
    let telling = title.split_whitespace().count() >= TELLING_WORDS;
    (of_a_setting && telling && is_a_resource(&finding.asset.id)).then_some(title)
}

fn is_a_resource(asset: &AssetId) -> bool {
    const WHOLES: &[&str] = &[
        "",
        "account",
        "folder",
        "folders",
        "organization",
        "organizations",
        "project",
        "projects",
        "region",
        "subscription",
        "subscriptions",
        "tenant",
    ];
    let last = asset.kind.rsplit('.').next().unwrap_or_default();
    match asset.provider {
        Provider::Aws | Provider::Azure | Provider::Gcp | Provider::Kubernetes | Provider::Iac => {
            !WHOLES.contains(&last)
        }
        Provider::Image | Provider::Code | Provider::Host | Provider::Other => false,
    }
}

/// The rule's id, or its title where the tool gives no id.
fn rule_name(finding: &Finding) -> String {
    if finding.rule.id.is_empty() {
        normalize_title(finding.rule.title.raw())
    } else {
        finding.rule.id.to_ascii_lowercase()
    }
}

/// The line, where the asset is a whole file and may hold the fault many times.
fn place(finding: &Finding) -> String {
    let Some(location) = finding.location.as_deref() else { return String::new() };
    let many = matches!(finding.class, FindingClass::Secret | FindingClass::CodeWeakness)
        || location.address.is_none();
    match location.start_line {
        Some(line) if many => format!("{}:{line}", location.file),
        _ => String::new(),
    }
}

/// A title for comparison: lower-case words, without punctuation, articles and numbers of a list.
#[must_use]
pub fn normalize_title(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !matches!(*word, "a" | "an" | "the"));
    words.take(64).collect::<Vec<_>>().join(" ")
}
