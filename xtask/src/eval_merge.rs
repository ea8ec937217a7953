//! How well findings of several tools are merged, measured on estates whose truth is known.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use quell_catalog::Catalog;
use quell_testkit::merging::{Estate, Kind, estate, is_held_out};
use serde_json::Value;

use crate::step::{cargo, run as run_step, say};

/// Estates, unless `--seeds` says otherwise.
const SEEDS: u64 = 10;
/// Findings of an estate.
const FINDINGS: usize = 3_000;
/// Confusions that are named.
const MOST_CONFUSIONS: usize = 8;

/// Pairs of findings, counted.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs {
    /// Merged, and rightly.
    right: u64,
    /// Merged, and wrongly.
    wrong: u64,
    /// Not merged, though the same.
    missed: u64,
}

impl Pairs {
    fn line(self) -> String {
        let Self { right, wrong, missed } = self;
        let share = |of: u64| 100.0 * to_f64(right) / to_f64(of.max(1));
        format!(
            "precision {:.2} %  recall {:.2} %  ({right} pairs right, {wrong} wrong, {missed} missed)",
            share(right + wrong),
            share(right + missed)
        )
    }
}

fn to_f64(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[derive(Debug, Default)]
struct Tally {
    known: Pairs,
    /// By whether the wording was in view when the words were collected.
    unknown: [Pairs; 2],
    /// What was confused with what, how often.
    confusions: BTreeMap<String, u64>,
}

/// Makes estates, imports each, compares the issues with the truth.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let seeds = match arguments {
        [] => SEEDS,
        [flag, count] if flag == "--seeds" => count.parse().context("`--seeds` takes a count")?,
        _ => bail!("usage: cargo xtask eval-merge [--seeds N]"),
    };
    run_step(cargo().args(["build", "--release", "--quiet", "--bin", "quell"]))?;
    let catalog = Catalog::embedded()?;
    let mut tally = Tally::default();
    for seed in 0..seeds {
        let made = estate(seed, FINDINGS, &catalog);
        let issues = issues_of(&made)?;
        compare(&made, &issues, &mut tally);
    }
    say(&format!("{seeds} estates of about {FINDINGS} findings, seeds 0 to {}", seeds.max(1) - 1));
    say(&format!("rules the catalogue knows   {}", tally.known.line()));
    let [in_view, held_out] = tally.unknown;
    say(&format!("unknown, wording in view    {}", in_view.line()));
    say(&format!("unknown, wording held out   {}", held_out.line()));
    let mut worst: Vec<(&String, &u64)> = tally.confusions.iter().collect();
    worst.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (what, count) in worst.into_iter().take(MOST_CONFUSIONS) {
        say(&format!("{count:>7}  {what}"));
    }
    Ok(())
}

/// Each finding's issue, `tool|native id` → id.
fn issues_of(made: &Estate) -> Result<BTreeMap<String, String>> {
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("findings");
    fs::create_dir(&input)?;
    for (name, content) in &made.files {
        fs::write(input.join(name), serde_json::to_vec(content)?)?;
    }
    let report = triage(&input, &folder.path().join("data"))?;
    let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned();
    let mut found = BTreeMap::new();
    for issue in list(&report, "issues").context("the report has no issues")? {
        let id = issue.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        for finding in list(&issue, "findings").unwrap_or_default() {
            let text = |name| finding.get(name).and_then(Value::as_str).unwrap_or_default();
            found.insert(format!("{}|{}", text("source"), text("native_id")), id.clone());
        }
    }
    Ok(found)
}

fn triage(input: &Path, data: &Path) -> Result<Value> {
    let output = Command::new("target/release/quell")
        .arg("triage")
        .arg(input)
        .arg("--data")
        .arg(data)
        .args(["--json", "--quiet"])
        .output()
        .context("target/release/quell could not be started")?;
    if !output.status.success() {
        bail!("quell triage failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn compare(made: &Estate, issues: &BTreeMap<String, String>, tally: &mut Tally) {
    let missing = made.truth.keys().filter(|finding| !issues.contains_key(*finding)).count();
    if missing > 0 {
        *tally.confusions.entry("findings that are in no issue".to_owned()).or_default() +=
            u64::try_from(missing).unwrap_or(0);
    }
    let mut by_issue: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut by_fault: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (finding, (fault, _)) in &made.truth {
        let issue = issues.get(finding).map_or(finding.as_str(), String::as_str);
        by_issue.entry(issue).or_default().push(finding);
        by_fault.entry(fault).or_default().push(finding);
    }
    for (one, other) in by_issue.values().flat_map(|members| pairs(members)) {
        let right = fault(made, one).0 == fault(made, other).0;
        let pairs = tally.of(class(made, one));
        pairs.right += u64::from(right);
        pairs.wrong += u64::from(!right);
        if !right {
            tally.note("merged", (made, one, other));
        }
    }
    for (one, other) in by_fault.values().flat_map(|members| pairs(members)) {
        if issues.get(one) != issues.get(other) {
            tally.of(class(made, one)).missed += 1;
            tally.note("missed", (made, one, other));
        }
    }
}

impl Tally {
    fn of(&mut self, (kind, held_out): (Kind, bool)) -> &mut Pairs {
        let [in_view, other] = &mut self.unknown;
        match (kind, held_out) {
            (Kind::Known, _) => &mut self.known,
            (Kind::Unknown, false) => in_view,
            (Kind::Unknown, true) => other,
        }
    }

    fn note(&mut self, what: &str, (made, one, other): (&Estate, &str, &str)) {
        let name = |finding: &str| {
            let tool = finding.split('|').next().unwrap_or_default();
            let (fault, kind) = fault(made, finding);
            format!("{tool} {} ({kind:?})", fault.rsplit('|').next().unwrap_or_default())
        };
        let mut both = [name(one), name(other)];
        both.sort();
        *self.confusions.entry(format!("{what}: {}", both.join(" / "))).or_default() += 1;
    }
}

fn fault<'e>(made: &'e Estate, finding: &str) -> (&'e str, Kind) {
    made.truth.get(finding).map_or(("", Kind::Unknown), |(fault, kind)| (fault.as_str(), *kind))
}

/// How a finding is counted.
fn class(made: &Estate, finding: &str) -> (Kind, bool) {
    let (fault, kind) = fault(made, finding);
    (kind, is_held_out(fault.rsplit('|').next().unwrap_or_default()))
}

fn pairs<'m>(members: &'m [&'m str]) -> impl Iterator<Item = (&'m str, &'m str)> {
    let later = |at: usize| members.iter().skip(at + 1);
    members.iter().enumerate().flat_map(move |(at, one)| later(at).map(move |other| (*one, *other)))
}
