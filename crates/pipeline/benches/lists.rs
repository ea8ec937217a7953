//! How long lists take over many findings: `cargo xtask bench-lists`.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use quell_model::{Severity, Status, Timestamp};
use quell_pipeline::query::{
    AssetQuery, AssetSort, FindingQuery, IssueQuery, IssueSort, View, assets, findings, issues,
    statistics,
};
use quell_pipeline::{ImportOptions, Progress, Setup, import};
use quell_sources::intake;
use quell_store::{Index, Snapshot, Store};
use quell_testkit::estate::SOURCES;

/// How often each question is asked by one thread alone.
const ALONE: usize = 100;
/// How many threads ask at once, and how often each.
const THREADS: usize = 64;
const TOGETHER: usize = 24;
/// Findings that are made and imported at a time.
const PART: usize = 1_000_000;

type Question = (&'static str, fn(&View<'_>) -> Result<u64>);

/// Typical questions, each with the first page of its answer.
const QUESTIONS: [Question; 12] = [
    ("issues, riskiest", |v| Ok(issues(v, &open()).map(|p| p.total)?)),
    ("issues, riskiest, facets", |v| {
        Ok(issues(v, &IssueQuery { facets: true, ..open() }).map(|p| p.total)?)
    }),
    ("issues, critical", |v| {
        let severity = vec![Severity::Critical];
        Ok(issues(v, &IssueQuery { severity, ..open() }).map(|p| p.total)?)
    }),
    ("issues, one control, facets", |v| {
        let control = Some("aws.s3".to_owned());
        Ok(issues(v, &IssueQuery { control, facets: true, ..open() }).map(|p| p.total)?)
    }),
    ("issues, one tool, by last seen", |v| {
        let tool = vec!["prowler".to_owned()];
        Ok(issues(v, &IssueQuery { tool, sort: IssueSort::LastSeen, ..open() }).map(|p| p.total)?)
    }),
    ("issues, text in asset", |v| {
        let asset = Some("resource-77".to_owned());
        Ok(issues(v, &IssueQuery { asset, ..open() }).map(|p| p.total)?)
    }),
    ("issues, account and score", |v| {
        let (account, min_score) = (Some("111122223305".to_owned()), Some(300));
        Ok(issues(v, &IssueQuery { account, min_score, ..open() }).map(|p| p.total)?)
    }),
    ("findings, riskiest", |v| Ok(findings(v, &FindingQuery::default()).map(|p| p.total)?)),
    ("findings, high, one tool, facets", |v| {
        let query = FindingQuery {
            severity: vec![Severity::High],
            tool: vec!["prowler".to_owned()],
            facets: true,
            ..FindingQuery::default()
        };
        Ok(findings(v, &query).map(|p| p.total)?)
    }),
    ("findings, text in asset", |v| {
        let asset = Some("s3-resource-1".to_owned());
        Ok(findings(v, &FindingQuery { asset, ..FindingQuery::default() }).map(|p| p.total)?)
    }),
    ("assets, most open issues, facets", |v| {
        let query =
            AssetQuery { sort: AssetSort::OpenIssues, facets: true, ..AssetQuery::default() };
        Ok(assets(v, &query).map(|p| p.total)?)
    }),
    ("statistics", |v| Ok(statistics(v).map(|told| told.open_issues)?)),
];

fn open() -> IssueQuery {
    IssueQuery { status: vec![Status::Open, Status::InProgress], ..IssueQuery::default() }
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let findings = words.next().map_or(Ok(100_000), |word| word.parse())?;
    let sources: usize = words.next().map_or(Ok(1), |word| word.parse())?;
    let kept = words.next().map(PathBuf::from);
    let temporary = tempfile::tempdir()?;
    let data = kept.unwrap_or_else(|| temporary.path().join("data"));
    let setup = Setup::embedded(None)?;
    if !data.exists() {
        make(&setup, (findings, sources), temporary.path(), &data)?;
    }
    measure(&setup, &data)
}

/// Makes findings as `cargo xtask bench` does, and imports them, some at a time: the files of ten
/// million would fill a disk.
fn make(
    setup: &Setup,
    (findings, sources): (u64, usize),
    folder: &Path,
    data: &Path,
) -> Result<()> {
    let estate = folder.join("estate");
    let mut store = Store::open(data)?;
    let cancelled = AtomicBool::new(false);
    let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
    let tools = u64::try_from(sources)?;
    for begin in (0..findings).step_by(PART) {
        let each = (findings - begin).min(u64::try_from(PART)?) / tools;
        fs::create_dir(&estate)?;
        for (number, source) in (0..).zip(SOURCES.iter().take(sources)) {
            let mut out = BufWriter::new(fs::File::create(estate.join(source.file))?);
            let first = begin / tools + number * each / 2;
            source.write(first..first + each, 1, &mut out)?;
            out.flush()?;
        }
        let inputs = intake::walk(std::slice::from_ref(&estate));
        import(&mut store, setup, inputs, ImportOptions::default(), (now(), &progress))?;
        fs::remove_dir_all(&estate)?;
    }
    Ok(store.checkpoint()?)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let started = Instant::now();
    let made = work()?;
    Ok((made, started.elapsed()))
}

fn measure(setup: &Setup, data: &Path) -> Result<()> {
    let store = Store::open(data)?;
    store.release_memory()?;
    let (mut index, took) = timed(|| Ok(Index::load(&store)?))?;
    let snapshot = index.snapshot();
    let view = View { store: &store, index: &snapshot, setup, now: now() };
    let told = statistics(&view)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} findings, {} issues; loading {} ms; memory of the index {} MB",
        told.findings,
        told.issues,
        took.as_millis(),
        snapshot.heap_bytes() >> 20,
    )?;
    let (_, took) = timed(|| Ok(index.refresh(&store)?))?;
    writeln!(out, "refresh where nothing changed: {} µs", took.as_micros())?;
    let alone: Vec<Vec<Duration>> = QUESTIONS
        .iter()
        .map(|(_, ask)| (0..ALONE).map(|_| Ok(timed(|| ask(&view))?.1)).collect::<Result<Vec<_>>>())
        .collect::<Result<_>>()?;
    let together = together(setup, data, &snapshot)?;
    writeln!(out, "question | rows | p50 | p99 | p50 of {THREADS} threads | p99")?;
    for (((name, ask), alone), together) in QUESTIONS.iter().zip(alone).zip(together) {
        let ([a50, a99], [t50, t99]) = (percentiles(alone), percentiles(together));
        writeln!(out, "{name} | {} | {a50} | {a99} | {t50} | {t99}", ask(&view)?)?;
    }
    Ok(())
}

/// The times of each question while many threads ask.
fn together(setup: &Setup, data: &Path, snapshot: &Snapshot) -> Result<Vec<Vec<Duration>>> {
    let ask = |number: usize| -> Result<Vec<(usize, Duration)>> {
        let store = Store::open(data)?;
        let view = View { store: &store, index: snapshot, setup, now: now() };
        let mut times = Vec::new();
        for turn in number..number + TOGETHER {
            let (_, question) = QUESTIONS.get(turn % QUESTIONS.len()).context("no question")?;
            times.push((turn % QUESTIONS.len(), timed(|| question(&view))?.1));
        }
        Ok(times)
    };
    let mut all = vec![Vec::new(); QUESTIONS.len()];
    std::thread::scope(|threads| {
        let ask = &ask;
        let running: Vec<_> =
            (0..THREADS).map(|number| threads.spawn(move || ask(number))).collect();
        for thread in running {
            let times = thread.join().map_err(|_| anyhow::anyhow!("a thread gave up"))??;
            for (question, time) in times {
                all.get_mut(question).context("no question")?.push(time);
            }
        }
        Ok(all)
    })
}

/// Milliseconds of the middle one and of the ninety-ninth of a hundred.
fn percentiles(mut times: Vec<Duration>) -> [String; 2] {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1));
    [50, 99].map(|percent| {
        format!("{:.1} ms", at(percent).copied().unwrap_or_default().as_secs_f64() * 1000.0)
    })
}
