//! Many inputs through the whole product: the store, the judgement and every written report.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use quell_model::{FixedClock, Timestamp};
use quell_pipeline::{Outcome, Progress, Request, run};
use quell_report::Report;
use quell_store::Store;

use super::{Bench, Fault, Pages, Seen, guarded};

/// The moment at which every input is imported.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_793_491_200).unwrap_or_default()
}

/// Imports inputs into a fresh store, twice over and in two orders, and writes the reports.
/// `inputs` are texts with what their first reading saw.
///
/// # Errors
/// What is broken.
pub fn run_all(bench: &Bench, pages: &Pages, inputs: &[(Vec<u8>, Seen)]) -> Result<(), Fault> {
    guarded(|| {
        let folder = bench.folder.path().join("run");
        let run = Run { bench, folder: &folder };
        // What an earlier fault left behind.
        let cleared = if folder.exists() { fs::remove_dir_all(&folder) } else { Ok(()) };
        cleared.and_then(|()| fs::create_dir_all(&folder)).map_err(|e| broken(&e))?;
        let mut paths = Vec::new();
        for (number, (text, _)) in inputs.iter().enumerate() {
            let path = folder.join(format!("{number:04}.in"));
            fs::write(&path, text).map_err(|e| broken(&e))?;
            paths.push(path);
        }
        let first = run.once("first", &paths)?;
        accounted(&first, inputs)?;
        pages.check(&first.report)?;
        let again = run.once("first", &paths)?;
        repeats_nothing(&again.report)?;
        same_report(&first.report, &run.once("second", &paths)?.report)?;
        paths.reverse();
        same_issues(&first.report, &run.once("third", &paths)?.report)?;
        fs::remove_dir_all(&folder).map_err(|e| broken(&e))
    })
}

fn broken(error: &std::io::Error) -> Fault {
    Fault::new("the bench works", error.to_string())
}

struct Run<'a> {
    bench: &'a Bench,
    folder: &'a Path,
}

impl Run<'_> {
    /// Imports the files into the store of that name.
    fn once(&self, store: &str, paths: &[PathBuf]) -> Result<Outcome, Fault> {
        let refused = |detail: String| Fault::new("every input is taken or told of", detail);
        let mut store =
            Store::open(&self.folder.join(store)).map_err(|e| refused(e.to_string()))?;
        let request = Request { paths: paths.to_vec(), keep_rejects: true, ..Request::default() };
        let cancelled = AtomicBool::new(false);
        let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
        let outcome = run(&mut store, &self.bench.setup, &request, &FixedClock(now()), &progress);
        outcome.map_err(|e| refused(e.to_string()))
    }
}

/// Every record of every file has one outcome, and as many as its first reading saw.
fn accounted(outcome: &Outcome, inputs: &[(Vec<u8>, Seen)]) -> Result<(), Fault> {
    let rule = "accounting balances";
    let report = &outcome.report;
    let mut rejects: BTreeMap<&str, u64> = BTreeMap::new();
    for reject in &outcome.rejects {
        *rejects.entry(reject.path.as_str()).or_default() += 1;
    }
    if report.accounting.files.len() != inputs.len() {
        let (files, given) = (report.accounting.files.len(), inputs.len());
        return Err(Fault::new(rule, format!("`{files}` files told of, `{given}` given")));
    }
    for (file, (_, seen)) in report.accounting.files.iter().zip(inputs) {
        let sums = file.accounting;
        let named = rejects.get(file.path.raw()).copied().unwrap_or(0);
        let told = format!("{sums:?}, `{named}` rejects named, first reading {seen:?}");
        let as_read = u64::try_from(seen.items) == Ok(sums.records)
            && u64::try_from(seen.rejects) == Ok(sums.rejected);
        if !sums.balances() || named != sums.rejected || !as_read {
            return Err(Fault::new(rule, format!("`{told}`")));
        }
    }
    if !report.accounting.total.balances() {
        return Err(Fault::new(rule, "the total"));
    }
    Ok(())
}

/// A second import of the same files makes nothing new.
fn repeats_nothing(report: &Report) -> Result<(), Fault> {
    // A list of exploited weaknesses replaces the one before it, in turn.
    let files = report.accounting.files.iter().filter(|f| f.format.as_deref() != Some("kev"));
    let mut sums = quell_model::Accounting::default();
    files.for_each(|file| sums.add(&file.accounting));
    if sums.created > 0 {
        return Err(Fault::new("a second import changes nothing", format!("`{sums:?}`")));
    }
    Ok(())
}

fn same_report(one: &Report, two: &Report) -> Result<(), Fault> {
    let (one, two) = (lines(one), lines(two));
    let differ = one.iter().zip(&two).find(|(a, b)| a != b);
    match differ {
        None if one.len() == two.len() => Ok(()),
        None => Err(Fault::new("run twice, the same", "another length")),
        Some((a, b)) => Err(Fault::new("run twice, the same", format!("`{a}` and `{b}`"))),
    }
}

fn lines(report: &Report) -> Vec<String> {
    let text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Files in another order come to the same open issues.
fn same_issues(one: &Report, two: &Report) -> Result<(), Fault> {
    let told = |issue: &quell_report::IssueReport| {
        // Of two files that say the same either may be named.
        format!("{} {:?} {:?} {}", issue.id, issue.severity, issue.status, issue.title.raw())
    };
    let keys = |report: &Report| -> BTreeSet<String> { report.issues.iter().map(told).collect() };
    let (one, two) = (keys(one), keys(two));
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).next().cloned();
    match (only(&one, &two), only(&two, &one)) {
        (None, None) => Ok(()),
        (a, b) => Err(Fault::new(
            "order does not matter",
            format!("`{}` and `{}`", a.unwrap_or_default(), b.unwrap_or_default()),
        )),
    }
}
