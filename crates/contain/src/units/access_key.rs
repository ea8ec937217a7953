//! AWS: an access key of a user is made inactive.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at, check_pages};
use crate::access::Where;
use crate::draft::{Draft, Reply};
use crate::error::ContainError;
use crate::names::{AccessKeyId, Principal, PrincipalKind};
use crate::state::{Reading, State};
use crate::unit::{Purpose, Statement, Unit};
use crate::xml::{self, Members};

/// Deactivate an access key of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeactivateAccessKey {
    /// The user.
    pub user: Principal,
    /// The key.
    pub key: AccessKeyId,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    list_access_keys_result: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    access_key_metadata: Members<Key>,
    #[serde(default)]
    is_truncated: bool,
    marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    access_key_id: String,
    status: String,
    create_date: String,
}

const LIST: &str = "ListAccessKeys";

impl DeactivateAccessKey {
    fn page(reply: &Reply) -> Result<Page, ContainError> {
        let listed: Listed = xml::read(&reply.body, LIST)?;
        Ok(listed.list_access_keys_result)
    }

    fn is_it(&self, key: &Key) -> bool {
        key.access_key_id == self.key.as_str()
    }
}

impl Unit for DeactivateAccessKey {
    fn word(&self) -> &'static str {
        "deactivate_access_key"
    }

    fn title(&self) -> String {
        format!("deactivate the access key {} of {}", self.key, self.user.name())
    }

    fn target(&self) -> String {
        format!("{} key {}", self.user, self.key)
    }

    fn account(&self) -> String {
        self.user.account().to_string()
    }

    fn place(&self) -> Where<'_> {
        Where::Aws(self.user.account(), Some(&self.user))
    }

    fn cautions(&self) -> &'static [&'static str] {
        &[
            "sessions that the key began before go on until they end; revoke them at the roles that it took",
            "what uses the key stops working at once",
        ]
    }

    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError> {
        check_pages(so_far)?;
        let user = ("UserName", self.user.name());
        let Some(last) = so_far.last() else {
            let first = Draft::iam(LIST, &[user, ("MaxItems", "1000")]);
            return Ok(Some(first.right("iam:ListAccessKeys")));
        };
        let page = Self::page(last)?;
        let found = page.access_key_metadata.member.iter().any(|key| self.is_it(key));
        Ok(page.marker.filter(|_| page.is_truncated && !found).map(|marker| {
            Draft::iam(LIST, &[user, ("MaxItems", "1000"), ("Marker", &marker)])
                .right("iam:ListAccessKeys")
        }))
    }

    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError> {
        at(replies, 0, LIST)?;
        for reply in replies {
            let page = Self::page(reply)?;
            if let Some(key) = page.access_key_metadata.member.iter().find(|key| self.is_it(key)) {
                return Ok(Reading::new(State::of([
                    ("created", json!(key.create_date)),
                    ("status", json!(key.status)),
                ])));
            }
        }
        Err(ContainError::Gone(format!("the user has no access key {}", self.key)))
    }

    fn after(&self, before: &State) -> Result<State, ContainError> {
        if self.user.kind() != PrincipalKind::User {
            return Err(ContainError::Unsuitable("only a user has access keys".to_owned()));
        }
        match before.part("status").as_str() {
            Some("Active" | "Inactive") => Ok(before.with("status", json!("Inactive"))),
            _ => Err(ContainError::Unsuitable(
                "the key is neither active nor inactive, so it works no more".to_owned(),
            )),
        }
    }

    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError> {
        let status = wanted.part("status");
        if status == now.state.part("status") {
            return Ok(Vec::new());
        }
        let status =
            status.as_str().ok_or_else(|| ContainError::shape("status", "it is no text"))?;
        let fields = [
            ("UserName", self.user.name()),
            ("AccessKeyId", self.key.as_str()),
            ("Status", status),
        ];
        Ok(vec![Draft::iam("UpdateAccessKey", &fields).right("iam:UpdateAccessKey")])
    }

    fn session(&self, purpose: Purpose) -> Vec<Statement> {
        let may: &[&str] = match purpose {
            Purpose::Look => &["iam:ListAccessKeys"],
            Purpose::Do | Purpose::Undo => &["iam:ListAccessKeys", "iam:UpdateAccessKey"],
        };
        vec![Statement::allow(may, self.user.arns())]
    }
}
