//! Where an attacker's text stands: each field of each finding, and the code that is fixed.

use std::fmt;

use quell_model::{Asset, AssetId, Finding, Hints, Sourced, Statement};

use crate::fields::{Treated, treated};
use crate::worlds::{Told, WORKSHOP, worlds};

/// How outputs are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// They are equal.
    Equal,
    /// They are equal, and where the text names something of the world nothing is lowered.
    Points,
    /// They are equal but for names that stand in no other field.
    Named,
}

type Put = Box<dyn Fn(&mut Told, &str) + Send + Sync>;

/// A place for a text.
pub(crate) struct Seat {
    /// Which world.
    pub(crate) world: usize,
    /// The field, and of which finding.
    pub(crate) name: String,
    /// How outputs are compared.
    pub(crate) check: Check,
    /// Whether the text stands in the repository, and where.
    pub(crate) code: Option<&'static str>,
    put: Put,
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Seat {
    /// The world with a text in the seat.
    pub(crate) fn put(&self, told: &Told, text: &str) -> Told {
        let mut told = told.clone();
        (self.put)(&mut told, text);
        told
    }
}

type Change = fn(&mut Finding, &str);
type ChangeStatement = fn(&mut Statement, &str);

/// Fields of a finding: the struct and the field of the model, and how a text gets there.
const IN_FINDINGS: &[(&str, &str, Change)] = &[
    ("Asset", "name", |f, t| f.asset.name = t.into()),
    ("Asset", "native_id", native_id),
    ("Asset", "native_kind", |f, t| f.asset.native_kind = t.to_owned()),
    ("Asset", "tags", plain_tag),
    ("Asset", "tags", new_tag),
    ("Involved", "name", |f, t| involved(f, |asset| asset.name = t.into())),
    ("AssetId", "account", |f, t| f.asset.id.account = t.to_owned()),
    ("AssetId", "region", |f, t| f.asset.id.region = t.to_owned()),
    ("Detection", "principal", |f, t| detection(f, |d| d.principal = t.into())),
    ("Detection", "remote_addresses", |f, t| {
        detection(f, |d| d.remote_addresses.push(t.to_owned()));
    }),
    ("Detection", "tactics", |f, t| detection(f, |d| d.tactics.push(t.to_owned()))),
    ("Detection", "techniques", |f, t| detection(f, |d| d.techniques.push(t.to_owned()))),
    ("Finding", "description", |f, t| f.description = t.into()),
    ("Finding", "evidence", |f, t| f.evidence.push(("comment".to_owned(), t.into()))),
    ("Finding", "evidence", |f, t| f.evidence.push((t.to_owned(), "a note".into()))),
    ("Finding", "evidence", |f, t| f.evidence.push(("user_agent".to_owned(), t.into()))),
    ("Finding", "evidence", |f, t| f.evidence.push(("log".to_owned(), t.into()))),
    ("Finding", "evidence", usual),
    ("Finding", "native_id", |f, t| f.native_id = t.to_owned()),
    ("Finding", "references", |f, t| f.references = vec![t.to_owned()]),
    ("Finding", "remediation", |f, t| f.remediation = t.into()),
    ("Finding", "severity_native", |f, t| f.severity_native = t.to_owned()),
    ("Finding", "status_native", |f, t| f.status_native = t.to_owned()),
    ("Finding", "title", |f, t| f.title = format!("{} by {t} there", f.title.raw()).into()),
    ("Location", "address", |f, t| {
        location(f, |l| l.address = Some(format!("aws_db_instance.{t}")))
    }),
    ("Location", "file", |f, t| location(f, |l| l.file = t.to_owned())),
    ("Process", "command_line", |f, t| process(f, |p| p.command_line = t.into())),
    ("Process", "name", |f, t| process(f, |p| p.name = t.into())),
    ("Process", "user", |f, t| process(f, |p| p.user = t.into())),
    ("Rule", "aliases", |f, t| f.rule.aliases.push(t.to_owned())),
    ("Rule", "id", |f, t| f.rule.id = t.to_owned()),
    ("Rule", "title", |f, t| f.rule.title = t.into()),
    ("Scope", "check", |f, t| f.scope.get_or_insert_default().check = t.to_owned()),
    ("Scope", "place", |f, t| f.scope.get_or_insert_default().place = t.to_owned()),
    ("Scope", "target", |f, t| f.scope.get_or_insert_default().target = t.to_owned()),
    ("Sourced", "value", owner_tag),
    ("Sourced", "value", environment_tag),
    ("Sourced", "value", application_tag),
    ("Sourced", "value", said_owner),
    ("Vulnerability", "aliases", |f, t| weakness(f, |v| v.aliases.push(t.to_owned()))),
    ("Vulnerability", "cvss_vector", |f, t| weakness(f, |v| v.cvss_vector = Some(t.to_owned()))),
    ("Vulnerability", "fixed_version", |f, t| {
        weakness(f, |v| v.fixed_version = Some(t.to_owned()));
    }),
    ("Vulnerability", "id", |f, t| weakness(f, |v| v.id = t.to_owned())),
    ("Vulnerability", "package", |f, t| weakness(f, |v| v.package = t.to_owned())),
    ("Vulnerability", "path", |f, t| weakness(f, |v| v.path = Some(t.to_owned()))),
    ("Vulnerability", "purl", |f, t| weakness(f, |v| v.purl = Some(t.to_owned()))),
    ("Vulnerability", "version", |f, t| weakness(f, |v| v.version = t.to_owned())),
];

/// Fields of a statement.
const IN_STATEMENTS: &[(&str, &str, ChangeStatement)] = &[
    ("Product", "name", |s, t| s.product.name = t.to_owned()),
    ("Product", "purl", |s, t| s.product.purl = Some(t.to_owned())),
    ("Statement", "aliases", |s, t| s.aliases.push(t.to_owned())),
    ("Statement", "author", |s, t| s.author = t.into()),
    ("Statement", "justification", |s, t| s.justification = t.to_owned()),
    ("Statement", "native_id", |s, t| s.native_id = t.to_owned()),
    ("Statement", "text", |s, t| s.text = t.into()),
    ("Statement", "verdict_native", |s, t| s.verdict_native = t.to_owned()),
    ("Statement", "vulnerability", |s, t| s.vulnerability = t.to_owned()),
];

fn detection(finding: &mut Finding, change: impl FnOnce(&mut quell_model::Detection)) {
    if let Some(detection) = &mut finding.detection {
        change(detection);
    }
}

fn process(finding: &mut Finding, change: impl FnOnce(&mut quell_model::Process)) {
    detection(finding, |detection| {
        if let Some(process) = detection.processes.first_mut() {
            change(process);
        }
    });
}

/// What else took part in something.
fn involved(finding: &mut Finding, change: impl FnOnce(&mut Asset)) {
    detection(finding, |detection| {
        if let Some(asset) = detection.also_involved.first_mut() {
            change(asset);
        }
    });
}

/// What a tool says to be usual.
fn usual(finding: &mut Finding, text: &str) {
    finding.evidence.retain(|(name, _)| name != "usual");
    finding.evidence.push(("usual".to_owned(), text.into()));
}

fn location(finding: &mut Finding, change: impl FnOnce(&mut quell_model::Location)) {
    if let Some(location) = &mut finding.location {
        change(location);
    }
}

fn weakness(finding: &mut Finding, change: impl FnOnce(&mut quell_model::Vulnerability)) {
    if let Some(weakness) = &mut finding.vulnerability {
        change(weakness);
    }
}

/// What nobody reads as owner, environment, application or class of data.
fn plain_tag(finding: &mut Finding, text: &str) {
    finding.asset.tags.insert("remark".to_owned(), text.into());
}

/// The key of a tag.
fn new_tag(finding: &mut Finding, text: &str) {
    finding.asset.tags.insert(text.to_owned(), "on".into());
}

fn owner_tag(finding: &mut Finding, text: &str) {
    finding.asset.tags.retain(|key, _| !["team", "owner", "Squad"].contains(&key.as_str()));
    finding.asset.tags.insert("owner".to_owned(), text.into());
}

fn environment_tag(finding: &mut Finding, text: &str) {
    finding.asset.tags.retain(|key, _| !["env", "Stage"].contains(&key.as_str()));
    finding.asset.tags.insert("env".to_owned(), text.into());
}

fn application_tag(finding: &mut Finding, text: &str) {
    finding.asset.tags.insert("application".to_owned(), text.into());
}

fn said_owner(finding: &mut Finding, text: &str) {
    let origin = quell_model::Origin::Field("owner".to_owned());
    finding.asset.tags.retain(|key, _| !["team", "owner", "Squad"].contains(&key.as_str()));
    finding.asset.context.owner = Some(Sourced { value: text.into(), origin });
}

/// The last part of the source's own id is the name that somebody gave the thing.
fn native_id(finding: &mut Finding, text: &str) {
    let Asset { id, native_id, native_kind, .. } = &mut finding.asset;
    let cut = native_id.rfind(['/', ':', '.']).map_or(0, |at| at + 1);
    let native = format!("{}{text}", native_id.get(..cut).unwrap_or_default());
    let hints = Hints {
        provider: Some(id.provider),
        account: Some(&id.account).filter(|text| !text.is_empty()).map(String::as_str),
        region: Some(&id.region).filter(|text| !text.is_empty()).map(String::as_str),
        kind: Some(native_kind.as_str()).filter(|text| !text.is_empty()),
        ..Hints::default()
    };
    let parsed = AssetId::parse(&native, &hints);
    (*native_id, *id) = (native, parsed);
}

/// Whether there is such a field in a finding.
fn has(finding: &Finding, of: &str) -> bool {
    match of {
        "Detection" => finding.detection.is_some(),
        "Process" => finding.detection.as_ref().is_some_and(|d| !d.processes.is_empty()),
        "Involved" => finding.detection.as_ref().is_some_and(|d| !d.also_involved.is_empty()),
        "Location" => finding.location.is_some(),
        "Vulnerability" => finding.vulnerability.is_some(),
        _ => true,
    }
}

fn check(finding: &Finding, of: &str, field: &str) -> Option<Check> {
    // Where something else says which fault it is, a title is words.
    let is_told = finding.vulnerability.is_some()
        || finding.detection.is_some()
        || ["checkov", "kubescape", "prowler", "security_hub"]
            .contains(&finding.tool.product.as_str());
    let of = if of == "Involved" { "Asset" } else { of };
    Some(match treated(of, field)? {
        Treated::Held => Check::Equal,
        Treated::Points => Check::Points,
        Treated::Names(_) if (of, field) == ("Asset", "tags") => Check::Equal,
        Treated::Names(_) if (of, field) == ("Finding", "title") && is_told => Check::Points,
        Treated::Names(_) => Check::Named,
        Treated::Word(_) | Treated::Unread(_) | Treated::Ours(_) => return None,
    })
}

/// Every seat of every world.
pub(crate) fn seats() -> Vec<Seat> {
    let mut seats = Vec::new();
    for (world, told) in worlds().into_iter().enumerate() {
        for (at, finding) in told.findings.iter().enumerate() {
            seats.extend(of_finding((world, &told), (at, finding)));
        }
        if !told.statements.is_empty() {
            seats.extend(of_statements((world, &told)));
        }
        let marks: &[&str] = match told.name {
            "database" => &["@COMMENT@", "@NOTE@"],
            WORKSHOP => &["@BUILD_COMMENT@", "@BUILD_NOTE@"],
            _ => &[],
        };
        seats.extend(marks.iter().map(|mark| of_code((world, &told), mark)));
    }
    seats
}

fn of_finding(
    (world, told): (usize, &Told),
    (at, finding): (usize, &Finding),
) -> impl Iterator<Item = Seat> {
    let numbered = IN_FINDINGS.iter().enumerate();
    numbered.filter_map(move |(number, (of, field, change))| {
        // What a thing is tagged with, every tool says of it.
        let all = *of == "Sourced";
        let is_there = has(finding, of) && (!all || at == 0);
        let check = check(finding, of, field).filter(|_| is_there)?;
        let (from, count) = if all { (0, usize::MAX) } else { (at, 1) };
        let put = move |told: &mut Told, text: &str| {
            let found = told.findings.iter_mut().skip(from).take(count);
            found.for_each(|finding| change(finding, text));
        };
        let name = format!("{} {at}: {of}.{field} ({number})", told.name);
        Some(Seat { world, name, check, code: None, put: Box::new(put) })
    })
}

fn of_statements((world, told): (usize, &Told)) -> impl Iterator<Item = Seat> {
    IN_STATEMENTS.iter().map(move |(of, field, change)| {
        let is_held = treated(of, field) == Some(Treated::Held);
        let check = if is_held { Check::Equal } else { Check::Named };
        let put = move |told: &mut Told, text: &str| {
            told.statements.iter_mut().for_each(|statement| change(statement, text));
        };
        let name = format!("{}: {of}.{field}", told.name);
        Seat { world, name, check, code: None, put: Box::new(put) }
    })
}

fn of_code((world, told): (usize, &Told), mark: &'static str) -> Seat {
    let name = format!("{}: code at {mark}", told.name);
    let put = |_: &mut Told, _: &str| {};
    Seat { world, name, check: Check::Equal, code: Some(mark), put: Box::new(put) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::FIELDS;

    #[test]
    fn every_field_that_somebody_may_write_has_a_seat() {
        // The parts of an asset's id stand in the id that a source gives.
        let elsewhere = [
            ("AssetId", "key"),
            ("AssetId", "kind"),
            ("AssetId", "name"),
            ("Evidence", "native_id"),
            ("Exploited", "weakness"),
        ];
        for (of, field, how) in FIELDS {
            let is_written = matches!(how, Treated::Held | Treated::Points | Treated::Names(_));
            let has_seat = IN_FINDINGS.iter().any(|(a, b, _)| (a, b) == (of, field))
                || IN_STATEMENTS.iter().any(|(a, b, _)| (a, b) == (of, field))
                || elsewhere.contains(&(of, field));
            assert_eq!(is_written, has_seat, "{of}.{field}");
        }
    }

    #[test]
    fn every_field_has_a_seat_where_all_tasks_are_asked() {
        let seats = seats();
        let named: Vec<&str> = seats
            .iter()
            .filter(|seat| seat.name.starts_with(WORKSHOP))
            .map(|seat| seat.name.as_str())
            .collect();
        let all = IN_FINDINGS.iter().map(|(of, field, _)| (of, field));
        for (of, field) in all.chain(IN_STATEMENTS.iter().map(|(of, field, _)| (of, field))) {
            let name = format!(": {of}.{field}");
            assert!(named.iter().any(|seat| seat.contains(&name)), "{of}.{field}");
        }
        assert_eq!(named.iter().filter(|seat| seat.contains("code at")).count(), 2);
    }

    #[test]
    fn a_text_stands_where_it_was_put() {
        let worlds = worlds();
        for seat in seats().iter().filter(|seat| seat.code.is_none()) {
            let told = seat.put(&worlds[seat.world], "zqtext");
            let all = serde_json::to_string(&(&told.findings, &told.statements)).unwrap();
            assert!(all.contains("zqtext"), "{seat:?}");
        }
    }
}
