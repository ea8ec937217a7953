//! Containments. Answers are as the server writes them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::connection::part;
use crate::{ClientError, Connection};

impl Connection {
    /// Containments, the newest first.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn containment_list<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.get("api/v1/containment", &[("limit", Some("500"))]).await
    }

    /// One containment with its plan.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn containment<T: DeserializeOwned>(&self, id: &str) -> Result<T, ClientError> {
        self.get(&format!("api/v1/containment/{}", part(id)), &[]).await
    }

    /// Tries a containment, or asks for it.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn containment_request<T: DeserializeOwned>(
        &self,
        wish: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.post("api/v1/containment", Some(wish)).await
    }

    /// Has a containment undone.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn containment_roll_back<T: DeserializeOwned>(
        &self,
        id: &str,
        reason: &str,
    ) -> Result<T, ClientError> {
        let path = format!("api/v1/containment/{}/rollback", part(id));
        self.post(&path, Some(&json!({ "reason": reason }))).await
    }

    /// Lets a containment go on that was held back, or has a failed one looked at again.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn containment_retry<T: DeserializeOwned>(&self, id: &str) -> Result<T, ClientError> {
        self.post(&format!("api/v1/containment/{}/retry", part(id)), Some(&json!({}))).await
    }
}
