//! A change of code that a person sends: all fixes of one plan, with their proofs.

use std::collections::BTreeSet;

use quell_deliver::letter::CodeChange;
use quell_deliver::outbox::Act;
use quell_deliver::{Block, Body, Key, Label, Letter, Line};
use quell_model::{Answered, IssueKey, KeyHasher, Severity, TenantId, Timestamp};
use quell_report::FixReport;
use quell_store::{OutboxStore, Store};

use super::beside::beside;
use super::fix::changed;
use super::once::post_once;
use super::review::proof;
use crate::PipelineError;
use crate::assess::read_issue;
use crate::fixes::FixPlan;
use crate::report::fix_report;

/// Fixes that a letter tells one by one.
const MOST_FIXES: usize = 20;

/// Puts a plan's change into the outbox, for a sink, maybe with a model's words beside what the
/// rules say. Tells the subject, and whether it is new: the same fixes are not sent twice.
///
/// # Errors
/// When the store refuses, or the plan changes nothing.
pub fn post_change(
    (store, outbox): (&Store, &mut OutboxStore),
    (tenant, sink): (&TenantId, &str),
    (plan, change): (&FixPlan, CodeChange),
    words: Option<&Answered>,
    now: Timestamp,
) -> Result<(String, bool), PipelineError> {
    let fixes: Vec<FixReport> = plan.made().map(fix_report).collect();
    if fixes.is_empty() {
        return Err(PipelineError::Refused("no fix is offered that changes a file".to_owned()));
    }
    let subject = change_subject(plan, &change);
    let closes: BTreeSet<IssueKey> =
        fixes.iter().flat_map(|fix| &fix.closes).filter_map(|id| id.parse().ok()).collect();
    let key = Key::new(tenant, sink, &subject, 0);
    let review = proof(&change.repository, &fixes);
    let mut letter = Letter {
        key,
        title: title(&fixes),
        body: Body(fixes.iter().take(MOST_FIXES).flat_map(told).collect()),
        severity: worst(store, &closes)?,
        due: None,
        labels: vec![Label::new("quell"), Label::new("quell-fix")],
        files: Vec::new(),
        page: None,
        owner: None,
        change: Some(change),
        item: None,
        records: Vec::new(),
        asks: None,
    };
    if let Some(words) = words {
        beside(&mut letter, words);
    }
    // Where the host has checks, the proof stands beside the request too.
    let acts =
        vec![Act::Open { letter: Box::new(letter) }, Act::Review { review: Box::new(review) }];
    let what = (acts, closes.into_iter().collect());
    let is_new = post_once(outbox, (tenant, sink, &subject), what, now)?;
    Ok((subject, is_new))
}

/// What a plan's change is known by in the outbox: its fixes and the commit that they are made on.
#[must_use]
pub fn change_subject(plan: &FixPlan, change: &CodeChange) -> String {
    let hasher = KeyHasher::new("change");
    let hasher = plan.made().fold(hasher, |hasher, fix| hasher.part(&fix.id));
    let hasher = hasher.part(change.base_commit.as_deref().unwrap_or_default());
    format!("change:{}", hasher.finish::<()>())
}

/// Whether something is in the outbox for a sink.
///
/// # Errors
/// When the store refuses.
pub fn is_posted(outbox: &OutboxStore, sink: &str, subject: &str) -> Result<bool, PipelineError> {
    Ok(outbox.delivery_get(sink, subject)?.is_some())
}

fn title(fixes: &[FixReport]) -> Line {
    match fixes {
        [one] => Line::data(one.title.clone()).and_own(" in ").and_data(one.file.clone()),
        more => Line::own(format!("{} proved fixes", more.len())),
    }
}

fn told(fix: &FixReport) -> Vec<Block> {
    let closes = match fix.closes.len() {
        1 => "1 issue".to_owned(),
        count => format!("{count} issues"),
    };
    let facts = vec![
        ("File".to_owned(), Line::default().and_code(fix.file.clone())),
        ("Block".to_owned(), Line::default().and_code(fix.address.clone())),
        ("Control".to_owned(), Line::default().and_code(fix.control.clone())),
        ("Closes".to_owned(), Line::own(closes)),
    ];
    let mut blocks = vec![Block::Heading(Line::data(fix.title.clone())), Block::Facts(facts)];
    blocks.extend(changed(fix));
    blocks
}

/// The highest severity among some issues.
fn worst(store: &Store, issues: &BTreeSet<IssueKey>) -> Result<Severity, PipelineError> {
    let mut worst = None;
    for key in issues {
        let row = store.issue_between(*key, *key)?.pop();
        if let Some(body) = row.and_then(|row| row.body) {
            worst = worst.max(Some(read_issue(&body)?.severity));
        }
    }
    Ok(worst.unwrap_or(Severity::Unknown))
}
