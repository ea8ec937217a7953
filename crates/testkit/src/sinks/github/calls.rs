//! Issues, pull requests, comments, labels and searches.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::login::Who;
use super::state::Hub;
use super::{invalid, said, told};
use crate::net::{Answer, Asked};

/// Characters of a text.
const MOST_TEXT: usize = 65_536;

/// A request, taken apart.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// The parts of the path below the repository.
    pub(super) parts: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
    pub(super) who: String,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    fn page<T: Clone>(&self, all: &[T]) -> Vec<T> {
        let number =
            |name: &str, or: usize| self.query(name).and_then(|t| t.parse().ok()).unwrap_or(or);
        let (size, page) = (number("per_page", 30).min(100), number("page", 1).max(1));
        all.iter().skip((page - 1) * size).take(size).cloned().collect()
    }
}

/// A text with its `%XX` read.
pub(in crate::sinks) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Hub {
    pub(super) fn answer(&mut self, asked: &Asked, now: Timestamp) -> Answer {
        let who = match self.who(asked, now) {
            Ok(Who::App) => return self.app_call(asked, now),
            Ok(Who::Named(who)) => who,
            Err(answer) => return answer,
        };
        let query = asked.query.split('&').filter_map(|pair| pair.split_once('='));
        let query = query.map(|(name, value)| (name.to_owned(), decoded(&value.replace('+', " "))));
        let query: Vec<_> = query.collect();
        let body = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        if asked.path == "/user" {
            if who.ends_with("[bot]") {
                return said(403, "Resource not accessible by integration");
            }
            return told(200, &json!({"login": who, "id": 1}));
        }
        let mut call = Call { method: &asked.method, parts: Vec::new(), query, body, who, now };
        if asked.path == "/search/issues" {
            return self.search(&call);
        }
        let Some(rest) = asked.path.strip_prefix("/repos/acme/") else {
            return said(404, "Not Found");
        };
        let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
        if self.former.iter().any(|former| former == name) {
            let query =
                if asked.query.is_empty() { String::new() } else { format!("?{}", asked.query) };
            let to = format!("/repos/acme/{}/{rest}{query}", self.name);
            let status = if asked.method == "GET" { 301 } else { 307 };
            let answer = told(status, &json!({"message": "Moved Permanently", "url": to}));
            return answer.header("location", to.trim_end_matches('/'));
        }
        if name != self.name || !self.rights.contains("metadata") {
            return said(404, "Not Found");
        }
        if self.archived && asked.method != "GET" {
            return said(403, "Repository was archived so is read-only.");
        }
        call.parts = rest.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        self.repository_call(&call)
    }

    fn repository_call(&mut self, call: &Call<'_>) -> Answer {
        let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
        let right = match parts.as_slice() {
            [] => return told(200, &self.repository_view()),
            ["pulls", ..] => "pull_requests",
            ["issues", ..] => "issues",
            ["check-runs", ..] | ["commits", _, "check-runs"] => "checks",
            ["code-scanning", ..] => "security_events",
            _ => "contents",
        };
        // A pull request is an issue too, and its right opens both.
        let also = right == "issues" && self.rights.contains("pull_requests");
        if !self.rights.contains(right) && !also {
            if call.method == "GET" {
                return said(404, "Not Found");
            }
            return said(403, "Resource not accessible by personal access token")
                .header("x-accepted-github-permissions", &format!("{right}=write"));
        }
        match (call.method, parts.as_slice()) {
            ("POST", ["issues"]) => self.make_issue(call),
            ("GET", ["issues"]) => self.list_issues(call),
            (method, [kind @ ("issues" | "pulls"), number, rest @ ..]) => match number.parse() {
                Ok(number) => self.thread_call(call, (method, number), (kind, rest)),
                Err(_) => said(404, "Not Found"),
            },
            ("POST", ["pulls"]) => self.make_pull(call),
            ("GET", ["pulls"]) => self.list_pulls(call),
            _ => self.git_call(call, &parts),
        }
    }

    fn checked_text(call: &Call<'_>) -> Option<Answer> {
        let long = |name: &str, most: usize| {
            call.text(name).is_some_and(|text| text.chars().count() > most)
        };
        if long("title", 256) {
            return Some(invalid("Issue", "title is too long (maximum is 256 characters)"));
        }
        if long("body", MOST_TEXT) {
            return Some(invalid("Issue", "body is too long (maximum is 65536 characters)"));
        }
        None
    }

    fn label_names(call: &Call<'_>) -> Result<Vec<String>, Answer> {
        let listed = call.body.get("labels").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<String> = listed.filter_map(|l| l.as_str().map(str::to_owned)).collect();
        if names.iter().any(|name| name.chars().count() > 50 || name.is_empty()) {
            return Err(invalid("Label", "name is too long (maximum is 50 characters)"));
        }
        Ok(names)
    }

    fn make_issue(&mut self, call: &Call<'_>) -> Answer {
        if let Some(answer) = Self::checked_text(call) {
            return answer;
        }
        let labels = match Self::label_names(call) {
            Ok(labels) => labels,
            Err(answer) => return answer,
        };
        let text = (call.text("title").unwrap_or_default(), call.text("body").unwrap_or_default());
        let number = self.open_issue(text, labels, &call.who, &call.now.to_string());
        self.thread(number).map_or_else(|| said(500, ""), |t| told(201, &self.issue_view(t)))
    }

    /// Whether lists know of it already.
    fn listed(&self, created: &str, now: Timestamp) -> bool {
        let at = created.parse::<Timestamp>().map_or(0, Timestamp::as_second);
        at + self.lag <= now.as_second()
    }

    fn list_issues(&self, call: &Call<'_>) -> Answer {
        let state = call.query("state").unwrap_or("open");
        let mut all: Vec<Value> = Vec::new();
        for talk in self.threads.iter().rev() {
            let wanted = (state == "all" || talk.state == state)
                && call.query("creator").is_none_or(|who| who == talk.author)
                && call.query("labels").is_none_or(|label| talk.labels.iter().any(|l| l == label));
            if wanted && self.listed(&talk.created, call.now) {
                all.push(self.issue_view(talk));
            }
        }
        told(200, &Value::Array(call.page(&all)))
    }

    fn search(&self, call: &Call<'_>) -> Answer {
        let query = call.query("q").unwrap_or_default();
        let words = query.split('"').nth(1).unwrap_or_default();
        let found = self.threads.iter().filter(|talk| {
            talk.pull.is_none() && talk.body.contains(words) && self.listed(&talk.created, call.now)
        });
        let items: Vec<Value> = found.map(|talk| self.issue_view(talk)).collect();
        told(200, &json!({"total_count": items.len(), "incomplete_results": false, "items": items}))
    }

    fn list_pulls(&self, call: &Call<'_>) -> Answer {
        let state = call.query("state").unwrap_or("open");
        let of_head =
            |branch: &str| call.query("head").is_none_or(|head| head == format!("acme:{branch}"));
        let pulls = self.threads.iter().rev().filter(|talk| {
            talk.pull.as_ref().is_some_and(|pull| of_head(&pull.branch))
                && (state == "all" || talk.state == state)
                && self.listed(&talk.created, call.now)
        });
        let all: Vec<Value> = pulls.filter_map(|talk| self.pull_view(talk)).collect();
        told(200, &Value::Array(call.page(&all)))
    }

    fn make_pull(&mut self, call: &Call<'_>) -> Answer {
        if let Some(answer) = Self::checked_text(call) {
            return answer;
        }
        let (head, base) =
            (call.text("head").unwrap_or_default(), call.text("base").unwrap_or_default());
        let (Some(ours), Some(theirs)) = (self.git.heads.get(head), self.git.heads.get(base))
        else {
            let error = json!({"resource": "PullRequest", "field": "head", "code": "invalid"});
            return told(422, &json!({"message": "Validation Failed", "errors": [error]}));
        };
        if self.git.ancestors(theirs).contains(ours) {
            return invalid("PullRequest", &format!("No commits between {base} and {head}"));
        }
        let is_open = |talk: &super::state::Talk| {
            talk.state == "open"
                && talk.pull.as_ref().is_some_and(|p| p.branch == head && p.base == base)
        };
        if self.threads.iter().any(is_open) {
            let why = format!("A pull request already exists for acme:{head}.");
            return invalid("PullRequest", &why);
        }
        let draft = call.body.get("draft").and_then(Value::as_bool) == Some(true);
        let text = (call.text("title").unwrap_or_default(), call.text("body").unwrap_or_default());
        let (head, base) = (head.to_owned(), base.to_owned());
        let number = self.open_pull(text, (&head, &base, draft), &call.who, &call.now.to_string());
        let view = self.thread(number).and_then(|talk| self.pull_view(talk));
        told(201, &view.unwrap_or_default())
    }

    fn thread_call(
        &mut self,
        call: &Call<'_>,
        (method, number): (&str, u64),
        (kind, rest): (&str, &[&str]),
    ) -> Answer {
        let Some(talk) = self.thread(number) else { return said(404, "Not Found") };
        if kind == "pulls" && talk.pull.is_none() {
            return said(404, "Not Found");
        }
        match (method, rest) {
            ("GET", []) if kind == "pulls" => told(200, &self.pull_view(talk).unwrap_or_default()),
            ("GET", []) => told(200, &self.issue_view(talk)),
            ("PATCH", []) => self.change(call, number),
            ("GET", ["comments"]) if kind == "issues" => {
                let all: Vec<Value> = talk
                    .comments
                    .iter()
                    .map(|(id, who, text)| json!({"id": id, "body": text, "user": {"login": who}}))
                    .collect();
                told(200, &Value::Array(call.page(&all)))
            }
            ("GET", ["comments"]) => {
                let all: Vec<Value> = talk
                    .reviews
                    .iter()
                    .map(|(path, line, text)| json!({"id": 1, "path": path, "line": line, "body": text}))
                    .collect();
                told(200, &Value::Array(call.page(&all)))
            }
            ("POST", ["comments"]) if kind == "issues" => self.comment(call, number),
            ("POST", ["comments"]) => self.review(call, number),
            ("POST", ["labels"]) => self.add_labels(call, number),
            _ => said(404, "Not Found"),
        }
    }

    fn comment(&mut self, call: &Call<'_>, number: u64) -> Answer {
        if let Some(answer) = Self::checked_text(call) {
            return answer;
        }
        let (id, text) = (self.number() + 50_000, call.text("body").unwrap_or_default().to_owned());
        if let Some(talk) = self.thread_mut(number) {
            talk.comments.push((id, call.who.clone(), text.clone()));
        }
        told(201, &json!({"id": id, "body": text}))
    }

    /// A comment on a line, which has to be one of the pull request's own.
    fn review(&mut self, call: &Call<'_>, number: u64) -> Answer {
        let (path, line) = (call.text("path").unwrap_or_default(), call.body.get("line"));
        let line = line.and_then(Value::as_u64).unwrap_or_default();
        let found = self.thread(number).and_then(|talk| talk.pull.as_ref());
        let changed = found.is_some_and(|pull| {
            let base = self.git.heads.get(&pull.base).cloned().unwrap_or_default();
            let head = self.git.heads.get(&pull.branch).cloned().unwrap_or_default();
            self.git.brings(&base, &head).0.contains(path)
        });
        if !changed || line == 0 {
            let error = json!({"resource": "PullRequestReviewComment", "field": "pull_request_review_thread.line", "code": "custom", "message": "pull_request_review_thread.line must be part of the diff"});
            return told(422, &json!({"message": "Validation Failed", "errors": [error]}));
        }
        let text = call.text("body").unwrap_or_default().to_owned();
        let path = path.to_owned();
        if let Some(talk) = self.thread_mut(number) {
            talk.reviews.push((path, line, text));
        }
        told(201, &json!({"id": 1}))
    }

    fn add_labels(&mut self, call: &Call<'_>, number: u64) -> Answer {
        let names = match Self::label_names(call) {
            Ok(names) => names,
            Err(answer) => return answer,
        };
        let Some(talk) = self.thread_mut(number) else { return said(404, "Not Found") };
        for name in names {
            if !talk.labels.contains(&name) {
                talk.labels.push(name);
            }
        }
        told(200, &json!([]))
    }

    fn change(&mut self, call: &Call<'_>, number: u64) -> Answer {
        if let Some(answer) = Self::checked_text(call) {
            return answer;
        }
        let (who, now) = (call.who.clone(), call.now.to_string());
        let state = call.text("state").map(str::to_owned);
        let heads = self.git.heads.clone();
        let Some(talk) = self.thread_mut(number) else { return said(404, "Not Found") };
        if state.as_deref() == Some("open")
            && let Some(pull) = &talk.pull
            && (pull.merged.is_some() || !heads.contains_key(&pull.branch))
        {
            let why = if pull.merged.is_some() {
                "state cannot be changed. The pull request was merged."
            } else {
                "state cannot be changed. The branch was deleted."
            };
            return invalid("PullRequest", why);
        }
        if let Some(title) = call.text("title") {
            title.clone_into(&mut talk.title);
        }
        if let Some(body) = call.text("body") {
            body.clone_into(&mut talk.body);
        }
        let was = talk.state.clone();
        match state.as_deref() {
            Some("closed") if was == "open" => {
                self.close(number, &who, call.text("state_reason"), &now);
            }
            Some("open") if was == "closed" => {
                "open".clone_into(&mut talk.state);
                talk.closed = None;
                talk.reason = Some("reopened".to_owned());
            }
            _ => {}
        }
        let view = self.thread(number).map(|talk| self.issue_view(talk));
        told(200, &view.unwrap_or_default())
    }
}
