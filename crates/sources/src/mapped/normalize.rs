//! A record through a map.

use quell_model::{
    Asset, AssetId, Detection, Evidence, Finding, FindingClass, Hints, KeyHasher, Location, Record,
    Rule, Severity, Timestamp, Tool, Untrusted, Vulnerability, parse_timestamp,
};
use serde_json::Value;

use super::FormatMap;
use super::map::{CLASSES, Field, PROVIDERS, Verdict, known, usual_verdict};
use crate::Rejection;
use crate::path::any;
use crate::wire::{Facts, tags_of, text_of};

/// Bytes of a text that are kept.
const MOST_TEXT_BYTES: usize = 8192;
/// Texts of one list that are joined.
const MOST_JOINED: usize = 16;

impl FormatMap {
    /// Makes a finding, or evidence of a check that passed, of one record.
    pub(crate) fn normalize(&self, text: &str) -> Result<Record, Rejection> {
        let record: Value = serde_json::from_str(text)?;
        let title = self.text(&record, "title");
        let rule_id = self.text(&record, "rule");
        if title.is_empty() && rule_id.is_empty() {
            return Err(Rejection::new(format!(
                "neither the title ({}) nor the rule ({}) of the map is there",
                self.place("title"),
                self.place("rule")
            )));
        }
        let asset = self.asset(&record);
        let status_native = self.text(&record, "status");
        let rule = Rule {
            id: if rule_id.is_empty() { String::new() } else { rule_id },
            title: Untrusted::from(title).capped(MOST_TEXT_BYTES),
            aliases: Vec::new(),
        };
        let tool = Tool { product: self.tool().to_owned(), format: self.tool().to_owned() };
        let native_id = self.native_id(&record, &rule, &asset);
        let last_seen = self.time(&record, "last_seen");
        match self.verdict(&status_native) {
            verdict @ (Verdict::Passed | Verdict::Undecided) => {
                Ok(Record::Evidence(Box::new(Evidence {
                    tool,
                    native_id,
                    rule,
                    asset,
                    passed: verdict == Verdict::Passed,
                    result_native: status_native,
                    observed: last_seen,
                    scope: None,
                })))
            }
            Verdict::Finding(status) => {
                let severity_native = self.text(&record, "severity");
                let finding = Finding {
                    native_id,
                    status,
                    status_native,
                    severity: self.severity(&severity_native),
                    severity_native,
                    last_seen,
                    first_seen: self.time(&record, "first_seen"),
                    description: self.untrusted(&record, "description"),
                    remediation: self.untrusted(&record, "remediation"),
                    references: self.links(&record),
                    location: self.location(&record),
                    vulnerability: self.vulnerability(&record),
                    detection: self.detection(&record),
                    evidence: self.evidence(&record),
                    ..Finding::new(tool, self.class(&record), rule, asset)
                };
                Ok(Record::Finding(Box::new(finding)))
            }
        }
    }

    /// The value of a field as text; of a list the texts, joined.
    fn text(&self, record: &Value, field: &'static str) -> String {
        let Some(field) = self.fields.get(field) else { return String::new() };
        let paths = match field {
            Field::Fixed { value } => return value.clone(),
            Field::Path(path) => std::slice::from_ref(path),
            Field::FirstOf(paths) => paths.as_slice(),
        };
        let texts = paths.iter().map(|path| text_at(record, path));
        texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }

    fn untrusted(&self, record: &Value, field: &'static str) -> Untrusted {
        Untrusted::from(self.text(record, field)).capped(MOST_TEXT_BYTES)
    }

    /// Where a field stands, for a message.
    fn place(&self, field: &'static str) -> String {
        match self.fields.get(field) {
            None => "not named".to_owned(),
            Some(Field::Fixed { .. }) => "fixed".to_owned(),
            Some(Field::Path(path)) => format!("`{path}`"),
            Some(Field::FirstOf(paths)) => format!("`{}`", paths.join("` or `")),
        }
    }

    fn time(&self, record: &Value, field: &'static str) -> Option<Timestamp> {
        let text = self.text(record, field);
        match text.parse::<i64>() {
            Ok(millis @ 100_000_000_000..100_000_000_000_000) => {
                Timestamp::from_millisecond(millis).ok()
            }
            Ok(_) | Err(_) => parse_timestamp(&text),
        }
    }

    /// What the map says of the word; else the word itself; else its place on the scale.
    fn severity(&self, word: &str) -> Severity {
        let plain = word.trim().to_lowercase();
        if let Some(severity) = self.severity.get(&plain) {
            return *severity;
        }
        match (self.severity_scale, plain.parse::<f64>()) {
            (Some(scale), Ok(number)) => Severity::from_cvss(number / scale * 10.0),
            _ => Severity::from_word(&plain),
        }
    }

    fn verdict(&self, word: &str) -> Verdict {
        let said = self.status.get(&word.trim().to_lowercase());
        said.copied().unwrap_or_else(|| usual_verdict(word))
    }

    fn class(&self, record: &Value) -> FindingClass {
        let word = self.text(record, "class").trim().to_lowercase();
        let said = self.class.get(&word).copied().or_else(|| known(CLASSES, &word));
        said.unwrap_or_else(|| match self.text(record, "vulnerability.id").is_empty() {
            true => FindingClass::Misconfiguration,
            false => FindingClass::Vulnerability,
        })
    }

    fn asset(&self, record: &Value) -> Asset {
        let get = |field| self.text(record, field);
        let (name, kind) = (get("asset.name"), get("asset.kind"));
        let native_id = Some(get("asset.id")).filter(|id| !id.is_empty());
        let native_id = native_id.unwrap_or_else(|| name.clone());
        let (account, region, namespace) =
            (get("asset.account"), get("asset.region"), get("asset.namespace"));
        fn said(text: &str) -> Option<&str> {
            Some(text).filter(|text| !text.is_empty())
        }
        let hints = Hints {
            provider: known(PROVIDERS, get("asset.provider").trim()),
            account: said(&account),
            region: said(&region),
            kind: said(&kind),
            name: said(&name),
            namespace: said(&namespace),
        };
        let mut asset = Asset {
            id: AssetId::parse(&native_id, &hints),
            native_kind: kind.clone(),
            name: Untrusted::from(if name.is_empty() { native_id.clone() } else { name.clone() })
                .capped(MOST_TEXT_BYTES),
            native_id,
            ..Asset::default()
        };
        if let Some(Field::Path(path)) = self.fields.get("asset.tags") {
            any(record, path, &mut |value| {
                asset.tags = tags_in(value);
                true
            });
        }
        asset.signals.internet_exposed = match get("asset.exposed").to_lowercase().as_str() {
            "true" | "yes" | "1" | "public" | "internet" => Some(true),
            "false" | "no" | "0" | "private" => Some(false),
            _ => None,
        };
        asset
    }

    fn native_id(&self, record: &Value, rule: &Rule, asset: &Asset) -> String {
        let id = self.text(record, "id");
        if !id.is_empty() {
            return id;
        }
        let parts = ["file", "line", "address", "vulnerability.id", "vulnerability.package"];
        let hasher = KeyHasher::new("mapped").part(&rule.id).part(rule.title.raw());
        let hasher = hasher.part(asset.id.key());
        let hasher = parts.iter().fold(hasher, |all, part| all.part(&self.text(record, part)));
        quell_model::FindingKey::to_string(&hasher.finish())
    }

    fn links(&self, record: &Value) -> Vec<String> {
        let link = self.text(record, "link");
        let web = link.starts_with("https://") || link.starts_with("http://");
        if web && link.len() <= 2048 { vec![link] } else { Vec::new() }
    }

    fn location(&self, record: &Value) -> Option<Box<Location>> {
        let (file, address) = (self.text(record, "file"), self.text(record, "address"));
        let line = self.text(record, "line").parse().ok().filter(|line| *line > 0);
        (!file.is_empty() || !address.is_empty()).then(|| {
            let address = Some(address).filter(|a| !a.is_empty());
            Box::new(Location { file, start_line: line, end_line: line, address })
        })
    }

    fn vulnerability(&self, record: &Value) -> Option<Box<Vulnerability>> {
        let get = |field| self.text(record, field);
        let some = |field| Some(self.text(record, field)).filter(|text| !text.is_empty());
        let number = |field| get(field).parse().ok().filter(|n: &f64| n.is_finite());
        let id = some("vulnerability.id")?;
        Some(Box::new(Vulnerability {
            id,
            package: get("vulnerability.package"),
            version: get("vulnerability.version"),
            fixed_version: some("vulnerability.fixed_version"),
            purl: some("vulnerability.purl"),
            path: some("vulnerability.path"),
            cvss: number("vulnerability.cvss").filter(|n| (0.0..=10.0).contains(n)),
            epss: number("vulnerability.epss").filter(|n| (0.0..=1.0).contains(n)),
            ..Vulnerability::default()
        }))
    }

    fn detection(&self, record: &Value) -> Option<Box<Detection>> {
        let principal = self.untrusted(record, "principal");
        (!principal.is_empty()).then(|| Box::new(Detection { principal, ..Detection::default() }))
    }

    fn evidence(&self, record: &Value) -> Vec<(String, Untrusted)> {
        let mut facts = Facts::default();
        if let Some(Field::FirstOf(paths)) = self.fields.get("evidence") {
            paths.iter().for_each(|path| facts.add(path, &text_at(record, path)));
        }
        facts.into_vec()
    }
}

/// Tags as an object or a list, or as text: `a=b,c=d`, or JSON within a table's cell.
fn tags_in(value: &Value) -> std::collections::BTreeMap<String, Untrusted> {
    let Some(text) = value.as_str() else { return tags_of(value) };
    if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
        return tags_of(&inner);
    }
    let parts = text.split([',', ';', '|']).map(str::trim).filter(|part| !part.is_empty());
    tags_of(&Value::Array(parts.map(|part| Value::String(part.to_owned())).collect()))
}

/// The scalars at a path, joined.
fn text_at(record: &Value, path: &str) -> String {
    let mut texts: Vec<String> = Vec::new();
    any(record, path, &mut |value| {
        let own = text_of(value).map(std::borrow::Cow::into_owned);
        let listed = value.as_array().into_iter().flatten().filter_map(text_of);
        texts.extend(own.into_iter().chain(listed.map(std::borrow::Cow::into_owned)));
        texts.len() >= MOST_JOINED
    });
    texts.retain(|text| !text.trim().is_empty());
    texts.iter().map(|text| text.trim()).collect::<Vec<_>>().join(", ")
}
