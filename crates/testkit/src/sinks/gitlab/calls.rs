//! Issues, merge requests and notes.

use serde_json::{Value, json};

use super::{GitlabDouble, Lab, Merge, Talk, said, told};
use crate::net::{Answer, Asked};
use crate::sinks::github::decoded;

/// Where people look.
const WEB: &str = "https://gitlab.example";

/// A request, taken apart.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    pub(super) parts: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
    pub(super) raw: &'a [u8],
    pub(super) now: &'a str,
}

impl Call<'_> {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

impl Lab {
    pub(super) fn talk_mut(&mut self, iid: u64) -> Option<&mut Talk> {
        self.talks.iter_mut().find(|talk| talk.iid == iid)
    }

    pub(super) fn open(&mut self, (title, text): (&str, &str), author: &str, now: &str) -> u64 {
        let iid = self.talks.len() as u64 + 1;
        self.talks.push(Talk {
            iid,
            title: title.to_owned(),
            text: text.to_owned(),
            state: "opened".to_owned(),
            author: author.to_owned(),
            labels: Vec::new(),
            notes: Vec::new(),
            discussions: Vec::new(),
            created: now.to_owned(),
            ended: None,
            due: None,
            moved: false,
            merge: None,
        });
        iid
    }

    pub(super) fn merge(&mut self, iid: u64, who: &str, now: &str) {
        let found = self.talks.iter().find(|talk| talk.iid == iid);
        let Some(merge) = found.and_then(|talk| talk.merge.clone()) else { return };
        let Some(head) = self.git.heads.get(&merge.branch).cloned() else { return };
        let commit = self.git.merge(&merge.base, &head, who);
        if let Some(talk) = self.talk_mut(iid) {
            "merged".clone_into(&mut talk.state);
            talk.ended = Some((who.to_owned(), now.to_owned()));
            talk.merge = Some(Merge { head, commit, ..merge });
        }
    }

    fn view(&self, talk: &Talk) -> Value {
        let (mark, kind) =
            if talk.merge.is_some() { ("!", "merge_requests") } else { ("#", "issues") };
        let user = |name: &str| json!({"username": name});
        let ended = talk.ended.as_ref().map(|(who, at)| (user(who), at.clone())).unzip();
        let merged = talk.state == "merged";
        let mut view = json!({
            "id": talk.iid + 70_000, "iid": talk.iid, "project_id": 42, "title": talk.title,
            "description": talk.text, "state": talk.state, "author": user(&talk.author),
            "labels": talk.labels, "assignees": [], "created_at": talk.created, "due_date": talk.due,
            "web_url": format!("{WEB}/{}/-/{kind}/{}", self.path, talk.iid),
            "references": {"full": format!("{}{mark}{}", self.path, talk.iid)},
            "closed_by": (!merged).then_some(&ended.0),
            "closed_at": (!merged).then_some(&ended.1),
            "moved_to_id": talk.moved.then_some(9_001),
        });
        let Some(merge) = &talk.merge else { return view };
        let head = match self.git.heads.get(&merge.branch).filter(|_| talk.state == "opened") {
            Some(head) => head,
            None => &merge.head,
        };
        let base = self.git.heads.get(&merge.base).cloned().unwrap_or_default();
        let conflicts = talk.state == "opened" && self.git.brings(&base, head).1;
        let draft = talk.title.starts_with("Draft: ");
        let status = if conflicts {
            "conflict"
        } else if draft {
            "draft_status"
        } else {
            "mergeable"
        };
        let more = json!({
            "source_branch": merge.branch, "target_branch": merge.base, "sha": head, "draft": draft,
            "detailed_merge_status": status, "has_conflicts": conflicts,
            "merged_at": if merged { ended.1 } else { None },
            "merge_user": if merged { ended.0 } else { None },
            "merge_commit_sha": merge.commit,
            "diff_refs": {"base_sha": base, "start_sha": base, "head_sha": head},
        });
        if let (Some(fields), Some(more)) = (view.as_object_mut(), more.as_object()) {
            fields.extend(more.clone());
        }
        view
    }

    pub(super) fn answer(&mut self, asked: &Asked, now: &str) -> Answer {
        if asked.path == "/api/v4/user" {
            return told(200, &json!({"id": 7, "username": GitlabDouble::LOGIN}));
        }
        let Some(rest) = asked.path.strip_prefix("/api/v4/projects/") else {
            return said(404, "404 Not Found");
        };
        let (project, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let project = decoded(project);
        let known = project == self.path || project == "42" || self.former.contains(&project);
        if !known || self.hidden {
            return said(404, "404 Project Not Found");
        }
        if self.archived && asked.method != "GET" {
            return said(403, "403 Forbidden - The project is archived");
        }
        let query = asked.query.split('&').filter_map(|pair| pair.split_once('='));
        let query = query.map(|(name, value)| (name.to_owned(), decoded(value)));
        let call = Call {
            method: &asked.method,
            parts: rest.split('/').filter(|part| !part.is_empty()).map(decoded).collect(),
            query: query.collect(),
            body: serde_json::from_slice(&asked.body).unwrap_or_default(),
            raw: &asked.body,
            now,
        };
        self.project_call(&call)
    }

    fn project_call(&mut self, call: &Call<'_>) -> Answer {
        let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
        match (call.method, parts.as_slice()) {
            ("GET", []) => told(
                200,
                &json!({"id": 42, "path_with_namespace": self.path, "archived": self.archived,
                    "permissions": {"project_access": {"access_level": self.level}, "group_access": null}}),
            ),
            ("GET", ["issues"]) => self.list(call, |call, talk| {
                let searched = call.query("search").unwrap_or_default();
                talk.merge.is_none()
                    && talk.text.contains(searched)
                    && call.query("author_username").is_none_or(|who| who == talk.author)
            }),
            ("GET", ["merge_requests"]) => self.list(call, |call, talk| {
                let branch = call.query("source_branch");
                talk.merge
                    .as_ref()
                    .is_some_and(|merge| branch.is_none_or(|one| one == merge.branch))
            }),
            ("POST", ["merge_requests", iid, "discussions"]) => self.discuss(call, iid),
            ("POST", ["issues"]) => self.make_issue(call),
            ("POST", ["uploads"]) => self.upload(call),
            ("POST", ["merge_requests"]) => self.make_merge(call),
            (method, [kind @ ("issues" | "merge_requests"), iid, rest @ ..]) => {
                let merge = *kind == "merge_requests";
                let found = self
                    .talks
                    .iter()
                    .position(|talk| talk.iid.to_string() == *iid && talk.merge.is_some() == merge);
                match found {
                    Some(at) => self.talk_call(call, method, (at, rest)),
                    None => said(404, "404 Not found"),
                }
            }
            _ => self.git_call(call, &parts),
        }
    }

    fn list(&self, call: &Call<'_>, wanted: fn(&Call<'_>, &Talk) -> bool) -> Answer {
        let found = self.talks.iter().filter(|talk| wanted(call, talk));
        told(200, &Value::Array(found.map(|talk| self.view(talk)).collect()))
    }

    fn labels(call: &Call<'_>, name: &str) -> Vec<String> {
        call.text(name).unwrap_or_default().split(',').map(str::to_owned).collect()
    }

    /// A file, which stands in the project under an address that nobody guesses.
    fn upload(&mut self, call: &Call<'_>) -> Answer {
        let text = String::from_utf8_lossy(call.raw);
        let head = text.split_once("\r\n\r\n");
        let name = head.and_then(|(head, _)| head.split_once("filename=\"")?.1.split('"').next());
        let content = head.and_then(|(_, rest)| Some(rest.rsplit_once("\r\n--quell-file-")?.0));
        let (Some(name), Some(content)) = (name, content) else {
            return told(400, &json!({"error": "file is missing"}));
        };
        let secret = format!("{:032x}", self.uploads.len() + 0xabc);
        let url = format!("/uploads/{secret}/{name}");
        self.uploads.push((url.clone(), content.to_owned()));
        let markdown = format!("[{name}]({url})");
        told(
            201,
            &json!({"id": 5, "alt": name, "url": url, "markdown": markdown,
                "full_path": format!("/-/project/42{url}")}),
        )
    }

    fn make_issue(&mut self, call: &Call<'_>) -> Answer {
        let (title, text) = (call.text("title"), call.text("description"));
        let (title, text) = (title.unwrap_or_default(), text.unwrap_or_default());
        let iid = self.open((title, text), GitlabDouble::LOGIN, call.now);
        let labels = Self::labels(call, "labels");
        let due = call.text("due_date").map(str::to_owned);
        let Some(talk) = self.talk_mut(iid) else { return said(500, "") };
        (talk.labels, talk.due) = (labels, due);
        let talk = talk.clone();
        told(201, &self.view(&talk))
    }

    fn make_merge(&mut self, call: &Call<'_>) -> Answer {
        if self.level < 30 {
            return said(403, "403 Forbidden");
        }
        let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
        let (branch, base) = (text("source_branch"), text("target_branch"));
        let Some(head) = self.git.heads.get(&branch).cloned() else {
            return told(400, &json!({"message": {"source_branch": ["does not exist"]}}));
        };
        let is_open = |talk: &&Talk| {
            talk.state == "opened" && talk.merge.as_ref().is_some_and(|m| m.branch == branch)
        };
        if let Some(other) = self.talks.iter().find(is_open) {
            let why = format!(
                "Another open merge request already exists for this source branch: !{}",
                other.iid
            );
            return told(409, &json!({"message": [why]}));
        }
        let iid = self.open((&text("title"), &text("description")), GitlabDouble::LOGIN, call.now);
        let labels = Self::labels(call, "labels");
        let Some(talk) = self.talk_mut(iid) else { return said(500, "") };
        talk.labels = labels;
        talk.merge = Some(Merge { branch, base, head, commit: None });
        let talk = talk.clone();
        told(201, &self.view(&talk))
    }

    /// A note on a line, which the merge request has to add.
    fn discuss(&mut self, call: &Call<'_>, iid: &str) -> Answer {
        let text = |pointer: &str| call.body.pointer(pointer).and_then(Value::as_str);
        let path = text("/position/new_path").unwrap_or_default().to_owned();
        let line = call.body.pointer("/position/new_line").and_then(Value::as_u64);
        let found = self.talks.iter().find(|talk| talk.iid.to_string() == iid);
        let Some(merge) = found.and_then(|talk| talk.merge.as_ref()) else {
            return said(404, "404 Not found");
        };
        let (base, head) = (self.git.heads.get(&merge.base), self.git.heads.get(&merge.branch));
        let (Some(base), Some(head)) = (base, head) else { return said(404, "404 Not found") };
        let fits = text("/position/base_sha") == Some(base)
            && text("/position/start_sha") == Some(base)
            && text("/position/head_sha") == Some(head);
        let is_new = self.git.brings(base, head).0.contains(&path);
        let Some(line) = line.filter(|line| *line > 0 && fits && is_new) else {
            let why = "Note {:line_code=>[\"can't be blank\", \"must be a valid line code\"]}";
            return said(400, &format!("400 Bad request - {why}"));
        };
        let body = call.text("body").unwrap_or_default().to_owned();
        if let Some(talk) = self.talks.iter_mut().find(|talk| talk.iid.to_string() == iid) {
            talk.discussions.push((path, line, body));
        }
        told(201, &json!({"id": "d"}))
    }

    fn talk_call(&mut self, call: &Call<'_>, method: &str, (at, rest): (usize, &[&str])) -> Answer {
        let Some(talk) = self.talks.get_mut(at) else { return said(404, "404 Not found") };
        match (method, rest) {
            ("GET", []) => {}
            ("GET", ["notes"]) => {
                let notes = talk.notes.iter().rev().map(|text| json!({"body": text}));
                return told(200, &Value::Array(notes.collect()));
            }
            ("GET", ["discussions"]) => {
                let all = talk.discussions.iter().map(|(_, _, text)| {
                    json!({"id": "d", "notes": [{"body": text, "type": "DiffNote"}]})
                });
                return told(200, &Value::Array(all.collect()));
            }
            ("POST", ["notes"]) => {
                let text = call.text("body").unwrap_or_default().to_owned();
                talk.notes.push(text.clone());
                return told(201, &json!({"id": 1, "body": text}));
            }
            ("PUT", []) => talk.change(call),
            _ => return said(404, "404 Not Found"),
        }
        let talk = talk.clone();
        told(200, &self.view(&talk))
    }
}

impl Talk {
    fn change(&mut self, call: &Call<'_>) {
        if let Some(title) = call.text("title") {
            title.clone_into(&mut self.title);
        }
        if let Some(text) = call.text("description") {
            text.clone_into(&mut self.text);
        }
        for label in Lab::labels(call, "add_labels") {
            if !label.is_empty() && !self.labels.contains(&label) {
                self.labels.push(label);
            }
        }
        match call.text("state_event") {
            Some("close") if self.state == "opened" => {
                "closed".clone_into(&mut self.state);
                self.ended = Some((GitlabDouble::LOGIN.to_owned(), call.now.to_owned()));
            }
            Some("reopen") if self.state == "closed" => {
                "opened".clone_into(&mut self.state);
                self.ended = None;
            }
            _ => {}
        }
    }
}
