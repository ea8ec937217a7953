//! Facts about maps.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prelude::*;
use quell_model::{FindingClass, Provider, Record, Severity, Status};

use super::{FormatMap, draft};
use crate::intake::{
    Detected, Format, Formats, Input, Item, Limits, detect, normalize_batch, read, walk,
};

const MAP: &str = r#"
tool = "acme"
records = "$.results[]"
severity_scale = 5
[finding]
title = ["headline", "check.name"]
rule = "check.id"
severity = "risk"
status = "state"
first_seen = "seen.first"
evidence = ["proof"]
[asset]
id = "target.arn"
tags = "target.tags"
provider = { value = "aws" }
[severity]
"P1" = "critical"
[status]
"cleared" = "resolved"
"fine" = "passed"
"#;

fn input(text: &str) -> (tempfile::NamedTempFile, Input) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let input = walk(&[file.path().to_owned()]).remove(0).unwrap();
    (file, input)
}

/// Reads a text through a map that must fit.
fn through(map: &str, text: &str) -> Vec<Result<Vec<Record>, String>> {
    let maps = [Arc::new(FormatMap::parse(map).unwrap())];
    let (_file, mut input) = input(text);
    let limits = Limits::default();
    let formats = Formats { maps: &maps, ..Formats::BUILT_IN };
    let Detected::Fits(fit) = detect(&mut input, formats, &limits).unwrap() else {
        panic!("nothing fits")
    };
    assert!(matches!(fit.format, Format::Mapped(_)));
    let detection = fit.at("2026-11-01T00:00:00Z".parse().unwrap());
    let mut results = Vec::new();
    read(&mut input, &detection, &limits, &mut |item| {
        match item {
            Item::Batch(batch) => {
                results.extend(normalize_batch(&batch, &detection).map(|n| n.result));
            }
            Item::Reject { reason, .. } => results.push(Err(reason)),
        }
        ControlFlow::Continue(())
    });
    results
}

#[test]
fn a_map_says_where_the_fields_stand() {
    let text = r#"{"results": [
        {"headline": "Port open", "check": {"id": "N-1"}, "risk": "P1", "state": "raised", "proof": "22/tcp",
         "seen": {"first": "2026-10-01T00:00:00Z"},
         "target": {"arn": "arn:aws:s3:::logs", "tags": {"team": "ops"}}},
        {"check": {"id": "N-2", "name": "Disk plain"}, "risk": 4, "state": "cleared", "target": {"arn": "arn:aws:s3:::logs"}},
        {"check": {"id": "N-3", "name": "Fine"}, "state": "fine", "target": {"arn": "arn:aws:s3:::logs"}},
        {"risk": 1}
    ]}"#;
    let mut results =
        through(&MAP.replace("tool =", "needs = [\"risk\"]\ntool ="), text).into_iter();
    let Some(Ok(first)) = results.next() else { panic!("rejected") };
    let [Record::Finding(first)] = first.as_slice() else { panic!("{first:?}") };
    assert_eq!((first.severity, first.status), (Severity::Critical, Status::Open));
    assert_eq!(first.asset.id.provider, Provider::Aws);
    assert_eq!(first.asset.tags["team"].raw(), "ops");
    assert_eq!(first.class, FindingClass::Misconfiguration);
    assert_eq!(first.evidence[0].1.raw(), "22/tcp");
    let Some(Ok(second)) = results.next() else { panic!("rejected") };
    let [Record::Finding(second)] = second.as_slice() else { panic!("{second:?}") };
    assert_eq!((second.title.raw(), second.severity), ("Disk plain", Severity::High));
    assert_eq!(second.status, Status::Resolved);
    let Some(Ok(third)) = results.next() else { panic!("rejected") };
    assert!(matches!(third.as_slice(), [Record::Evidence(e)] if e.passed), "{third:?}");
    let reason = results.next().unwrap().unwrap_err();
    assert_eq!(
        reason,
        "neither the title (`headline` or `check.name`) nor the rule (`check.id`) of the map is there"
    );
}

#[test]
fn a_table_is_read_row_by_row() {
    let map = "tool = \"acme\"\n[finding]\ntitle = \"What\"\nseverity = \"Sev\"\n[asset]\nid = \"Where\"\n";
    let text =
        "What;Sev;Where\n\"Open; \"\"wide\"\" port\";high;host-1\nshort;low\nPlain;low;host-2\n";
    let results = through(map, text);
    let Ok([Record::Finding(first)]) = results[0].as_deref() else { panic!("{results:?}") };
    assert_eq!(first.title.raw(), "Open; \"wide\" port");
    assert_eq!(results[1], Err("the row has 2 fields where the header names 3".to_owned()));
    assert!(results[2].is_ok());
    assert_eq!(results.len(), 3);
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_the_nearest_right_thing() {
    let fault = |text: &str| FormatMap::parse(text).unwrap_err().to_string();
    let finding = "[finding]\ntitle = \"t\"\n";
    let wrong_key = fault("tool = \"a\"\n[finding]\ntitel = \"t\"\n");
    assert!(wrong_key.starts_with("line 3: unknown field `titel`"), "{wrong_key}");
    assert!(wrong_key.ends_with("did you mean `title`?"), "{wrong_key}");
    let wrong_word = fault(&format!("tool = \"a\"\n{finding}[severity]\n\"P1\" = \"crit\"\n"));
    assert_eq!(
        wrong_word,
        "line 5: `crit` is no severity; it is one of `informational`, `low`, `medium`, `high`, \
         `critical`, `unknown`; did you mean `critical`?"
    );
    let wrong_class =
        fault("tool = \"a\"\n[finding]\ntitle = \"t\"\nclass = { value = \"vuln\" }\n");
    assert!(wrong_class.contains("line 4: `vuln` is no class"), "{wrong_class}");
    let wrong_type = fault("tool = \"a\"\n[finding]\ntitle = 3\n");
    assert!(wrong_type.contains("a field is a name, a list of names"), "{wrong_type}");
    let wrong_records = fault(&format!("tool = \"a\"\nrecords = \"results\"\n{finding}"));
    assert!(wrong_records.starts_with("line 2: `records` is"), "{wrong_records}");
    assert!(fault(&format!("tool = \"a b\"\n{finding}")).starts_with("line 1: `tool`"));
    assert!(fault("tool = \"a\"\n[finding]\n").contains("neither a `title` nor a `rule`"));
    assert!(fault(&format!("tool = \"a\"\nseverity_scale = 0\n{finding}")).starts_with("line 2"));
    assert!(fault("tool = ").starts_with("line 1"));
}

#[test]
fn a_draft_can_be_used_as_it_is() {
    let text = r#"{"scan": {"id": 7}, "data": {"vulns": [
        {"cve": "CVE-2024-1", "package": "zlib", "installed_version": "1.0", "fixed_version": "1.1",
         "severity": "Important", "image": "registry.example/web:1", "state": "new"},
        {"cve": "CVE-2024-2", "package": "bash", "installed_version": "5", "severity": "odd",
         "image": "registry.example/web:1", "state": "risk accepted"}]}}"#;
    let (_file, mut input) = input(text);
    let drafted = draft(&mut input, "acme", &Limits::default()).unwrap();
    assert!(drafted.text.contains("records = \"$.data.vulns[]\""), "{}", drafted.text);
    assert_eq!(drafted.missing, ["[severity]: the words marked unknown"]);
    let results = through(&drafted.text, text);
    let Ok([Record::Finding(first)]) = results[0].as_deref() else { panic!("{results:?}") };
    let vulnerability = first.vulnerability.as_deref().unwrap();
    assert_eq!((vulnerability.id.as_str(), vulnerability.package.as_str()), ("CVE-2024-1", "zlib"));
    assert_eq!((first.severity, first.class), (Severity::High, FindingClass::Vulnerability));
    let Ok([Record::Finding(second)]) = results[1].as_deref() else { panic!("{results:?}") };
    assert_eq!(second.status, Status::Suppressed);
}

proptest! {
    #[test]
    fn no_map_and_no_text_break_it(map in ".{0,200}", text in ".{0,200}") {
        drop(FormatMap::parse(&map));
        let known = FormatMap::parse(MAP).unwrap();
        drop(known.normalize(&text));
        let (_file, mut input) = input(&text);
        drop(draft(&mut input, "acme", &Limits::default()));
    }
}
