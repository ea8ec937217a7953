//! Which tool made a finding, and by which of its rules.

use quell_model::Rule;

use super::class::types;
use super::wire::Finding;
use crate::wire::Text;

const ID_BYTES: usize = 512;

/// Words in the tail of `ProductArn`, in `ProductName` or in `GeneratorId`, and the tool.
const KNOWN: &[(&str, &str)] = &[
    ("prowler", "prowler"),
    ("guardduty", "guardduty"),
    ("inspector", "inspector"),
    ("macie", "macie"),
    ("access-analyzer", "access_analyzer"),
    ("access analyzer", "access_analyzer"),
    ("trivy", "trivy"),
    ("aquasecurity", "trivy"),
    ("aws/config", "config"),
    ("aws/securityhub", "security_hub"),
    ("security hub", "security_hub"),
    ("security-control/", "security_hub"),
];

/// The tool, as control aliases name it.
pub(super) fn product(finding: &Finding<'_>) -> String {
    let arn = finding.product_arn.or_empty();
    let tail = arn.split_once("product/").map_or(arn, |(_, tail)| tail);
    let own = || finding.product_fields.get("aws/securityhub/ProductName").and_then(Text::get);
    let name = finding.product_name.get().or_else(own).filter(|n| *n != "Default");
    let generator = finding.generator_id.or_empty();
    // Of findings under a product of one's own, the ARN says nothing.
    let tail = Some(tail).filter(|t| !t.ends_with("/default"));
    [tail, name, Some(generator)]
        .into_iter()
        .flatten()
        .find_map(known)
        .map_or_else(|| slug(name.or(tail).unwrap_or(generator)), str::to_owned)
}

fn known(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    match text.as_str() {
        "config" => Some("config"),
        text => KNOWN.iter().find(|(word, _)| text.contains(word)).map(|(_, product)| *product),
    }
}

fn slug(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let slug: String = name.chars().take(40).map(plain).collect();
    if slug.is_empty() { "asff".to_owned() } else { slug }
}

/// The rule, by its shortest stable id; other spellings become aliases.
pub(super) fn rule(finding: &Finding<'_>, product: &str) -> Rule {
    let generator = finding.generator_id.or_empty();
    let standard = standard_control(finding);
    let id = match product {
        "prowler" => generator.strip_prefix("prowler-").map(str::to_owned),
        "trivy" => trivy_rule(finding),
        "guardduty" | "macie" => finding_type(finding),
        "inspector" => types(finding).next().and_then(|t| t.rsplit('/').next()).map(str::to_owned),
        _ => control(finding).map(str::to_owned),
    };
    let id = id
        .filter(|id| !id.is_empty())
        .or_else(|| Some(generator.to_owned()).filter(|g| !g.is_empty()))
        .unwrap_or_else(|| finding.title.or_empty().to_owned());
    let mut aliases: Vec<String> =
        standard.into_iter().filter(|s| *s != id && s.len() <= ID_BYTES).collect();
    if product == "security_hub" && generator != id && !generator.starts_with("arn:") {
        aliases.push(capped(generator));
    }
    aliases.retain(|alias| !alias.is_empty());
    aliases.sort_unstable();
    aliases.dedup();
    Rule { id: capped(&id), title: finding.title.untrusted(ID_BYTES), aliases }
}

fn capped(text: &str) -> String {
    text.get(..text.floor_char_boundary(ID_BYTES)).unwrap_or(text).to_owned()
}

/// Security Hub's own id of a control, such as `S3.8`, from wherever it stands.
fn control<'f>(finding: &'f Finding<'_>) -> Option<&'f str> {
    let field = |name: &str| finding.product_fields.get(name).and_then(Text::get);
    let tail = |text: &'f str| text.rsplit('/').next().unwrap_or(text);
    finding
        .compliance
        .control
        .get()
        .into_iter()
        .chain(field("ControlId"))
        .chain(field("StandardsControlArn").map(tail))
        .chain(finding.generator_id.get().map(tail))
        .find(|id| is_control(id))
}

/// `S3.8`, `ELBv2.1`, `PCI.S3.1`; numbers of the CIS benchmark are none.
fn is_control(id: &str) -> bool {
    let Some((service, number)) = id.rsplit_once('.') else { return false };
    let starts = service.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    starts
        && digits
        && service != "CIS"
        && !service.starts_with("CIS.")
        && service.chars().all(plain)
}

/// The control in its standard, such as `cis-aws-foundations-benchmark/v/1.2.0/1.14`.
fn standard_control(finding: &Finding<'_>) -> Option<String> {
    let arn = finding.product_fields.get("StandardsControlArn").and_then(Text::get);
    if let Some((_, tail)) = arn.and_then(|arn| arn.split_once(":control/")) {
        return Some(tail.to_owned());
    }
    let (_, ruleset) = finding.generator_id.get()?.split_once(":ruleset/")?;
    Some(ruleset.replacen("/rule/", "/", 1))
}

/// `TTPs/Persistence/Persistence:IAMUser-NetworkPermissions` names the type
/// `Persistence:IAMUser/NetworkPermissions`: the format has no slash to spare within a part.
fn finding_type(finding: &Finding<'_>) -> Option<String> {
    let tail = types(finding).filter_map(|t| t.rsplit('/').next()).find(|t| t.contains(':'))?;
    Some(tail.replacen('-', "/", 1))
}

/// Trivy names the rule behind its own name, except for secrets, which only the title tells apart.
fn trivy_rule(finding: &Finding<'_>) -> Option<String> {
    let generator = finding.generator_id.or_empty();
    match generator.split_once('/') {
        Some((_, id)) => Some(id.to_owned()),
        None => finding.title.get()?.rsplit(": ").next().map(str::to_owned),
    }
}
