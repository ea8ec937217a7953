//! CycloneDX records as findings, statements and assets.

use quell_model::{
    Asset, Finding, FindingClass, Location, Position, Product, Record, Rule, Tool, Untrusted,
    Vulnerability as Weakness, parse_timestamp,
};
use serde_json::Value;

use super::component::{Component, Named, assets, document_asset, field, foreign_asset, named};
use super::rating::rated;
use super::statement::{self, position};
use super::wire::{Affected, Vulnerability};
use crate::wire::{Facts, cut, weakness_of};
use crate::{Envelope, Output, RawRecord, Rejection};

/// Components, each with its versions, that one vulnerability may name.
const MOST_AFFECTED: usize = 10_000;
const TITLE_BYTES: usize = 512;
const DESCRIPTION_BYTES: usize = 4096;

pub(super) fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    if record.pattern > 0 {
        let node: Value = serde_json::from_str(record.text)?;
        let named = assets(&node, &mut |asset| output.push(Record::Asset(Box::new(asset))));
        return if named { Ok(()) } else { Err(Rejection::new("`name` is missing")) };
    }
    let wire: Vulnerability<'_> = serde_json::from_str(record.text)?;
    let ids = std::iter::once(&wire.id).chain(wire.references.iter().map(|r| &r.id));
    let (id, aliases) = weakness_of(ids.filter_map(|id| id.get()))
        .ok_or_else(|| Rejection::new("`id` is missing"))?;
    let named: usize = wire.affects.iter().map(|a| a.versions.len().max(1)).sum();
    if named > MOST_AFFECTED {
        return Err(Rejection::new(format!("`affects` names more than {MOST_AFFECTED} versions")));
    }
    let state = wire.analysis.state.get();
    if state.is_some() {
        statement::add(&wire, (&id, &aliases), &record.envelope, output)?;
    }
    let verdict = state.and_then(position);
    if verdict.is_some_and(Position::excuses) {
        return Ok(());
    }
    let subjects = subjects(&wire, &record.envelope)?;
    // Scanners write "in triage" for all that they find; a supplier means that he looks at it.
    let counts = |s: &Subject<'_>| verdict != Some(Position::UnderInvestigation) || s.is_found();
    for subject in subjects.iter().filter(|s| counts(s)) {
        let finding = finding(&wire, (&id, &aliases), subject, &record.envelope);
        output.push(Record::Finding(Box::new(finding)));
    }
    Ok(())
}

/// What has the weakness, and where it is.
struct Subject<'a> {
    component: Option<Component<'a>>,
    product: Product,
    asset: Asset,
}

impl Subject<'_> {
    /// Whether the document lists it as a part of something: it was found there.
    fn is_found(&self) -> bool {
        self.component.is_some_and(|component| !component.is_main())
    }
}

fn subjects<'a>(
    wire: &Vulnerability<'_>,
    envelope: &Envelope<'a>,
) -> Result<Vec<Subject<'a>>, Rejection> {
    if !wire.affects.is_empty() {
        return Ok(wire.affects.iter().map(|affected| subject(affected, envelope)).collect());
    }
    let main = Component::main(envelope);
    let asset = main.map(Component::asset).or_else(|| document_asset(envelope));
    let asset = asset.ok_or_else(|| {
        Rejection::new("`affects` is missing, and the document names nothing that it is about")
    })?;
    Ok(vec![Subject {
        component: main,
        product: main.map(Component::product).unwrap_or_default(),
        asset,
    }])
}

fn subject<'a>(affected: &Affected<'_>, envelope: &Envelope<'a>) -> Subject<'a> {
    let main = Component::main(envelope);
    match named(envelope, affected.reference.or_empty()) {
        Named::Here(component) => {
            let around = component.image_around(envelope.document).or(main);
            Subject {
                component: Some(component),
                product: component.product(),
                asset: around.unwrap_or(component).asset(),
            }
        }
        Named::Elsewhere(product) => {
            let asset = main.map_or_else(|| foreign_asset(&product), Component::asset);
            Subject { component: None, product, asset }
        }
    }
}

fn finding(
    wire: &Vulnerability<'_>,
    (id, aliases): (&str, &[String]),
    subject: &Subject<'_>,
    envelope: &Envelope<'_>,
) -> Finding {
    let package = match subject.component {
        Some(component) => component.package(),
        None => subject.product.name.clone(),
    };
    let version = version(wire, subject);
    let rule = Rule { id: cut(wire.id.or_empty()).to_owned(), ..Rule::default() };
    let rule = if rule.id.is_empty() { Rule { id: id.to_owned(), ..rule } } else { rule };
    let tool = Tool { product: tool(envelope.document), format: "cyclonedx".to_owned() };
    let mut finding = Finding::new(tool, FindingClass::Vulnerability, rule, subject.asset.clone());
    let rated = rated(wire);
    finding.native_id = format!("{id}|{package}|{version}");
    finding.title = Untrusted::from(format!("{id} in {package}")).capped(TITLE_BYTES);
    finding.description = match wire.description.get() {
        Some(_) => wire.description.untrusted(DESCRIPTION_BYTES),
        None => wire.detail.untrusted(DESCRIPTION_BYTES),
    };
    finding.severity = rated.severity;
    finding.severity_native = cut(&rated.severity_native).to_owned();
    finding.status_native = cut(wire.analysis.state.or_empty()).to_owned();
    let seen = envelope.document.pointer("/metadata/timestamp").and_then(Value::as_str);
    finding.last_seen = seen.and_then(parse_timestamp);
    finding.remediation = wire.recommendation.untrusted(DESCRIPTION_BYTES);
    let links = std::iter::once(&wire.source.url).chain(wire.advisories.iter().map(|a| &a.url));
    finding.references = links.filter_map(|url| url.link()).take(8).collect();
    let path = subject.component.and_then(Component::path);
    finding.location = path.map(|path| {
        Box::new(Location {
            file: path.trim_start_matches("./").trim_start_matches('/').to_owned(),
            ..Location::default()
        })
    });
    finding.vulnerability = Some(Box::new(Weakness {
        id: id.to_owned(),
        aliases: aliases.to_vec(),
        fixed_version: fixed_version(wire.recommendation.or_empty()),
        purl: subject.component.and_then(Component::purl).map(str::to_owned),
        path: path.map(str::to_owned),
        cvss: rated.cvss,
        cvss_vector: rated.cvss_vector,
        package,
        version,
        ..Weakness::default()
    }));
    let mut facts = Facts::default();
    facts.add("source", wire.source.name.or_empty());
    let cwes: Vec<String> = wire.cwes.iter().take(16).map(|c| format!("CWE-{c}")).collect();
    facts.add("cwes", &cwes.join(", "));
    facts.add("published", wire.published.or_empty());
    facts.add("analysis", wire.analysis.detail.or_empty());
    finding.evidence = facts.into_vec();
    finding
}

/// The version found; where the component has none, the only one that is listed as affected.
fn version(wire: &Vulnerability<'_>, subject: &Subject<'_>) -> String {
    let own = subject.component.map(Component::version).unwrap_or_default();
    if !own.is_empty() {
        return own.to_owned();
    }
    if !subject.product.version.is_empty() {
        return subject.product.version.clone();
    }
    let listed: Vec<&str> = wire
        .affects
        .iter()
        .flat_map(|a| &a.versions)
        .filter(|v| matches!(v.status.get(), None | Some("affected")))
        .filter_map(|v| v.version.get())
        .collect();
    match listed.as_slice() {
        [only] if wire.affects.len() == 1 => cut(only).to_owned(),
        _ => String::new(),
    }
}

/// `Upgrade NAME to version VERSION`, as Trivy writes it.
fn fixed_version(recommendation: &str) -> Option<String> {
    let first = recommendation.split(';').next()?;
    let (_, version) = first.strip_prefix("Upgrade ")?.split_once(" to version ")?;
    let version = version.trim().trim_end_matches(',');
    (!version.is_empty() && version.len() <= 128).then(|| version.to_owned())
}

/// The short name of the tool that made the document, the way its other formats name it.
fn tool(document: &Value) -> String {
    let tools = document.pointer("/metadata/tools").unwrap_or(&Value::Null);
    let list = tools.get("components").unwrap_or(tools).as_array();
    let name = list.and_then(|l| l.first()).map(|t| field(t, "name")).unwrap_or_default();
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .take(40)
        .collect();
    match name.trim_matches('_') {
        "" => "cyclonedx".to_owned(),
        name => name.to_owned(),
    }
}
