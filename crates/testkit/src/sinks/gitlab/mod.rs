//! GitLab: a repository of Git, issues, merge requests, notes, and what it refuses.

mod calls;
mod commits;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quell_model::Clock;
use serde_json::{Value, json};

use super::git::Git;
use super::{Contract, held};
use crate::double::Platform;
use crate::net::{Answer, Asked};

/// The double: one project, `acme/web/shop`, with the branch `main`.
pub struct GitlabDouble {
    clock: Arc<dyn Clock>,
    contract: Contract,
    state: Mutex<Lab>,
}

/// All of it.
#[derive(Debug)]
struct Lab {
    path: String,
    former: Vec<String>,
    git: Git,
    talks: Vec<Talk>,
    uploads: Vec<(String, String)>,
    statuses: Vec<(String, Value)>,
    token: String,
    level: u64,
    protected: Vec<String>,
    archived: bool,
    hidden: bool,
    busy: Option<(u32, Option<u64>)>,
    spoiled: Option<(String, Option<u16>)>,
}

/// An issue or a merge request.
#[derive(Debug, Clone)]
struct Talk {
    iid: u64,
    title: String,
    text: String,
    state: String,
    author: String,
    labels: Vec<String>,
    notes: Vec<String>,
    discussions: Vec<(String, u64, String)>,
    created: String,
    ended: Option<(String, String)>,
    due: Option<String>,
    moved: bool,
    merge: Option<Merge>,
}

/// What a merge request has beside.
#[derive(Debug, Clone)]
struct Merge {
    branch: String,
    base: String,
    head: String,
    commit: Option<String>,
}

/// An issue or a merge request, as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitlabThread {
    /// Its number.
    pub iid: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// `opened`, `closed` or `merged`.
    pub state: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Texts of its notes.
    pub notes: Vec<String>,
    /// Its branch, where it is a merge request.
    pub branch: Option<String>,
}

impl GitlabDouble {
    /// The token that it takes.
    pub const TOKEN: &str = "glpat-abcdefghij0123456789";
    /// Who has the token.
    pub const LOGIN: &str = "quell-robot";

    /// A double with some files on `main`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, files: &[(&str, &str)]) -> Self {
        let document = serde_json::from_str(include_str!("contract.json")).unwrap_or_default();
        let state = Lab {
            path: "acme/web/shop".to_owned(),
            former: Vec::new(),
            git: Git::new("main", files),
            talks: Vec::new(),
            uploads: Vec::new(),
            statuses: Vec::new(),
            token: Self::TOKEN.to_owned(),
            level: 30,
            protected: Vec::new(),
            archived: false,
            hidden: false,
            busy: None,
            spoiled: None,
        };
        Self { clock, contract: Contract::new(&document), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, Lab> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All issues and merge requests.
    #[must_use]
    pub fn threads(&self) -> Vec<GitlabThread> {
        let seen = |talk: &Talk| GitlabThread {
            iid: talk.iid,
            title: talk.title.clone(),
            text: talk.text.clone(),
            state: talk.state.clone(),
            labels: talk.labels.clone(),
            notes: talk.notes.clone(),
            branch: talk.merge.as_ref().map(|merge| merge.branch.clone()),
        };
        self.state().talks.iter().map(seen).collect()
    }

    /// Texts of the notes on lines of a merge request, with path and line.
    #[must_use]
    pub fn line_notes(&self, iid: u64) -> Vec<(String, u64, String)> {
        let state = self.state();
        let talk = state.talks.iter().find(|talk| talk.iid == iid);
        talk.map(|talk| talk.discussions.clone()).unwrap_or_default()
    }

    /// Files that were uploaded: the address of each, and what it holds.
    #[must_use]
    pub fn uploads(&self) -> Vec<(String, String)> {
        self.state().uploads.clone()
    }

    /// The statuses of a commit.
    #[must_use]
    pub fn statuses(&self, commit: &str) -> Vec<Value> {
        let state = self.state();
        let of = state.statuses.iter().filter(|(sha, _)| sha == commit);
        of.map(|(_, status)| status.clone()).collect()
    }

    /// The commit with which a branch ends.
    #[must_use]
    pub fn head(&self, branch: &str) -> Option<String> {
        self.state().git.heads.get(branch).cloned()
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

    /// How many commits a branch has that are not on `main`.
    #[must_use]
    pub fn commits(&self, branch: &str) -> usize {
        let state = self.state();
        let (Some(head), Some(main)) = (state.git.heads.get(branch), state.git.heads.get("main"))
        else {
            return 0;
        };
        let base = state.git.ancestors(main);
        state.git.ancestors(head).iter().filter(|sha| !base.contains(*sha)).count()
    }

    /// A person commits on a branch.
    pub fn push(&self, branch: &str, path: &str, text: &str) {
        self.state().git.push(branch, "mona", path, text);
    }

    /// A person amends the head of a branch and forces it there.
    pub fn force_push(&self, branch: &str, path: &str, text: &str) {
        self.state().git.amend(branch, "mona", path, text);
    }

    /// A person merges a merge request.
    pub fn merge(&self, iid: u64) {
        let now = self.clock.now().to_string();
        self.state().merge(iid, "mona", &now);
    }

    /// A person closes an issue or a merge request.
    pub fn close_by_hand(&self, iid: u64) {
        let now = self.clock.now().to_string();
        if let Some(talk) = self.state().talk_mut(iid) {
            "closed".clone_into(&mut talk.state);
            talk.ended = Some(("mona".to_owned(), now));
        }
    }

    /// A person marks a merge request as ready.
    pub fn ready(&self, iid: u64) {
        if let Some(talk) = self.state().talk_mut(iid) {
            talk.title = talk.title.trim_start_matches("Draft: ").to_owned();
        }
    }

    /// A person writes a new text.
    pub fn rewrite(&self, iid: u64, text: &str) {
        if let Some(talk) = self.state().talk_mut(iid) {
            text.clone_into(&mut talk.text);
        }
    }

    /// A person opens an issue.
    pub fn issue_by_hand(&self, text: &str) {
        let now = self.clock.now().to_string();
        self.state().open(("A question", text), "mona", &now);
    }

    /// A person removes an issue.
    pub fn delete(&self, iid: u64) {
        self.state().talks.retain(|talk| talk.iid != iid);
    }

    /// A person moves an issue to another project.
    pub fn move_away(&self, iid: u64) {
        self.close_by_hand(iid);
        if let Some(talk) = self.state().talk_mut(iid) {
            talk.moved = true;
        }
    }

    /// The project is read only from now on.
    pub fn archive(&self) {
        self.state().archived = true;
    }

    /// The project has another path from now on; the former one leads there.
    pub fn rename(&self, path: &str) {
        let mut state = self.state();
        let former = std::mem::replace(&mut state.path, path.to_owned());
        state.former.push(former);
    }

    /// The login may not see the project any more.
    pub fn hide(&self) {
        self.state().hidden = true;
    }

    /// Nobody may push to branches with this beginning.
    pub fn protect(&self, beginning: &str) {
        self.state().protected.push(beginning.to_owned());
    }

    /// The login's role from now on: 20 is a reporter, 30 a developer.
    pub fn level(&self, level: u64) {
        self.state().level = level;
    }

    /// Takes another token than before.
    pub fn token(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// So many requests are too many.
    pub fn limit(&self, requests: u32, retry_after: Option<u64>) {
        self.state().busy = Some((requests, retry_after));
    }

    /// The next request with this method and end of its path is carried out, and its answer is
    /// lost, or is this status.
    pub fn spoil(&self, what: &str, status: Option<u16>) {
        self.state().spoiled = Some((what.to_owned(), status));
    }
}

/// What GitLab has and the copy of its description does not. Uploads it has as JSON, which no GitLab
/// takes; all its lists have pages.
const LEFT_OUT: [&str; 8] = [
    "POST */uploads*",
    "GET /api/v4/user?",
    "GET */repository/files/*",
    "GET */repository/compare*",
    "GET */commits/*/statuses*",
    "GET */notes*per_page=*",
    "GET */discussions*per_page=*",
    // It names the parts of a form's fields, as no JSON has them.
    "POST */discussions*",
];

impl Platform for GitlabDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        held::undescribed("gitlab", &LEFT_OUT, asked)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        if let Some(why) = self.contract.refused(asked) {
            return told(400, &json!({"error": why}));
        }
        let mut state = self.state();
        if let Some((left @ 1.., wait)) = &mut state.busy {
            *left -= 1;
            let answer = Answer::new(429, "Retry later\n").header("ratelimit-remaining", "0");
            return match wait {
                Some(wait) => answer.header("retry-after", &wait.to_string()),
                None => answer,
            };
        }
        if asked.header("private-token") != Some(state.token.as_str()) {
            return told(401, &json!({"message": "401 Unauthorized"}));
        }
        let answer = state.answer(asked, &self.clock.now().to_string());
        let what = format!("{} {}", asked.method, asked.path);
        let hit = |spoiled: &mut (String, Option<u16>)| {
            let (method, end) = spoiled.0.split_once(' ').unwrap_or_default();
            asked.method == method && what.ends_with(end)
        };
        match state.spoiled.take_if(hit) {
            Some((_, Some(status))) => told(status, &json!({"message": "Server Error"})),
            Some((_, None)) => Answer::none(),
            None => answer,
        }
    }
}

impl fmt::Debug for GitlabDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GitlabDouble")
    }
}

fn said(status: u16, message: &str) -> Answer {
    told(status, &json!({"message": message}))
}

fn told(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string()).header("content-type", "application/json")
}
