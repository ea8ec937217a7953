//! Jira: one project with a workflow, as Cloud (API v3) or Data Center (API v2).

mod calls;
mod hands;
mod issue;
mod screen;
mod seek;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quell_model::Clock;
use serde_json::{Value, json};

use super::{Contract, held};
use crate::double::Platform;
use crate::net::{Answer, Asked};

pub(in crate::sinks) use calls::file;
pub use issue::{JiraComment, JiraIssue};

/// All rights that the sink uses.
pub const JIRA_RIGHTS: [&str; 7] = [
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ADD_COMMENTS",
    "TRANSITION_ISSUES",
    "CREATE_ATTACHMENTS",
    "LINK_ISSUES",
];

/// How the project's workflow closes issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JiraWorkflow {
    /// Each status leads to each.
    Plain,
    /// The screen of the way to done asks for a resolution, one of these.
    Resolution(Vec<&'static str>),
    /// The screen of the way to done asks for a field of this id.
    Field(&'static str),
    /// Nothing leads to done.
    Endless,
    /// Nothing leads out of done.
    Final,
}

/// What a test may set.
#[derive(Debug, Clone)]
pub struct JiraSettings {
    /// Whether it is Data Center.
    pub data_center: bool,
    /// The user of the login; empty for a token that stands alone.
    pub user: String,
    /// The secret of the login.
    pub token: String,
    /// Who the login is.
    pub me: String,
    /// What the login may do.
    pub rights: BTreeSet<&'static str>,
    /// Fields on the screen for new issues, beside those that are always there.
    pub screen: BTreeSet<&'static str>,
    /// Custom fields that new issues need, with their names.
    pub required: BTreeMap<&'static str, &'static str>,
    /// People that issues can be assigned to.
    pub people: BTreeSet<&'static str>,
    /// Priorities.
    pub priorities: Vec<&'static str>,
    /// How issues are closed.
    pub workflow: JiraWorkflow,
    /// How many searches do not know a new issue yet.
    pub lag: u32,
    /// For how many seconds searches do not know a new issue yet.
    pub lag_seconds: i64,
    /// Whether the project is archived.
    pub archived: bool,
    /// The project's key.
    pub project: String,
}

impl Default for JiraSettings {
    fn default() -> Self {
        Self {
            data_center: false,
            user: "quell@example.com".to_owned(),
            token: "jira-token-of-the-double".to_owned(),
            me: "5b10a2844c20165700ede21g".to_owned(),
            rights: JIRA_RIGHTS.into(),
            screen: ["labels", "priority", "duedate", "assignee"].into(),
            required: BTreeMap::new(),
            people: ["account-ana", "account-ben"].into(),
            priorities: vec!["Highest", "High", "Medium", "Low", "Lowest"],
            workflow: JiraWorkflow::Plain,
            lag: 0,
            lag_seconds: 0,
            archived: false,
            project: "SEC".to_owned(),
        }
    }
}

/// The double.
pub struct JiraDouble {
    pub(in crate::sinks) clock: Arc<dyn Clock>,
    contracts: Vec<Contract>,
    kept: Mutex<Kept>,
}

pub(in crate::sinks) struct Kept {
    pub(in crate::sinks) settings: JiraSettings,
    pub(in crate::sinks) issues: BTreeMap<u64, JiraIssue>,
    pub(in crate::sinks) next: u64,
    /// What was made after this searches do not know yet.
    pub(in crate::sinks) indexed_to: String,
    /// Files that are not attached to anything yet.
    pub(in crate::sinks) waiting: BTreeMap<String, (String, Vec<u8>)>,
}

/// What an answer is, or the answer that refuses.
pub(in crate::sinks) type Answered = Result<Answer, Answer>;

impl JiraDouble {
    /// One without issues.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let texts = [include_str!("contract.json"), include_str!("../jsm/contract.json")];
        let read = |text: &&str| serde_json::from_str(text).ok().map(|value| Contract::new(&value));
        let kept = Kept {
            settings: JiraSettings::default(),
            issues: BTreeMap::new(),
            next: 10_001,
            indexed_to: String::new(),
            waiting: BTreeMap::new(),
        };
        Self { clock, contracts: texts.iter().filter_map(read).collect(), kept: Mutex::new(kept) }
    }

    /// Changes what it does.
    pub fn set(&self, change: impl FnOnce(&mut JiraSettings)) {
        change(&mut self.kept().settings);
    }

    /// What it is set to.
    #[must_use]
    pub fn settings(&self) -> JiraSettings {
        self.kept().settings.clone()
    }

    pub(in crate::sinks) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jira's way to write the time.
    pub(in crate::sinks) fn now(&self) -> String {
        self.ago(0)
    }

    fn ago(&self, seconds: i64) -> String {
        let now = self.clock.now();
        let at = now.checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now);
        at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
    }

    /// Refuses what neither description allows.
    fn allowed(&self, asked: &Asked) -> Result<(), Answer> {
        let desk = asked.path.starts_with("/rest/servicedeskapi");
        let contract = self.contracts.get(usize::from(desk));
        let why = contract.and_then(|contract| contract.refused(asked));
        why.map_or(Ok(()), |why| Err(refused(400, &[&why], &json!({}))))
    }
}

impl Platform for JiraDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        // The vendor's files describe Cloud alone, and no rights of a login. A file's form has no
        // body in them, though it needs one.
        if asked.path.contains("/rest/servicedeskapi/") {
            return held::undescribed("jsm", &["*/attachTemporaryFile*"], asked);
        }
        held::undescribed("jira", &["* /rest/api/2/*", "*/mypermissions*"], asked)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let answered = self.allowed(asked).and_then(|()| self.routed(asked));
        let date = self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let answer = answered.unwrap_or_else(|refused| refused);
        answer.header("content-type", "application/json").header("date", &date)
    }
}

impl JiraDouble {
    fn routed(&self, asked: &Asked) -> Answered {
        let now = self.now();
        let kept = &mut *self.kept();
        kept.indexed_to = self.ago(kept.settings.lag_seconds);
        kept.log_in(asked)?;
        let version = if kept.settings.data_center { "2" } else { "3" };
        let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["rest", "api", known, below @ ..] if *known == version => {
                calls::routed(kept, (asked, below), &now)
            }
            ["rest", "servicedeskapi", below @ ..] => {
                super::jsm::routed(kept, (asked, below), &now)
            }
            _ => Err(refused(404, &["null for uri"], &json!({}))),
        }
    }
}

impl Kept {
    fn log_in(&self, asked: &Asked) -> Result<(), Answer> {
        let JiraSettings { user, token, .. } = &self.settings;
        let wanted = if user.is_empty() {
            format!("Bearer {token}")
        } else {
            format!("Basic {}", STANDARD.encode(format!("{user}:{token}")))
        };
        if asked.header("authorization") == Some(&wanted) {
            return Ok(());
        }
        Err(refused(401, &["Client must be authenticated to access this resource."], &json!({})))
    }

    /// Refuses what the login may not do.
    pub(in crate::sinks) fn need(&self, right: &str) -> Result<(), Answer> {
        if self.settings.rights.contains(right) {
            return Ok(());
        }
        let said = format!("You do not have the permission {right}");
        Err(refused(403, &[&said], &json!({})))
    }

    /// An issue by its id or key.
    pub(in crate::sinks) fn issue(&mut self, name: &str) -> Result<&mut JiraIssue, Answer> {
        self.need("BROWSE_PROJECTS").map_err(|_| not_there())?;
        let named = |issue: &&mut JiraIssue| issue.id.to_string() == name || issue.key == name;
        self.issues.values_mut().find(named).filter(|issue| !issue.gone).ok_or_else(not_there)
    }
}

/// Jira's way to refuse: sentences, and fields with what is wrong with them.
pub(in crate::sinks) fn refused(status: u16, said: &[&str], fields: &Value) -> Answer {
    Answer::new(status, json!({"errorMessages": said, "errors": fields}).to_string())
}

/// What is said of an issue that is not there or may not be seen.
pub(in crate::sinks) fn not_there() -> Answer {
    refused(404, &["Issue does not exist or you do not have permission to see it."], &json!({}))
}

/// A body of JSON.
pub(in crate::sinks) fn body(asked: &Asked) -> Result<Value, Answer> {
    serde_json::from_slice(&asked.body)
        .map_err(|_| refused(400, &["There is no JSON."], &json!({})))
}

pub(in crate::sinks) fn answer(value: &Value) -> Answer {
    Answer::new(200, value.to_string())
}

impl fmt::Debug for JiraDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JiraDouble")
    }
}
