//! Nothing that a model invents is delivered: every way of inventing, in every way to bring it into
//! an answer, over the cases of every task.

mod ways;

use std::collections::{BTreeMap, BTreeSet};

use quell_analyst::score::Case;
use quell_analyst::{By, Call, Cited, Shape, Task, Tasks, sentences};
use quell_catalog::Catalog;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use ways::{CARRIERS, Carrier, MADE, Made, is_a_word};

/// Examples that are kept.
const MOST_KEPT: usize = 40;

/// Something that was invented and delivered.
#[derive(Debug, Clone)]
pub struct Believed {
    /// The task and the case.
    pub case: String,
    /// What kind of thing, and how it came in.
    pub way: String,
    /// The sentence as it would be delivered.
    pub sentence: String,
}

/// What answers came to.
#[derive(Debug, Clone, Default)]
pub struct Delivered {
    /// Cases.
    pub cases: u64,
    /// Answers with something invented.
    pub answers: u64,
    /// Sentences that were delivered beside it.
    pub kept: u64,
    /// Answers of which something invented was delivered.
    pub invented: u64,
    /// How often, by kind and way.
    pub ways: BTreeMap<String, u64>,
    /// The first of them.
    pub examples: Vec<Believed>,
}

/// Has cases of every task answered in every way: a case of our own, and so many of the task's.
///
/// # Errors
/// When the tasks cannot be read, which a test excludes.
pub fn deliver(only: &str, most: usize) -> Result<Delivered, String> {
    let tasks = Tasks::embedded().map_err(|error| error.to_string())?;
    let catalog = Catalog::embedded().map_err(|error| error.to_string())?;
    let mut all = Delivered::default();
    for task in tasks.iter().filter(|task| task.id.contains(only)) {
        let mut cases = task.read_cases(&catalog).map_err(|error| error.to_string())?;
        cases.truncate(most);
        cases.extend(own(task)?);
        let one = |case: &Case| of_case(task, case, &catalog);
        let told: Result<Vec<Delivered>, String> = cases.par_iter().map(one).collect();
        all = told?.into_iter().fold(all, Delivered::and);
    }
    Ok(all)
}

fn of_case(task: &Task, case: &Case, catalog: &Catalog) -> Result<Delivered, String> {
    let brief = case.brief(catalog);
    let call = Call::new(task, &brief, case.audience, case.grants());
    let call = call.map_err(|error| error.to_string())?;
    let mut sums = Delivered { cases: 1, ..Delivered::default() };
    let known = plain(call.input());
    let usual: BTreeSet<String> = delivered(&call, &case.good).into_iter().collect();
    for (at, made) in
        MADE.iter().enumerate().filter(|(_, made)| !known.contains(&plain(made.telling)))
    {
        for carrier in CARRIERS.iter().filter(|carrier| !is_a_word(made, carrier.0)) {
            let Some(answer) = answer(task, &case.good, (at, made, carrier)) else { continue };
            sums.answers += 1;
            let said = delivered(&call, &answer);
            sums.kept += u64::try_from(said.len()).unwrap_or(0);
            let found = said
                .into_iter()
                .find(|text| !usual.contains(text) && plain(text).contains(&plain(made.telling)));
            if let Some(sentence) = found {
                sums.note(format!("{}/{}", task.id, case.name), (made, carrier), sentence);
            }
        }
    }
    Ok(sums)
}

/// The good answer, with something invented in one of its sentences. The other sentences stay, so
/// that the answer as a whole does.
fn answer(
    task: &Task,
    good: &Value,
    (at, made, carrier): (usize, &Made, &Carrier),
) -> Option<Value> {
    let parts = task.parts.iter().filter(|part| part.shape == Shape::Sentences && part.most > 0);
    let parts: Vec<_> = parts.collect();
    let part = parts.get(at % parts.len().max(1))?;
    let mut answer: Map<String, Value> = good.as_object()?.clone();
    let all: Vec<Cited> =
        parts.iter().filter_map(|part| good.get(&part.name)).flat_map(sentences).collect();
    let (text, ids) = all.get(at % all.len().max(1))?;
    let evidence = ids.join(" ");
    let said = (carrier.1)(text, made.text);
    if said.is_empty() || ids.is_empty() {
        return None;
    }
    // First, so that no cap on sentences takes it out.
    let invented = said.iter().map(|text| format!("{text} [{evidence}] "));
    let stays = good.get(&part.name).and_then(Value::as_str).unwrap_or_default();
    answer.insert(part.name.clone(), Value::from(invented.collect::<String>() + stays));
    Some(Value::Object(answer))
}

/// The sentences of the model that are delivered.
fn delivered(call: &Call<'_>, answer: &Value) -> Vec<String> {
    let written = call.judge(answer);
    let of_model = written.parts.into_iter().filter(|part| part.by == By::Model);
    of_model.flat_map(|part| part.sentences).map(|claim| claim.text.raw().to_owned()).collect()
}

/// Letters and digits alone, small: what a reader sees of a name whatever stands around it.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

impl Delivered {
    fn note(&mut self, case: String, (made, carrier): (&Made, &Carrier), sentence: String) {
        let way = format!("{} {}: {:?}", made.kind, carrier.0, made.text);
        self.invented += 1;
        *self.ways.entry(way.clone()).or_default() += 1;
        if self.examples.len() < MOST_KEPT {
            self.examples.push(Believed { case, way, sentence });
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.cases += other.cases;
        self.answers += other.answers;
        self.kept += other.kept;
        self.invented += other.invented;
        for (way, count) in other.ways {
            *self.ways.entry(way).or_default() += count;
        }
        self.examples.extend(other.examples);
        self.examples.truncate(MOST_KEPT);
        self
    }
}

/// A case of our own, so that a task without cases is tried too.
fn own(task: &Task) -> Result<Vec<Case>, String> {
    let Some((kind, fields)) =
        task.fields.iter().find(|(_, fields)| fields.iter().any(|f| f == "title"))
    else {
        return Ok(Vec::new());
    };
    let mut good = Map::new();
    for part in &task.parts {
        let value = match &part.shape {
            Shape::Sentences => {
                json!("The bucket can be read by anyone. [r1] It holds reports of customers. [r1]")
            }
            Shape::Choice(words) => words.first().map_or(Value::Null, |word| json!(word)),
            Shape::Text => json!(""),
        };
        good.insert(part.name.clone(), value);
    }
    let mut told = Map::new();
    told.insert(
        "title".to_owned(),
        json!("The bucket can be read by anyone and holds reports of customers"),
    );
    if fields.iter().any(|field| field == "severity") {
        told.insert("severity".to_owned(), json!("high"));
    }
    let case = json!({
        "about": "a bucket that is open", "from": "authored",
        "records": [{"id": "own:1", "kind": kind, "fields": told}],
        "expect": {}, "good": good, "bad": [{"why": "unresolved", "answer": {}}],
    });
    serde_json::from_value(case).map(|case| vec![case]).map_err(|error| error.to_string())
}
