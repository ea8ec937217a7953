//! What the double keeps.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::git::Git;
use super::{Thread, said, told};
use crate::net::{Answer, Asked};

/// A limit that holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    Secondary { after: u32, requests: u32, retry_after: Option<u64> },
    Primary { reset: i64, status: u16 },
}

/// All of it.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) name: String,
    pub(super) former: Vec<String>,
    pub(super) git: Git,
    pub(super) threads: Vec<Talk>,
    pub(super) rights: BTreeSet<String>,
    pub(super) protected: Vec<String>,
    pub(super) archived: bool,
    pub(super) token: String,
    pub(super) installation_tokens: Vec<(String, i64)>,
    pub(super) made_tokens: u32,
    pub(super) limit: Option<Limit>,
    pub(super) lag: i64,
    pub(super) spoiled: Option<(String, Option<u16>)>,
    pub(super) next: u64,
    pub(super) check_runs: Vec<Value>,
    pub(super) sarifs: Vec<Sarif>,
}

/// A SARIF document that came.
#[derive(Debug)]
pub(super) struct Sarif {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) asked: u32,
}

/// An issue or a pull request.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) author: String,
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<String>,
    pub(super) comments: Vec<(u64, String, String)>,
    pub(super) reviews: Vec<(String, u64, String)>,
    pub(super) created: String,
    pub(super) closed: Option<(String, String)>,
    pub(super) pull: Option<Pull>,
}

/// What a pull request has beside.
#[derive(Debug)]
pub(super) struct Pull {
    pub(super) branch: String,
    pub(super) base: String,
    pub(super) draft: bool,
    /// The head as it was last.
    pub(super) head: String,
    pub(super) merged: Option<(String, String, String)>,
}

impl Talk {
    pub(super) fn seen(&self) -> Thread {
        Thread {
            number: self.number,
            title: self.title.clone(),
            body: self.body.clone(),
            state: self.state.clone(),
            labels: self.labels.clone(),
            comments: self.comments.iter().map(|(_, _, text)| text.clone()).collect(),
            branch: self.pull.as_ref().map(|pull| pull.branch.clone()),
            draft: self.pull.as_ref().is_some_and(|pull| pull.draft),
        }
    }
}

impl Hub {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let rights =
            ["contents", "issues", "metadata", "pull_requests", "checks", "security_events"];
        Self {
            name: "shop".to_owned(),
            former: Vec::new(),
            git: Git::new("main", files),
            threads: Vec::new(),
            rights: rights.iter().map(|right| (*right).to_owned()).collect(),
            protected: Vec::new(),
            archived: false,
            token: super::GithubDouble::TOKEN.to_owned(),
            installation_tokens: Vec::new(),
            made_tokens: 0,
            limit: None,
            lag: 0,
            spoiled: None,
            next: 1,
            check_runs: Vec::new(),
            sarifs: Vec::new(),
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    pub(super) fn thread(&self, number: u64) -> Option<&Talk> {
        self.threads.iter().find(|thread| thread.number == number)
    }

    pub(super) fn thread_mut(&mut self, number: u64) -> Option<&mut Talk> {
        self.threads.iter_mut().find(|thread| thread.number == number)
    }

    pub(super) fn open_issue(
        &mut self,
        (title, body): (&str, &str),
        labels: Vec<String>,
        author: &str,
        now: &str,
    ) -> u64 {
        let number = self.number();
        self.threads.push(Talk {
            number,
            title: title.to_owned(),
            body: body.to_owned(),
            state: "open".to_owned(),
            reason: None,
            author: author.to_owned(),
            labels,
            assignees: Vec::new(),
            comments: Vec::new(),
            reviews: Vec::new(),
            created: now.to_owned(),
            closed: None,
            pull: None,
        });
        number
    }

    pub(super) fn open_pull(
        &mut self,
        text: (&str, &str),
        (branch, base, draft): (&str, &str, bool),
        author: &str,
        now: &str,
    ) -> u64 {
        let head = self.git.heads.get(branch).cloned().unwrap_or_default();
        let number = self.open_issue(text, Vec::new(), author, now);
        let pull =
            Pull { branch: branch.to_owned(), base: base.to_owned(), draft, head, merged: None };
        if let Some(thread) = self.thread_mut(number) {
            thread.pull = Some(pull);
        }
        number
    }

    pub(super) fn close(&mut self, number: u64, who: &str, reason: Option<&str>, now: &str) {
        if let Some(thread) = self.thread_mut(number) {
            "closed".clone_into(&mut thread.state);
            thread.reason = reason.map(str::to_owned).filter(|_| thread.pull.is_none());
            thread.closed = Some((who.to_owned(), now.to_owned()));
        }
    }

    pub(super) fn merge(&mut self, number: u64, who: &str, now: &str) {
        let found = self.thread(number).and_then(|thread| thread.pull.as_ref());
        let Some((branch, base)) = found.map(|p| (p.branch.clone(), p.base.clone())) else {
            return;
        };
        let Some(head) = self.git.heads.get(&branch).cloned() else { return };
        let Some(commit) = self.git.merge(&base, &head, who) else { return };
        self.close(number, who, None, now);
        if let Some(pull) = self.thread_mut(number).and_then(|thread| thread.pull.as_mut()) {
            pull.head = head;
            pull.merged = Some((who.to_owned(), now.to_owned(), commit));
        }
    }

    /// The answer of a limit that holds.
    pub(super) fn limited(&mut self, asked: &Asked) -> Option<Answer> {
        let makes = asked.method != "GET";
        match self.limit.as_mut()? {
            Limit::Primary { reset, status } => {
                let answer = said(*status, "API rate limit exceeded for user ID 1.");
                let answer = answer.header("x-ratelimit-remaining", "0");
                Some(answer.header("x-ratelimit-reset", &reset.to_string()))
            }
            Limit::Secondary { after, .. } if *after > 0 => {
                *after -= u32::from(makes);
                None
            }
            Limit::Secondary { requests: 0, .. } => None,
            Limit::Secondary { requests, retry_after, .. } => {
                *requests -= 1;
                let text = "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.";
                let answer = told(403, &json!({"message": text}));
                let answer = answer.header("x-ratelimit-remaining", "4990");
                Some(match retry_after {
                    Some(seconds) => answer.header("retry-after", &seconds.to_string()),
                    None => answer,
                })
            }
        }
    }
}
