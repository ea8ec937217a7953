//! Plans and rules. Answers are as the server writes them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::connection::part;
use crate::{ClientError, Connection};

impl Connection {
    /// Plans that wait for people, or all.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn approval_list<T: DeserializeOwned>(&self, all: bool) -> Result<T, ClientError> {
        let all = all.to_string();
        self.get("api/v1/approvals", &[("all", Some(&all)), ("limit", Some("500"))]).await
    }

    /// One plan.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn approval<T: DeserializeOwned>(&self, id: &str) -> Result<T, ClientError> {
        self.get(&format!("api/v1/approvals/{}", part(id)), &[]).await
    }

    /// Asks for a fix to be carried out.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn approval_request<T: DeserializeOwned>(&self, fix: &str) -> Result<T, ClientError> {
        self.post("api/v1/approvals", Some(&json!({ "fix": fix }))).await
    }

    /// Says something of a plan.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn approval_say<T: DeserializeOwned>(
        &self,
        id: &str,
        saying: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.post(&format!("api/v1/approvals/{}", part(id)), Some(saying)).await
    }

    /// Lets another person speak in the caller's place.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn approval_delegate<T: DeserializeOwned>(
        &self,
        to: &str,
        days: u32,
    ) -> Result<T, ClientError> {
        self.post("api/v1/delegations", Some(&json!({ "to": to, "days": days }))).await
    }

    /// How the clocks of open issues stand.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn service_levels<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.get("api/v1/service-levels", &[]).await
    }

    /// The rules that hold.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn policy_rules<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.get("api/v1/policy/rules", &[]).await
    }

    /// Says why an action would run, wait or be refused.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn policy_explain<T: DeserializeOwned>(
        &self,
        question: &[(&str, Option<&str>)],
    ) -> Result<T, ClientError> {
        self.get("api/v1/policy/explain", question).await
    }

    /// Stands behind a rule.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn policy_back<T: DeserializeOwned>(&self, rule: &str) -> Result<T, ClientError> {
        self.post(&format!("api/v1/policy/rules/{}/back", part(rule)), None::<&()>).await
    }
}
