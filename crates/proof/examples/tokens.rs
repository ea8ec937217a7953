//! Tokens of a call beside one prompt with the same facts that nothing guards: `tokens [TASK]`. Over
//! the cases with their good answers, and over the incidents of the sample world with what the rules
//! say as the answer. Tokens are those of `o200k_base`, which is right for one family of models and
//! near for others.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use quell_analyst::trial::Texts;
use quell_analyst::{Audience, Call, Grants, Shape, Task, Tasks, Why};
use quell_catalog::Catalog;
use quell_model::{FixedClock, Timestamp};
use quell_pipeline::analyst::incident::{self, Details};
use quell_pipeline::analyst::message::{self, Form};
use quell_pipeline::memory::stories;
use quell_pipeline::{Progress, Request, Setup, run};
use quell_report::IncidentStory;
use quell_store::Store;
use serde_json::{Map, Value, json};
use tiktoken_rs::CoreBPE;

/// When the sample world is looked at.
const NOW: &str = "2026-11-01T00:00:00Z";

fn main() -> io::Result<()> {
    let only = std::env::args().nth(1).unwrap_or_default();
    let bpe = tiktoken_rs::o200k_base().map_err(other)?;
    let (catalog, tasks) = (Catalog::embedded().map_err(other)?, Tasks::embedded().map_err(other)?);
    let mut out = io::stdout().lock();
    writeln!(out, "| of | calls | guarded | unguarded | median | p90 | in all |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    let mut all = Counts::default();
    for task in tasks.iter().filter(|task| task.id.contains(&only)) {
        let counts = of_cases(task, &catalog, &bpe)?;
        counts.write(&mut out, &format!("cases of `{}`", task.id))?;
        all.0.extend(counts.0);
    }
    all.write(&mut out, "all cases")?;
    let (mut all, setup) = (Counts::default(), Setup::embedded(None).map_err(other)?);
    let sample = sample(&setup)?;
    for task in tasks.iter().filter(|task| task.id.contains(&only) && task.id != "fix") {
        let counts = of_sample(task, (&sample, setup.catalog()), &bpe)?;
        counts.write(&mut out, &format!("sample world, `{}`", task.id))?;
        all.0.extend(counts.0);
    }
    all.write(&mut out, "all of the sample world")
}

/// Tokens of each call: guarded, and not.
#[derive(Debug, Default)]
struct Counts(Vec<(usize, usize)>);

impl Counts {
    fn add(&mut self, call: &Call<'_>, answer: &Value, bpe: &CoreBPE) -> io::Result<()> {
        let count = |texts: &Texts| {
            let of = |text: &str| bpe.encode_ordinary(text).len();
            of(&texts.told) + of(&texts.answered)
        };
        let plain = Texts::plain(call, answer).map_err(other)?;
        self.0.push((count(&Texts::guarded(call, answer)), count(&plain)));
        Ok(())
    }

    fn write(&self, out: &mut impl io::Write, name: &str) -> io::Result<()> {
        let mut shares: Vec<f64> = self.0.iter().map(|(a, b)| share(*a, *b)).collect();
        shares.sort_by(f64::total_cmp);
        let at = |part: usize| {
            let last = shares.len().saturating_sub(1);
            shares.get((last * part).div_ceil(100)).copied().unwrap_or_default()
        };
        let sum = |of: fn(&(usize, usize)) -> usize| self.0.iter().map(of).sum::<usize>();
        let (guarded, plain) = (sum(|one| one.0), sum(|one| one.1));
        writeln!(
            out,
            "| {name} | {} | {guarded} | {plain} | {:.2} | {:.2} | {:.2} |",
            self.0.len(),
            at(50),
            at(90),
            share(guarded, plain)
        )
    }
}

fn of_cases(task: &Task, catalog: &Catalog, bpe: &CoreBPE) -> io::Result<Counts> {
    let mut counts = Counts::default();
    for case in task.read_cases(catalog).map_err(other)? {
        let brief = case.brief(catalog);
        let call = Call::new(task, &brief, case.audience, case.grants()).map_err(other)?;
        counts.add(&call, &case.good, bpe)?;
    }
    Ok(counts)
}

/// The incidents of the sample world, with what is told of them.
fn sample(setup: &Setup) -> io::Result<Vec<(IncidentStory, Details)>> {
    let folder = tempfile::tempdir()?;
    let mut store = Store::open(&folder.path().join("data")).map_err(other)?;
    let now: Timestamp = NOW.parse().map_err(other)?;
    let code = demo("infrastructure");
    let (paths, repository) = (vec![demo("findings")], Some(code.clone()));
    let request = Request { paths, repository, ..Request::default() };
    let never = AtomicBool::new(false);
    let progress = Progress { cancelled: &never, bytes: &|_, _| (), doing: &|_| () };
    run(&mut store, setup, &request, &FixedClock(now), &progress).map_err(other)?;
    stories(&store, setup, Some(&code), now).map_err(other)
}

fn of_sample(
    task: &Task,
    (sample, catalog): (&[(IncidentStory, Details)], &Catalog),
    bpe: &CoreBPE,
) -> io::Result<Counts> {
    let mut counts = Counts::default();
    for (story, details) in sample {
        let fix = story.fixes.iter().find(|fix| fix.state == "proved");
        let brief = match task.id.as_str() {
            "message" => {
                let form = if fix.is_some() { Form::PullRequest } else { Form::Ticket };
                message::brief(form, (story, details), fix.as_slice(), catalog)
            }
            "runtime" if story.incident.timeline.is_none() => continue,
            _ => incident::brief(story, details, catalog),
        };
        if task.id == "anomaly" && !brief.records.iter().any(|record| record.kind == "anomaly") {
            continue;
        }
        let call = Call::new(task, &brief, Audience::Owner, Grants::default()).map_err(other)?;
        counts.add(&call, &by_rules(&call), bpe)?;
    }
    Ok(counts)
}

/// What the rules say, in the shape of an answer.
fn by_rules(call: &Call<'_>) -> Value {
    let written = call.by_rules(Why::NotConfigured);
    let mut answer = Map::new();
    for part in &call.task().parts {
        let said = written.part(&part.name);
        let value = match part.shape {
            Shape::Sentences => {
                let claims = said.into_iter().flat_map(|part| &part.sentences);
                let sentence = |text: &str| format!("{text} [r1]");
                let said = claims.take(part.most).map(|claim| sentence(claim.text.raw()));
                json!(said.collect::<Vec<_>>().join(" "))
            }
            Shape::Choice(_) | Shape::Text => json!(said.and_then(|part| part.choice.as_ref())),
        };
        answer.insert(part.name.clone(), value);
    }
    Value::Object(answer)
}

fn demo(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/demo").join(part)
}

fn share(a: usize, b: usize) -> f64 {
    let number = |count: usize| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    number(a) / number(b.max(1))
}

fn other(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}
