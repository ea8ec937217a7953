//! What is said of code itself: check runs, SARIF, and comments on lines of a pull request.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use quell_deliver::text::SafeLink;
use quell_deliver::{Body, Key};
use quell_model::{Untrusted, shown};
use serde_json::{Value, json};

use super::call::Call;
use super::login::{Login, text};
use super::place::part;
use super::pull::PULLS;
use super::{Hub, wire};
use crate::forge::{bears, note_text, path_fits};
use crate::{Plan, SinkError};

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
const PAGE: usize = 100;

/// What a check run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing stands against the change.
    Success,
    /// Something is worth a look.
    Neutral,
    /// The change must not be merged like this.
    Failure,
}

/// A remark on lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The file's path in the repository.
    pub path: String,
    /// The first line, from 1.
    pub first_line: u32,
    /// The last one.
    pub last_line: u32,
    /// Whether it speaks against the change.
    pub fails: bool,
    /// What is said. It is shown as it is, without markup.
    pub text: Untrusted,
}

/// A check of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// `owner/name`.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// What makes it the same check.
    pub key: Key,
    /// What it comes to.
    pub conclusion: Conclusion,
    /// One line of Quell's own words.
    pub title: String,
    /// All that is said.
    pub summary: Body,
    /// Remarks on lines.
    pub remarks: Vec<Remark>,
    /// Quell's own page of it.
    pub page: Option<SafeLink>,
}

/// Where a comment on a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineOf {
    /// `owner/name`.
    pub repository: String,
    /// The pull request.
    pub number: u64,
    /// The commit that it ends with.
    pub commit: String,
    /// The file.
    pub path: String,
    /// The line as it is afterwards; it has to be a part of the change.
    pub line: u32,
}

/// How far a SARIF document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SarifState {
    /// It is worked on.
    Pending,
    /// Its results are there.
    Complete,
    /// It was refused, in GitHub's words.
    Failed(String),
}

/// Says things of code at GitHub, with the same settings as the sink.
#[derive(Debug)]
pub struct Reports(Hub);

impl Reports {
    /// Takes the sink's settings. Nobody is asked yet.
    ///
    /// # Errors
    /// A setting is missing or wrong.
    pub fn new(plan: Plan) -> Result<Self, SinkError> {
        Hub::new(plan).map(Self)
    }

    /// Makes a check run, or brings the one with this key up to date. Only an App may.
    ///
    /// # Errors
    /// GitHub refuses it, or the login is no App's.
    pub async fn check(&self, check: &Check) -> Result<u64, SinkError> {
        if matches!(self.0.login, Login::Token) {
            return Err(SinkError::Unsupported(
                "check runs are made by a GitHub App: set `app_id`",
            ));
        }
        let api = self.0.repository(&check.repository)?.api();
        let (id, mut sent) = match self.check_with(&api, check).await? {
            Some(known) => known,
            None => {
                let (body, next) = check_body(check, 0, true);
                let path = format!("{api}/check-runs");
                let made = self.0.ask(&Call::post(&path, CHECKS, &body)).await?;
                let id = made.get("id").and_then(Value::as_u64);
                let id = id.ok_or_else(|| SinkError::shape("$.id", "is missing"))?;
                if next >= remarks(check).len() {
                    return Ok(id);
                }
                (id, next)
            }
        };
        // Further remarks are added to those that are there.
        loop {
            let (body, next) = check_body(check, sent, false);
            let path = format!("{api}/check-runs/{id}");
            self.0.send(&Call::patch(&path, CHECKS, &body)).await?;
            if next >= remarks(check).len() {
                return Ok(id);
            }
            sent = next;
        }
    }

    /// The check run with a key, and how many remarks it has.
    async fn check_with(
        &self,
        api: &str,
        check: &Check,
    ) -> Result<Option<(u64, usize)>, SinkError> {
        let commit = part(&check.commit);
        let path = format!("{api}/commits/{commit}/check-runs?filter=all&per_page={PAGE}");
        let listed = self.0.get(&path, "Checks: read").await?;
        let runs = listed.get("check_runs").and_then(Value::as_array).into_iter().flatten();
        let mark = check.key.mark();
        let ours = |run: &&Value| run.get("external_id").and_then(Value::as_str) == Some(&mark);
        let found = runs.into_iter().find(ours);
        Ok(found.and_then(|run| {
            let count = run.pointer("/output/annotations_count").and_then(Value::as_u64);
            let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
            Some((run.get("id")?.as_u64()?, count))
        }))
    }

    /// Uploads a SARIF document for a commit; tells the id by which its state is asked. The same
    /// reference, commit and category take the place of what was there.
    ///
    /// # Errors
    /// It passes a limit of GitHub's, or GitHub refuses it.
    pub async fn sarif(
        &self,
        repository: &str,
        (commit, reference): (&str, &str),
        sarif: &str,
    ) -> Result<String, SinkError> {
        let api = self.0.repository(repository)?.api();
        let body = sarif_body((commit, reference), sarif)?;
        let path = format!("{api}/code-scanning/sarifs");
        let made = self.0.ask(&Call::post(&path, ALERTS, &body)).await?;
        text(&made, "id")
    }

    /// How far a SARIF document is.
    ///
    /// # Errors
    /// GitHub does not know it.
    pub async fn sarif_state(&self, repository: &str, id: &str) -> Result<SarifState, SinkError> {
        let api = self.0.repository(repository)?.api();
        let path = format!("{api}/code-scanning/sarifs/{}", part(id));
        let now = self.0.get(&path, "Code scanning alerts: read").await?;
        Ok(match text(&now, "processing_status")?.as_str() {
            "complete" => SarifState::Complete,
            "failed" => {
                let errors = now.get("errors").map(Value::to_string).unwrap_or_default();
                SarifState::Failed(errors.chars().take(1_000).collect())
            }
            _ => SarifState::Pending,
        })
    }

    /// Comments on a line of a pull request, once.
    ///
    /// # Errors
    /// The line is no part of the change, or GitHub refuses it for another reason.
    pub async fn comment(&self, at: &LineOf, body: &Body, key: &Key) -> Result<(), SinkError> {
        if !path_fits(&at.path) {
            return Err(SinkError::Refused("that is no path inside a repository".to_owned()));
        }
        let api = self.0.repository(&at.repository)?.api();
        let path = format!("{api}/pulls/{}/comments", at.number);
        for page in 1..=20 {
            let page = format!("{path}?per_page={PAGE}&page={page}");
            let listed = self.0.get(&page, PULLS).await?;
            let listed = listed.as_array().map(Vec::as_slice).unwrap_or_default();
            let mut said = listed.iter().filter_map(|comment| comment.get("body")?.as_str());
            if said.any(|said| bears(said, key)) {
                return Ok(());
            }
            if listed.len() < PAGE {
                break;
            }
        }
        let body = json!({
            "body": note_text(body, key, wire::MOST_TEXT), "commit_id": at.commit,
            "path": at.path, "line": at.line, "side": "RIGHT",
        });
        self.0.send(&Call::post(&path, PULLS, &body)).await.map(|_| ())
    }
}

fn remarks(check: &Check) -> &[Remark] {
    check.remarks.get(..MOST_NOTES).unwrap_or(&check.remarks)
}

/// The body with the remarks from one on, and which comes next.
fn check_body(check: &Check, from: usize, new: bool) -> (Value, usize) {
    let all = remarks(check);
    let next = (from + MOST_NOTES_AT_ONCE).min(all.len());
    let notes: Vec<Value> = all.get(from..next).unwrap_or_default().iter().map(remark).collect();
    let title: String = check.title.chars().take(255).collect();
    let mut body = json!({
        "status": "completed",
        "conclusion": match check.conclusion {
            Conclusion::Success => "success",
            Conclusion::Neutral => "neutral",
            Conclusion::Failure => "failure",
        },
        "output": {
            "title": title,
            "summary": note_text(&check.summary, &check.key, MOST_SUMMARY),
            "annotations": notes,
        },
    });
    let Some(fields) = body.as_object_mut() else { return (body, next) };
    if new {
        fields.insert("name".to_owned(), json!("Quell"));
        fields.insert("head_sha".to_owned(), json!(check.commit));
        fields.insert("external_id".to_owned(), json!(check.key.mark()));
    }
    if let Some(page) = &check.page {
        fields.insert("details_url".to_owned(), json!(page.as_str()));
    }
    (body, next)
}

fn remark(remark: &Remark) -> Value {
    let text: String = remark.text.raw().chars().take(MOST_NOTE).collect();
    // An annotation is shown as text; a broken path would be refused with all others.
    let path = if path_fits(&remark.path) { remark.path.as_str() } else { "unknown" };
    json!({
        "path": path,
        "start_line": remark.first_line.max(1),
        "end_line": remark.last_line.max(remark.first_line).max(1),
        "annotation_level": if remark.fails { "failure" } else { "warning" },
        "message": shown(&text, true).chars().take(MOST_SUMMARY).collect::<String>(),
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
