//! What is said of code: the proof of a change beside its pull request, remarks on the lines of
//! somebody else's, and results for code scanning.

use quell_deliver::outbox::Act;
use quell_deliver::review::{Conclusion, Remark, Review};
use quell_deliver::{Block, Body, Key, Line};
use quell_model::{KeyHasher, TenantId, Timestamp, Untrusted};
use quell_report::FixReport;
use quell_store::OutboxStore;

use super::fix::{changed, proofs};
use super::once::post_once;
use crate::PipelineError;
use crate::fixes::{CodePlace, FixPlan};
use crate::report::fix_report;

/// Fixes that a summary names one by one.
const MOST_FIXES: usize = 20;

/// The proof of a change, said of the commit with which its pull request ends.
pub(super) fn proof(repository: &str, fixes: &[FixReport]) -> Review {
    let told = |fix: &FixReport| {
        vec![
            Block::Heading(
                Line::data(fix.title.clone()).and_own(" in ").and_code(fix.file.clone()),
            ),
            Block::List(proofs(fix)),
        ]
    };
    let mut summary = Body(fixes.iter().take(MOST_FIXES).flat_map(told).collect());
    let more = fixes.len().saturating_sub(MOST_FIXES);
    if more > 0 {
        summary = summary.and(Block::Paragraph(Line::own(format!("and {more} more"))));
    }
    Review {
        repository: repository.to_owned(),
        commit: None,
        pull: None,
        branch: None,
        conclusion: Conclusion::Success,
        title: format!("{}, each with its proof", count(fixes.len(), "fix", "fixes")),
        summary,
        remarks: Vec::new(),
        sarif: None,
        page: None,
    }
}

fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

/// Puts remarks on the lines of a pull request into the outbox: one for each fix that a plan makes.
/// Tells the subject, and whether it is new.
///
/// # Errors
/// When the store refuses.
pub fn post_review(
    outbox: &mut OutboxStore,
    to: (&TenantId, &str),
    plan: &FixPlan,
    (place, pull): (&CodePlace, u64),
    now: Timestamp,
) -> Result<(String, bool), PipelineError> {
    let fixes: Vec<FixReport> = plan.made().map(fix_report).collect();
    let remarks: Vec<Remark> = fixes.iter().map(|fix| remark(to, fix, (place, pull))).collect();
    let others = plan.offers.len() - fixes.len() + plan.unfixed.len();
    let mut text = match fixes.len() {
        0 => "No change of code that Quell can prove closes more here.".to_owned(),
        number => format!(
            "Quell has {} for this code, each said at its line. `quell fix` makes them.",
            count(number, "proved fix", "proved fixes")
        ),
    };
    if others > 0 {
        text.push_str(&format!(" {} have none.", count(others, "issue", "issues")));
    }
    let conclusion = if fixes.is_empty() { Conclusion::Success } else { Conclusion::Neutral };
    let review = Review {
        conclusion,
        title: format!("{} to make", count(fixes.len(), "proved fix", "proved fixes")),
        summary: Body::paragraph(Line::own(text)),
        remarks,
        ..empty(place, Some(pull))
    };
    post(outbox, to, review, now)
}

/// Puts a SARIF document into the outbox, for the code scanning of a host. Tells the subject, and
/// whether it is new.
///
/// # Errors
/// When the store refuses.
pub fn post_results(
    outbox: &mut OutboxStore,
    to: (&TenantId, &str),
    sarif: String,
    (place, pull): (&CodePlace, Option<u64>),
    now: Timestamp,
) -> Result<(String, bool), PipelineError> {
    let text = "The results are with the code scanning of the repository.".to_owned();
    let review = Review {
        title: "Results for code scanning".to_owned(),
        summary: Body::paragraph(Line::own(text)),
        sarif: Some(Untrusted::from(sarif)),
        ..empty(place, pull)
    };
    post(outbox, to, review, now)
}

fn empty(place: &CodePlace, pull: Option<u64>) -> Review {
    Review {
        repository: place.repository.clone(),
        commit: Some(place.commit.clone()),
        pull,
        branch: place.branch.clone(),
        conclusion: Conclusion::Neutral,
        title: String::new(),
        summary: Body::default(),
        remarks: Vec::new(),
        sarif: None,
        page: None,
    }
}

fn remark(
    (tenant, sink): (&TenantId, &str),
    fix: &FixReport,
    (place, pull): (&CodePlace, u64),
) -> Remark {
    let path = format!("{}{}", place.prefix, fix.file.raw());
    // The same fault at the same block is said once a request, whatever commits it gets.
    let subject =
        format!("remark:{}:{pull}:{path}:{}:{}", place.repository, fix.address.raw(), fix.control);
    let line = first_line(fix.diff.raw()).unwrap_or(1);
    let mut blocks = vec![
        Block::Paragraph(Line::data(fix.title.clone())),
        Block::Facts(vec![
            ("Block".to_owned(), Line::default().and_code(fix.address.clone())),
            ("Control".to_owned(), Line::default().and_code(fix.control.clone())),
        ]),
    ];
    blocks.extend(changed(fix));
    Remark {
        key: Key::new(tenant, sink, &subject, 0),
        path,
        first_line: line,
        last_line: line,
        fails: false,
        body: Body(blocks),
    }
}

/// The first line of the file as it is that a diff changes, or after which it adds something.
fn first_line(diff: &str) -> Option<u32> {
    let mut at: Option<u32> = None;
    for line in diff.lines() {
        if let Some(rest) = line.strip_prefix("@@ -") {
            let number = rest.split([',', ' ']).next()?;
            at = Some(number.parse().ok()?);
            continue;
        }
        let Some(now) = at else { continue };
        match line.as_bytes().first() {
            Some(b'-') => return Some(now.max(1)),
            Some(b'+') => return Some(now.saturating_sub(1).max(1)),
            Some(_) | None => at = now.checked_add(1),
        }
    }
    None
}

fn post(
    outbox: &mut OutboxStore,
    (tenant, sink): (&TenantId, &str),
    review: Review,
    now: Timestamp,
) -> Result<(String, bool), PipelineError> {
    let said = serde_json::to_vec(&review).map_err(|error| {
        PipelineError::Refused(format!("what is said of the code cannot be written: {error}"))
    })?;
    let hash = KeyHasher::new("review").part(&String::from_utf8_lossy(&said)).finish::<()>();
    let subject = format!("remarks:{hash}");
    let what = (vec![Act::Review { review: Box::new(review) }], Vec::new());
    let is_new = post_once(outbox, (tenant, sink, &subject), what, now)?;
    Ok((subject, is_new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_stands_where_the_change_begins() {
        let head = "--- a/main.tf\n+++ b/main.tf\n";
        for (hunk, expected) in [
            ("@@ -1,3 +1,4 @@\n a\n b\n+new\n c\n", Some(2)),
            ("@@ -7,2 +7,2 @@\n a\n-old\n+new\n", Some(8)),
            ("@@ -0,0 +1 @@\n+new\n", Some(1)),
            ("@@ -x +1 @@\n+new\n", None),
            ("", None),
        ] {
            assert_eq!(first_line(&format!("{head}{hunk}")), expected, "{hunk}");
        }
    }
}
