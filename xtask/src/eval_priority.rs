//! Whether what matters comes first: planted incidents among about a thousand, over many estates.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use quell_testkit::priority::{Estate, Planted, estate};
use serde_json::Value;

use crate::step::{cargo, run as run_step, say};

/// Planted incidents should stand among these.
const TOP: usize = 10;
/// Misses that are shown with their parts.
const MOST_MISSES: usize = 5;

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    seeds: u64,
    from: u64,
    incidents: usize,
    binary: String,
    /// Keep the estates here, to look at them.
    keep: Option<PathBuf>,
}

impl Default for Plan {
    fn default() -> Self {
        // The formula was set by looking at seeds 0 to 49; those from 1000 on are for measuring.
        let binary = "target/release/quell".to_owned();
        Self { seeds: 100, from: 1000, incidents: 1000, binary, keep: None }
    }
}

/// Where one planted incident stands.
#[derive(Debug)]
struct Place {
    seed: u64,
    name: &'static str,
    rank: Option<usize>,
    decision: String,
    score: u64,
    parts: String,
}

/// What one estate gives.
#[derive(Debug)]
struct Outcome {
    places: Vec<Place>,
    incidents: usize,
    rejected: u64,
    counts: BTreeMap<String, u64>,
}

/// Makes the estates, triages them and prints where the planted incidents stand.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let plan = plan(arguments)?;
    if plan.binary == Plan::default().binary {
        run_step(cargo().args(["build", "--release", "--quiet", "--bin", "quell"]))?;
    }
    let mut outcomes = Vec::new();
    for seed in plan.from..plan.from.saturating_add(plan.seeds) {
        outcomes.push(measure(&plan, seed).with_context(|| format!("seed {seed}"))?);
    }
    report(&plan, &outcomes);
    Ok(())
}

fn plan(arguments: &[String]) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().with_context(|| format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--seeds" => plan.seeds = value.parse().context("--seeds is a count")?,
            "--from" => plan.from = value.parse().context("--from is a seed")?,
            "--incidents" => plan.incidents = value.parse().context("--incidents is a count")?,
            "--keep" => plan.keep = Some(PathBuf::from(value)),
            "--binary" => plan.binary.clone_from(value),
            other => bail!("there is no `{other}`; see `cargo xtask help`"),
        }
    }
    Ok(plan)
}

fn measure(plan: &Plan, seed: u64) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let made = estate(seed, plan.incidents);
    let input = match &plan.keep {
        Some(keep) => keep.join(seed.to_string()),
        None => folder.path().join("findings"),
    };
    write(&made, &input)?;
    let output = Command::new(&plan.binary)
        .arg("triage")
        .arg(&input)
        .arg("--data")
        .arg(folder.path().join("data"))
        .args(["--json", "--quiet"])
        .output()
        .with_context(|| format!("`{}` could not be started", plan.binary))?;
    if !output.status.success() {
        bail!("quell triage failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let report: Value = serde_json::from_slice(&output.stdout).context("no JSON was printed")?;
    let issues: BTreeMap<&str, &Value> =
        list(&report, "issues").map(|issue| (text(issue, "id"), issue)).collect();
    let mut counts = BTreeMap::new();
    for incident in list(&report, "incidents") {
        *counts.entry(text(incident, "decision").to_owned()).or_default() += 1;
    }
    let places = made.planted.iter().map(|planted| find(&report, &issues, planted, seed)).collect();
    let incidents = list(&report, "incidents").count();
    let rejected = report.pointer("/accounting/total/rejected").and_then(Value::as_u64);
    Ok(Outcome { places, incidents, rejected: rejected.unwrap_or(0), counts })
}

fn write(made: &Estate, folder: &Path) -> Result<()> {
    for (name, content) in &made.files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content.to_string())?;
    }
    Ok(())
}

/// The first incident that holds the planted fault on the planted asset.
fn find(report: &Value, issues: &BTreeMap<&str, &Value>, planted: &Planted, seed: u64) -> Place {
    let is_planted = |issue: &&Value| {
        let is_rule = |finding: &Value| text(finding, "rule").contains(&planted.rule);
        text(issue, "asset").contains(&planted.asset)
            && (list(issue, "findings").any(is_rule)
                || text(issue, "vulnerability") == planted.rule)
    };
    let found = (1..).zip(list(report, "incidents")).find_map(|(rank, incident)| {
        let ids = list(incident, "issues").filter_map(Value::as_str);
        let issue = ids.filter_map(|id| issues.get(id).copied()).find(is_planted)?;
        Some((rank, incident, issue))
    });
    let Some((rank, incident, issue)) = found else {
        let (decision, parts) = (String::new(), "it is no incident".to_owned());
        return Place { seed, name: planted.name, rank: None, decision, score: 0, parts };
    };
    let parts: Vec<String> = issue
        .pointer("/risk/parts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|part| format!("{} {}", text(part, "name"), part.get("points").unwrap_or(part)))
        .collect();
    Place {
        seed,
        name: planted.name,
        rank: Some(rank),
        decision: text(incident, "decision").to_owned(),
        score: incident.get("score").and_then(Value::as_u64).unwrap_or(0),
        parts: parts.join(", "),
    }
}

fn report(plan: &Plan, outcomes: &[Outcome]) {
    let is_top = |place: &Place| place.rank.is_some_and(|rank| rank <= TOP);
    let share = |count: usize, of: usize| format!("{count} of {of}");
    let all = outcomes.iter().filter(|o| o.places.iter().all(is_top)).count();
    let sizes = outcomes.iter().map(|o| o.incidents);
    say(&format!(
        "seeds {} to {}, {} to {} incidents each, {} records rejected",
        plan.from,
        plan.from.saturating_add(plan.seeds).saturating_sub(1),
        sizes.clone().min().unwrap_or(0),
        sizes.max().unwrap_or(0),
        outcomes.iter().map(|o| o.rejected).sum::<u64>(),
    ));
    let mut by_name: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    for place in outcomes.iter().flat_map(|o| &o.places) {
        by_name.entry(place.name).or_default().push(place);
    }
    say(&format!("all planted in the top {TOP}: {} seeds", share(all, outcomes.len())));
    for (name, places) in &by_name {
        let top = places.iter().filter(|p| is_top(p)).count();
        let act = places.iter().filter(|p| p.decision == "act").count();
        let worst = places.iter().map(|p| p.rank.unwrap_or(usize::MAX)).max().unwrap_or(0);
        say(&format!(
            "  {:<12} act {:<12} worst rank {worst:<5} {name}",
            share(top, places.len()),
            share(act, places.len()),
        ));
    }
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    for (word, count) in outcomes.iter().flat_map(|o| &o.counts) {
        *words.entry(word).or_default() += count;
    }
    let seeds = (outcomes.len() as u64).max(1);
    let words: Vec<String> =
        words.iter().map(|(word, count)| format!("{word} {}", count / seeds)).collect();
    say(&format!("incidents a seed: {}", words.join(", ")));
    let mut misses: Vec<&Place> =
        by_name.values().flatten().filter(|p| !is_top(p)).copied().collect();
    misses.sort_by_key(|p| std::cmp::Reverse(p.rank.unwrap_or(usize::MAX)));
    for miss in misses.iter().take(MOST_MISSES) {
        let rank = miss.rank.map_or("none".to_owned(), |rank| rank.to_string());
        say(&format!("miss: seed {}, rank {rank}, {}, {}", miss.seed, miss.score, miss.name));
        say(&format!("      {}", miss.parts));
    }
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_planted_fault_is_known_by_its_asset_and_its_rule() {
        let report = json!({
            "incidents": [{"issues": ["a"], "score": 9, "decision": "plan"},
                {"issues": ["b"], "score": 8, "decision": "act"}],
            "issues": [{"id": "a", "asset": "aws:s3.bucket:x", "findings": [{"rule": "other"}]},
                {"id": "b", "asset": "aws:s3.bucket:x", "findings": [{"rule": "public"}]}],
        });
        let issues = list(&report, "issues").map(|i| (text(i, "id"), i)).collect();
        let planted =
            |rule: &str| Planted { name: "n", asset: "bucket:x".into(), rule: rule.into() };
        let place = find(&report, &issues, &planted("public"), 1);
        assert_eq!((place.rank, place.decision.as_str()), (Some(2), "act"));
        assert_eq!(find(&report, &issues, &planted("none"), 1).rank, None);
    }

    #[test]
    fn what_is_asked_for_is_measured() {
        let words = ["--seeds", "3", "--from", "7", "--incidents", "20"].map(str::to_owned);
        let plan = plan(&words).unwrap();
        assert_eq!((plan.seeds, plan.from, plan.incidents), (3, 7, 20));
        assert!(super::plan(&["--seeds".to_owned()]).is_err());
        assert!(super::plan(&["--no".to_owned(), "1".to_owned()]).is_err());
    }
}
