//! The brief of a letter: what an incident tells, the letter itself, and the fixes that it is about;
//! or what the riskiest incidents of a digest tell.

#[cfg(test)]
mod tests;

use quell_analyst::{Brief, Record};
use quell_catalog::Catalog;
use quell_model::{Claim, Untrusted, Verdict};
use quell_report::{FixReport, IncidentStory};

use super::incident::{self, Details};

/// Longest sentence of the rules.
const MOST_BYTES: usize = 600;
/// Checks, harms and reasons that are told.
const MOST: usize = 8;
/// Records that a sentence cites.
const MOST_CITED: usize = 4;
/// Incidents of a digest that are told, and records of each.
const MOST_STORIES: usize = 6;
const MOST_OF_EACH: usize = 3;

/// What a letter becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A ticket.
    Ticket,
    /// A pull request; it is about a fix.
    PullRequest,
    /// A message in a chat.
    Chat,
    /// A letter about several incidents.
    Digest,
}

impl Form {
    /// The words for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ticket => "a ticket",
            Self::PullRequest => "a pull request",
            Self::Chat => "a chat message",
            Self::Digest => "a digest of several incidents",
        }
    }
}

/// All there is to tell in a letter about an incident, or about fixes of it.
#[must_use]
pub fn brief<'c>(
    form: Form,
    (story, details): (&IncidentStory, &Details),
    fixes: &[&FixReport],
    catalog: &'c Catalog,
) -> Brief<'c> {
    let mut brief = incident::brief(story, details, catalog);
    brief.records.retain(|record| record.kind != "fix" || fixes.is_empty());
    let changes = fixes.iter().take(MOST).map(|fix| change(fix));
    let first: Vec<Record> = std::iter::once(letter(form, story)).chain(changes).collect();
    brief.records.splice(0..0, first);
    brief.known = known(story, fixes);
    brief
}

/// What a digest tells of its riskiest incidents, which come first; none where there is none.
#[must_use]
pub fn digest<'c>(stories: &[(IncidentStory, Details)], catalog: &'c Catalog) -> Option<Brief<'c>> {
    let (first, _) = stories.first()?;
    let is_told = |record: &Record| matches!(&*record.kind, "issue" | "event" | "control");
    let issues: usize = stories.iter().map(|(story, _)| story.issues.len()).sum();
    let assets: usize = stories.iter().map(|(story, _)| story.assets.len()).sum();
    let mut brief =
        Brief { records: vec![about(Form::Digest, first, (issues, assets))], ..Brief::default() };
    for (story, details) in stories.iter().take(MOST_STORIES) {
        let own = incident::brief(story, details, catalog);
        let records = own.records.into_iter().filter(is_told).take(MOST_OF_EACH);
        for record in records {
            if !brief.records.iter().any(|known| known.id == record.id) {
                brief.records.push(record);
            }
        }
        brief.controls.extend(own.controls);
        brief.names.extend(own.names);
    }
    brief.controls.sort_by(|a, b| a.id.cmp(&b.id));
    brief.controls.dedup_by(|a, b| a.id == b.id);
    let summaries =
        stories.iter().take(2).map(|(story, _)| story.incident.explanation.what.clone());
    brief.known = known(first, &[]);
    if let Some((_, summary)) = brief.known.iter_mut().find(|(part, _)| *part == "summary") {
        *summary = summaries.collect();
    }
    Some(brief)
}

fn letter(form: Form, story: &IncidentStory) -> Record {
    about(form, story, (story.issues.len(), story.assets.len()))
}

/// The letter itself, with its riskiest incident.
fn about(form: Form, story: &IncidentStory, (issues, assets): (usize, usize)) -> Record {
    let incident = &story.incident;
    Record::new(format!("incident:{}", incident.id), "letter")
        .text("form", form.as_str())
        .text("severity", incident.severity.as_str())
        .text("score", incident.score.to_string())
        .text("due", incident.decision.due.clone().unwrap_or_default())
        .text("decision", incident.decision.decision.as_str())
        .text("issues", issues.to_string())
        .text("assets", assets.to_string())
}

/// The fix with what was proved of it, and how to go back.
fn change(fix: &FixReport) -> Record {
    let of = |is_proved: bool| {
        let checks = fix.proof.iter().filter(|one| (one.verdict == Verdict::Passed) == is_proved);
        let checks = checks.filter(|one| !one.detail.is_empty()).take(MOST);
        checks.map(|one| one.detail.as_str()).collect::<Vec<_>>().join("; ")
    };
    incident::records::fix(fix)
        .text("proved", of(true))
        .text("not_proved", of(false))
        .text("rollback", fix.impact.rollback.as_str())
}

/// What letters say without a model, by the parts of the task `message`.
fn known(story: &IncidentStory, fixes: &[&FixReport]) -> Vec<(&'static str, Vec<Claim>)> {
    let told = &story.incident.explanation;
    vec![
        ("summary", vec![told.what.clone()]),
        ("why_now", why_now(story)),
        ("what_changes", fixes.iter().take(MOST).flat_map(|fix| what_changes(fix)).collect()),
        ("done_when", vec![done_when(story, fixes)]),
    ]
}

fn why_now(story: &IncidentStory) -> Vec<Claim> {
    let incident = &story.incident;
    let mut why: Vec<Claim> = incident.explanation.why.iter().take(1).cloned().collect();
    let due = incident.decision.due.as_ref().map(|day| format!("; it is due {day}"));
    let text = format!(
        "Its risk is {} of 1000, {}{}.",
        incident.score,
        incident.severity.as_str(),
        due.unwrap_or_default()
    );
    why.push(claim(text, vec![format!("incident:{}", incident.id)]));
    why
}

fn what_changes(fix: &FixReport) -> Vec<Claim> {
    let evidence = vec![format!("fix:{}", fix.id)];
    let title = fix.title.trim_end_matches('.');
    let file = fix.file.raw();
    let proved = fix.proof.iter().filter(|one| one.verdict == Verdict::Passed).count();
    let text = match fix.proof.len() {
        0 => format!("{title}, in {file}."),
        all => format!("{title}, in {file}; {}.", checks(proved, all)),
    };
    let mut said = vec![claim(text, evidence.clone())];
    if !fix.may_break.is_empty() {
        let harms: Vec<&str> = fix.may_break.iter().take(MOST).map(String::as_str).collect();
        said.push(claim(format!("It may break: {}.", harms.join("; ")), evidence));
    }
    said
}

fn checks(proved: usize, all: usize) -> String {
    if proved == all {
        return format!("all {all} checks of it passed");
    }
    format!("{proved} of {all} checks of it passed, so look at the rest")
}

/// A merge is no end: it is closed once no tool sees it any more.
fn done_when(story: &IncidentStory, fixes: &[&FixReport]) -> Claim {
    let closes = |id: &str| {
        fixes.is_empty() || fixes.iter().any(|fix| fix.closes.iter().any(|known| known == id))
    };
    let issues = story.issues.iter().filter(|issue| closes(&issue.id));
    let evidence: Vec<String> =
        issues.take(MOST_CITED).map(|issue| format!("issue:{}", issue.id)).collect();
    let text = match evidence.len() {
        0 | 1 => "This is closed once no tool sees the fault any more.",
        _ => "This is closed once no tool sees any of these faults any more.",
    };
    claim(text.to_owned(), evidence)
}

fn claim(text: String, evidence: Vec<String>) -> Claim {
    Claim { text: Untrusted::from(text).capped(MOST_BYTES), evidence }
}
