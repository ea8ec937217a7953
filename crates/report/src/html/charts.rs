//! Charts as SVG.

use std::collections::BTreeMap;

use quell_model::{Decision, Funnel, Severity};

use crate::escape::{html, plain};
use crate::words::{number, stages};
use crate::{DecisionCounts, Report};

/// Bars of one chart at most.
const MOST_BARS: usize = 10;

/// The funnel: five bars that shrink.
pub(super) fn funnel(funnel: &Funnel) -> String {
    let stages = stages(funnel);
    let most = stages.iter().map(|(n, _)| *n).max().unwrap_or(1).max(1);
    let mut bars = String::new();
    for (at, (value, words)) in (0u64..).zip(&stages) {
        // A root keeps small numbers visible beside large ones; the numbers themselves stand there.
        let width = 40 + (value.isqrt() * 700 / most.isqrt().max(1)).min(700);
        let (x, y) = (400 - width / 2 + 60, at * 46);
        bars.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"38\" rx=\"5\" fill=\"var(--accent)\" opacity=\"{}\"/>\
             <text x=\"460\" y=\"{}\" text-anchor=\"middle\" style=\"font-weight:600;fill:var(--bg);paint-order:stroke;stroke:var(--accent);stroke-width:5px\">{words}</text>",
            ["1", ".88", ".76", ".64", ".52"].get(usize::try_from(at).unwrap_or(0)).unwrap_or(&"1"),
            y + 24,
        ));
    }
    let height = stages.len() * 46;
    format!(
        "<svg viewBox=\"0 0 920 {height}\" role=\"img\" aria-label=\"From records to fixes\">{bars}</svg>"
    )
}

/// Incidents by decision, those that are not shown too.
pub(super) fn decisions(counts: &DecisionCounts) -> String {
    let color = |decision: Decision| match decision {
        Decision::Act => "var(--critical)",
        Decision::Plan => "var(--high)",
        Decision::Watch => "var(--medium)",
        Decision::Noise => "var(--low)",
    };
    let bars: Vec<(String, u64, &str)> =
        counts.each().map(|(d, n)| (d.as_str().to_owned(), n, color(d))).to_vec();
    chart("Incidents by decision", &bars)
}

/// Issues by severity.
pub(super) fn severities(report: &Report) -> String {
    let bars: Vec<(String, u64, &str)> = Severity::ALL
        .iter()
        .rev()
        .map(|severity| {
            let count = report.issues.iter().filter(|i| i.severity == *severity).count() as u64;
            (severity.as_str().to_owned(), count, color(*severity))
        })
        .filter(|(_, count, _)| *count > 0)
        .collect();
    chart("Issues by severity", &bars)
}

/// Issues by tool, and how many two tools or more see.
pub(super) fn tools(report: &Report) -> String {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let mut several = 0;
    for issue in &report.issues {
        let mut tools: Vec<&str> = issue.findings.iter().map(|f| f.source.as_str()).collect();
        tools.sort_unstable();
        tools.dedup();
        several += u64::from(tools.len() > 1);
        tools.into_iter().for_each(|tool| *seen.entry(tool).or_default() += 1);
    }
    let mut bars: Vec<(String, u64, &str)> =
        seen.into_iter().map(|(tool, n)| (tool.to_owned(), n, "var(--accent)")).collect();
    shorten(&mut bars);
    bars.push(("two tools or more".to_owned(), several, "var(--good)"));
    chart("Issues by tool", &bars)
}

/// Incidents by owner.
pub(super) fn owners(report: &Report) -> String {
    let mut owners: BTreeMap<String, u64> = BTreeMap::new();
    for incident in &report.incidents {
        *owners.entry(plain(incident.owner.name.raw())).or_default() += 1;
    }
    let mut bars: Vec<(String, u64, &str)> =
        owners.into_iter().map(|(o, n)| (o, n, "var(--accent)")).collect();
    shorten(&mut bars);
    chart("Incidents by owner", &bars)
}

/// The longest bars, with all others as one.
fn shorten(bars: &mut Vec<(String, u64, &str)>) {
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.1));
    if bars.len() > MOST_BARS {
        let rest = bars.split_off(MOST_BARS - 1);
        let sum = rest.iter().map(|bar| bar.1).sum();
        bars.push((format!("{} others", rest.len()), sum, "var(--accent)"));
    }
}

fn chart(title: &str, bars: &[(String, u64, &str)]) -> String {
    let most = bars.iter().map(|(_, n, _)| *n).max().unwrap_or(1).max(1);
    let mut rows = String::new();
    for (at, (name, value, color)) in (0u64..).zip(bars) {
        let y = at * 28;
        let width = (value * 130 / most).max(2);
        let name: String = name.chars().take(22).collect();
        rows.push_str(&format!(
            "<text x=\"0\" y=\"{}\">{}</text><rect x=\"150\" y=\"{}\" width=\"{width}\" height=\"16\" rx=\"3\" fill=\"{color}\"/><text class=\"s\" x=\"{}\" y=\"{}\">{}</text>",
            y + 15, html(&name), y + 3, 156 + width, y + 15, number(*value)
        ));
    }
    let height = bars.len() * 28;
    format!(
        "<figure class=\"chart\"><figcaption>{title}</figcaption><svg viewBox=\"0 0 330 {height}\" role=\"img\" aria-label=\"{title}\">{rows}</svg></figure>"
    )
}

const fn color(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "var(--critical)",
        Severity::High => "var(--high)",
        Severity::Medium | Severity::Unknown => "var(--medium)",
        Severity::Low | Severity::Informational => "var(--low)",
    }
}
