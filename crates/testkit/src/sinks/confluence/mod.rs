//! Confluence: pages of one space, their properties, comments, labels and files.

mod hands;
mod pages;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quell_model::Clock;
use serde_json::{Value, json};

use super::{Contract, held};
use crate::double::Platform;
use crate::net::{Answer, Asked};

/// The space's key, and its id.
const SPACE: (&str, &str) = ("SEC", "98306");

/// A page.
#[derive(Debug, Clone, Default)]
pub struct ConfluencePage {
    /// Its title.
    pub title: String,
    /// Its text in the storage format.
    pub body: String,
    /// Its version.
    pub version: u64,
    /// `current`, `archived` or `trashed`.
    pub status: String,
    /// The property that the sink writes, with its version.
    pub property: Option<(Value, u64)>,
    /// Labels.
    pub labels: Vec<String>,
    /// Files by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Comments: who, and what in the storage format.
    pub comments: Vec<(String, String)>,
}

/// The double.
pub struct ConfluenceDouble {
    clock: Arc<dyn Clock>,
    contract: Contract,
    kept: Mutex<Kept>,
}

struct Kept {
    user: String,
    token: String,
    me: String,
    may_write: bool,
    pages: BTreeMap<u64, ConfluencePage>,
    next: u64,
    /// What somebody writes between a reading and the next writing.
    meddling: Vec<(u64, String)>,
}

impl ConfluenceDouble {
    /// One without pages.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let contract = serde_json::from_str(include_str!("contract.json")).unwrap_or_default();
        let kept = Kept {
            user: "quell@example.com".to_owned(),
            token: "confluence-token-of-the-double".to_owned(),
            me: "5b10a2844c20165700ede21g".to_owned(),
            may_write: true,
            pages: BTreeMap::new(),
            next: 65_537,
            meddling: Vec::new(),
        };
        Self { clock, contract: Contract::new(&contract), kept: Mutex::new(kept) }
    }

    /// The login: user and token.
    #[must_use]
    pub fn login(&self) -> (String, String) {
        let kept = self.kept();
        (kept.user.clone(), kept.token.clone())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn routed(&self, asked: &Asked) -> Result<Answer, Answer> {
        if let Some(why) = self.contract.refused(asked) {
            return Err(refused(400, &why));
        }
        let kept = &mut *self.kept();
        let login = STANDARD.encode(format!("{}:{}", kept.user, kept.token));
        if asked.header("authorization") != Some(&format!("Basic {login}")) {
            return Err(refused(401, "Unauthorized"));
        }
        pages::routed(kept, asked, &self.clock.now().to_string())
    }
}

impl Platform for ConfluenceDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        // The vendor's file has no call for who one is, and describes a comment's body as one of
        // two that any body fits both of.
        let left_out = ["*/user/current*", "POST /wiki/api/v2/footer-comments*"];
        held::undescribed("confluence", &left_out, asked)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        let answer = self.routed(asked).unwrap_or_else(|refused| refused);
        answer.header("content-type", "application/json")
    }
}

/// Confluence's way to refuse.
fn refused(status: u16, said: &str) -> Answer {
    let error = json!({"status": status, "code": "ERROR", "title": said, "detail": null});
    Answer::new(status, json!({"errors": [error]}).to_string())
}

impl fmt::Debug for ConfluenceDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfluenceDouble")
    }
}
