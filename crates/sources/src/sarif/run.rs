//! What a run says around its results: the tool, its rules, what was scanned and when.

use quell_model::{Scope, Timestamp, parse_timestamp};
use serde_json::Value;

use super::wire::ResultWire;
use crate::Envelope;

/// One run of the log, without its results.
#[derive(Clone, Copy)]
pub(super) struct Run<'a>(&'a Value);

const NONE: &Value = &Value::Null;

impl<'a> Run<'a> {
    pub(super) fn of(document: &'a Value, index: usize) -> Self {
        Self(document.get("runs").and_then(|runs| runs.get(index)).unwrap_or(NONE))
    }

    pub(super) fn get(self, path: &str) -> &'a Value {
        self.0.pointer(path).unwrap_or(NONE)
    }

    fn text(self, path: &str) -> Option<&'a str> {
        self.get(path).as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The tool, in lower case with underscores; `Semgrep OSS` and `semgrep` are one.
    pub(super) fn product(self) -> String {
        let name = self.text("/tool/driver/name").unwrap_or("unnamed").to_lowercase();
        let words: Vec<&str> =
            name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        match words.first() {
            Some(&("semgrep" | "codeql" | "gitleaks" | "checkov" | "trivy" | "snyk" | "grype")) => {
                words.first().copied().unwrap_or_default().to_owned()
            }
            Some(&"opengrep") => "semgrep".to_owned(),
            _ => words.join("_"),
        }
    }

    /// The rule of a result: by its index where that is the right one, else by its id.
    pub(super) fn rule(self, result: &ResultWire<'_>) -> &'a Value {
        let component = &result.rule.tool_component;
        let tool = match component.index.integer().and_then(|i| usize::try_from(i).ok()) {
            Some(index) => self.get("/tool/extensions").get(index),
            None => component.name.get().and_then(|name| {
                let extensions = self.get("/tool/extensions").as_array()?;
                extensions.iter().find(|e| e.get("name").and_then(Value::as_str) == Some(name))
            }),
        };
        let tool = tool.unwrap_or_else(|| self.get("/tool/driver"));
        let rules = tool.get("rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let wanted = result.rule_id.get().or_else(|| result.rule.id.get());
        let is_it = |rule: &&Value| {
            let id = rule.get("id").and_then(Value::as_str);
            wanted.is_none_or(|wanted| id.is_some_and(|id| names(wanted, id)))
        };
        let index = result.rule_index.integer().or_else(|| result.rule.index.integer());
        let by_index = index.and_then(|i| rules.get(usize::try_from(i).ok()?)).filter(is_it);
        let by_id = || wanted.and_then(|_| rules.iter().find(is_it));
        by_index.or_else(by_id).unwrap_or(NONE)
    }

    /// The path that an artifact of the run's list has.
    pub(super) fn artifact(self, index: Option<i64>) -> Option<&'a str> {
        let index = usize::try_from(index?).ok()?;
        self.get("/artifacts").get(index)?.pointer("/location/uri")?.as_str()
    }

    /// The repository that was scanned, where the run says which.
    pub(super) fn repository(self) -> &'a str {
        self.text("/versionControlProvenance/0/repositoryUri").unwrap_or_default()
    }

    /// The image that was scanned (Trivy writes it into the run's properties).
    pub(super) fn image(self) -> Option<&'a str> {
        self.text("/properties/imageName")
    }

    /// When it ran.
    pub(super) fn time(self) -> Option<Timestamp> {
        let times = ["/invocations/0/endTimeUtc", "/invocations/0/startTimeUtc"];
        times.iter().find_map(|path| parse_timestamp(self.text(path)?))
    }

    /// What the run looked at, where it says so and came to its end. Without that, silence on a
    /// fault means nothing: the next log may be of another repository.
    pub(super) fn target(self) -> Option<String> {
        let failed = self.get("/invocations/0/executionSuccessful") == &Value::Bool(false);
        let branch = self.text("/versionControlProvenance/0/branch").unwrap_or_default();
        let automation = self.text("/automationDetails/id").map(category).unwrap_or_default();
        let what = [self.repository(), branch, self.image().unwrap_or_default(), automation];
        if failed || what.iter().all(|part| part.is_empty()) {
            return None;
        }
        Some(format!("sarif:{}:{}", self.product(), what.join("|")))
    }

    fn rules(self) -> impl Iterator<Item = &'a str> {
        let driver = self.get("/tool/driver/rules").as_array();
        let extensions = self.get("/tool/extensions").as_array();
        let of_extensions =
            extensions.into_iter().flatten().filter_map(|e| e.get("rules")?.as_array()).flatten();
        let all = driver.into_iter().flatten().chain(of_extensions);
        all.filter_map(|rule| rule.get("id")?.as_str())
    }
}

/// Whether a result's rule id names a rule; `CA1000/1` is a sub-rule of `CA1000`.
fn names(wanted: &str, id: &str) -> bool {
    wanted == id || wanted.strip_prefix(id).is_some_and(|rest| rest.starts_with('/'))
}

/// The part of an automation id that is the same for each run: all up to its last `/`
/// (SARIF 2.1.0, section 3.17.3).
fn category(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(category, _)| category)
}

/// Every rule of every run that says what it scanned.
pub(super) fn coverage(envelope: &Envelope<'_>) -> Vec<Scope> {
    let runs = envelope.document.get("runs").and_then(Value::as_array).map_or(0, Vec::len);
    let mut scopes = Vec::new();
    for run in (0..runs).map(|index| Run::of(envelope.document, index)) {
        let Some(target) = run.target() else { continue };
        let of_rule = |rule: &str| Scope {
            target: target.clone(),
            check: rule.to_owned(),
            place: String::new(),
        };
        scopes.extend(run.rules().map(of_rule));
    }
    scopes
}
