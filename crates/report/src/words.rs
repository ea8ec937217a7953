//! Numbers and phrases that several writers share.

use quell_model::{
    Decision, Funnel, IncidentKind, Mark, Reversible, Safety, Ticket, Timestamp, ToolVerdict,
    Verdict,
};

use crate::escape::{plain, terminal};
use crate::{
    DecisionReport, FixReport, HiddenBy, IncidentReport, InventoryReport, LevelReport, Report,
};

/// `5825` → `5,825`.
#[must_use]
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 issue`, `2 issues`.
#[must_use]
pub fn count(value: u64, one: &str) -> String {
    format!("{} {one}{}", number(value), if value == 1 { "" } else { "s" })
}

/// The funnel, stage by stage.
pub(crate) fn stages(funnel: &Funnel) -> Vec<(u64, String)> {
    // A report on what is stored has read no record; it begins with what is open.
    let stored = funnel.records == 0 && funnel.issues > 0;
    let begin = if stored {
        vec![(funnel.open_findings, "open finding")]
    } else {
        vec![(funnel.records, "record"), (funnel.findings, "finding")]
    };
    let rest =
        [(funnel.issues, "issue"), (funnel.incidents, "incident"), (funnel.fixes, "proved fix")];
    let all = begin.into_iter().chain(rest);
    all.filter(|(value, one)| !(stored && *value == 0 && *one == "proved fix"))
        .map(|(value, one)| {
            let words = match (one, value) {
                ("proved fix", 1) => "1 proved fix".to_owned(),
                ("proved fix", value) => format!("{} proved fixes", number(value)),
                (one, value) => count(value, one),
            };
            (value, words)
        })
        .collect()
}

/// The funnel on one line.
pub(crate) fn funnel_line(funnel: &Funnel) -> String {
    stages(funnel).into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(" → ")
}

/// Where the records went that are no open findings.
pub(crate) fn rest_line(funnel: &Funnel) -> Option<String> {
    let parts = [
        (funnel.evidence, "checks that passed or need a person"),
        (funnel.assets, "assets"),
        (funnel.activities, "activities"),
        (funnel.statements, "statements about weaknesses"),
        (funnel.intelligence, "entries of a list of exploited weaknesses"),
        (funnel.repeated, "said again"),
        (funnel.rejected, "rejected"),
    ];
    let mut words: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", number(*n)))
        .collect();
    if funnel.expanded > 0 {
        let more = count(funnel.expanded, "finding");
        words.push(format!("{more} more from records that hold several"));
    }
    let closed = funnel.findings.saturating_sub(funnel.open_findings);
    if closed > 0 {
        words.push(format!("{} closed or suppressed", count(closed, "finding")));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// How many incidents have which decision: `act 3 · plan 21 · watch 9 · likely noise 8`.
pub(crate) fn decisions_line(report: &Report) -> Option<String> {
    let name = |decision: Decision| match decision {
        Decision::Noise => "likely noise",
        Decision::Act | Decision::Plan | Decision::Watch => decision.as_str(),
    };
    let each = report.decisions.each();
    let words = each.map(|(decision, count)| format!("{} {}", name(decision), number(count)));
    each.iter().any(|(_, count)| *count > 0).then(|| words.join(" · "))
}

/// How a person marked an issue, as one sentence for a terminal.
pub(crate) fn mark_words(mark: &Mark) -> String {
    let kind = mark.kind.as_str().replace('_', " ");
    let until = mark.until.map(|day| format!(" until {day}")).unwrap_or_default();
    let ended = if mark.ended { ", which is over" } else { "" };
    let (by, reason) = (terminal(&mark.by), terminal(&mark.reason));
    let at = mark.at.strftime("%Y-%m-%d");
    format!("marked {kind}{until}{ended} by {by} on {at}: {reason}")
}

/// What follows from a decision: `ticket now, due 2026-11-04`; none where nothing does.
pub(crate) fn ticket_words(decision: &DecisionReport) -> Option<String> {
    let due = decision.due.as_ref().map(|day| format!(", due {day}")).unwrap_or_default();
    match decision.ticket {
        Ticket::None => None,
        Ticket::Batch => Some(format!("ticket with others{due}")),
        Ticket::Now => Some(format!("ticket now{due}")),
    }
}

/// The sum that every run ends with.
pub(crate) fn accounting_line(report: &Report) -> String {
    let sums = &report.accounting.total;
    format!(
        "records in {} = {} created + {} updated + {} merged + {} unchanged + {} rejected",
        number(sums.records),
        number(sums.created),
        number(sums.updated),
        number(sums.merged),
        number(sums.unchanged),
        number(sums.rejected)
    )
}

/// How many exceptions there are to review, of which kind; none where there is none.
pub(crate) fn exceptions_line(report: &Report) -> Option<String> {
    if report.exceptions.is_empty() {
        return None;
    }
    let of = |kind: &str| report.exceptions.iter().filter(|e| e.kind == kind).count() as u64;
    let (said, hidden) = (of("statement"), of("suppression"));
    let mut parts = Vec::new();
    if said > 0 {
        parts.push(count(said, "statement"));
    }
    if hidden > 0 {
        parts.push(format!("{} hidden by a tool", count(hidden, "finding")));
    }
    let all = count(report.exceptions.len() as u64, "exception");
    Some(format!("{all} to review: {}", parts.join(", ")))
}

/// How many open issues exceptions hide; none where none is.
pub(crate) fn hidden_line(report: &Report) -> Option<String> {
    let issues: u64 = report.hidden.iter().map(|hidden| hidden.issues).sum();
    let by = count(report.hidden.len() as u64, "exception");
    (issues > 0).then(|| format!("{} hidden by {by}", count(issues, "open issue")))
}

/// The first characters of an id, as people read and give it.
pub(crate) fn short(id: &str) -> String {
    id.chars().take(10).collect()
}

/// A point in time, to the minute.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// By when an issue is to be dealt with, as one sentence for a terminal.
pub(crate) fn level_words(level: &LevelReport) -> String {
    let due = minute(level.due);
    let late = if level.late { "was due" } else { "due" };
    let state = match level.state.as_ref() {
        "paused" => ", the clock stands",
        "restarted" => ", the clock runs again",
        _ => "",
    };
    format!("{late} {due}{state}: {}", plain(&level.because))
}

/// Which exception hides an issue, as one sentence for a terminal.
pub(crate) fn hidden_words(by: &HiddenBy) -> String {
    let id = short(&by.exception);
    let until = minute(by.until);
    let (owner, reason) = (terminal(&by.owner), terminal(&by.reason));
    format!("hidden by exception {id} of {owner} until {until}: {reason}")
}

/// How many statements speak of no issue here; none where all do.
pub(crate) fn unmatched_line(report: &Report) -> Option<String> {
    let statements = &report.statements;
    (statements.unmatched > 0).then(|| {
        let of = count(statements.known, "known statement");
        format!("{} of {of} about weaknesses match no open issue", number(statements.unmatched))
    })
}

/// The lists that risks rest on: `KEV of 2031-01-02 (bundled, 60 rows)`.
pub(crate) fn intelligence_line(report: &Report) -> Option<String> {
    let lists = report.intelligence.iter().map(|list| {
        let name = list.name.to_ascii_uppercase();
        format!("{name} of {} ({}, {})", plain(&list.date), list.source, count(list.rows, "row"))
    });
    let lists: Vec<String> = lists.collect();
    (!lists.is_empty()).then(|| format!("risks rest on {}", lists.join(" and ")))
}

/// What became of each inventory: `cmdb-prod: 120 rows = 80 joined + 39 unmatched + 1 rejected`.
pub(crate) fn inventory_lines(report: &Report) -> Vec<String> {
    let line = |of: &InventoryReport| {
        let unsure = match of.ambiguous {
            0 => String::new(),
            many => {
                format!("; {} by a name that is not unique, joined nothing", count(many, "asset"))
            }
        };
        format!(
            "inventory {}: {} = {} joined + {} unmatched + {} rejected; {} owned{unsure}",
            plain(of.name.raw()),
            count(of.records, "row"),
            number(of.joined),
            number(of.unmatched),
            number(of.rejected),
            count(of.assets, "asset"),
        )
    };
    report.inventories.iter().map(line).collect()
}

/// The fixes of an incident, proved ones first.
pub(crate) fn fixes_of<'r>(report: &'r Report, incident: &IncidentReport) -> Vec<&'r FixReport> {
    let mut fixes: Vec<&FixReport> =
        report.fixes.iter().filter(|f| incident.fixes.contains(&f.id)).collect();
    fixes.sort_by_key(|f| f.state != "proved");
    fixes
}

/// What holds an incident together, in words.
pub(crate) const fn kind_words(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Exploitation => "a known weakness in use",
        IncidentKind::Campaign => "campaign over several assets",
        IncidentKind::DetectionOnAsset => "attack on an asset",
        IncidentKind::ProcessTree => "one process tree",
        IncidentKind::ExploitedVulnerability => "exploited in the wild",
        IncidentKind::SharedFix => "one change closes all",
        IncidentKind::SameFault => "same fault, many times",
        IncidentKind::ByHand => "put together by hand",
        IncidentKind::Single => "one issue",
    }
}

/// The word for a verdict.
pub(crate) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Unknown => "unknown",
    }
}

/// Who must agree to a fix, and that a model wrote it where one did.
pub(crate) fn grade_words(fix: &FixReport) -> String {
    let grade = safety_words(fix.safety);
    match fix.written {
        Some(_) => format!("{grade}, written by a language model"),
        None => grade.to_owned(),
    }
}

/// Who must agree to a fix.
pub(crate) const fn safety_words(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "safe",
        Safety::NeedsApproval => "needs approval",
        Safety::DisplayOnly => "for reading only",
    }
}

/// What applying a fix does, how to go back, and what other tools say, a line each.
pub(crate) fn impact_lines(fix: &FixReport) -> Vec<String> {
    let impact = &fix.impact;
    let mut lines: Vec<String> =
        fix.may_break.iter().map(|harm| format!("may break: {}", plain(harm))).collect();
    if !impact.also_closes.is_empty() {
        lines.push(format!("also closes: {}", impact.also_closes.join(", ")));
    }
    if !impact.rollback.is_empty() {
        let can = match impact.reversible {
            Reversible::Yes => "can be undone",
            Reversible::WithLoss => "can be undone with loss",
            Reversible::No => "cannot be undone",
            Reversible::Unknown => "undo",
        };
        lines.push(format!("{can}: {}", plain(&impact.rollback)));
    }
    for said in &impact.verified {
        let version = said.version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
        let verdict = match said.verdict {
            ToolVerdict::Passed => "passed",
            ToolVerdict::Failed => "failed",
            ToolVerdict::NotRun => "not run",
        };
        lines.push(plain(&format!("{}{version}: {verdict}: {}", said.tool, said.detail)));
    }
    lines
}

/// A check's name in words: `parses_before` → `parses before`.
pub(crate) fn check_name(check: quell_model::ProofCheck) -> String {
    let name = serde_json::to_value(check).ok().and_then(|v| v.as_str().map(str::to_owned));
    name.unwrap_or_default().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (value, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(number(value), expected);
        }
    }
}
