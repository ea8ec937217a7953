//! What the rules say of anomalies. Where a tool gives no baseline, they say so.

use quell_model::{Claim, Untrusted};

use super::{Anomaly, Known};

/// Anomalies that are told one by one.
const MOST: usize = 2;

/// What the rules say, by the parts of the task `anomaly`. Nothing where there is no anomaly.
#[must_use]
pub fn known(anomalies: &[Anomaly<'_>]) -> Vec<(&'static str, Vec<Claim>)> {
    let told = || anomalies.iter().take(MOST);
    if told().next().is_none() {
        return Vec::new();
    }
    let of = |say: fn(&Anomaly<'_>) -> Vec<String>| {
        let claims = told().flat_map(|one| {
            let evidence = vec![one.id.clone()];
            say(one)
                .into_iter()
                .map(move |text| Claim { text: Untrusted::from(text), evidence: evidence.clone() })
        });
        let mut claims: Vec<Claim> = claims.collect();
        claims.dedup();
        claims
    };
    vec![
        ("usual", of(usual)),
        ("seen", of(seen)),
        ("would_explain", of(would_explain)),
        ("would_not", of(would_not)),
        ("how_sure", of(how_sure).into_iter().take(1).collect()),
        ("checks", of(checks)),
    ]
}

fn usual(one: &Anomaly<'_>) -> Vec<String> {
    let (tool, baseline) = (&one.finding.tool.product, &one.baseline);
    let told = [&baseline.usual_rate, &baseline.usual];
    let told: Vec<&str> = told.into_iter().map(String::as_str).filter(|t| !t.is_empty()).collect();
    let text = match (told.is_empty(), baseline.first_time) {
        (false, _) => format!("Usual, says {tool}: {}.", told.join("; ")),
        (true, true) => format!(
            "{tool} says that it never saw this before, and does not list what it saw: what is \
             usual is not known from these records."
        ),
        (true, false) => format!(
            "{tool} says that this is unusual and gives no baseline: what is usual is not known \
             from these records."
        ),
    };
    vec![text]
}

fn seen(one: &Anomaly<'_>) -> Vec<String> {
    let (finding, baseline) = (one.finding, &one.baseline);
    let mut said = vec![format!("{}.", finding.title.raw().trim_end_matches('.'))];
    if !baseline.seen.is_empty() {
        said.push(format!("Not usual of it: {}.", baseline.seen));
    }
    match (&baseline.times, baseline.seen_rate.is_empty()) {
        (Some(times), false) => {
            said.push(format!("{}: {times} times what is usual.", baseline.seen_rate));
        }
        (None, false) => said.push(format!("{}.", baseline.seen_rate)),
        (Some(_) | None, true) => {}
    }
    said
}

/// How well it can be compared: a word that the task has.
fn how_sure(one: &Anomaly<'_>) -> Vec<String> {
    let is_sample = one.fact(&["sample"]) == "true";
    let word = match one.baseline.known() {
        Known::Nothing => "low",
        Known::One if is_sample => "low",
        Known::Both if is_sample => "low",
        Known::One => "medium",
        Known::Both => "high",
    };
    vec![word.to_owned()]
}

fn would_explain(one: &Anomaly<'_>) -> Vec<String> {
    let text = match one.baseline.known() {
        Known::Both | Known::One => {
            "A change, a job or a tool that somebody planned for this time would explain it, once \
             whoever planned it confirms that."
        }
        Known::Nothing => {
            "Whoever uses it may know why it happened; nothing in the records explains it."
        }
    };
    vec![text.to_owned()]
}

fn would_not(one: &Anomaly<'_>) -> Vec<String> {
    let detection = one.finding.detection.as_deref();
    let mut said = Vec::new();
    if detection.is_some_and(|seen| !seen.principal.is_empty()) {
        said.push("A valid login does not explain it: stolen credentials are valid too.");
    }
    if detection.is_some_and(|seen| !seen.processes.is_empty()) {
        said.push(
            "That the program is a common one does not explain it: attackers use what is there.",
        );
    }
    said.into_iter().map(str::to_owned).collect()
}

fn checks(one: &Anomaly<'_>) -> Vec<String> {
    let finding = one.finding;
    let principal = finding.detection.as_deref().map(|seen| seen.principal.raw());
    let who = principal.filter(|name| !name.is_empty()).unwrap_or(finding.asset.name.raw());
    let who = if who.is_empty() { "it" } else { who };
    let when = finding.last_seen.or(finding.first_seen);
    let when = when.map(|at| format!(" at {at}")).unwrap_or_default();
    vec![
        format!("Ask who is responsible for {who} whether they did this{when}."),
        format!("Look at what else {who} did in the hours around it."),
    ]
}
