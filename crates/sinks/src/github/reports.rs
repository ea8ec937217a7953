//! What is said of code itself: check runs, SARIF, and comments on lines of a pull request.
//!
//! What is seen last stands for all: where the check run or the note of a review is there, all that
//! comes before it is.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use quell_deliver::outbox::Remote;
use quell_deliver::review::{Conclusion, Remark, Review};
use quell_deliver::text::{Line, plain};
use quell_deliver::{Block, Key};
use serde_json::{Value, json};

use super::login::{Login, text};
use super::place::{Repository, Thing};
use super::pull::PULLS;
use super::{Hub, wire};
use crate::forge::call::{Api as _, Call};
use crate::forge::said::{
    Lines, MOST_REMARKS, PAGE, bears_note, draft, draft_of_note, note, of_head, remark, says_more,
    short,
};
use crate::forge::{Repository as _, note_text, part, path_fits};
use crate::{Draft, SinkError, Wanted};

const CHECKS: &str = "Checks: write";
const ALERTS: &str = "Code scanning alerts: write";
/// Annotations in one call; more are added by further ones.
const MOST_NOTES_AT_ONCE: usize = 50;
/// Annotations of one check run.
const MOST_NOTES: usize = 1_000;
/// Characters of a summary.
const MOST_SUMMARY: usize = 65_535;
/// Characters of an annotation's text.
const MOST_NOTE: usize = 16_000;
/// Limits of SARIF.
const MOST_PACKED_BYTES: usize = 10 << 20;
const MOST_RUNS: usize = 20;
const MOST_RESULTS: usize = 25_000;
/// How often it is asked whether a SARIF document was taken, and with which pause.
const MOST_LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// What is spoken of.
struct At {
    repository: Repository,
    pull: Option<Thing>,
    /// The pull request's page.
    url: Option<String>,
    commit: String,
    /// As SARIF names it.
    reference: String,
}

async fn at(hub: &Hub, review: &Review, remote: Option<&Remote>) -> Result<At, SinkError> {
    let Some(thing) = hub.reach.request(review, remote)? else {
        let missing =
            || SinkError::Refused("it names neither a commit nor a pull request".to_owned());
        let commit = review.commit.clone().ok_or_else(missing)?;
        let branch = review.branch.as_deref().unwrap_or("main");
        let reference = format!("refs/heads/{branch}");
        let repository = hub.reach.repository(&review.repository)?;
        return Ok(At { repository, pull: None, url: None, commit, reference });
    };
    let there = hub.get(&thing.api(), PULLS).await?;
    let head = there.pointer("/head/sha").and_then(Value::as_str);
    let head = head.ok_or_else(|| SinkError::shape("$.head.sha", "is missing"))?;
    of_head(review, head, "pull request")?;
    Ok(At {
        repository: thing.repository.clone(),
        url: there.get("html_url").and_then(Value::as_str).map(str::to_owned),
        commit: head.to_owned(),
        reference: format!("refs/pull/{}/head", thing.number),
        pull: Some(thing),
    })
}

impl At {
    fn remote(&self) -> Remote {
        match &self.pull {
            Some(thing) => thing.remote(self.url.clone()),
            None => Remote {
                id: format!("{}/commit/{}", self.repository.full(), self.commit),
                name: format!("{}@{}", self.repository.full(), short(&self.commit)),
                url: None,
            },
        }
    }
}

/// Says all of a review, each part once.
pub(super) async fn review(
    hub: &Hub,
    wanted: &Wanted<'_>,
    review: &Review,
) -> Result<Remote, SinkError> {
    let at = at(hub, review, wanted.remote).await?;
    if let Some(document) = &review.sarif {
        upload(hub, &at, document.raw()).await?;
    }
    let outside = match &at.pull {
        Some(thing) => comment(hub, (thing, &at.commit), &review.remarks).await?,
        None => 0,
    };
    let review = &told(review, outside);
    match &hub.login {
        Login::App { .. } => check(hub, &at, (review, wanted.key)).await?,
        Login::Token => {
            if let Some(thing) = at.pull.as_ref().filter(|_| says_more(review)) {
                note(hub, thing, (&review.summary, wanted.key)).await?;
            }
        }
    }
    Ok(at.remote())
}

/// The review, with how many of its remarks stand outside of what is changed.
fn told(review: &Review, outside: usize) -> Review {
    if outside == 0 {
        return review.clone();
    }
    let text = format!("{outside} remarks are on lines that this request does not change.");
    let summary = review.summary.clone().and(Block::Paragraph(Line::own(text)));
    Review { summary, ..review.clone() }
}

/// Whether all of a review was said.
pub(super) async fn find(
    hub: &Hub,
    wanted: &Wanted<'_>,
    review: &Review,
) -> Result<Option<Remote>, SinkError> {
    let at = at(hub, review, wanted.remote).await?;
    let is_there = match (&hub.login, &at.pull) {
        (Login::App { .. }, _) => {
            check_with(hub, &at.repository.api(), (&at.commit, wanted.key)).await?.is_some()
        }
        (Login::Token, Some(thing)) if says_more(review) => {
            bears_note(hub, thing, wanted.key).await?
        }
        (Login::Token, _) => false,
    };
    Ok(is_there.then(|| at.remote()))
}

/// What would be sent. What only GitHub knows stands as `{head}`.
pub(super) fn drafts(
    hub: &Hub,
    wanted: &Wanted<'_>,
    review: &Review,
) -> Result<Vec<Draft>, SinkError> {
    let repository = hub.reach.repository(&review.repository)?;
    let thing = hub.reach.request(review, wanted.remote)?;
    let commit = review.commit.as_deref().unwrap_or("{head}");
    let mut drafts = Vec::new();
    if let Some(document) = &review.sarif {
        let reference = match (&thing, &review.branch) {
            (Some(thing), _) => format!("refs/pull/{}/head", thing.number),
            (None, branch) => format!("refs/heads/{}", branch.as_deref().unwrap_or("main")),
        };
        let body = sarif_body((commit, &reference), document.raw())?;
        drafts.push(draft("POST", format!("{}/code-scanning/sarifs", repository.api()), &body));
    }
    if let Some(thing) = &thing {
        let path = format!("{}/comments", thing.api());
        let comments = review.remarks.iter().take(MOST_REMARKS);
        drafts.extend(comments.map(|one| draft("POST", path.clone(), &line_body(one, commit))));
    }
    match (&hub.login, &thing) {
        (Login::App { .. }, _) => {
            let (body, _) = check_body((review, wanted.key), commit, (0, true));
            drafts.push(draft("POST", format!("{}/check-runs", repository.api()), &body));
        }
        (Login::Token, Some(thing)) if says_more(review) => {
            drafts.push(draft_of_note::<Hub>(thing, (&review.summary, wanted.key)));
        }
        (Login::Token, _) => {}
    }
    Ok(drafts)
}

/// Makes a check run, or brings the one with this key up to date. Only an App may.
async fn check(hub: &Hub, at: &At, (review, key): (&Review, &Key)) -> Result<(), SinkError> {
    let api = at.repository.api();
    let all = remarks(review).len();
    let (id, mut sent) = match check_with(hub, &api, (&at.commit, key)).await? {
        Some(known) => known,
        None => {
            let (body, next) = check_body((review, key), &at.commit, (0, true));
            let path = format!("{api}/check-runs");
            let made = hub.ask(&Call::post(&path, CHECKS, &body)).await?;
            let id = made.get("id").and_then(Value::as_u64);
            let id = id.ok_or_else(|| SinkError::shape("$.id", "is missing"))?;
            if next >= all {
                return Ok(());
            }
            (id, next)
        }
    };
    // Further remarks are added to those that are there.
    loop {
        let (body, next) = check_body((review, key), &at.commit, (sent, false));
        let path = format!("{api}/check-runs/{id}");
        hub.send(&Call::patch(&path, CHECKS, &body)).await?;
        if next >= all {
            return Ok(());
        }
        sent = next;
    }
}

/// The check run with a key, and how many remarks it has.
async fn check_with(
    hub: &Hub,
    api: &str,
    (commit, key): (&str, &Key),
) -> Result<Option<(u64, usize)>, SinkError> {
    let path = format!("{api}/commits/{}/check-runs?filter=all&per_page={PAGE}", part(commit));
    let listed = hub.get(&path, "Checks: read").await?;
    let runs = listed.get("check_runs").and_then(Value::as_array).into_iter().flatten();
    let mark = key.mark();
    let ours = |run: &&Value| run.get("external_id").and_then(Value::as_str) == Some(&mark);
    let found = runs.into_iter().find(ours);
    Ok(found.and_then(|run| {
        let count = run.pointer("/output/annotations_count").and_then(Value::as_u64);
        let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
        Some((run.get("id")?.as_u64()?, count))
    }))
}

/// Uploads a SARIF document for a commit, and waits a moment for what becomes of it. The same
/// reference, commit and category take the place of what was there.
async fn upload(hub: &Hub, at: &At, document: &str) -> Result<(), SinkError> {
    let api = at.repository.api();
    let body = sarif_body((&at.commit, &at.reference), document)?;
    let path = format!("{api}/code-scanning/sarifs");
    let made = hub.ask(&Call::post(&path, ALERTS, &body)).await?;
    let path = format!("{path}/{}", part(&text(&made, "id")?));
    for _ in 0..MOST_LOOKS {
        let now = hub.get(&path, "Code scanning alerts: read").await?;
        match text(&now, "processing_status")?.as_str() {
            "complete" => return Ok(()),
            "failed" => {
                let errors = now.get("errors").map(Value::to_string).unwrap_or_default();
                let errors: String = errors.chars().take(1_000).collect();
                return Err(SinkError::Refused(format!(
                    "GitHub refuses the SARIF document: {errors}"
                )));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    // It is worked on still: a large one takes minutes.
    Ok(())
}

/// Comments on lines of a pull request, each once. Tells how many are no part of the change.
async fn comment(
    hub: &Hub,
    (thing, commit): (&Thing, &str),
    remarks: &[Remark],
) -> Result<usize, SinkError> {
    let lines = Lines {
        path: &format!("{}/comments", thing.api()),
        right: PULLS,
        body: &|remark| line_body(remark, commit),
        texts: |comment| comment.get("body").and_then(Value::as_str).into_iter().collect(),
        is_outside,
    };
    remark(hub, lines, remarks).await
}

/// Whether GitHub says that a line is no part of the change.
fn is_outside(said: &str) -> bool {
    said.contains("pull_request_review_thread") || said.contains("part of the diff")
}

fn line_body(remark: &Remark, commit: &str) -> Value {
    json!({
        "body": note_text(&remark.body, &remark.key, wire::MOST_TEXT), "commit_id": commit,
        "path": remark.path, "line": remark.last_line.max(remark.first_line).max(1), "side": "RIGHT",
    })
}

fn remarks(review: &Review) -> &[Remark] {
    review.remarks.get(..MOST_NOTES).unwrap_or(&review.remarks)
}

/// The body with the remarks from one on, and which comes next.
fn check_body(
    (review, key): (&Review, &Key),
    commit: &str,
    (from, new): (usize, bool),
) -> (Value, usize) {
    let all = remarks(review);
    let next = (from + MOST_NOTES_AT_ONCE).min(all.len());
    let notes: Vec<Value> =
        all.get(from..next).unwrap_or_default().iter().map(annotation).collect();
    let title: String = review.title.chars().take(255).collect();
    let mut body = json!({
        "status": "completed",
        "conclusion": match review.conclusion {
            Conclusion::Success => "success",
            Conclusion::Neutral => "neutral",
            Conclusion::Failure => "failure",
        },
        "output": {
            "title": title,
            "summary": note_text(&review.summary, key, MOST_SUMMARY),
            "annotations": notes,
        },
    });
    let Some(fields) = body.as_object_mut() else { return (body, next) };
    if new {
        fields.insert("name".to_owned(), json!("Quell"));
        fields.insert("head_sha".to_owned(), json!(commit));
        fields.insert("external_id".to_owned(), json!(key.mark()));
    }
    if let Some(page) = &review.page {
        fields.insert("details_url".to_owned(), json!(page.as_str()));
    }
    (body, next)
}

fn annotation(remark: &Remark) -> Value {
    let text: String = plain(&remark.body).chars().take(MOST_NOTE).collect();
    // An annotation is shown as text; a broken path would be refused with all others.
    let path = if path_fits(&remark.path) { remark.path.as_str() } else { "unknown" };
    json!({
        "path": path,
        "start_line": remark.first_line.max(1),
        "end_line": remark.last_line.max(remark.first_line).max(1),
        "annotation_level": if remark.fails { "failure" } else { "warning" },
        "message": text,
    })
}

/// The body of an upload, within the limits.
fn sarif_body((commit, reference): (&str, &str), sarif: &str) -> Result<Value, SinkError> {
    let document: Value = serde_json::from_str(sarif)
        .map_err(|_| SinkError::Refused("the SARIF document is no JSON".to_owned()))?;
    let runs = document.get("runs").and_then(Value::as_array).map(Vec::as_slice);
    let runs = runs.unwrap_or_default();
    if runs.is_empty() || runs.len() > MOST_RUNS {
        let why =
            format!("the SARIF document has {} runs, and 1 to {MOST_RUNS} are taken", runs.len());
        return Err(SinkError::Refused(why));
    }
    let mut seen = Vec::new();
    for run in runs {
        let results = run.get("results").and_then(Value::as_array).map_or(0, Vec::len);
        if results > MOST_RESULTS {
            let why = format!(
                "a run of the SARIF document has {results} results, and at most {MOST_RESULTS} are taken"
            );
            return Err(SinkError::Refused(why));
        }
        let at = |pointer: &str| run.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = (at("/tool/driver/name"), at("/automationDetails/id"));
        if seen.contains(&name) {
            return Err(SinkError::Refused(
                "two runs of the SARIF document have the same tool and category".to_owned(),
            ));
        }
        seen.push(name);
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(sarif.as_bytes()).and_then(|()| packer.finish());
    let packed = packed.map_err(|error| SinkError::Refused(error.to_string()))?;
    if packed.len() > MOST_PACKED_BYTES {
        let why = format!(
            "the SARIF document has {} bytes packed, and at most {MOST_PACKED_BYTES} are taken",
            packed.len()
        );
        return Err(SinkError::Refused(why));
    }
    Ok(json!({"commit_sha": commit, "ref": reference, "sarif": STANDARD.encode(packed)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(tool: &str, results: usize) -> Value {
        json!({"tool": {"driver": {"name": tool}}, "results": vec![json!({}); results]})
    }

    #[test]
    fn a_document_past_a_limit_is_refused_with_the_limit() {
        let commit = ("0123456789012345678901234567890123456789", "refs/heads/main");
        let check = |runs: Vec<Value>| sarif_body(commit, &json!({"runs": runs}).to_string());
        assert!(check(vec![run("a", 25_000), run("b", 1)]).is_ok());
        for (runs, words) in [
            (vec![run("a", 25_001)], "25000 are taken"),
            (Vec::new(), "0 runs"),
            ((0..21).map(|at| run(&at.to_string(), 0)).collect(), "21 runs"),
            (vec![run("a", 0), run("a", 0)], "same tool"),
        ] {
            let error = check(runs).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(sarif_body(commit, "{").is_err());
    }
}
