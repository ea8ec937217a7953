//! Checkov's records, read for comparison only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::say;

/// What is scanned: the frameworks that fixes are made for.
const FRAMEWORKS: &str = "terraform,kubernetes,kustomize,dockerfile,github_actions";

/// One check on one resource: framework, check, file, resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) framework: String,
    pub(super) check: String,
    pub(super) file: String,
    pub(super) resource: String,
}

impl Key {
    /// The same check on the same thing after a change. A Dockerfile is one thing, whichever of
    /// its instructions a record names; a manifest's object may have moved to a namespace.
    pub(super) fn stable(&self) -> Self {
        let resource = match self.framework.as_str() {
            "dockerfile" => String::new(),
            "kubernetes" | "kustomize" => {
                let mut words: Vec<&str> = self.resource.split('.').collect();
                if words.len() > 2 {
                    words.remove(1);
                }
                words.join(".")
            }
            _ => self.resource.clone(),
        };
        Self { resource, ..self.clone() }
    }

    /// For people.
    pub(super) fn line(&self) -> String {
        format!("{} {} {} {}", self.framework, self.check, self.file, self.resource)
    }
}

/// One scan.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Failed checks, as often as they were said.
    pub(super) failed: BTreeMap<Key, usize>,
    pub(super) passed: BTreeSet<Key>,
    /// Failed checks that the tool itself calls informational.
    pub(super) informational: BTreeSet<Key>,
    /// Files that it cannot parse.
    pub(super) unparsed: BTreeSet<String>,
}

impl Scan {
    /// Reads a result.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let document: Value = serde_json::from_slice(&text)
            .with_context(|| format!("`{}` is no JSON", path.display()))?;
        let mut scan = Self::default();
        match document.as_array() {
            Some(reports) => reports.iter().for_each(|report| scan.take(report)),
            None => scan.take(&document),
        }
        Ok(scan)
    }

    fn take(&mut self, report: &Value) {
        let framework = word(report, "check_type");
        let results = report.get("results").unwrap_or(&Value::Null);
        let list = |name: &str| results.get(name).and_then(Value::as_array).into_iter().flatten();
        for record in list("failed_checks") {
            let key = key(&framework, record);
            if word(record, "severity").eq_ignore_ascii_case("info") {
                self.informational.insert(key.clone());
            }
            *self.failed.entry(key).or_default() += 1;
        }
        self.passed.extend(list("passed_checks").map(|record| key(&framework, record)));
        let unparsed = list("parsing_errors").filter_map(Value::as_str);
        self.unparsed.extend(unparsed.map(|file| below(file).to_owned()));
    }
}

fn word(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn below(file: &str) -> &str {
    file.trim_start_matches("./").trim_start_matches('/')
}

fn key(framework: &str, record: &Value) -> Key {
    Key {
        framework: framework.to_owned(),
        check: word(record, "check_id"),
        file: below(&word(record, "file_path")).to_owned(),
        resource: word(record, "resource"),
    }
}

/// Scans a folder into a file.
pub(super) fn run(program: &str, folder: &Path, result: &Path) -> Result<()> {
    say(&format!("+ {program} -d {}", folder.display()));
    let output = Command::new(program)
        .current_dir(folder)
        .args(["-d", ".", "--framework"])
        .args(FRAMEWORKS.split(','))
        .args(["--output", "json", "--compact", "--soft-fail", "--skip-download"])
        .env("LOG_LEVEL", "ERROR")
        .output()
        .with_context(|| format!("`{program}` could not be started"))?;
    if !output.status.success() || output.stdout.is_empty() {
        bail!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    fs::write(result, &output.stdout)?;
    Ok(())
}

/// Whether the program can be started.
pub(super) fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}
