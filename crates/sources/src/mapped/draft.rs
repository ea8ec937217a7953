//! Drafts a map by looking at the data.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use quell_model::{Severity, Timestamp, parse_timestamp};
use serde_json::Value;

use super::FormatMap;
use super::map::usual_status;
use crate::intake::{self, Format, Input, IntakeError, Item, Limits};
use crate::path::any;
use crate::wire::text_of;

/// Records that are looked at for the words a tool uses.
const LOOKS_RECORDS: usize = 10_000;
/// Added to the rank of a name that only ends like a known one.
const BY_ITS_END: usize = 100;
/// Words of one field that are listed.
const MOST_WORDS: usize = 24;
/// How deep a list of records may stand.
const MOST_DEPTH: usize = 4;

/// A drafted map.
#[derive(Debug)]
pub struct Drafted {
    /// The file, with comments.
    pub text: String,
    /// What a person must look at before it can be used.
    pub missing: Vec<&'static str>,
}

/// Names under which tools write a field, the most telling first.
struct Guess {
    field: &'static str,
    names: &'static [&'static str],
    fits: fn(&str) -> bool,
}

const fn anything(_: &str) -> bool {
    true
}

fn short(text: &str) -> bool {
    text.len() <= 64
}

fn is_time(text: &str) -> bool {
    parse_timestamp(text).is_some() || text.parse::<i64>().is_ok_and(|n| n > 1_000_000_000)
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

fn is_link(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn is_weakness(text: &str) -> bool {
    ["CVE-", "GHSA-", "OSV-", "RUSTSEC-", "ALAS"].iter().any(|start| text.starts_with(start))
}

macro_rules! guess {
    ($field:literal, $fits:expr, $($name:literal)+) => {
        Guess { field: $field, names: &[$($name),+], fits: $fits }
    };
}

const FINDING: &[Guess] = &[
    guess!("title", anything, "title" "name" "findingname" "checktitle" "checkname" "policyname" "rulename" "issuename" "summary" "vulnerabilityname" "alertname" "message" "check" "issue" "headline" "shortdescription"),
    guess!("rule", short, "ruleid" "checkid" "policyid" "controlid" "testid" "signatureid" "pluginid" "queryid" "rule" "checkcode" "code" "policy" "control" "check" "type"),
    guess!("id", short, "findingid" "finding" "issueid" "alertid" "uuid" "guid" "uid" "id" "key" "fingerprint"),
    guess!("severity", short, "severity" "severitylevel" "risk" "risklevel" "priority" "criticality" "level" "rating" "impact" "score"),
    guess!("status", short, "status" "state" "result" "outcome" "findingstatus" "compliancestatus" "workflowstatus" "disposition"),
    guess!("description", anything, "description" "details" "detail" "longdescription" "desc" "rationale" "explanation" "evidence"),
    guess!("remediation", anything, "remediation" "recommendation" "recommendations" "fix" "solution" "mitigation" "howtofix" "resolution" "remediationsteps"),
    guess!("first_seen", is_time, "firstseen" "firstdetected" "firstobserved" "createdat" "created" "createddate" "creationdate" "opened" "openedat" "discovered" "founddate"),
    guess!("last_seen", is_time, "lastseen" "lastdetected" "lastobserved" "updatedat" "updated" "lastupdated" "lastmodified" "modified" "scandate" "scantime" "scanned" "timestamp" "time" "date" "eventtime"),
    guess!("link", is_link, "link" "url" "href" "findingurl" "issueurl" "console" "permalink" "portalurl" "reference"),
    guess!("file", short, "file" "filename" "filepath" "path" "sourcefile"),
    guess!("line", is_number, "line" "startline" "linenumber" "lineno"),
];

const ASSET: &[Guess] = &[
    guess!("id", anything, "resourcearn" "arn" "resourceid" "resourceuid" "assetid" "assetarn" "providerid" "cloudresourceid" "entityid" "instanceid" "resource" "asset" "target" "host" "hostname" "imageid" "imagename" "image" "component" "object"),
    guess!("name", anything, "resourcename" "assetname" "instancename" "entityname" "hostname" "displayname" "targetname"),
    guess!("kind", short, "resourcetype" "assettype" "entitytype" "resourcekind" "kind" "objecttype" "targettype"),
    guess!("provider", short, "provider" "cloudprovider" "cloud" "cloudtype" "cloudplatform" "csp" "platform"),
    guess!("account", short, "accountid" "account" "subscriptionid" "subscription" "projectid" "project" "awsaccount" "cloudaccountid" "accountuid" "tenantid"),
    guess!("region", short, "region" "location" "cloudregion" "zone"),
    guess!("namespace", short, "namespace" "k8snamespace"),
    guess!("tags", anything, "tags" "labels" "resourcetags" "assettags"),
    guess!("exposed", short, "internetexposed" "publiclyaccessible" "isexposed" "public" "exposed" "internetfacing" "isinternetfacing"),
];

const VULNERABILITY: &[Guess] = &[
    guess!("id", is_weakness, "cve" "cveid" "vulnerabilityid" "vulnid" "advisory" "advisoryid" "id" "name" "cves" "title"),
    guess!("package", short, "package" "packagename" "pkgname" "pkg" "component" "library" "dependency" "module" "artifact"),
    guess!("version", short, "version" "installedversion" "packageversion" "currentversion" "detectedversion"),
    guess!("fixed_version", short, "fixedversion" "fixversion" "fixedin" "patchedversion" "fixedinversion" "firstpatchedversion"),
    guess!("purl", short, "purl" "packageurl"),
    guess!("cvss", is_number, "cvss" "cvssscore" "cvssv3score" "basescore" "cvss3" "score"),
    guess!("epss", is_number, "epss" "epssscore"),
];

/// Drafts a map of an input for a tool of that name.
///
/// # Errors
/// When the input cannot be read, or holds nothing that could be a record.
pub fn draft(input: &mut Input, tool: &str, limits: &Limits) -> Result<Drafted, IntakeError> {
    let (documents, is_table) = intake::look(input, limits)?;
    let mut best: Option<(usize, String, BTreeMap<String, String>)> = None;
    for (path, record) in candidates(&documents, is_table) {
        let leaves = leaves(&record);
        let score = score(&leaves);
        if score > 0 && best.as_ref().is_none_or(|(known, ..)| score > *known) {
            best = Some((score, path, leaves));
        }
    }
    let Some((_, records, leaves)) = best else {
        let why = "holds no list of records, and no table with a header";
        return Err(IntakeError::Envelope(why.to_owned()));
    };
    let map = Sketch::new(&records, &leaves);
    let words = words(input, &map, limits);
    Ok(map.write(tool, is_table, &words))
}

/// Where records may stand, each with what the first of them hold together.
fn candidates(documents: &[Value], is_table: bool) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = Vec::new();
    let all = Value::Array(documents.to_vec());
    if let Some(record) = together(&all) {
        found.push(("$".to_owned(), record));
    }
    if !is_table && let Some(first) = documents.first() {
        lists(first, "$", 0, &mut found);
    }
    found
}

fn lists(value: &Value, path: &str, depth: usize, found: &mut Vec<(String, Value)>) {
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter().filter(|(key, _)| !key.contains(['.', '[', ']'])) {
                lists(inner, &format!("{path}.{key}"), depth + 1, found);
            }
        }
        Value::Array(list) => {
            let path = format!("{path}[]");
            if let Some(record) = together(value) {
                found.push((path.clone(), record));
            }
            if let Some(first) = list.first() {
                lists(first, &path, depth + 1, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The fields of all objects of a list: what one leaves empty, another may fill.
fn together(list: &Value) -> Option<Value> {
    let mut all = serde_json::Map::new();
    for object in list.as_array()?.iter().filter_map(Value::as_object) {
        for (key, value) in object {
            let empty = all.get(key).is_none_or(|known| known.is_null() || *known == "");
            if empty {
                all.insert(key.clone(), value.clone());
            }
        }
    }
    (!all.is_empty()).then_some(Value::Object(all))
}

/// Paths of a record that hold text, with one text each.
fn leaves(record: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(record, "", 0, &mut found);
    found
}

fn collect(value: &Value, path: &str, depth: usize, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if depth < MOST_DEPTH => {
            for (key, inner) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                if matches!(plain(key).as_str(), "tags" | "labels") && !inner.is_string() {
                    found.insert(path, String::new());
                } else {
                    collect(inner, &path, depth + 1, found);
                }
            }
        }
        Value::Array(list) if depth < MOST_DEPTH => match list.first() {
            Some(first @ Value::Object(_)) => {
                collect(first, &format!("{path}[0]"), depth + 1, found)
            }
            Some(first) => {
                let text = text_of(first).map(std::borrow::Cow::into_owned);
                found.extend(text.map(|text| (path.to_owned(), text)));
            }
            None => {}
        },
        Value::Object(_) | Value::Array(_) | Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = text_of(value).unwrap_or_default();
            found.insert(path.to_owned(), text.into_owned());
        }
    }
}

/// Lower-case letters and digits of a name.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// How much of a record is understood. What stands in a list within it may be the records.
fn score(leaves: &BTreeMap<String, String>) -> usize {
    let own = leaves.iter().filter(|(path, _)| !path.contains('['));
    let own = own.map(|(path, text)| (path.clone(), text.clone())).collect();
    let sketch = Sketch::new("$", &own);
    let told = |list: &[(&str, String)], names: &[&str]| {
        list.iter().filter(|(field, _)| names.contains(field)).count() * 20
    };
    told(&sketch.finding, &["title", "severity", "rule"])
        + told(&sketch.asset, &["id"])
        + (sketch.finding.len() + sketch.asset.len() + sketch.vulnerability.len()) * 2
        + usize::from(leaves.len() > 2)
}

/// Which path stands for which field.
struct Sketch {
    records: String,
    finding: Vec<(&'static str, String)>,
    asset: Vec<(&'static str, String)>,
    vulnerability: Vec<(&'static str, String)>,
}

impl Sketch {
    fn new(records: &str, leaves: &BTreeMap<String, String>) -> Self {
        let mut used = Vec::new();
        let vulnerability = assign(VULNERABILITY, leaves, &mut used);
        let is_vulnerability = vulnerability.iter().any(|(field, _)| *field == "id");
        if !is_vulnerability {
            used.clear();
        }
        // A title may be the weakness's id as well.
        used.retain(|path| !vulnerability.iter().any(|(f, p)| *f == "id" && p == path));
        let mut finding = assign(FINDING, leaves, &mut used);
        if let Some((_, id)) = vulnerability.iter().find(|(field, _)| *field == "id")
            && !finding.iter().any(|(field, _)| *field == "title")
        {
            finding.insert(0, ("title", id.clone()));
        }
        let asset = assign(ASSET, leaves, &mut used);
        let vulnerability = if is_vulnerability { vulnerability } else { Vec::new() };
        Self { records: records.to_owned(), finding, asset, vulnerability }
    }

    fn path(&self, field: &str) -> Option<&str> {
        self.finding.iter().find(|(name, _)| *name == field).map(|(_, path)| path.as_str())
    }

    fn write(&self, tool: &str, is_table: bool, words: &[BTreeMap<String, usize>; 2]) -> Drafted {
        let mut text = String::from(
            "# A map for `quell triage --map`: where the fields of a finding stand.\n\
             # A field is a name or path (\"a.b\", \"a[0].b\", \"a[].b\"), a list of them (the first\n\
             # that says something counts), or a fixed value: { value = \"…\" }.\n\n",
        );
        let mut line = |key: &str, value: &str| {
            let quoted = toml::Value::String(value.to_owned());
            writeln!(text, "{key} = {quoted}").unwrap_or_default();
        };
        line("tool", tool);
        if !is_table {
            line("records", &self.records);
        }
        let [severities, statuses] = words;
        let numbers = severities.keys().filter_map(|word| word.parse::<f64>().ok());
        if let Some(most) = numbers.reduce(f64::max) {
            let scale = [5.0, 10.0, 100.0, 1000.0].into_iter().find(|scale| most <= *scale);
            let scale = scale.unwrap_or(most);
            writeln!(text, "severity_scale = {scale:.1} # the highest number; check it")
                .unwrap_or_default();
        }
        section(&mut text, "finding", &self.finding);
        section(&mut text, "asset", &self.asset);
        if !self.vulnerability.is_empty() {
            section(&mut text, "vulnerability", &self.vulnerability);
        }
        let severity = |word: &str| Severity::from_word(&word.to_lowercase()).as_str().to_owned();
        table(&mut text, "severity", severities, severity);
        table(&mut text, "status", statuses, |word| {
            usual_status(word).unwrap_or("open").to_owned()
        });
        let mut missing = Vec::new();
        for (field, what) in
            [("title", "[finding] title: what is wrong"), ("severity", "[finding] severity")]
        {
            missing.extend(self.path(field).is_none().then_some(what));
        }
        let id = self.asset.iter().any(|(field, _)| matches!(*field, "id" | "name"));
        missing.extend((!id).then_some("[asset] id: what it is about"));
        if severities.keys().any(|word| severity(word) == "unknown" && word.parse::<f64>().is_err())
        {
            missing.push("[severity]: the words marked unknown");
        }
        Drafted { text, missing }
    }
}

/// The best path for each field. A path stands for one field only.
fn assign(
    guesses: &'static [Guess],
    leaves: &BTreeMap<String, String>,
    used: &mut Vec<String>,
) -> Vec<(&'static str, String)> {
    let mut assigned = Vec::new();
    for guess in guesses {
        let free = leaves
            .iter()
            .filter(|(path, text)| !used.contains(path) && (text.is_empty() || (guess.fits)(text)));
        let rated = free.filter_map(|(path, _)| Some((rate(guess, path)?, path)));
        if let Some((_, path)) = rated.min() {
            used.push(path.clone());
            assigned.push((guess.field, path.clone()));
        }
    }
    assigned
}

/// How well a path names a field; less is better.
fn rate(guess: &Guess, path: &str) -> Option<(usize, usize)> {
    let depth = path.matches(['.', '[']).count();
    let segments: Vec<String> = path.split(['.', '[']).map(plain).collect();
    let last = segments.last()?;
    let both = segments.iter().rev().nth(1).map(|parent| format!("{parent}{last}"));
    let at = |name: &str| guess.names.iter().position(|known| *known == name);
    // `vulnerabilityseverity` says severity too, but a name of its own says it better.
    let ending = || guess.names.iter().position(|known| known.len() > 4 && last.ends_with(known));
    let rank = both.as_deref().and_then(at).or_else(|| at(last));
    let rank = rank.or_else(|| Some(ending()? + BY_ITS_END))?;
    Some((rank, depth))
}

fn section(text: &mut String, name: &str, fields: &[(&'static str, String)]) {
    writeln!(text, "\n[{name}]").unwrap_or_default();
    for (field, path) in fields {
        let quoted = toml::Value::String(path.clone());
        writeln!(text, "{field} = {quoted}").unwrap_or_default();
    }
}

fn table(
    text: &mut String,
    name: &str,
    words: &BTreeMap<String, usize>,
    ours: impl Fn(&str) -> String,
) {
    let spoken: Vec<_> = words.iter().filter(|(word, _)| word.parse::<f64>().is_err()).collect();
    if spoken.is_empty() {
        return;
    }
    writeln!(text, "\n# The tool's words, with how often they were seen.\n[{name}]")
        .unwrap_or_default();
    for (word, count) in spoken {
        let quoted = toml::Value::String(word.clone());
        writeln!(text, "{quoted} = \"{}\" # {count}", ours(word)).unwrap_or_default();
    }
}

/// The words that stand for severity and status, from the first records.
fn words(input: &mut Input, sketch: &Sketch, limits: &Limits) -> [BTreeMap<String, usize>; 2] {
    let mut found = [BTreeMap::new(), BTreeMap::new()];
    let quoted = toml::Value::String(sketch.records.clone());
    let bare = format!(
        "tool = \"draft\"\nrecords = {quoted}\nneeds = []\n[finding]\ntitle = \"\"\nrule = {{ value = \"\" }}\n"
    );
    let Ok(map) = FormatMap::parse(&bare) else { return found };
    let Ok(detection) = intake::as_mapped(input, Arc::new(map), limits) else { return found };
    let paths = [sketch.path("severity"), sketch.path("status")];
    let mut left = LOOKS_RECORDS;
    let detection = detection.at(Timestamp::UNIX_EPOCH);
    debug_assert!(matches!(detection.format, Format::Mapped(_)));
    intake::read(input, &detection, limits, &mut |item| {
        let Item::Batch(batch) = item else { return ControlFlow::Continue(()) };
        for record in batch.records().take(left) {
            let Ok(record) = serde_json::from_slice::<Value>(record) else { continue };
            for (words, path) in found.iter_mut().zip(paths) {
                note(words, &record, path);
            }
        }
        left = left.saturating_sub(batch.len());
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

fn note(words: &mut BTreeMap<String, usize>, record: &Value, path: Option<&str>) {
    let Some(path) = path else { return };
    any(record, path, &mut |value| {
        let Some(word) = text_of(value).filter(|w| !w.trim().is_empty() && w.len() <= 64) else {
            return false;
        };
        if words.len() < MOST_WORDS || words.contains_key(word.trim()) {
            *words.entry(word.trim().to_owned()).or_default() += 1;
        }
        true
    });
}
