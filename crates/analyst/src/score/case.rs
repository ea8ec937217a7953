//! A case: what a task is told, what a good answer has, and answers that are not good.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use quell_catalog::Catalog;
use quell_explain::guard;
use quell_mask::Kind;
use quell_model::{Claim, Untrusted};
use serde::Deserialize;
use serde_json::Value;

use super::{ELSEWHERE, Pairs, SCORERS};
use crate::{Audience, Brief, Class, Field, Grants, Record, Shape, Task, TaskError};

/// Where a case comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From the estate of `quell demo`.
    Demo,
    /// Written for the task.
    Authored,
}

/// What somebody allowed to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Addresses and names of hosts.
    Addresses,
    /// What belongs to people.
    Identities,
    /// Raw logs.
    Logs,
    /// Names and ids of what stands in a cloud.
    Names,
}

/// A case of a task.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's name without its end.
    #[serde(skip)]
    pub name: String,
    /// What is told, and what makes it hard.
    pub about: String,
    /// Where it comes from.
    pub from: Origin,
    /// Whom the answer is for.
    #[serde(default)]
    pub audience: Audience,
    /// What somebody allowed to leave.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Figures that belong to no record.
    #[serde(default)]
    pub figures: Pairs,
    /// The records, what matters most first.
    pub records: Vec<CaseRecord>,
    /// Controls of the catalogue.
    #[serde(default)]
    pub controls: Vec<String>,
    /// What the rules say, by part.
    #[serde(default)]
    pub known: BTreeMap<String, Vec<CaseClaim>>,
    /// What a good answer has.
    pub expect: Expect,
    /// A good answer, as a model would give it.
    pub good: Value,
    /// Answers that are not good.
    pub bad: Vec<Bad>,
}

/// A record of a case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseRecord {
    /// What it is known as.
    pub id: String,
    /// What it is.
    pub kind: String,
    /// Its fields.
    pub fields: Pairs,
    /// Fields that are names, with the kind and what they name.
    #[serde(default)]
    pub names: BTreeMap<String, (String, String)>,
    /// Fields that are raw logs.
    #[serde(default)]
    pub logs: BTreeSet<String>,
}

/// What the rules say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseClaim {
    /// The sentence.
    pub text: String,
    /// The records it rests on.
    pub evidence: Vec<String>,
}

/// What a good answer has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Records that have to be cited.
    #[serde(default)]
    pub must_cite: Vec<String>,
    /// Of each list at least one has to stand in what is delivered, in any case of letters.
    #[serde(default)]
    pub must_say: Vec<Vec<String>>,
    /// What may stand nowhere in an answer.
    #[serde(default)]
    pub never: Vec<String>,
    /// What may not leave for a model.
    #[serde(default)]
    pub stays_here: Vec<String>,
    /// Words that may be chosen, by part.
    #[serde(default)]
    pub choices: BTreeMap<String, Vec<String>>,
    /// Most words of the whole answer.
    #[serde(default)]
    pub most_words: Option<u32>,
}

/// An answer that is not good.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bad {
    /// The word of the guard's reason, or the scorer that has to find it.
    pub why: String,
    /// The answer.
    pub answer: Value,
}

impl Task {
    /// Its cases, read and checked.
    ///
    /// # Errors
    /// The first file that is not as it should be, and where in it.
    pub fn read_cases(&self, catalog: &Catalog) -> Result<Vec<Case>, TaskError> {
        let mut numbers = BTreeSet::new();
        let read = self.cases.iter().map(|(file, text)| {
            let wrong = |why| TaskError { path: format!("{}/cases/{file}", self.id), why };
            let mut case: Case = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
            let name = file.strip_suffix(".json");
            let number = name.and_then(|name| name.split_once('-')).map(|(number, _)| number);
            let (Some(name), Some(number)) = (name, number.filter(|number| is_number(number)))
            else {
                return Err(wrong("its name is not like `07-some-name.json`".to_owned()));
            };
            if !numbers.insert(number) {
                return Err(wrong(format!("another case has the number {number}")));
            }
            name.clone_into(&mut case.name);
            case.check(self, catalog).map_err(wrong)?;
            Ok(case)
        });
        read.collect()
    }
}

fn is_number(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Case {
    /// What is told.
    #[must_use]
    pub fn brief<'a>(&'a self, catalog: &'a Catalog) -> Brief<'a> {
        let known = self.known.iter().map(|(part, claims)| {
            let claims = claims.iter().map(|claim| Claim {
                text: Untrusted::from(claim.text.as_str()),
                evidence: claim.evidence.clone(),
            });
            (part.as_str(), claims.collect())
        });
        let figures = self.figures.0.iter();
        let controls: Vec<_> =
            self.controls.iter().filter_map(|control| catalog.control(control)).collect();
        let steps = controls.iter().filter_map(|control| catalog.cloud_steps(&control.id, ""));
        Brief {
            records: self.records.iter().map(CaseRecord::record).collect(),
            figures: figures.map(|(name, value)| (name.as_str(), value.clone())).collect(),
            steps: steps.collect(),
            controls,
            names: Vec::new(),
            known: known.collect(),
        }
    }

    /// What may leave.
    #[must_use]
    pub fn grants(&self) -> Grants {
        let has = |grant| self.grants.contains(&grant);
        let mask = quell_mask::Grants {
            addresses: has(Grant::Addresses),
            identities: has(Grant::Identities),
            names: has(Grant::Names),
        };
        Grants { mask, logs: has(Grant::Logs) }
    }

    fn check(&self, task: &Task, catalog: &Catalog) -> Result<(), String> {
        if self.about.trim().is_empty() {
            return Err("`about` is empty".to_owned());
        }
        let mut ids = BTreeSet::new();
        for record in &self.records {
            if !ids.insert(record.id.as_str()) {
                return Err(format!("two records have the id `{}`", record.id));
            }
            record.check(task, &self.expect).map_err(|why| format!("`{}`: {why}", record.id))?;
        }
        if let Some(id) = self.expect.must_cite.iter().find(|id| !ids.contains(id.as_str())) {
            return Err(format!("`expect.must_cite`: no record is `{id}`"));
        }
        if let Some(id) = self.controls.iter().find(|id| catalog.control(id).is_none()) {
            return Err(format!("`controls`: the catalogue has no `{id}`"));
        }
        let part = |name: &str| task.parts.iter().find(|part| part.name == name);
        if let Some(name) = self.known.keys().find(|name| part(name).is_none()) {
            return Err(format!("`known`: the task has no part `{name}`"));
        }
        for (name, words) in &self.expect.choices {
            let all = match part(name).map(|part| &part.shape) {
                Some(Shape::Choice(all)) => all.as_slice(),
                Some(Shape::Sentences | Shape::Text) | None => &[],
            };
            if words.is_empty() || words.iter().any(|word| !all.contains(word)) {
                return Err(format!("`expect.choices`: `{name}` has only the words {all:?}"));
            }
        }
        if self.bad.is_empty() {
            return Err("`bad` is empty: no answer shows what is caught".to_owned());
        }
        let is_known = |why: &str| {
            guard::Reason::WORDS.contains(&why)
                || ELSEWHERE.contains(&why)
                || SCORERS.iter().any(|scorer| scorer.name == why)
        };
        match self.bad.iter().find(|bad| !is_known(&bad.why)) {
            Some(bad) => {
                let scorers: Vec<&str> = SCORERS.iter().map(|scorer| scorer.name).collect();
                let words = guard::Reason::WORDS.join(", ");
                let why = &bad.why;
                Err(format!("`bad`: `{why}` is none of {words}, {}", scorers.join(", ")))
            }
            None => Ok(()),
        }
    }
}

impl CaseRecord {
    fn record(&self) -> Record {
        let mut record = Record::new(self.id.clone(), self.kind.clone());
        for (name, value) in &self.fields.0 {
            let class = match self.names.get(name) {
                Some((kind, about)) => of_word(kind)
                    .map_or(Class::Text, |kind| Class::Name(kind, Cow::Owned(about.clone()))),
                None if self.logs.contains(name) => Class::Log,
                None => Class::Text,
            };
            if !value.trim().is_empty() {
                record.fields.push(Field {
                    name: name.clone().into(),
                    value: value.clone(),
                    class,
                });
            }
        }
        record
    }

    fn check(&self, task: &Task, expect: &Expect) -> Result<(), String> {
        let listed = task.fields.get(&self.kind);
        let listed = listed.ok_or_else(|| format!("the task reads no `{}`", self.kind))?;
        for (name, value) in &self.fields.0 {
            // A field that the task may not read stands there to show that it stays.
            if !listed.contains(name) && !expect.stays_here.iter().any(|text| value.contains(text))
            {
                return Err(format!(
                    "the task reads no `{name}` of a `{}`, and `expect.stays_here` has nothing of it",
                    self.kind
                ));
            }
        }
        for (name, (kind, _)) in &self.names {
            of_word(kind).ok_or_else(|| format!("`names`: there is no kind `{kind}`"))?;
            self.fields.get(name).ok_or_else(|| format!("`names`: it has no `{name}`"))?;
        }
        match self.logs.iter().find(|name| self.fields.get(name).is_none()) {
            Some(name) => Err(format!("`logs`: it has no `{name}`")),
            None => Ok(()),
        }
    }
}

fn of_word(word: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.word() == word)
}
