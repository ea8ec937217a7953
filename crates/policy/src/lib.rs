//! Policies in Rego that a fix has to pass: those that come with Quell, and the user's own.
//!
//! Text comes in and sentences go out; nothing here reads a disk or a clock.

mod depth;

use std::num::NonZeroU32;
use std::time::Duration;

use include_dir::{Dir, include_dir};
use quell_model::{Fix, Untrusted};
use regorus::utils::limits::ExecutionTimerConfig;
use serde_json::json;

/// Deepest nesting of brackets. The parser takes twice as long for each further level.
const MOST_DEPTH: usize = 8;
/// Longest policy.
const MOST_BYTES: usize = 256 << 10;
/// Longest that one rule of one policy may take.
const LIMIT: Duration = Duration::from_secs(2);
/// Steps between two looks at the time.
const INTERVAL: NonZeroU32 = NonZeroU32::MIN.saturating_add(63);
/// Longest message that is shown.
const MOST_MESSAGE: usize = 300;
/// Where a policy's package must lie, and what it must say.
const PACKAGE: &str = "data.quell.fix";

static OWN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../content/policies");

/// The policies that a fix has to pass.
#[derive(Clone)]
pub struct Policies {
    engine: regorus::Engine,
    packages: Vec<String>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policies").field("packages", &self.packages).finish_non_exhaustive()
    }
}

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy `{path}` cannot be used: {reason}")]
pub struct PolicyError {
    /// The policy.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Why a fix is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The package that refuses it (`quell.fix.secrets`).
    pub package: String,
    /// What it says.
    pub message: String,
}

impl Policies {
    /// The policies that come with Quell, and these: path and text.
    ///
    /// # Errors
    /// When one is too long or too deep, does not parse, or its package does not lie in
    /// `quell.fix`.
    pub fn new(own: impl IntoIterator<Item = (String, String)>) -> Result<Self, PolicyError> {
        let mut engine = regorus::Engine::new();
        engine.set_rego_v0(false);
        engine.set_execution_timer_config(ExecutionTimerConfig {
            limit: LIMIT,
            check_interval: INTERVAL,
        });
        let mut policies = Self { engine, packages: Vec::new() };
        for file in OWN.files() {
            let path = file.path().display().to_string();
            policies.add(&path, file.contents_utf8().unwrap_or_default().to_owned())?;
        }
        for (path, text) in own {
            policies.add(&path, text)?;
        }
        policies.packages.sort();
        policies.packages.dedup();
        // What the first question prepares, every clone has.
        for package in &policies.packages {
            drop(policies.engine.eval_query(format!("{package}.deny"), false));
        }
        Ok(policies)
    }

    fn add(&mut self, path: &str, text: String) -> Result<(), PolicyError> {
        let refused = |reason: String| Err(PolicyError { path: path.to_owned(), reason });
        if text.len() > MOST_BYTES {
            return refused(format!("it is longer than {} KiB", MOST_BYTES >> 10));
        }
        if depth::of(&text) > MOST_DEPTH {
            return refused(format!("its brackets are nested more than {MOST_DEPTH} deep"));
        }
        match self.engine.add_policy(path.to_owned(), text) {
            Ok(package) if is_ours(&package) => {
                self.packages.push(package);
                Ok(())
            }
            Ok(package) => {
                let shown = package.trim_start_matches("data.");
                refused(format!("its package is `{shown}`, and must be `quell.fix` or in it"))
            }
            Err(error) => refused(short(&error.to_string())),
        }
    }

    /// Every refusal of a fix; empty where all policies accept it. A policy that fails or takes
    /// too long refuses, since nobody can tell what it would have said.
    #[must_use]
    pub fn refusals(&self, fix: &Fix) -> Vec<Refusal> {
        let mut engine = self.engine.clone();
        engine.set_input(regorus::Value::from(input(fix)));
        let mut refusals = Vec::new();
        for package in &self.packages {
            let name = package.trim_start_matches("data.").to_owned();
            let messages = match engine.eval_query(format!("{package}.deny"), false) {
                Ok(results) => messages(&results),
                Err(error) => {
                    vec![format!("it could not be judged: {}", short(&error.to_string()))]
                }
            };
            refusals.extend(
                messages.into_iter().map(|message| Refusal { package: name.clone(), message }),
            );
        }
        refusals
    }

    /// How many packages a fix has to pass.
    #[must_use]
    pub fn count(&self) -> usize {
        self.packages.len()
    }
}

fn is_ours(package: &str) -> bool {
    package == PACKAGE || package.strip_prefix(PACKAGE).is_some_and(|rest| rest.starts_with('.'))
}

/// What a policy sees as `input`.
fn input(fix: &Fix) -> serde_json::Value {
    let lines = |sign: char| -> Vec<&str> {
        let all: Vec<&str> = fix.diff.lines().collect();
        // The head of each file is two lines, the first of them begun by a removal's sign.
        let is_head = |at: usize| {
            let begins = |at: usize, with| all.get(at).is_some_and(|line| line.starts_with(with));
            let first =
                |at| begins(at, "--- a/") && begins(at + 1, "+++ b/") && begins(at + 2, "@@ ");
            first(at) || at.checked_sub(1).is_some_and(first)
        };
        let body = all.iter().enumerate().filter(|(at, _)| !is_head(*at));
        body.filter_map(|(_, line)| line.strip_prefix(sign)).collect()
    };
    let files = std::iter::once(&fix.file).chain(&fix.also_in);
    json!({
        "fix": {
            "id": fix.id, "control": fix.control, "recipe": fix.recipe, "title": fix.title,
            "safety": fix.safety, "file": fix.file, "files": files.collect::<Vec<_>>(),
            "address": fix.address,
            "may_break": fix.may_break, "effects": fix.impact.effects,
            "reversible": fix.impact.reversible, "also_closes": fix.impact.also_closes,
        },
        "added": lines('+'),
        "removed": lines('-'),
        "diff": fix.diff,
    })
}

/// The messages of a `deny`: a set or list of texts, or of objects with a `msg`. Any other value
/// than an empty one or false refuses, too.
fn messages(results: &regorus::QueryResults) -> Vec<String> {
    let values = results.result.iter().flat_map(|result| &result.expressions);
    let mut found = Vec::new();
    for value in values.filter_map(|one| one.value.to_json_str().ok()) {
        let value: serde_json::Value = serde_json::from_str(&value).unwrap_or_default();
        match &value {
            serde_json::Value::Array(items) => found.extend(items.iter().map(message)),
            serde_json::Value::Null | serde_json::Value::Bool(false) => {}
            serde_json::Value::Object(fields) => {
                found.extend(fields.iter().map(|(key, _)| short(key)));
            }
            serde_json::Value::Bool(true)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => found.push(message(&value)),
        }
    }
    found
}

fn message(value: &serde_json::Value) -> String {
    let named = ["msg", "message"].iter().find_map(|key| value.get(*key)?.as_str());
    match value.as_str().or(named) {
        Some(text) => short(text),
        None => short(&value.to_string()),
    }
}

/// One line, cut where it is long.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Untrusted::from(line).capped(MOST_MESSAGE).raw().to_owned()
}

#[cfg(test)]
mod tests;
