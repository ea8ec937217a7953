//! What the service account may do. Nothing is changed to find out.
//!
//! Wiz packs the rights of a token into a code that it does not publish. It tells them in the list
//! of service accounts, and with every denial.

use serde_json::{Value, json};

use super::Wiz;
use super::call::Question;
use super::documents::OWN_RIGHTS;
use super::streams::STREAMS;
use crate::live::{Ask, LiveError, Right, RightState};
use secrecy::ExposeSecret as _;

/// Rights that only writing back needs: any of the names will do.
const TO_WRITE: &[(&[&str], &str)] = &[
    (&["write:issue_comments", "update:issues"], "notes beside issues"),
    (&["write:threat_issue_comments", "update:issues"], "notes beside threats"),
    (&["write:issue_status", "update:issues"], "issues that somebody works on, and reopening them"),
    (&["write:issue_ignore", "update:issues"], "issues that are dismissed or left alone"),
    (&["write:threat_issue_status", "update:issues"], "the status of threats"),
    (&["write:service_ticket", "update:issues"], "links to tickets"),
    (&["update:cloud_configuration"], "the status of configuration findings"),
    (&["update:vulnerabilities"], "the status of vulnerability findings"),
    (&["create:ignore_rules"], "ignore rules, where `dismiss` asks for them"),
];

/// The right to the details of threats, which issues are read without, too.
const THREATS: &str = "read:threat_issues";

/// A right that this test uses where it is there.
const LISTING: &str = "read:service_accounts";

impl Wiz {
    /// Each right that is needed, and each that is there for nothing.
    pub(super) async fn look_at_rights(&self) -> Result<Vec<Right>, LiveError> {
        // Why there is no login is not to be taken for a list that is not there.
        self.token().await?;
        let held = self.listed_rights().await?;
        let mut rights = Vec::new();
        for stream in &STREAMS {
            let found = self.try_stream(stream.name).await?;
            let state = if found.is_none() { RightState::Held } else { RightState::Missing };
            rights.push(right(found.as_deref().unwrap_or(stream.right), stream.title, state));
        }
        let told = self.rights_told().clone();
        let held = held.or(told);
        let threats = held.as_ref().map(|held| has(held, THREATS));
        let threats = match threats {
            Some(true) => RightState::Held,
            Some(false) => RightState::Missing,
            None => RightState::Unknown,
        };
        rights.push(right(THREATS, "issues: who and what took part in a threat", threats));
        rights.extend(TO_WRITE.iter().map(|(any_of, purpose)| {
            let name = any_of.first().copied().unwrap_or_default();
            let state = match &held {
                None => RightState::Unknown,
                Some(held) if any_of.iter().any(|name| has(held, name)) => RightState::Held,
                Some(_) => RightState::MissingToWrite,
            };
            right(name, purpose, state)
        }));
        let needed = |name: &str| {
            STREAMS.iter().any(|stream| stream.right == name)
                || TO_WRITE.iter().any(|(any_of, _)| any_of.contains(&name))
                || [THREATS, LISTING].contains(&name)
        };
        let spare = held.unwrap_or_default().into_iter().filter(|name| !needed(name));
        rights.extend(
            spare.map(|name| right(&name, "nothing that Quell does", RightState::NotNeeded)),
        );
        Ok(rights)
    }

    /// The rights of this account as Wiz lists them; `None` where it does not.
    async fn listed_rights(&self) -> Result<Option<Vec<String>>, LiveError> {
        let variables = json!({"first": 500});
        let document = OWN_RIGHTS.text();
        let question = Question::reading(&document, &variables, "read:service_accounts");
        let reply = match self.ask(&question).await {
            Ok(reply) => reply,
            Err(LiveError::Forbidden { .. }) => return Ok(self.rights_told().clone()),
            // A tenant may have no such list; the rights are then found by trying.
            Err(LiveError::Refused(_) | LiveError::Shape { .. }) => return Ok(None),
            Err(other) => return Err(other),
        };
        let list: Value = serde_json::from_str(reply.root("serviceAccounts")?.get())
            .map_err(|_| LiveError::shape("$.data.serviceAccounts", "is no JSON"))?;
        let login = self.credentials.read().await?;
        let own =
            list.get("nodes").and_then(Value::as_array).into_iter().flatten().find(|account| {
                account.get("clientId").and_then(Value::as_str) == Some(login.id.expose_secret())
            });
        let scopes = own.and_then(|account| account.get("scopes")).and_then(Value::as_array);
        Ok(scopes.map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
    }

    /// The right that is missing for the first record of a stream, in Wiz's words.
    async fn try_stream(&self, name: &str) -> Result<Option<String>, LiveError> {
        let Some(stream) = STREAMS.iter().find(|stream| stream.name == name) else {
            return Ok(None);
        };
        let ask = Ask { stream, since: None, until: self.clock.now(), cursor: None };
        match self.read_page_of(ask, 1).await {
            Ok(_) => Ok(None),
            Err(LiveError::Forbidden { right, .. }) => Ok(Some(right)),
            Err(other) => Err(other),
        }
    }
}

/// Whether a right is among those held, by its own name or as part of all of its kind.
fn has(held: &[String], name: &str) -> bool {
    let all = name.split_once(':').map(|(verb, _)| format!("{verb}:all"));
    held.iter().any(|one| one == name || Some(one) == all.as_ref())
}

fn right(name: &str, purpose: &str, state: RightState) -> Right {
    Right { name: name.to_owned(), purpose: purpose.to_owned(), state }
}
