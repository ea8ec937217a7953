//! The letter of a fix: all that it closes, the explanation, the change and its proof.

use std::collections::BTreeSet;

use quell_deliver::{Attachment, Block, Body, Key, Label, Letter, Line};
use quell_model::{Proof, ProofCheck, Severity, Untrusted, Verdict};
use quell_report::{FixReport, IncidentStory, IssueReport};

use super::incident::{explained, item};
use super::words::{Places, due, footer, head, issues};

/// Bytes of a diff that stand in the letter itself; all of it stands beside it.
const MOST_DIFF: usize = 8 << 10;

/// Makes the letter of a fix, as part of one of the incidents that it closes issues of.
pub(super) fn letter(
    key: Key,
    (story, fix): (&IncidentStory, &FixReport),
    places: &Places,
) -> Letter {
    let closes: BTreeSet<&str> = fix.closes.iter().map(String::as_str).collect();
    let closed: Vec<&IssueReport> =
        story.issues.iter().filter(|issue| closes.contains(issue.id.as_str())).collect();
    let page = places.page(&format!("/fixes/{}", fix.id));
    let severity = closed.iter().map(|issue| issue.severity).max();
    let due = closed.iter().filter_map(|issue| due(&issue.decision)).min();
    Letter {
        key,
        title: Line::data(fix.title.clone()).and_own(" in ").and_data(fix.file.clone()),
        body: body(story, fix, &closed, footer(page.as_ref())),
        severity: severity.unwrap_or(Severity::Unknown),
        due,
        labels: vec![Label::new("quell"), Label::new("quell-fix")],
        files: vec![Attachment::new(
            "fix.patch",
            "text/x-diff",
            (fix.diff.clone(), fix.diff.raw()),
        )],
        page,
        owner: Some(story.incident.owner.name.clone()),
        change: None,
        item: item(story, closed.iter().copied()),
        records: Vec::new(),
        asks: None,
    }
}

fn body(
    story: &IncidentStory,
    fix: &FixReport,
    closed: &[&IssueReport],
    footer: Vec<Block>,
) -> Body {
    let lead = closed.first().copied().or(story.issues.first());
    let mut facts: Vec<(String, Line)> = lead
        .map(|issue| head(issue.risk.score, issue.severity, &issue.decision))
        .into_iter()
        .collect();
    facts.push(("File".to_owned(), Line::default().and_code(fix.file.clone())));
    facts.push(("Block".to_owned(), Line::default().and_code(fix.address.clone())));
    if fix.written.is_some() {
        let by = Line::own("a language model; a person has to agree");
        facts.push(("Written by".to_owned(), by));
    }
    facts.push(("Closes".to_owned(), Line::own(count(fix.closes.len(), "issue"))));
    let mut blocks = vec![Block::Facts(facts), Block::Heading(Line::own("What is wrong"))];
    blocks.extend(explained(&story.incident));
    blocks.extend(issues(closed));
    blocks.extend(changed(fix));
    blocks.extend(footer);
    Body(blocks)
}

/// The change itself, what was proved of it, and the way back.
pub(super) fn changed(fix: &FixReport) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(Line::own("The change"))];
    for claim in fix.written.iter().flat_map(|written| &written.why) {
        let said = Line::own("A language model says: ").and_data(claim.text.clone());
        blocks.push(Block::Paragraph(said));
    }
    blocks.extend([
        Block::Code { language: "diff".to_owned(), text: fix.diff.clone().capped(MOST_DIFF) },
        Block::Heading(Line::own("What was proved")),
        Block::List(proofs(fix)),
    ]);
    if !fix.may_break.is_empty() {
        blocks.push(Block::Heading(Line::own("What it may break")));
        blocks.push(Block::List(fix.may_break.iter().cloned().map(Line::data).collect()));
    }
    if !fix.impact.rollback.is_empty() {
        let line = Line::own("How to go back: ").and_data(fix.impact.rollback.clone());
        blocks.push(Block::Paragraph(line));
    }
    blocks
}

/// What was proved, check by check.
pub(super) fn proofs(fix: &FixReport) -> Vec<Line> {
    fix.proof.iter().map(proof).collect()
}

fn proof(proof: &Proof) -> Line {
    let verdict = match proof.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Unknown => "could not be decided",
    };
    let text = Line::own(format!("{}: {verdict}", check(proof.check)));
    if proof.detail.is_empty() {
        return text;
    }
    text.and_own("; ").and_data(Untrusted::from(proof.detail.clone()))
}

const fn check(check: ProofCheck) -> &'static str {
    match check {
        ProofCheck::ParsesBefore => "The file parses before",
        ProofCheck::FailedBefore => "The control fails before",
        ProofCheck::ParsesAfter => "The file parses after",
        ProofCheck::HoldsAfter => "The control holds after",
        ProofCheck::NotSilenced => "Nothing is silenced",
        ProofCheck::NothingWorse => "Nothing is worse",
        ProofCheck::Narrows => "Rights are only taken away",
        ProofCheck::Confined => "The model's change stays with the fault",
        ProofCheck::LookedUp => "A value was looked up",
        ProofCheck::OnlyTheBlock => "Only the block changes",
        ProofCheck::Idempotent => "Making it again changes nothing",
        ProofCheck::PoliciesAccept => "The policies accept it",
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
