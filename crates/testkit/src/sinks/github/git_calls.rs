//! Branches, files, trees, commits and references; check runs and SARIF.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::calls::Call;
use super::state::{Hub, Sarif};
use super::{invalid, said, told};
use crate::net::Answer;

impl Hub {
    pub(super) fn git_call(&mut self, call: &Call<'_>, parts: &[&str]) -> Answer {
        match (call.method, parts) {
            ("GET", ["branches", name]) => self
                .branch_view(name)
                .map_or_else(|| said(404, "Branch not found"), |v| told(200, &v)),
            ("GET", ["contents", path @ ..]) => self.contents(call, &path.join("/")),
            ("GET", ["git", "commits", sha]) => match self.git.commit(sha) {
                Some(commit) => told(
                    200,
                    &json!({"sha": sha, "message": commit.message, "tree": {"sha": commit.tree}}),
                ),
                None => said(404, "Not Found"),
            },
            ("POST", ["git", "trees"]) => self.make_tree(call),
            ("POST", ["git", "commits"]) => self.make_commit(call),
            ("POST", ["git", "refs"]) => self.make_reference(call),
            ("PATCH", ["git", "refs", "heads", name @ ..]) => {
                self.move_reference(call, &name.join("/"))
            }
            ("POST", ["check-runs"]) => self.make_check(call),
            ("PATCH", ["check-runs", id]) => self.change_check(call, id),
            ("GET", ["commits", sha, "check-runs"]) => self.checks_of(sha),
            ("POST", ["code-scanning", "sarifs"]) => self.take_sarif(call),
            ("GET", ["code-scanning", "sarifs", id]) => self.sarif_state(id),
            _ => said(404, "Not Found"),
        }
    }

    fn contents(&self, call: &Call<'_>, path: &str) -> Answer {
        let at = call.query("ref").unwrap_or("main");
        let Some(files) = self.git.files(at) else {
            return said(404, &format!("No commit found for the ref {at}"));
        };
        if let Some(file) = files.get(path) {
            let text = self.git.text(&file.blob).unwrap_or_default();
            return told(
                200,
                &json!({"type": "file", "path": path, "sha": file.blob, "size": text.len(),
                    "encoding": "base64", "content": STANDARD.encode(text)}),
            );
        }
        let below = format!("{path}/");
        let inside: Vec<Value> = files
            .keys()
            .filter(|one| one.starts_with(&below))
            .map(|one| json!({"type": "file", "path": one}))
            .collect();
        if inside.is_empty() { said(404, "Not Found") } else { told(200, &Value::Array(inside)) }
    }

    fn make_tree(&mut self, call: &Call<'_>) -> Answer {
        let base = call.text("base_tree").unwrap_or_default();
        let Some(mut tree) = self.git.tree(base).cloned() else {
            return said(404, "Not Found");
        };
        for entry in call.body.get("tree").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
            let path = text("path");
            if path.starts_with('/')
                || path.split('/').any(|p| matches!(p, "" | "." | ".." | ".git"))
            {
                return said(422, "tree.path contains a malformed path component");
            }
            let file = self.git.file(text("content"), text("mode") == "100755");
            tree.insert(path.to_owned(), file);
        }
        let sha = self.git.put_tree(tree);
        told(201, &json!({"sha": sha}))
    }

    fn make_commit(&mut self, call: &Call<'_>) -> Answer {
        let tree = call.text("tree").unwrap_or_default();
        let parents = call.body.get("parents").and_then(Value::as_array).into_iter().flatten();
        let parents: Vec<String> = parents.filter_map(|p| p.as_str().map(str::to_owned)).collect();
        let known = parents.iter().all(|parent| self.git.commit(parent).is_some());
        if self.git.tree(tree).is_none() || !known {
            return said(422, "Tree SHA does not exist");
        }
        let message = call.text("message").unwrap_or_default();
        let sha = self.git.put_commit(tree, &parents, message, &call.who);
        told(201, &json!({"sha": sha, "message": message, "tree": {"sha": tree}}))
    }

    /// Why a commit may not stand on a branch.
    fn refused(&self, branch: &str, commit: &str) -> Option<Answer> {
        if self.protected.iter().any(|beginning| branch.starts_with(beginning)) {
            return Some(said(
                422,
                "Repository rule violations found\n\nCannot create ref due to creations being restricted.",
            ));
        }
        let main = self.git.heads.get("main").cloned().unwrap_or_default();
        let brings = self.git.changed(&main, commit);
        let steers = brings.iter().any(|path| path.starts_with(".github/workflows/"));
        if steers && !self.rights.contains("workflows") {
            return Some(said(
                403,
                "refusing to allow a GitHub App to create or update workflow without `workflows` permission",
            ));
        }
        None
    }

    fn make_reference(&mut self, call: &Call<'_>) -> Answer {
        let name = call.text("ref").unwrap_or_default();
        let Some(branch) = name.strip_prefix("refs/heads/") else {
            return said(422, "Reference name must start with 'refs'");
        };
        let sha = call.text("sha").unwrap_or_default();
        if self.git.commit(sha).is_none() {
            return said(422, "Object does not exist");
        }
        if self.git.heads.contains_key(branch) {
            return said(422, "Reference already exists");
        }
        if let Some(answer) = self.refused(branch, sha) {
            return answer;
        }
        self.git.heads.insert(branch.to_owned(), sha.to_owned());
        told(201, &json!({"ref": name, "object": {"sha": sha, "type": "commit"}}))
    }

    fn move_reference(&mut self, call: &Call<'_>, branch: &str) -> Answer {
        let sha = call.text("sha").unwrap_or_default();
        let Some(head) = self.git.heads.get(branch).cloned() else {
            return said(422, "Reference does not exist");
        };
        let force = call.body.get("force").and_then(Value::as_bool) == Some(true);
        if !force && !self.git.ancestors(sha).contains(&head) {
            return said(422, "Update is not a fast forward");
        }
        if let Some(answer) = self.refused(branch, sha) {
            return answer;
        }
        self.git.heads.insert(branch.to_owned(), sha.to_owned());
        told(200, &json!({"object": {"sha": sha}}))
    }

    fn make_check(&mut self, call: &Call<'_>) -> Answer {
        if !call.who.ends_with("[bot]") {
            return said(403, "You must authenticate via a GitHub App.");
        }
        let notes = call.body.pointer("/output/annotations").and_then(Value::as_array);
        if notes.is_some_and(|notes| notes.len() > 50) {
            return invalid("CheckRun", "No more than 50 annotations can be sent at once");
        }
        let id = self.number();
        let mut run = call.body.clone();
        let count = notes.map_or(0, Vec::len);
        if let Some(fields) = run.as_object_mut() {
            fields.insert("id".to_owned(), json!(id));
        }
        if let Some(output) = run.get_mut("output").and_then(Value::as_object_mut) {
            output.insert("annotations_count".to_owned(), json!(count));
        }
        self.check_runs.push(run.clone());
        told(201, &run)
    }

    fn change_check(&mut self, call: &Call<'_>, id: &str) -> Answer {
        let same = |run: &&mut Value| run.get("id").map(Value::to_string).as_deref() == Some(id);
        let Some(run) = self.check_runs.iter_mut().find(same) else {
            return said(404, "Not Found");
        };
        let more = call.body.pointer("/output/annotations").and_then(Value::as_array).cloned();
        let mut all = run
            .pointer("/output/annotations")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        if more.as_ref().is_some_and(|more| more.len() > 50) {
            return invalid("CheckRun", "No more than 50 annotations can be sent at once");
        }
        all.extend(more.unwrap_or_default());
        if let (Some(fields), Some(new)) = (run.as_object_mut(), call.body.as_object()) {
            fields.extend(new.clone());
        }
        if let Some(output) = run.get_mut("output").and_then(Value::as_object_mut) {
            output.insert("annotations_count".to_owned(), json!(all.len()));
            output.insert("annotations".to_owned(), Value::Array(all));
        }
        told(200, run)
    }

    fn checks_of(&self, sha: &str) -> Answer {
        let of = |run: &&Value| run.get("head_sha").and_then(Value::as_str) == Some(sha);
        let runs: Vec<Value> = self.check_runs.iter().filter(of).cloned().collect();
        told(200, &json!({"total_count": runs.len(), "check_runs": runs}))
    }

    fn take_sarif(&mut self, call: &Call<'_>) -> Answer {
        let packed = STANDARD.decode(call.text("sarif").unwrap_or_default()).unwrap_or_default();
        if packed.len() > 10 << 20 {
            return said(413, "The file is too large");
        }
        let mut text = String::new();
        if flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).is_err() {
            return said(400, "Invalid SARIF. Not gzip'd");
        }
        let id = format!("47177e22-5596-11eb-80a1-{:012}", self.number());
        self.sarifs.push(Sarif { id: id.clone(), text, asked: 0 });
        told(202, &json!({"id": id, "url": format!("/repos/acme/shop/code-scanning/sarifs/{id}")}))
    }

    /// It is worked on at the first look, and done at the second.
    fn sarif_state(&mut self, id: &str) -> Answer {
        let Some(sarif) = self.sarifs.iter_mut().find(|sarif| sarif.id == id) else {
            return said(404, "Not Found");
        };
        sarif.asked += 1;
        if sarif.asked < 2 {
            return told(200, &json!({"processing_status": "pending", "analyses_url": null}));
        }
        let body: Value = serde_json::from_str(&sarif.text).unwrap_or_default();
        if body.get("runs").is_none() {
            return told(200, &json!({"processing_status": "failed", "errors": ["no runs"]}));
        }
        told(200, &json!({"processing_status": "complete"}))
    }
}
