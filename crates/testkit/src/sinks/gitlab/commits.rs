//! Branches, files, comparisons and commits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::calls::Call;
use super::{GitlabDouble, Lab, said, told};
use crate::net::Answer;

impl Lab {
    pub(super) fn git_call(&mut self, call: &Call<'_>, parts: &[&str]) -> Answer {
        match (call.method, parts) {
            ("GET", ["repository", "branches", name]) => match self.git.head(name) {
                Some((sha, commit)) => told(
                    200,
                    &json!({"name": name, "commit": {
                        "id": sha, "message": commit.message, "author_name": commit.author,
                        "author_email": format!("{}@acme.example", commit.author),
                        "committer_email": format!("{}@acme.example", commit.committer),
                        "authored_date": commit.authored.to_string(),
                        "committed_date": commit.at.to_string(),
                    }}),
                ),
                None => said(404, "404 Branch Not Found"),
            },
            ("GET", ["repository", "files", path]) => {
                let at = call.query("ref").unwrap_or("main");
                let files = self.git.files(at);
                match files.and_then(|files| files.get(*path)) {
                    Some(file) => {
                        let text = self.git.text(&file.blob).unwrap_or_default();
                        told(
                            200,
                            &json!({"file_path": path, "blob_id": file.blob, "ref": at,
                                "encoding": "base64", "content": STANDARD.encode(text)}),
                        )
                    }
                    None => said(404, "404 File Not Found"),
                }
            }
            ("GET", ["repository", "compare"]) => {
                let (from, to) = (call.query("from"), call.query("to"));
                let paths = self.git.changed(from.unwrap_or_default(), to.unwrap_or_default());
                let diffs: Vec<Value> =
                    paths.iter().map(|path| json!({"new_path": path})).collect();
                told(200, &json!({"diffs": diffs}))
            }
            ("POST", ["repository", "commits"]) => self.make_commit(call),
            ("GET", ["repository", "commits", sha, "statuses"]) => {
                let of = self.statuses.iter().filter(|(commit, _)| commit == sha);
                told(200, &Value::Array(of.map(|(_, status)| status.clone()).collect()))
            }
            ("POST", ["statuses", sha]) => self.make_status(call, sha),
            _ => said(404, "404 Not Found"),
        }
    }

    /// A status does not move to the state that it has.
    fn make_status(&mut self, call: &Call<'_>, sha: &str) -> Answer {
        if self.level < 30 {
            return said(403, "403 Forbidden");
        }
        if self.git.commit(sha).is_none() {
            return said(404, "404 Commit Not Found");
        }
        let state = call.text("state").unwrap_or_default();
        let last = self.statuses.iter().rev().find(|(commit, _)| commit == sha);
        if last
            .is_some_and(|(_, status)| status.get("state").and_then(Value::as_str) == Some(state))
        {
            return said(400, &format!("Cannot transition status via :enqueue from :{state}"));
        }
        self.statuses.push((sha.to_owned(), call.body.clone()));
        told(201, &call.body)
    }

    fn make_commit(&mut self, call: &Call<'_>) -> Answer {
        let branch = call.text("branch").unwrap_or_default();
        if self.level < 30 {
            return said(403, "403 Forbidden");
        }
        if self.protected.iter().any(|beginning| branch.starts_with(beginning)) {
            return said(400, "You are not allowed to push into this branch");
        }
        let start = call.text("start_sha");
        let parent = match (self.git.heads.get(branch).cloned(), start) {
            (Some(_), Some(_)) => {
                let why = format!(
                    "A branch called '{branch}' already exists. Switch to that branch in order to make changes"
                );
                return said(400, &why);
            }
            (Some(head), None) => head,
            (None, Some(start)) => start.to_owned(),
            (None, None) => {
                return said(400, "You can only create or edit files when you are on a branch");
            }
        };
        let Some(mut tree) = self.git.files(&parent).cloned() else {
            return said(400, "Invalid start_sha");
        };
        for action in call.body.get("actions").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| action.get(name).and_then(Value::as_str).unwrap_or_default();
            let (path, kind) = (text("file_path"), text("action"));
            let runs = action.get("execute_filemode").and_then(Value::as_bool) == Some(true);
            let mode = if runs { "100755" } else { "100644" };
            let there = tree.get(path).cloned();
            match (kind, there) {
                ("create", Some(_)) => return said(400, "A file with this name already exists"),
                ("update" | "chmod", None) => {
                    return said(400, "A file with this name doesn't exist");
                }
                ("create", None) => {
                    let file = self.git.file(text("content"), runs);
                    tree.insert(path.to_owned(), file);
                }
                ("update", Some(before)) => {
                    let mut file = self.git.file(text("content"), false);
                    file.mode = before.mode;
                    tree.insert(path.to_owned(), file);
                }
                ("chmod", Some(mut file)) => {
                    mode.clone_into(&mut file.mode);
                    tree.insert(path.to_owned(), file);
                }
                _ => return said(400, "Unknown action"),
            }
        }
        let tree = self.git.put_tree(tree);
        let message = call.text("commit_message").unwrap_or_default();
        let sha = self.git.put_commit(&tree, &[parent], message, GitlabDouble::LOGIN);
        self.git.heads.insert(branch.to_owned(), sha.clone());
        told(201, &json!({"id": sha, "message": message}))
    }
}
