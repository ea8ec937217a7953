//! Which rights of the token a job needs, by what its steps plainly do with it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::expression::{gives_other_secret, gives_token};
use super::permissions::{Level, Rights};
use super::script::{self, Held};
use super::workflow::{events, steps, text, texts};

/// Composite actions and called workflows are followed this deep.
const DEPTH: usize = 8;

/// What common actions need; `?` where it depends on what they are told.
static ACTIONS: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| toml::from_str(include_str!("needs.toml")).unwrap_or_default());

/// Words in the name of an action that writes to the repository.
static WRITES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        "(?i)release|publish|deploy|comment|label|pull-?request|(^|[/-])pr([-]|$)|issue|commit|push|\
         changelog|tag([-]|$)|merge|assign|milestone|project|pages|status|report|review|bot([-]|$)|\
         sync|backport|stale|triage|rebase|approve|bump|update|dependabot|wiki|delete|cleanup",
    )
    .ok()
});

/// Where files beside the workflow are found: the data of a path below the repository.
pub(super) type Files<'f> = dyn Fn(&str) -> Option<&'f Value> + 'f;

/// What a job's steps stand in.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s> {
    pub(super) workflow: &'s Value,
    pub(super) files: &'s Files<'s>,
    depth: usize,
}

impl<'s> Scene<'s> {
    /// The scene of a workflow.
    pub(super) fn new(workflow: &'s Value, files: &'s Files<'s>) -> Self {
        Self { workflow, files, depth: 0 }
    }

    fn deeper(self) -> Result<Self, String> {
        let depth = self.depth + 1;
        if depth > DEPTH {
            return Err("actions call each other too deep".into());
        }
        Ok(Self { depth, ..self })
    }
}

/// The rights that a job needs; reading the repository always.
///
/// # Errors
///
/// One sentence that says what a person must decide.
pub(super) fn of_job(scene: Scene<'_>, job: &Value) -> Result<Rights, String> {
    let mut rights = Rights::default();
    rights.need("contents", Level::Read);
    if let Some(uses) = text(job, "uses") {
        rights.join(&of_called(scene, uses)?);
        return Ok(rights);
    }
    let mut env = texts(scene.workflow, "env");
    env.extend(texts(job, "env"));
    rights.join(&of_steps(scene, steps(job), &env)?);
    Ok(rights)
}

/// The rights of a workflow that a job calls.
fn of_called(scene: Scene<'_>, uses: &str) -> Result<Rights, String> {
    let unknown = || {
        let shown: String = uses.chars().filter(|letter| !letter.is_control()).take(100).collect();
        format!(
            "a job calls `{shown}`, which is not in the repository: a person must say which rights it needs"
        )
    };
    let path = uses.strip_prefix("./").ok_or_else(unknown)?;
    let called = (scene.files)(path).ok_or_else(unknown)?;
    let scene = Scene { workflow: called, ..scene.deeper()? };
    let own = called.get("permissions");
    let mut rights = Rights::default();
    for (_, job) in super::workflow::jobs(called) {
        match job.get("permissions").or(own) {
            Some(named) => rights.join(&Rights::read(named).ok_or("permissions are not plain")?),
            None => rights.join(&of_job(scene, job)?),
        }
    }
    Ok(rights)
}

fn of_steps(
    scene: Scene<'_>,
    steps: &[Value],
    env: &BTreeMap<String, String>,
) -> Result<Rights, String> {
    let mut rights = Rights::default();
    let git_has_it = steps.iter().any(leaves_token);
    for step in steps {
        let mut env = env.clone();
        env.extend(texts(step, "env"));
        if let Some(uses) = text(step, "uses") {
            let told = Told { with: texts(step, "with"), env, own: texts(step, "env") };
            rights.join(&of_action(scene, uses, &told)?);
        } else if let Some(run) = text(step, "run") {
            rights.join(&script::needs(run, &held(&env, git_has_it))?);
        }
    }
    Ok(rights)
}

/// Whether a step checks out and leaves the token for git.
fn leaves_token(step: &Value) -> bool {
    let checkout = text(step, "uses").is_some_and(|uses| uses.starts_with("actions/checkout@"));
    let with = texts(step, "with");
    let kept = with.get("persist-credentials").is_none_or(|value| value != "false");
    let other = ["token", "ssh-key"]
        .iter()
        .any(|key| with.get(*key).is_some_and(|v| gives_other_secret(v)));
    checkout && kept && !other
}

fn held(env: &BTreeMap<String, String>, git_has_it: bool) -> Held {
    let names = env.iter().filter(|(_, value)| gives_token(value)).map(|(name, _)| name.clone());
    let other = |name: &str| env.get(name).is_some_and(|value| gives_other_secret(value));
    let gh_has_other =
        other("GH_TOKEN") || (!env.contains_key("GH_TOKEN") && other("GITHUB_TOKEN"));
    Held { names: names.collect(), gh_has_other, git_has_it }
}

/// What an action is told.
struct Told {
    with: BTreeMap<String, String>,
    /// All variables around it.
    env: BTreeMap<String, String>,
    /// Those of its own step.
    own: BTreeMap<String, String>,
}

fn of_action(scene: Scene<'_>, uses: &str, told: &Told) -> Result<Rights, String> {
    let name = uses.split('@').next().unwrap_or(uses).to_ascii_lowercase();
    let given = told.with.values().any(|value| gives_token(value));
    let mut rights = Rights::default();
    let to_registry = told.with.values().any(|value| value.trim_start().starts_with("ghcr.io"));
    if given && to_registry {
        rights.need("packages", Level::Write);
    }
    if name == "actions/download-artifact" && told.with.contains_key("run-id") {
        rights.need("actions", Level::Read);
    }
    if let Some(path) = uses.strip_prefix("./") {
        rights.join(&of_local(scene, path, given, told)?);
        return Ok(rights);
    }
    if name == "actions/github-script" {
        if told.with.get("github-token").is_none_or(|token| !gives_other_secret(token)) {
            rights.join(&of_script(scene, told)?);
        }
        return Ok(rights);
    }
    let shown: String = name.chars().filter(|letter| !letter.is_control()).take(100).collect();
    match known(&name) {
        Some("?") => {
            Err(format!("`{shown}` does what it is told: a person must say which rights it needs"))
        }
        Some(needs) => {
            if !uses_other_token(told) {
                let needs = Rights::parse(needs).ok_or("the table of actions cannot be read")?;
                rights.join(&needs);
            }
            Ok(rights)
        }
        None if given && to_registry => Ok(rights),
        None => {
            let around = told.own.values().any(|value| gives_token(value))
                || ["GITHUB_TOKEN", "GH_TOKEN"]
                    .iter()
                    .any(|name| told.env.get(*name).is_some_and(|value| gives_token(value)));
            if given || around {
                return Err(format!(
                    "`{shown}` is given the token: a person must say which rights it needs"
                ));
            }
            let writes = WRITES.as_ref().is_none_or(|words| words.is_match(&name));
            if writes && !uses_other_token(told) {
                return Err(format!(
                    "`{shown}` may write to the repository: a person must say which rights it needs"
                ));
            }
            Ok(rights)
        }
    }
}

/// Whether the step's own token is another secret.
fn uses_other_token(told: &Told) -> bool {
    let all = told.with.iter().chain(&told.own);
    let tokens = all.filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.contains("token") || name.contains("pat")
    });
    let mut tokens = tokens.peekable();
    tokens.peek().is_some() && tokens.all(|(_, value)| gives_other_secret(value))
}

fn of_script(scene: Scene<'_>, told: &Told) -> Result<Rights, String> {
    let script = told.with.get("script").map_or("", String::as_str);
    let events = events(scene.workflow);
    let only = !events.is_empty() && events.iter().all(|event| event.starts_with("pull_request"));
    script::octokit(script, only)
}

/// An action that stands in the repository.
fn of_local(scene: Scene<'_>, path: &str, given: bool, told: &Told) -> Result<Rights, String> {
    let folder = path.trim_end_matches('/');
    let shown: String = folder.chars().filter(|letter| !letter.is_control()).take(100).collect();
    let named = |file: &str| {
        let path = if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
        (scene.files)(&path)
    };
    let action = named("action.yml").or_else(|| named("action.yaml")).ok_or_else(|| {
        format!("the action `./{shown}` was not found: a person must say which rights it needs")
    })?;
    let runs = action.get("runs").unwrap_or(&Value::Null);
    let default = action
        .get("inputs")
        .is_some_and(|inputs| inputs.to_string().to_ascii_lowercase().contains("github.token"));
    if text(runs, "using") == Some("composite") {
        if given || default {
            return Err(format!(
                "the action `./{shown}` is given the token: a person must say which rights it needs"
            ));
        }
        return of_steps(scene.deeper()?, steps(runs), &told.env);
    }
    if given || default || told.env.values().any(|value| gives_token(value)) {
        return Err(format!(
            "the action `./{shown}` is given the token: a person must say which rights it needs"
        ));
    }
    Ok(Rights::default())
}

/// The entry of the table for an action: its own, or the longest that ends in a star.
fn known(name: &str) -> Option<&'static str> {
    if let Some(exact) = ACTIONS.get(name) {
        return Some(exact);
    }
    let stars = ACTIONS.iter().filter_map(|(key, needs)| Some((key.strip_suffix('*')?, needs)));
    let longest =
        stars.filter(|(head, _)| name.starts_with(head)).max_by_key(|(head, _)| head.len());
    longest.map(|(_, needs)| needs.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read() {
        let table: BTreeMap<String, String> = toml::from_str(include_str!("needs.toml")).unwrap();
        for (name, needs) in table {
            assert!(needs == "?" || Rights::parse(&needs).is_some(), "{name}");
            assert_eq!(name, name.to_ascii_lowercase());
        }
    }

    #[track_caller]
    fn check(job: &str, expected: Result<&str, &str>) {
        let job: Value = serde_json::from_str(job).unwrap();
        let workflow = Value::Null;
        let none = |_: &str| None;
        match (of_job(Scene::new(&workflow, &none), &job), expected) {
            (Ok(rights), Ok(wanted)) => assert_eq!(Some(rights), Rights::parse(wanted)),
            (Err(error), Err(wanted)) => assert!(error.contains(wanted), "{error}"),
            (found, _) => panic!("{found:?} for {job}"),
        }
    }

    #[test]
    fn common_actions_are_known() {
        check(
            r#"{"steps": [{"uses": "actions/checkout@v4"}, {"run": "npm test"}]}"#,
            Ok("contents:read"),
        );
        check(
            r#"{"steps": [{"uses": "github/codeql-action/analyze@v3"}]}"#,
            Ok("contents:read security-events:write actions:read packages:read"),
        );
        check(
            r#"{"steps": [{"uses": "some/one@v1", "with": {"registry": "ghcr.io", "password": "${{ secrets.GITHUB_TOKEN }}"}}]}"#,
            Ok("contents:read packages:write"),
        );
        check(
            r#"{"steps": [{"uses": "peter-evans/create-pull-request@v7", "with": {"token": "${{ secrets.PAT }}"}}]}"#,
            Ok("contents:read"),
        );
        check(r#"{"steps": [{"uses": "some/linter@v1"}]}"#, Ok("contents:read"));
    }

    #[test]
    fn what_is_not_known_is_a_question() {
        check(
            r#"{"steps": [{"uses": "some/one@v1", "env": {"GITHUB_TOKEN": "${{ secrets.GITHUB_TOKEN }}"}}]}"#,
            Err("`some/one` is given the token"),
        );
        check(r#"{"steps": [{"uses": "some/pr-commenter@v1"}]}"#, Err("may write"));
        check(r#"{"uses": "o/r/.github/workflows/x.yml@v1"}"#, Err("not in the repository"));
        check(r#"{"steps": [{"uses": "./act"}]}"#, Err("was not found"));
    }
}
