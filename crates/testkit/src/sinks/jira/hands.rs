//! What people do in Jira.

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::JiraDouble;
use super::issue::{JiraComment, JiraIssue};

/// A person who is not the login.
const SOMEBODY: &str = "account-ana";

impl JiraDouble {
    /// All issues that are there.
    #[must_use]
    pub fn issues(&self) -> Vec<JiraIssue> {
        self.kept().issues.values().filter(|issue| !issue.gone).cloned().collect()
    }

    /// How many those are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.kept().issues.values().filter(|issue| !issue.gone).count()
    }

    /// One of them.
    #[must_use]
    pub fn one(&self, id: &str) -> Option<JiraIssue> {
        self.issues().into_iter().find(|issue| issue.id.to_string() == id)
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut JiraIssue)) {
        let mut kept = self.kept();
        if let Some(issue) = kept.issues.values_mut().find(|issue| issue.id.to_string() == id) {
            change(issue);
        }
    }

    /// The index of searches catches up with what is new.
    pub fn index(&self) {
        self.kept().issues.values_mut().for_each(|issue| issue.unseen = 0);
    }

    /// Somebody closes it.
    pub fn close_by_hand(&self, id: &str, resolution: &str) {
        let now = self.now();
        let resolution = Some(resolution.to_owned());
        self.change(id, |issue| issue.moved("done", resolution, (&now, SOMEBODY)));
    }

    /// Somebody begins with it.
    pub fn begin_by_hand(&self, id: &str) {
        let now = self.now();
        self.change(id, |issue| issue.moved("indeterminate", None, (&now, SOMEBODY)));
    }

    /// Somebody deletes it.
    pub fn delete(&self, id: &str) {
        self.change(id, |issue| issue.gone = true);
    }

    /// Somebody archives it.
    pub fn archive(&self, id: &str) {
        self.change(id, |issue| issue.archived = true);
    }

    /// Somebody moves it to another project: its key changes.
    pub fn move_to(&self, id: &str, key: &str) {
        self.change(id, |issue| key.clone_into(&mut issue.key));
    }

    /// Somebody changes a field.
    pub fn edit_by_hand(&self, id: &str, field: &str, value: Value) {
        self.change(id, |issue| {
            issue.fields.insert(field.to_owned(), value);
        });
    }

    /// Somebody comments.
    pub fn comment_by_hand(&self, id: &str, body: Value) {
        self.change(id, |issue| {
            let comment = JiraComment { id: 1, author: SOMEBODY.to_owned(), body, public: true };
            issue.comments.push(comment);
        });
    }

    /// Somebody copies it. A copy has the labels and not the properties, and here it is the older one.
    pub fn copy_before(&self, id: &str) {
        let mut kept = self.kept();
        let found = kept.issues.values().find(|issue| issue.id.to_string() == id).cloned();
        let Some(mut copy) = found else { return };
        copy.id = 1;
        copy.key = format!("{}-1", kept.settings.project);
        copy.properties.clear();
        kept.issues.insert(1, copy);
    }

    /// What Jira posts when an issue changed: headers and body.
    #[must_use]
    pub fn webhook(&self, id: &str, secret: &str) -> (Vec<(String, String)>, Vec<u8>) {
        let issue = self.one(id).map(|issue| issue.told());
        let body = json!({"timestamp": 1, "webhookEvent": "jira:issue_updated", "issue": issue});
        let body = body.to_string().into_bytes();
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mut mac| {
            mac.update(&body);
            mac.finalize().into_bytes()
        });
        let hex: String = mac.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
        let headers = vec![
            ("x-hub-signature".to_owned(), format!("sha256={hex}")),
            ("x-atlassian-webhook-identifier".to_owned(), "delivery-1".to_owned()),
        ];
        (headers, body)
    }
}
