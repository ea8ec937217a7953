//! The weakness and the package of a result that is about one: scanners put them into the rule's
//! id, the message's lines or the properties.

use quell_model::Vulnerability;
use serde_json::Value;

/// The weakness a result is about, where its rule is one.
pub(super) fn vulnerability(
    rule_id: &str,
    message: &str,
    properties: &Value,
    cvss: Option<f64>,
) -> Option<Box<Vulnerability>> {
    let id = weakness(rule_id)?;
    let property = |name: &str| {
        properties.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    };
    let (reported, reported_version) = reported(message).unwrap_or_default();
    let package = property("component").or_else(|| line(message, "Package")).unwrap_or(reported);
    let version = property("componentVersion")
        .or_else(|| line(message, "Installed Version"))
        .unwrap_or(reported_version);
    Some(Box::new(Vulnerability {
        id: id.to_owned(),
        package: package.to_owned(),
        version: version.to_owned(),
        fixed_version: line(message, "Fixed Version").map(str::to_owned),
        cvss: cvss.filter(|score| (0.0..=10.0).contains(score)),
        ..Vulnerability::default()
    }))
}

/// The id of a known weakness within a rule's id: `CVE-2020-1`, `BDSA-1 (CVE-2020-1)`,
/// `CVE-2020-1-package`.
fn weakness(rule_id: &str) -> Option<&str> {
    if let Some(at) = rule_id.find("CVE-") {
        let from = rule_id.get(at..)?;
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let year = digits(from.get(4..)?);
        let rest = from.get(4 + year..)?.strip_prefix('-')?;
        let number = digits(rest);
        return (year == 4 && number >= 4).then(|| from.get(..5 + year + number)).flatten();
    }
    let at = rule_id.find("GHSA-")?;
    let id = rule_id.get(at..at + 19)?;
    let is_one = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_one.then_some(id)
}

/// `Name: value` on a line of its own, as Trivy writes.
fn line<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let value = message.lines().find_map(|l| l.trim().strip_prefix(name)?.strip_prefix(':'))?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

/// `… reports NAME at version VERSION  which …`, as Grype writes.
fn reported(message: &str) -> Option<(&str, &str)> {
    let (before, after) = message.split_once(" at version ")?;
    let name = before.split_once(" reports ")?.1.trim();
    let version = after.split_whitespace().next()?;
    Some((name, version))
}
