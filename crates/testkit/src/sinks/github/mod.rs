//! GitHub: a repository of Git, issues, pull requests, comments, labels, and what it refuses.

mod calls;
mod git_calls;
mod login;
mod state;
mod views;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quell_model::Clock;
use serde_json::{Value, json};

use super::{Contract, held};
use crate::double::Platform;
use crate::net::{Answer, Asked};
use state::{Hub, Limit};

pub(super) use calls::decoded;
pub use login::APP_KEY;

/// The double: one repository, `acme/shop`, with the branch `main`.
pub struct GithubDouble {
    clock: Arc<dyn Clock>,
    contract: Contract,
    state: Mutex<Hub>,
}

/// An issue or a pull request, as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// `open` or `closed`.
    pub state: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Texts of its comments.
    pub comments: Vec<String>,
    /// Its branch, where it is a pull request.
    pub branch: Option<String>,
    /// Whether it is a draft.
    pub draft: bool,
}

impl GithubDouble {
    /// The token that it takes.
    pub const TOKEN: &str = "github_pat_11AAAAAAA0abcdefghijkl";
    /// The App's id.
    pub const APP: &str = "4711";
    /// Who has the token.
    pub const LOGIN: &str = "quell-robot";

    /// A double with some files on `main`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, files: &[(&str, &str)]) -> Self {
        let document = serde_json::from_str(include_str!("contract.json")).unwrap_or_default();
        let state = Mutex::new(Hub::new(files));
        Self { clock, contract: Contract::new(&document), state }
    }

    fn state(&self) -> MutexGuard<'_, Hub> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All issues and pull requests.
    #[must_use]
    pub fn threads(&self) -> Vec<Thread> {
        self.state().threads.iter().map(state::Talk::seen).collect()
    }

    /// Branches by name.
    #[must_use]
    pub fn branches(&self) -> Vec<String> {
        self.state().git.heads.keys().cloned().collect()
    }

    /// The text of a file on a branch.
    #[must_use]
    pub fn text(&self, branch: &str, path: &str) -> Option<String> {
        self.state().git.text_at(branch, path).map(str::to_owned)
    }

    /// How a file on a branch may be run: `100644` or `100755`.
    #[must_use]
    pub fn mode(&self, branch: &str, path: &str) -> Option<String> {
        Some(self.state().git.files(branch)?.get(path)?.mode.clone())
    }

    /// The commit that a branch ends with.
    #[must_use]
    pub fn head(&self, branch: &str) -> Option<String> {
        self.state().git.heads.get(branch).cloned()
    }

    /// Author and message of the commits of a branch that are not on `main`, the newest first.
    #[must_use]
    pub fn commits(&self, branch: &str) -> Vec<(String, String)> {
        let state = self.state();
        let (Some(head), Some(main)) = (state.git.heads.get(branch), state.git.heads.get("main"))
        else {
            return Vec::new();
        };
        let base = state.git.ancestors(main);
        let own = state.git.ancestors(head);
        let own = own.iter().filter(|sha| !base.contains(*sha));
        let mut own: Vec<_> = own.filter_map(|sha| state.git.commit(sha)).collect();
        own.sort_by_key(|commit| std::cmp::Reverse(commit.at));
        own.iter().map(|commit| (commit.author.clone(), commit.message.clone())).collect()
    }

    /// The paths that a branch brings to `main`.
    #[must_use]
    pub fn brings(&self, branch: &str) -> Vec<String> {
        let state = self.state();
        let (Some(head), Some(main)) = (state.git.heads.get(branch), state.git.heads.get("main"))
        else {
            return Vec::new();
        };
        state.git.brings(main, head).0.into_iter().collect()
    }

    /// A person commits on a branch.
    pub fn push(&self, branch: &str, path: &str, text: &str) {
        self.state().git.push(branch, "mona", path, text);
    }

    /// A person amends the head of a branch and forces it there.
    pub fn force_push(&self, branch: &str, path: &str, text: &str) {
        self.state().git.amend(branch, "mona", path, text);
    }

    /// A person merges a pull request.
    pub fn merge(&self, number: u64) {
        let now = self.clock.now().to_string();
        self.state().merge(number, "mona", &now);
    }

    /// A person closes an issue or a pull request.
    pub fn close_by_hand(&self, number: u64, reason: &str) {
        let now = self.clock.now().to_string();
        self.state().close(number, "mona", Some(reason), &now);
    }

    /// A person opens a pull request from any branch.
    pub fn open_by_hand(&self, branch: &str, body: &str) -> u64 {
        let now = self.clock.now().to_string();
        self.state().open_pull(("A change", body), (branch, "main", false), "mona", &now)
    }

    /// A person opens an issue.
    pub fn issue_by_hand(&self, body: &str) -> u64 {
        let now = self.clock.now().to_string();
        self.state().open_issue(("A question", body), Vec::new(), "mona", &now)
    }

    /// A person writes a new text.
    pub fn rewrite(&self, number: u64, body: &str) {
        if let Some(thread) = self.state().thread_mut(number) {
            body.clone_into(&mut thread.body);
        }
    }

    /// Somebody takes an issue over.
    pub fn assign(&self, number: u64, who: &str) {
        if let Some(thread) = self.state().thread_mut(number) {
            thread.assignees = vec![who.to_owned()];
        }
    }

    /// A person removes an issue.
    pub fn delete(&self, number: u64) {
        self.state().threads.retain(|thread| thread.number != number);
    }

    /// A person removes a branch.
    pub fn delete_branch(&self, branch: &str) {
        self.state().git.heads.remove(branch);
    }

    /// The repository is read only from now on.
    pub fn archive(&self) {
        self.state().archived = true;
    }

    /// The repository has another name from now on; the former one leads there.
    pub fn rename(&self, name: &str) {
        let mut state = self.state();
        let former = std::mem::replace(&mut state.name, name.to_owned());
        state.former.push(former);
    }

    /// Nobody may make branches with this beginning.
    pub fn protect(&self, beginning: &str) {
        self.state().protected.push(beginning.to_owned());
    }

    /// Takes a permission away: `contents`, `pull_requests`, `issues`, `workflows`, `metadata`.
    pub fn remove_right(&self, right: &str) {
        self.state().rights.remove(right);
    }

    /// Gives a permission: `workflows`.
    pub fn give_right(&self, right: &str) {
        self.state().rights.insert(right.to_owned());
    }

    /// Takes another token than before.
    pub fn token(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// Ends the tokens of installations.
    pub fn expire_tokens(&self) {
        self.state().installation_tokens.clear();
    }

    /// After so many more things that are made, a secondary limit holds for so many requests,
    /// with or without `Retry-After`.
    pub fn secondary_limit(&self, after: u32, requests: u32, retry_after: Option<u64>) {
        self.state().limit = Some(Limit::Secondary { after, requests, retry_after });
    }

    /// The hour's requests are used up until then.
    pub fn primary_limit(&self, reset: i64, status: u16) {
        self.state().limit = Some(Limit::Primary { reset, status });
    }

    /// The next request with this method and path, `POST /repos/acme/shop/pulls`, is carried out, and
    /// its answer is lost, or is this status.
    pub fn spoil(&self, what: &str, status: Option<u16>) {
        self.state().spoiled = Some((what.to_owned(), status));
    }

    /// Requests are not limited.
    pub fn no_limit(&self) {
        self.state().limit = None;
    }

    /// Lists leave out what was made within so many seconds.
    pub fn lag(&self, seconds: i64) {
        self.state().lag = seconds;
    }

    /// The check runs, as they are.
    #[must_use]
    pub fn check_runs(&self) -> Vec<Value> {
        self.state().check_runs.clone()
    }

    /// The SARIF documents that came, unpacked.
    #[must_use]
    pub fn sarifs(&self) -> Vec<String> {
        self.state().sarifs.iter().map(|sarif| sarif.text.clone()).collect()
    }

    /// Texts of the review comments of a pull request, with path and line.
    #[must_use]
    pub fn review_comments(&self, number: u64) -> Vec<(String, u64, String)> {
        self.state().thread(number).map(|thread| thread.reviews.clone()).unwrap_or_default()
    }
}

impl Platform for GithubDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        held::undescribed("github", &["GET */git/commits/*"], asked)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        if asked.header("user-agent").is_none_or(str::is_empty) {
            return said(403, "Request forbidden by administrative rules.");
        }
        if asked.header("x-github-api-version") != Some("2022-11-28") {
            return said(400, "\"X-GitHub-Api-Version\" is not a supported version.");
        }
        if let Some(why) = self.contract.refused(asked) {
            return said(400, &format!("Problems parsing the request: {why}"));
        }
        let mut state = self.state();
        if let Some(answer) = state.limited(asked) {
            return answer;
        }
        let now = self.clock.now();
        let answer = state.answer(asked, now);
        let what = format!("{} {}", asked.method, asked.path);
        match state.spoiled.take_if(|(spoiled, _)| *spoiled == what) {
            Some((_, Some(status))) => said(status, "Server Error"),
            Some((_, None)) => Answer::none(),
            None => answer,
        }
    }
}

impl fmt::Debug for GithubDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GithubDouble")
    }
}

/// An answer that says something.
fn said(status: u16, message: &str) -> Answer {
    told(
        status,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()}),
    )
}

/// A refusal with a detail.
fn invalid(resource: &str, message: &str) -> Answer {
    let error = json!({"resource": resource, "code": "custom", "message": message});
    told(422, &json!({"message": "Validation Failed", "errors": [error], "status": "422"}))
}

fn told(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string())
        .header("content-type", "application/json; charset=utf-8")
        .header("x-github-request-id", "C0FE:1")
}
