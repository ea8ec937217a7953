//! One input read as the product reads it: twice the same, nothing lost, order of no matter.

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;

use quell_model::Record;
use quell_sources::intake::{
    Detected, Detection, Format, Formats, Input, Item, Limits, detect, normalize_batch, read, walk,
};
use quell_sources::mapped::FormatMap;
use serde_json::Value;

use super::{Bench, Fault, Seen, bare, expected};
use crate::mutate::documents;

/// What became of each record, in order.
type Results = Vec<Result<Vec<Record>, String>>;

/// The map of the target `mapped`: a made-up tool whose findings stand under common names.
pub(super) const MAP: &str = r#"
tool = "acme"
records = "$.results[]"
needs = ["page"]
severity_scale = 10
[finding]
title = ["headline", "check.name", "title"]
rule = ["check.id", "rule"]
description = "text"
severity = ["risk", "severity"]
status = ["state", "status"]
first_seen = "seen.first"
last_seen = "seen.last"
evidence = ["proof"]
[asset]
id = ["target.arn", "resource"]
tags = "target.tags"
provider = { value = "aws" }
[severity]
"P1" = "critical"
[status]
"cleared" = "resolved"
"fine" = "passed"
"#;

/// How an input was read, if it was.
struct Reading {
    name: String,
    format: Option<Format>,
    results: Results,
}

/// Checks one input.
pub(super) fn check(bench: &Bench, target: &str, bytes: &[u8]) -> Result<Seen, Fault> {
    let maps = maps_of(target)?;
    let first = readings(bench, &maps, bytes)?;
    let second = readings(bench, &maps, bytes)?;
    let mut seen = Seen::default();
    for (one, two) in first.iter().zip(&second) {
        if one.results != two.results {
            let (a, b) = difference(&one.results, &two.results);
            return Err(Fault::new("read twice, the same", format!("{a} and {b}")));
        }
    }
    for reading in &first {
        nothing_lost(bytes, reading)?;
        note(reading, &mut seen);
    }
    if let [only] = first.as_slice() {
        order_does_not_matter(bench, &maps, bytes, only)?;
    }
    Ok(seen)
}

fn maps_of(target: &str) -> Result<Vec<Arc<FormatMap>>, Fault> {
    if target != "mapped" {
        return Ok(Vec::new());
    }
    let map = FormatMap::parse(MAP).map_err(|e| Fault::new("the map parses", e.to_string()))?;
    Ok(vec![Arc::new(map)])
}

/// Reads a text through a map, for what it may do wrong.
pub(super) fn through(bench: &Bench, map: FormatMap, text: &[u8]) -> Result<Seen, Fault> {
    let maps = [Arc::new(map)];
    let mut seen = Seen::default();
    for reading in readings(bench, &maps, text)? {
        note(&reading, &mut seen);
    }
    Ok(seen)
}

fn readings(bench: &Bench, maps: &[Arc<FormatMap>], bytes: &[u8]) -> Result<Vec<Reading>, Fault> {
    let path = bench.folder.path().join("input");
    let broken = |e: std::io::Error| Fault::new("the bench works", e.to_string());
    fs::write(&path, bytes).map_err(broken)?;
    let formats = Formats { maps, ..Formats::BUILT_IN };
    Ok(walk(&[path]).into_iter().flatten().map(|input| reading(input, formats)).collect())
}

fn reading(mut input: Input, formats: Formats<'_>) -> Reading {
    let limits = Limits::default();
    let name = input.name();
    let refused =
        |reason: String| Reading { name: name.clone(), format: None, results: vec![Err(reason)] };
    let fit = match detect(&mut input, formats, &limits) {
        Ok(Detected::Fits(fit)) => fit,
        Ok(Detected::Empty) => return Reading { name, format: None, results: Vec::new() },
        Ok(Detected::NoFit(reason)) => return refused(reason),
        Err(error) => return refused(error.to_string()),
    };
    let detection = fit.at(super::run::now());
    let results = read_all(&mut input, &detection, &limits);
    drop(detection.coverage());
    Reading { name, format: Some(detection.format), results }
}

fn read_all(input: &mut Input, detection: &Detection, limits: &Limits) -> Results {
    let mut results = Vec::new();
    read(input, detection, limits, &mut |item| {
        match item {
            Item::Batch(batch) => {
                let normalized = normalize_batch(&batch, detection);
                results.extend(normalized.map(|n| n.result));
            }
            Item::Reject { reason, .. } => results.push(Err(reason)),
        }
        ControlFlow::Continue(())
    });
    results
}

fn difference(one: &Results, two: &Results) -> (String, String) {
    let differ = one.iter().zip(two).find(|(a, b)| a != b);
    let show = |r: &Result<Vec<Record>, String>| format!("{r:?}").chars().take(600).collect();
    differ.map_or_else(
        || (format!("{} results", one.len()), format!("{}", two.len())),
        |(a, b)| (show(a), show(b)),
    )
}

/// As many results as the text has records, counted another way; and rejects that say something.
fn nothing_lost(bytes: &[u8], reading: &Reading) -> Result<(), Fault> {
    for reason in reading.results.iter().filter_map(|r| r.as_ref().err()) {
        let rule = "rejects say why, in a line";
        if reason.trim().is_empty() || reason.len() > 4096 {
            let cut: String = reason.chars().take(200).collect();
            return Err(Fault::new(rule, format!("{} bytes: {cut}", reason.len())));
        }
    }
    let Some(Format::BuiltIn(source, shape)) = &reading.format else { return Ok(()) };
    // A line with two documents is one record and one reject, however much follows.
    let follows = |r: &String| r.contains("something follows") || r.contains("broken JSON");
    if reading.results.iter().any(|r| r.as_ref().is_err_and(follows)) {
        return Ok(());
    }
    let (Some(least), has) = (expected::least_items(bytes, shape), reading.results.len()) else {
        return Ok(());
    };
    if has < least {
        let of = format!("{} {}", source.id, shape.name);
        return Err(Fault::new(
            "nothing vanishes",
            format!("`{has}` results of at least `{least}` records: {of}"),
        ));
    }
    Ok(())
}

/// A list of records turned round gives the same results.
fn order_does_not_matter(
    bench: &Bench,
    maps: &[Arc<FormatMap>],
    bytes: &[u8],
    first: &Reading,
) -> Result<(), Fault> {
    let Some(Format::BuiltIn(source, shape)) = &first.format else { return Ok(()) };
    let documents = documents(bytes).unwrap_or_default();
    let [Value::Array(list)] = documents.as_slice() else { return Ok(()) };
    if shape.envelope || shape.records != ["$[]"] || list.len() < 2 {
        return Ok(());
    }
    let turned = |list: Vec<Value>| Value::Array(list).to_string().into_bytes();
    // Both are written by the same writer, since it tidies numbers and repeated names.
    let straight = readings(bench, maps, &turned(list.clone()))?;
    let back = readings(bench, maps, &turned(list.iter().rev().cloned().collect()))?;
    let ([one], [two]) = (straight.as_slice(), back.as_slice()) else { return Ok(()) };
    // Only the first elements are looked at to tell the shape.
    let same_shape = [one, two].iter().all(
        |r| matches!(&r.format, Some(Format::BuiltIn(s, h)) if s.id == source.id && h.name == shape.name),
    );
    let sorted = |reading: &Reading| {
        let mut all: Vec<String> = reading.results.iter().map(|r| format!("{r:?}")).collect();
        all.sort_unstable();
        all
    };
    if same_shape && sorted(one) != sorted(two) {
        return Err(Fault::new("order does not matter", format!("{} {}", source.id, shape.name)));
    }
    Ok(())
}

/// Notes what kinds of outcome there were.
fn note(reading: &Reading, seen: &mut Seen) {
    let place = match &reading.format {
        Some(Format::BuiltIn(source, shape)) => format!("{} {}", source.id, shape.name),
        Some(Format::Mapped(_)) => "mapped".to_owned(),
        None => reading.name.rsplit('/').next().map_or_else(String::new, |_| "none".to_owned()),
    };
    for result in &reading.results {
        seen.items += 1;
        match result {
            Ok(records) => seen
                .traits
                .extend(records.iter().map(|record| format!("{place}: {}", trait_of(record)))),
            Err(reason) => {
                seen.rejects += 1;
                seen.traits.insert(format!("{place}: {}", bare(reason)));
            }
        }
    }
}

/// What kind of record this is.
fn trait_of(record: &Record) -> String {
    match record {
        Record::Finding(f) => format!(
            "finding {:?} {:?} {:?} {:?} {}{}{}",
            f.class,
            f.status,
            f.severity,
            f.asset.id.provider,
            u8::from(f.scope.is_some()),
            u8::from(f.first_seen.is_some()),
            u8::from(f.location.is_some()),
        ),
        Record::Evidence(e) => format!("evidence {} {:?}", e.passed, e.asset.id.provider),
        Record::Asset(a) => format!("asset {:?}", a.id.provider),
        Record::Relation(r) => format!("relation {:?}", r.kind),
        Record::Activity(a) => format!("activity {}", u8::from(a.time.is_some())),
        Record::Statement(_) => "statement".to_owned(),
        Record::Exploited(_) => "exploited".to_owned(),
    }
}
