//! Language models: what they cost, and what may leave for them. Answers are as the server writes
//! them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ClientError, Connection};

impl Connection {
    /// What models cost in so many days, told apart by a word.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn llm_spend<T: DeserializeOwned>(
        &self,
        days: u32,
        by: &str,
    ) -> Result<T, ClientError> {
        let days = days.to_string();
        self.get("api/v1/llm/spend", &[("days", Some(&days)), ("by", Some(by))]).await
    }

    /// Has many incidents explained in batches.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn llm_batches<T: DeserializeOwned>(
        &self,
        plan: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.post("api/v1/llm/batches", Some(plan)).await
    }

    /// What may leave for models as it stands.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn llm_grants<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.get("api/v1/llm/grants", &[]).await
    }

    /// Lets something leave for models as it stands.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn llm_grant_add<T: DeserializeOwned>(
        &self,
        plan: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.post("api/v1/llm/grants", Some(plan)).await
    }

    /// Takes a grant back.
    ///
    /// # Errors
    /// When there is none of that number that holds, or the server does not answer.
    pub async fn llm_grant_remove<T: DeserializeOwned>(&self, id: i64) -> Result<T, ClientError> {
        self.delete(&format!("api/v1/llm/grants/{id}")).await
    }
}
