//! Wiz: one GraphQL endpoint behind a login, as a tenant's schema describes it.
//!
//! Documents are validated against the schema, so that a field, an argument or a filter that Wiz
//! does not have is refused. What it enforces beside that is what public connectors and Wiz's
//! tutorials tell: tokens that end, pages of at most 500, rights by root field, the rules for the
//! status of an issue.

mod filter;
mod graphql;
mod hooks;
mod lists;
mod login;
mod records;
#[cfg(test)]
mod tests;
mod words;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use quell_model::{Clock, Timestamp};
use serde_json::{Value, json};

use super::{Platform, World};
use crate::net::{Answer, Asked};
use graphql::{Answered, Engine, Refusal};
pub use hooks::{HOOK_TOKEN, Hook};
use lists::Index;

/// The schema that documents are held to.
pub const SCHEMA: &str = include_str!("../../../data/wiz.graphql");

/// The id of the service account, and its secret.
pub const KEY: (&str, &str) = ("wiz-client-id", "wiz-client-s3cret-that-nobody-may-see");

/// All rights that the double knows.
pub const RIGHTS: &[&str] = &[
    "read:issues",
    "read:threat_issues",
    "read:cloud_configuration",
    "read:vulnerabilities",
    "read:detections",
    "read:resources",
    "read:projects",
    "read:excessive_access_findings",
    "read:network_exposure",
    "read:service_accounts",
    "write:issue_status",
    "write:issue_ignore",
    "write:threat_issue_status",
    "write:issue_comments",
    "write:threat_issue_comments",
    "write:service_ticket",
    "update:cloud_configuration",
    "update:vulnerabilities",
    "create:ignore_rules",
];

/// How the tenant behaves.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Whose data it is.
    pub tenant: String,
    /// The data centre that tokens name.
    pub data_center: String,
    /// How long a token lives.
    pub token_seconds: i64,
    /// How many requests a token is good for.
    pub token_requests: Option<u32>,
    /// How long a cursor is known.
    pub cursor_seconds: Option<i64>,
    /// Whether pages in the middle come empty.
    pub empty_pages: bool,
    /// Whether what may be null is null.
    pub sparse: bool,
    /// The legacy realm, which wants another audience.
    pub legacy: bool,
    /// Most requests a second.
    pub per_second: usize,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            tenant: "7d0a3c52-9a1b-5d34-8c7e-000000000001".to_owned(),
            data_center: "us17".to_owned(),
            token_seconds: 86_400,
            token_requests: None,
            cursor_seconds: None,
            empty_pages: false,
            sparse: false,
            legacy: false,
            per_second: 10,
        }
    }
}

/// What people did to a record in Wiz.
#[derive(Debug, Clone, Default)]
pub struct Touch {
    /// Its status, where somebody set it.
    pub status: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When a rejection ends.
    pub until: Option<String>,
    /// Notes, oldest first.
    pub notes: Vec<String>,
    /// Tickets: name and address.
    pub tickets: Vec<(String, String)>,
    /// The rule that hides it.
    pub ignored_by: Option<String>,
    /// When the status changed.
    status_at: Option<Timestamp>,
    /// When anything changed.
    at: Option<Timestamp>,
}

/// What the double keeps.
#[derive(Debug)]
struct State {
    manner: Manner,
    rights: BTreeSet<String>,
    tokens: BTreeMap<String, login::Token>,
    issued: u32,
    touched: BTreeMap<(Kind, usize), Touch>,
    rules: Vec<Value>,
    index: Option<Arc<Index>>,
    changes: u64,
}

/// The records of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Issues.
    Issue,
    /// Configuration findings.
    Configuration,
    /// Vulnerability findings.
    Vulnerability,
    /// Detections.
    Detection,
    /// Cloud resources.
    Resource,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Issue, Self::Configuration, Self::Vulnerability, Self::Detection, Self::Resource];

    const fn code(self) -> u32 {
        match self {
            Self::Issue => 0x0155,
            Self::Configuration => 0x0cf1,
            Self::Vulnerability => 0x0cfe,
            Self::Detection => 0x0de7,
            Self::Resource => 0x0e50,
        }
    }

    /// The vendor's id of a record.
    #[must_use]
    pub fn id(self, number: usize) -> String {
        format!("{:08x}-0000-5000-8000-{number:012x}", self.code())
    }

    /// The number in the world of an id of this kind.
    #[must_use]
    pub fn number(self, id: &str) -> Option<usize> {
        let number = usize::from_str_radix(id.get(24..)?, 16).ok()?;
        (self.id(number) == id).then_some(number)
    }
}

/// A Wiz tenant that sees the world.
pub struct WizDouble {
    world: World,
    clock: Arc<dyn Clock>,
    engine: Engine,
    state: Mutex<State>,
}

impl WizDouble {
    /// A tenant with all rights.
    ///
    /// # Errors
    /// The schema is broken.
    pub fn new(world: World, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let state = State {
            manner: Manner::default(),
            rights: RIGHTS.iter().map(|right| (*right).to_owned()).collect(),
            tokens: BTreeMap::new(),
            issued: 0,
            touched: BTreeMap::new(),
            rules: Vec::new(),
            index: None,
            changes: 0,
        };
        Ok(Self { world, clock, engine: Engine::new(SCHEMA)?, state: Mutex::new(state) })
    }

    /// Whether a document fits the schema, as far as the double tells.
    ///
    /// # Errors
    /// It does not, and why.
    pub fn fits(&self, document: &str) -> Result<(), String> {
        self.engine.check(document)
    }

    /// Has it behave in another manner.
    pub fn behave(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.state().manner);
    }

    /// Takes a right away.
    pub fn take(&self, right: &str) {
        self.state().rights.remove(right);
    }

    /// Gives a right.
    pub fn give(&self, right: &str) {
        self.state().rights.insert(right.to_owned());
    }

    /// What people did to a record.
    #[must_use]
    pub fn touched(&self, kind: Kind, number: usize) -> Touch {
        self.state().touched.get(&(kind, number)).cloned().unwrap_or_default()
    }

    /// The ignore rules that were made.
    #[must_use]
    pub fn ignore_rules(&self) -> Vec<Value> {
        self.state().rules.clone()
    }

    /// How many tokens were given out.
    #[must_use]
    pub fn tokens(&self) -> u32 {
        self.state().issued
    }

    /// Ends all tokens at once.
    pub fn end_tokens(&self) {
        self.state().tokens.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the root field is answered with, for those who may ask for it.
    fn field(&self, name: &str, arguments: &Value) -> Answered {
        let (needs, any): (&[&str], bool) = login::needed(name);
        if !any {
            self.permit(needs)?;
        }
        match name {
            "serviceAccounts" => Ok(self.service_accounts()),
            _ if writes::WRITES.contains(&name) => self.change(name, arguments),
            _ => self.read(name, arguments),
        }
    }

    /// Refuses what none of these rights allows, in Wiz's words.
    fn permit(&self, any_of: &[&str]) -> Result<(), Refusal> {
        let state = self.state();
        let held = &state.rights;
        let all = |right: &&str| {
            right.split_once(':').is_some_and(|(verb, _)| held.contains(&format!("{verb}:all")))
        };
        if any_of.iter().any(|right| held.contains(*right) || all(right)) {
            return Ok(());
        }
        let verb = any_of.first().and_then(|right| right.split(':').next()).unwrap_or("read");
        let held: Vec<&str> = held.iter().map(String::as_str).collect();
        Err(Refusal {
            code: "FORBIDDEN",
            said: format!(
                "access denied, at least one of the following is required: [{verb}:all {}], your permissions: [{}]",
                any_of.join(" "),
                held.join(" ")
            ),
        })
    }

    fn service_accounts(&self) -> Value {
        let state = self.state();
        let rights: Vec<&String> = state.rights.iter().collect();
        json!({
            "nodes": [
                {"id": "sa-other", "name": "somebody else", "clientId": "other", "scopes": ["read:all"]},
                {"id": "sa-own", "name": "quell", "clientId": KEY.0, "scopes": rights},
            ],
            "totalCount": 2,
            "pageInfo": {"hasNextPage": false, "endCursor": null},
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Platform for WizDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        let answer = match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/oauth/token") => self.log_in(asked),
            ("POST", "/graphql") => match self.known_token(asked) {
                Ok(()) => {
                    let ask = |name: &str, arguments: &Value| self.field(name, arguments);
                    json_answer(200, &self.engine.run(&asked.body, &ask))
                }
                Err(answer) => answer,
            },
            ("GET", "/graphql") => json_answer(405, &json!({"message": "Method Not Allowed"})),
            _ => json_answer(404, &json!({"message": "Not Found"})),
        };
        answer.header("date", &date(self.now()))
    }

    fn limits(&self) -> Vec<(&'static str, usize, Duration)> {
        vec![("/graphql", self.state().manner.per_second, Duration::from_secs(1))]
    }
}

/// The date as HTTP writes it.
fn date(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string()).header("content-type", "application/json")
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

impl fmt::Debug for WizDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WizDouble")
    }
}
