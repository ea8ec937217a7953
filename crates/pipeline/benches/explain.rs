//! How long it takes to explain an incident without a model: `cargo xtask bench-explain`.

use std::collections::HashMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use quell_analyst::{Audience, Call, Grants, Subject, Task, Tasks};
use quell_model::{Timestamp, Why};
use quell_pipeline::analyst::incident::{Details, brief};
use quell_pipeline::query::{IncidentCache, IncidentQuery, View, incident, incidents};
use quell_pipeline::{ImportOptions, Progress, Setup, import};
use quell_sources::intake;
use quell_store::{Index, Store};
use quell_testkit::estate::SOURCES;

/// Incidents on one page.
const PAGE: usize = 500;
/// What is timed, in the order in which it is done.
const STAGES: [&str; 4] =
    ["the incident is read", "its records are read", "the rules speak", "the payload is masked"];

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(1_793_500_000)
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let findings: u64 = words.next().map_or(Ok(100_000), |word| word.parse())?;
    let most: usize = words.next().map_or(Ok(2_000), |word| word.parse())?;
    let folder = tempfile::tempdir()?;
    let setup = Setup::embedded(None)?;
    let store = make(&setup, findings, folder.path())?;
    let index = Index::load(&store)?;
    let snapshot = index.snapshot();
    let view = View { store: &store, index: &snapshot, setup: &setup, now: now() };
    let cache = IncidentCache::default();
    cache.make(&view)?;
    let ids = ids(&view, &cache, most)?;
    let tasks = Tasks::embedded()?;
    let tasks: Vec<&Task> = tasks.iter().filter(|task| task.subject == Subject::Incident).collect();
    let mut taken: HashMap<&'static str, Vec<Duration>> = HashMap::new();
    let mut without_model = Vec::new();
    let mut most_issues = 0;
    for id in &ids {
        let (issues, times) = explain(&view, &cache, id, &tasks)?;
        most_issues = most_issues.max(issues);
        without_model.push(times.iter().take(3).sum());
        for (stage, time) in STAGES.iter().zip(times) {
            taken.entry(*stage).or_default().push(time);
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} incidents, the largest of {most_issues} issues", ids.len())?;
    writeln!(out, "what | p50 | p99 | longest")?;
    let stages = STAGES.iter().map(|stage| (*stage, taken.remove(stage).unwrap_or_default()));
    for (stage, times) in stages.chain([("all without a model", without_model)]) {
        let [p50, p99, longest] = percentiles(times);
        writeln!(out, "{stage} | {p50} | {p99} | {longest}")?;
    }
    Ok(())
}

/// The sample world, with its attack, among findings as `cargo xtask bench` makes them.
fn make(setup: &Setup, findings: u64, folder: &Path) -> Result<Store> {
    let estate = folder.join("estate");
    fs::create_dir(&estate)?;
    let each = findings / u64::try_from(SOURCES.len())?;
    for (number, source) in (0..).zip(SOURCES) {
        let mut out = BufWriter::new(fs::File::create(estate.join(source.file))?);
        let first = number * each / 2;
        source.write(first..first + each, 1, &mut out)?;
        out.flush()?;
    }
    let demo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../content/demo/findings");
    let mut store = Store::open(&folder.join("data"))?;
    let cancelled = AtomicBool::new(false);
    let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
    let inputs = intake::walk(&[estate, demo]);
    import(&mut store, setup, inputs, ImportOptions::default(), (now(), &progress))?;
    store.checkpoint()?;
    Ok(store)
}

/// The riskiest incidents.
fn ids(view: &View<'_>, cache: &IncidentCache, most: usize) -> Result<Vec<String>> {
    let mut query = IncidentQuery { limit: Some(PAGE), ..IncidentQuery::default() };
    let mut ids = Vec::new();
    loop {
        let page = incidents(view, cache, &query)?.page;
        ids.extend(page.items.iter().map(|item| item.id.to_string()));
        query.cursor = page.next;
        if query.cursor.is_none() || ids.len() >= most {
            ids.truncate(most);
            return Ok(ids);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let started = Instant::now();
    let made = work()?;
    Ok((made, started.elapsed()))
}

/// Explains one incident; its issues, and how long each stage took.
fn explain(
    view: &View<'_>,
    cache: &IncidentCache,
    id: &str,
    tasks: &[&Task],
) -> Result<(usize, [Duration; 4])> {
    let (story, told) = timed(|| Ok(incident(view, cache, id)?))?;
    let (details, read) = timed(|| Ok(Details::read(view.store, &story)?))?;
    let (brief, ruled) = timed(|| {
        let brief = brief(&story, &details, view.setup.catalog());
        let all = tasks.iter();
        let all = all.map(|task| quell_analyst::by_rules(task, &brief, Why::NotConfigured));
        let said: usize = all.map(|written| written.parts.len()).sum();
        (said > 0).then_some(brief).with_context(|| format!("{id}: the rules say nothing"))
    })?;
    let task = tasks.first().context("there is no task about incidents")?;
    let grants = Grants::default();
    let (_, masked) = timed(|| Ok(Call::new(task, &brief, Audience::Owner, grants)?))?;
    Ok((story.issues.len(), [told, read, ruled, masked]))
}

/// Milliseconds of the middle one, of the ninety-ninth of a hundred, and of the longest.
fn percentiles(mut times: Vec<Duration>) -> [String; 3] {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1));
    [50, 99, 100].map(|percent| {
        let time = at(percent).copied().unwrap_or_default();
        format!("{:.2} ms", time.as_secs_f64() * 1000.0)
    })
}
