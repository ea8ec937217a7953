//! Things as the API shows them.

use serde_json::{Value, json};

use super::state::{Hub, Talk};

/// Where people look.
const WEB: &str = "https://github.example";

fn user(login: &str) -> Value {
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    json!({"login": login, "type": kind})
}

impl Hub {
    pub(super) fn repository_view(&self) -> Value {
        json!({
            "id": 1, "name": self.name, "full_name": format!("acme/{}", self.name),
            "private": true, "archived": self.archived, "default_branch": "main", "has_issues": true,
            "permissions": {"admin": false, "push": self.rights.contains("contents"), "pull": true},
        })
    }

    pub(super) fn issue_view(&self, talk: &Talk) -> Value {
        let kind = if talk.pull.is_some() { "pull" } else { "issues" };
        let url = format!("{WEB}/acme/{}/{kind}/{}", self.name, talk.number);
        let mut view = json!({
            "id": talk.number + 9_000, "number": talk.number, "title": talk.title, "body": talk.body,
            "state": talk.state, "state_reason": talk.reason, "user": user(&talk.author),
            "labels": talk.labels.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
            "assignees": talk.assignees.iter().map(|login| user(login)).collect::<Vec<_>>(),
            "created_at": talk.created, "html_url": url, "comments": talk.comments.len(),
            "closed_at": talk.closed.as_ref().map(|(_, at)| at.clone()),
            "closed_by": talk.closed.as_ref().map(|(who, _)| user(who)),
        });
        if let (Some(fields), true) = (view.as_object_mut(), talk.pull.is_some()) {
            fields.insert("pull_request".to_owned(), json!({"html_url": url}));
        }
        view
    }

    pub(super) fn pull_view(&self, talk: &Talk) -> Option<Value> {
        let pull = talk.pull.as_ref()?;
        let head = if talk.state == "open" {
            self.git.heads.get(&pull.branch).unwrap_or(&pull.head)
        } else {
            &pull.head
        };
        let base = self.git.heads.get(&pull.base).cloned().unwrap_or_default();
        let conflicts = self.git.brings(&base, head).1;
        let open = talk.state == "open";
        let mut view = self.issue_view(talk);
        let fields = view.as_object_mut()?;
        fields.remove("pull_request");
        fields.remove("closed_by");
        let merged = pull.merged.as_ref();
        let more = json!({
            "draft": pull.draft, "merged": merged.is_some(),
            "merged_at": merged.map(|(_, at, _)| at.clone()),
            "merged_by": merged.map(|(who, _, _)| user(who)),
            "merge_commit_sha": merged.map(|(_, _, sha)| sha.clone()),
            "mergeable": open.then_some(!conflicts),
            "head": {"ref": pull.branch, "sha": head, "label": format!("acme:{}", pull.branch)},
            "base": {"ref": pull.base, "sha": base, "repo": self.repository_view()},
        });
        fields.extend(more.as_object().cloned()?);
        Some(view)
    }

    pub(super) fn branch_view(&self, name: &str) -> Option<Value> {
        let (sha, commit) = self.git.head(name)?;
        Some(json!({
            "name": name, "protected": false,
            "commit": {
                "sha": sha, "author": user(&commit.author), "committer": user(&commit.committer),
                "parents": commit.parents.iter().map(|sha| json!({"sha": sha})).collect::<Vec<_>>(),
                "commit": {"message": commit.message, "tree": {"sha": commit.tree},
                    "author": {"name": commit.author}},
            },
        }))
    }
}
