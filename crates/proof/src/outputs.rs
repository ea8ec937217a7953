//! What is decided: everything that somebody or something acts on.

use std::collections::{BTreeMap, BTreeSet};

use quell_deliver::outbox::Act;
use quell_model::{Finding, FindingKey, IssueKey};
use quell_pipeline::memory::{Outgoing, Proposed, Settled, Story, World};
use serde_json::{Value, json};

/// What was decided, without ids: findings are told by their place in the input.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outputs(pub(crate) Value);

/// What stands for a name that only the seat knows.
const SEAT: &str = "(the text)";

/// Reads the outputs off a world.
pub(crate) fn outputs(world: &World, findings: &[Finding]) -> Outputs {
    let mut places: BTreeMap<FindingKey, usize> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        places.entry(finding.key()).or_insert(at);
    }
    let place = |key: &FindingKey| places.get(key).copied();
    let mut of_issue: BTreeMap<IssueKey, Vec<usize>> = BTreeMap::new();
    for settled in &world.issues {
        let mut at: Vec<usize> = settled.findings.iter().filter_map(place).collect();
        at.sort_unstable();
        of_issue.insert(settled.issue.key, at);
    }
    let issues = |keys: &[IssueKey]| -> Value {
        let all: BTreeSet<&Vec<usize>> = keys.iter().filter_map(|key| of_issue.get(key)).collect();
        json!(all)
    };
    let mut decided: Vec<(Value, Value)> = world
        .issues
        .iter()
        .map(|settled| (json!(of_issue.get(&settled.issue.key)), issue(settled)))
        .collect();
    decided.sort_by_key(|(at, _)| at.to_string());
    let mut stories: Vec<Value> = world
        .stories
        .iter()
        .map(|story| json!({"issues": issues(&story.incident.issues), "story": self::story(story)}))
        .collect();
    stories.sort_by_key(ToString::to_string);
    let fixes = world
        .fixes
        .iter()
        .map(|proposed| json!({"closes": issues(&proposed.fix.closes), "fix": fix(proposed)}));
    let mut fixes: Vec<Value> = fixes.collect();
    fixes.sort_by_key(ToString::to_string);
    let decided: Vec<Value> = decided.into_iter().map(|(at, issue)| json!([at, issue])).collect();
    let files: Vec<Value> = world.files.iter().map(|file| json!([file.path, file.after])).collect();
    Outputs(json!({"issues": decided, "stories": stories, "fixes": fixes, "files": files}))
}

fn issue(settled: &Settled) -> Value {
    let Settled { issue, decided, level, hidden, .. } = settled;
    let context = &issue.asset.context;
    let name =
        |of: &Option<quell_model::Sourced>| of.as_ref().map(|one| one.value.raw().to_owned());
    json!({
        "control": issue.control,
        "class": issue.class,
        "severity": issue.severity,
        "status": issue.status,
        "score": issue.risk.score,
        "decision": decided.decision,
        "ticket": decided.ticket,
        "due_days": decided.due_days,
        "level": level.as_ref().map(|level| (level.due, level.late)),
        "hidden": hidden,
        "name owner": name(&context.owner),
        "name environment": name(&context.environment),
        "name data_class": name(&context.data_class),
    })
}

fn story(story: &Story) -> Value {
    let incident = &story.told.incident;
    let mut letters: Vec<Value> = story.letters.iter().map(letter).collect();
    letters.sort_by_key(ToString::to_string);
    json!({
        "kind": incident.kind,
        "severity": incident.severity,
        "score": incident.score,
        "decision": incident.decision.decision,
        "due": incident.decision.due,
        "name owner": incident.owner.name.raw(),
        "letters": letters,
    })
}

fn letter(outgoing: &Outgoing) -> Value {
    let Outgoing { facts, post } = outgoing;
    let opened = post.rows.iter().map(|row| match &row.act {
        Act::Open { letter } => json!({
            "sink": row.sink,
            "state": row.state,
            "severity": letter.severity,
            "due": letter.due,
            "labels": letter.labels,
            "name page": letter.page.as_ref().map(|page| page.as_str().split('/').nth(2).map(str::to_owned)),
            "change": letter.change.is_some(),
            "asks": letter.asks.is_some(),
            "name owner": letter.owner.as_ref().map(|owner| owner.raw().to_owned()),
        }),
        other @ (Act::Edit { .. } | Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } | Act::Review { .. }) => json!(other.kind().as_str()),
    });
    json!({
        "route": post.delivery.route,
        "subject": post.delivery.subject.split(':').next(),
        "rows": opened.collect::<Vec<_>>(),
        "severity": facts.severity,
        "score": facts.score,
        "controls": facts.controls,
        "kind": facts.kind,
        "has_fix": facts.has_fix,
        "name owners": facts.owners,
        "name teams": facts.teams,
        "name environments": facts.environments,
        "name accounts": facts.accounts,
    })
}

fn fix(proposed: &Proposed) -> Value {
    let Proposed { fix, verdict, plan } = proposed;
    let plan = plan.as_ref().map(|plan| {
        json!({
            "kind": plan.kind,
            "tenant": plan.tenant,
            "title": plan.title,
            "target": plan.target,
            "parameters": plan.parameters,
            "diff": plan.diff,
            "quorum": plan.quorum,
            "rule": plan.rule,
            "expires_at": plan.expires_at,
            "name account": plan.account,
            "name environment": plan.environment,
        })
    });
    json!({
        "control": fix.control,
        "recipe": fix.recipe,
        "file": fix.file,
        "address": fix.address,
        "diff": fix.diff,
        "safety": fix.safety,
        "state": if fix.state == quell_model::FixState::Proved { "proved" } else { "withheld" },
        "outcome": verdict.outcome,
        "phase": verdict.phase,
        "rule": verdict.rule,
        "quorum": verdict.quorum,
        "plan": plan,
    })
}

impl Outputs {
    /// The same with every name that is none of `known` as one word: what the seat says may be
    /// told, and another name that is there already may not come in its place.
    pub(crate) fn named(mut self, known: &BTreeSet<String>) -> Self {
        hide(&mut self.0, false, known);
        self
    }

    /// The names of it.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        collect(&self.0, false, &mut found);
        found
    }

    /// The same with a text of the code as one word.
    pub(crate) fn without(self, text: &str) -> Self {
        let mut value = self.0;
        replace(&mut value, text);
        Self(value)
    }

    /// Where two differ, and how.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        differ(&self.0, &other.0, &mut String::new())
    }

    /// What of this is lower than it was.
    pub(crate) fn lowered(&self, was: &Self) -> Option<String> {
        let (now, before) = (self.issues(), was.issues());
        for (at, was) in &before {
            let Some(is) = now.get(at) else { return Some(format!("issue {at} is gone")) };
            if number(is) < number(was) {
                return Some(format!("score of {at}"));
            }
            if let Some(key) = SAME.iter().find(|key| is.get(**key) != was.get(**key)) {
                return Some(format!("{key} of {at}"));
            }
        }
        if !was.routes().is_subset(&self.routes()) {
            return Some("somebody is not told any more".to_owned());
        }
        let is_same = ["fixes", "files"].iter().all(|key| self.0.get(*key) == was.0.get(*key));
        (!is_same).then(|| "a fix or its plan differs".to_owned())
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten()
    }

    fn issues(&self) -> BTreeMap<String, &Value> {
        self.list("issues").filter_map(|row| Some((row.get(0)?.to_string(), row.get(1)?))).collect()
    }

    fn routes(&self) -> BTreeSet<String> {
        let letters = self.list("stories").filter_map(|story| story.pointer("/story/letters"));
        let letters = letters.filter_map(Value::as_array).flatten();
        letters.filter_map(|letter| letter.get("route")).map(ToString::to_string).collect()
    }
}

/// What of an issue a text may not even raise.
const SAME: &[&str] =
    &["severity", "status", "decision", "hidden", "control", "name owner", "name environment"];

fn number(issue: &Value) -> u64 {
    issue.get("score").and_then(Value::as_u64).unwrap_or_default()
}

fn hide(value: &mut Value, is_name: bool, known: &BTreeSet<String>) {
    match value {
        Value::String(text) if is_name && !known.contains(text) => SEAT.clone_into(text),
        Value::Array(all) => {
            all.iter_mut().for_each(|one| hide(one, is_name, known));
            if is_name {
                all.sort_by_key(ToString::to_string);
                all.dedup();
            }
        }
        Value::Object(all) => {
            all.iter_mut().for_each(|(key, one)| hide(one, key.starts_with("name "), known));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn collect(value: &Value, is_name: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_name => drop(found.insert(text.clone())),
        Value::Array(all) => all.iter().for_each(|one| collect(one, is_name, found)),
        Value::Object(all) => {
            all.iter().for_each(|(key, one)| collect(one, key.starts_with("name "), found));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replace(value: &mut Value, text: &str) {
    match value {
        Value::String(own) => *own = own.replace(text, SEAT),
        Value::Array(all) => all.iter_mut().for_each(|one| replace(one, text)),
        Value::Object(all) => all.values_mut().for_each(|one| replace(one, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn differ(a: &Value, b: &Value, path: &mut String) -> Option<String> {
    if a == b {
        return None;
    }
    let of = path.len();
    let pairs: Vec<(String, &Value, &Value)> = match (a, b) {
        (Value::Object(a), Value::Object(b)) => a
            .iter()
            .map(|(key, one)| (key.clone(), one, b.get(key).unwrap_or(&Value::Null)))
            .collect(),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().map(|(at, (a, b))| (at.to_string(), a, b)).collect()
        }
        _ => Vec::new(),
    };
    for (key, a, b) in pairs {
        path.push('/');
        path.push_str(&key);
        if let Some(found) = differ(a, b, path) {
            return Some(found);
        }
        path.truncate(of);
    }
    let short = |value: &Value| value.to_string().chars().take(300).collect::<String>();
    Some(format!("{path}: {} is not {}", short(a), short(b)))
}
