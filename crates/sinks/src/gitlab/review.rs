//! What is said of code itself: a status of its commit, and notes on lines of a merge request.
//!
//! What is seen last stands for all: where the note of a review is there, or its status where no
//! merge request is named, all that comes before it is.

use quell_deliver::outbox::Remote;
use quell_deliver::review::{Conclusion, Remark, Review};
use quell_deliver::text::Line;
use quell_deliver::{Block, Key};
use serde_json::{Value, json};

use super::merge::DEVELOPER;
use super::place::{Project, Thing};
use super::ticket::REPORTER;
use super::{Lab, wire};
use crate::forge::call::{Api as _, Call};
use crate::forge::said::{
    Lines, MOST_REMARKS, PAGE, bears_note, draft, draft_of_note, items, note, of_head, remark,
    says_more,
};
use crate::forge::{Repository as _, note_text, part};
use crate::{Draft, SinkError, Wanted};

/// Characters of a status' description.
const MOST_DESCRIPTION: usize = 255;
const NO_SARIF: &str =
    "GitLab takes no SARIF over its API; a job of the pipeline hands it over as a report";

/// What is spoken of.
struct At {
    project: Project,
    merge: Option<Thing>,
    url: Option<String>,
    commit: String,
    /// The commits between which the merge request's changes are.
    base: String,
    start: String,
}

async fn at(lab: &Lab, review: &Review, remote: Option<&Remote>) -> Result<At, SinkError> {
    let Some(thing) = lab.reach.request(review, remote)? else {
        let why = "it names neither a commit nor a merge request".to_owned();
        let commit = review.commit.clone().ok_or(SinkError::Refused(why))?;
        let project = lab.reach.repository(&review.repository)?;
        let none = String::new();
        return Ok(At { project, merge: None, url: None, commit, base: none.clone(), start: none });
    };
    let there = lab.get(&thing.api(), REPORTER).await?;
    let text = |pointer: &str| there.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let head = text("/sha").ok_or_else(|| SinkError::shape("$.sha", "is missing"))?;
    of_head(review, &head, "merge request")?;
    Ok(At {
        project: thing.repository.clone(),
        url: text("/web_url"),
        commit: head,
        base: text("/diff_refs/base_sha").unwrap_or_default(),
        start: text("/diff_refs/start_sha").unwrap_or_default(),
        merge: Some(thing),
    })
}

impl At {
    fn remote(&self) -> Remote {
        match &self.merge {
            Some(thing) => thing.remote(self.url.clone()),
            None => {
                let name = format!("{}@{}", self.project.full(), self.commit);
                Remote { id: name.clone(), name, url: None }
            }
        }
    }
}

/// Says all of a review, each part once.
pub(super) async fn review(
    lab: &Lab,
    wanted: &Wanted<'_>,
    review: &Review,
) -> Result<Remote, SinkError> {
    if review.sarif.is_some() {
        return Err(SinkError::Unsupported(NO_SARIF));
    }
    let at = at(lab, review, wanted.remote).await?;
    let outside = match &at.merge {
        Some(thing) => comment(lab, (&at, thing), &review.remarks).await?,
        None => 0,
    };
    status(lab, &at, (review, wanted.key)).await?;
    if let Some(thing) = at.merge.as_ref().filter(|_| says_more(review)) {
        let mut summary = review.summary.clone();
        if outside > 0 {
            let text = format!("{outside} remarks are on lines that this request does not add.");
            summary = summary.and(Block::Paragraph(Line::own(text)));
        }
        note(lab, thing, (&summary, wanted.key)).await?;
    }
    Ok(at.remote())
}

/// Whether all of a review was said.
pub(super) async fn find(
    lab: &Lab,
    wanted: &Wanted<'_>,
    review: &Review,
) -> Result<Option<Remote>, SinkError> {
    let at = at(lab, review, wanted.remote).await?;
    let is_there = match at.merge.as_ref().filter(|_| says_more(review)) {
        Some(thing) => bears_note(lab, thing, wanted.key).await?,
        None => has_status(lab, &at, (review, wanted.key)).await?,
    };
    Ok(is_there.then(|| at.remote()))
}

/// What would be sent. What only GitLab knows stands as `{head}`, `{base}` and `{start}`.
pub(super) fn drafts(
    lab: &Lab,
    wanted: &Wanted<'_>,
    review: &Review,
) -> Result<Vec<Draft>, SinkError> {
    if review.sarif.is_some() {
        return Err(SinkError::Unsupported(NO_SARIF));
    }
    let thing = lab.reach.request(review, wanted.remote)?;
    let project = lab.reach.repository(&review.repository)?;
    let commit = review.commit.clone().unwrap_or_else(|| "{head}".to_owned());
    let at = At {
        project: project.clone(),
        merge: thing.clone(),
        url: None,
        commit: commit.clone(),
        base: "{base}".to_owned(),
        start: "{start}".to_owned(),
    };
    let mut drafts = Vec::new();
    if let Some(thing) = &thing {
        let path = format!("{}/discussions", thing.api());
        let notes = review.remarks.iter().take(MOST_REMARKS);
        drafts.extend(notes.map(|one| draft("POST", path.clone(), &line_body(one, &at))));
    }
    let target = format!("{}/statuses/{commit}", project.api());
    drafts.push(draft("POST", target, &status_body((review, wanted.key))));
    if let Some(thing) = thing.filter(|_| says_more(review)) {
        drafts.push(draft_of_note::<Lab>(&thing, (&review.summary, wanted.key)));
    }
    Ok(drafts)
}

fn status_body((review, key): (&Review, &Key)) -> Value {
    let mark = key.mark();
    let room = MOST_DESCRIPTION - mark.len() - 3;
    let title: String = review.title.chars().take(room).collect();
    let mut body = json!({
        "state": match review.conclusion {
            Conclusion::Success | Conclusion::Neutral => "success",
            Conclusion::Failure => "failed",
        },
        "name": "Quell",
        "description": format!("{title} ({mark})"),
    });
    if let (Some(fields), Some(page)) = (body.as_object_mut(), &review.page) {
        fields.insert("target_url".to_owned(), page.as_str().into());
    }
    body
}

async fn has_status(lab: &Lab, at: &At, of: (&Review, &Key)) -> Result<bool, SinkError> {
    let path = format!(
        "{}/repository/commits/{}/statuses?name=Quell&all=true&per_page={PAGE}",
        at.project.api(),
        part(&at.commit)
    );
    let wanted = status_body(of);
    let described = wanted.get("description").and_then(Value::as_str);
    let listed = items(lab.get(&path, REPORTER).await?);
    Ok(listed.iter().any(|one| one.get("description").and_then(Value::as_str) == described))
}

/// Says of the commit what the review comes to, once.
async fn status(lab: &Lab, at: &At, of: (&Review, &Key)) -> Result<(), SinkError> {
    if has_status(lab, at, of).await? {
        return Ok(());
    }
    let path = format!("{}/statuses/{}", at.project.api(), part(&at.commit));
    match lab.send(&Call::post(&path, DEVELOPER, &status_body(of))).await {
        Ok(_) => Ok(()),
        // It has this state already, from a review before.
        Err(SinkError::Refused(said)) if said.contains("Cannot transition") => Ok(()),
        Err(error) => Err(error),
    }
}

/// Notes on lines of a merge request, each once. Tells how many are on none that it adds.
async fn comment(
    lab: &Lab,
    (at, thing): (&At, &Thing),
    remarks: &[Remark],
) -> Result<usize, SinkError> {
    let lines = Lines {
        path: &format!("{}/discussions", thing.api()),
        right: REPORTER,
        body: &|remark| line_body(remark, at),
        texts,
        is_outside: |said| said.contains("line_code"),
    };
    remark(lab, lines, remarks).await
}

/// The notes of a discussion.
fn texts(discussion: &Value) -> Vec<&str> {
    let notes = discussion.get("notes").and_then(Value::as_array).into_iter().flatten();
    notes.filter_map(|note| note.get("body")?.as_str()).collect()
}

fn line_body(remark: &Remark, at: &At) -> Value {
    json!({
        "body": note_text(&remark.body, &remark.key, wire::MOST_TEXT),
        "position": {
            "position_type": "text",
            "base_sha": at.base, "start_sha": at.start, "head_sha": at.commit,
            "old_path": remark.path, "new_path": remark.path,
            "new_line": remark.last_line.max(remark.first_line).max(1),
        },
    })
}
