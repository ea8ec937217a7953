//! Weaknesses of packages, one finding for each package.

use std::collections::BTreeSet;

use quell_model::{Finding, Record, Rule, Untrusted, Vulnerability};

use super::wire::{Cvss, Finding as Wire, Package, Packages};
use crate::Output;
use crate::wire::Text;

const TEXT_BYTES: usize = 1024;
const MOST_ALIASES: usize = 16;
/// Packages that are kept of one finding.
const MOST_PACKAGES: usize = 1024;

/// The rule is the weakness: Inspector has no other name for what it looked for.
pub(super) fn rule(details: &Packages<'_>) -> Option<Rule> {
    Some(Rule { id: capped(id(details)?), ..Rule::default() })
}

/// One finding for each package that `finding` is true of; one without a package where none is
/// listed.
pub(super) fn push(wire: &Wire<'_>, finding: &Finding, output: &mut Output) {
    let details = &wire.packages;
    if details.packages.is_empty() {
        output.push(Record::Finding(Box::new(with(wire, finding, &Package::default()))));
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for package in details.packages.iter().take(MOST_PACKAGES) {
        let mut each = with(wire, finding, package);
        // The version is no part of the id, so that a newer version that is weak too is the same
        // finding, unless the place holds several.
        let native_id = format!(
            "{}|{}|{}",
            finding.native_id,
            package.name.or_empty(),
            package.path.or_empty()
        );
        each.native_id = native_id;
        if !seen.insert(each.native_id.clone()) {
            each.native_id =
                format!("{}|{}|{}", each.native_id, version(package), package.arch.or_empty());
            if !seen.insert(each.native_id.clone()) {
                // Said twice in one record: counted once.
                continue;
            }
        }
        output.push(Record::Finding(Box::new(each)));
    }
}

fn with(wire: &Wire<'_>, finding: &Finding, package: &Package<'_>) -> Finding {
    let mut finding = finding.clone();
    let update = package.remediation.get().filter(|text| *text != "None Provided");
    if let Some(update) = update.filter(|_| finding.remediation.is_empty()) {
        finding.remediation = Untrusted::from(update).capped(TEXT_BYTES);
    }
    finding.vulnerability = Some(Box::new(vulnerability(wire, package)));
    finding
}

fn vulnerability(wire: &Wire<'_>, package: &Package<'_>) -> Vulnerability {
    let details = &wire.packages;
    let id = id(details).unwrap_or_default();
    let related = details.related.iter().filter_map(Text::get);
    let others = details.id.get().into_iter().chain(related).filter(|other| *other != id);
    let mut aliases: Vec<String> = others.take(MOST_ALIASES).map(capped).collect();
    aliases.sort_unstable();
    aliases.dedup();
    let (score, vector) = score(wire);
    Vulnerability {
        id: capped(id),
        aliases,
        package: capped(package.name.or_empty()),
        version: capped(&version(package)),
        fixed_version: package.fixed.get().filter(|v| *v != "NotAvailable").map(capped),
        purl: None,
        path: package.path.get().map(capped),
        cvss: score,
        cvss_vector: vector.map(capped),
        epss: wire.epss.score.number().filter(|p| (0.0..=1.0).contains(p)),
        exploited: wire.exploitability.last_known_exploit_at.get().map(|_| true),
        exploit_public: match wire.exploit_available.or_empty().to_ascii_uppercase().as_str() {
            "YES" => Some(true),
            "NO" => Some(false),
            _ => None,
        },
    }
}

/// The CVE where there is exactly one, else the advisory.
fn id<'d>(details: &'d Packages<'_>) -> Option<&'d str> {
    let own = details.id.get();
    let mut related =
        details.related.iter().filter_map(Text::get).filter(|r| r.starts_with("CVE-"));
    match (own, related.next(), related.next()) {
        (Some(own), _, _) if own.starts_with("CVE-") => Some(own),
        (_, Some(only), None) => Some(only),
        (own, _, _) => own,
    }
}

/// The version as the system's package manager writes it: `1:2.6.0-10.amzn2`.
fn version(package: &Package<'_>) -> String {
    let version = package.version.or_empty();
    let epoch = package.epoch.get().filter(|epoch| *epoch != "0");
    let release = package.release.get();
    match (epoch.filter(|_| release.is_some()), release) {
        (Some(epoch), Some(release)) => format!("{epoch}:{version}-{release}"),
        (_, Some(release)) => format!("{version}-{release}"),
        (_, None) => version.to_owned(),
    }
}

/// Inspector's score, which fits the place; else the newest of the vendors'.
fn score<'w>(wire: &'w Wire<'_>) -> (Option<f64>, Option<&'w str>) {
    let adjusted = &wire.score_details.adjusted;
    if let Some(score) = in_scale(&adjusted.score) {
        return (Some(score), adjusted.vector.get());
    }
    let newer = |best: &'w Cvss<'w>, next: &'w Cvss<'w>| {
        if next.version.number() > best.version.number() { next } else { best }
    };
    let best = wire.packages.cvss.iter().filter(|c| in_scale(&c.score).is_some()).reduce(newer);
    let own = in_scale(&wire.inspector_score);
    match best {
        Some(best) => (own.or_else(|| in_scale(&best.score)), best.vector.get()),
        None => (own, None),
    }
}

fn in_scale(text: &Text<'_>) -> Option<f64> {
    text.number().filter(|score| (0.0..=10.0).contains(score))
}

fn capped(text: &str) -> String {
    text.get(..text.floor_char_boundary(TEXT_BYTES)).unwrap_or(text).to_owned()
}
