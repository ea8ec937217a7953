//! The outbox and the sinks. Answers are as the server writes them.

use serde::de::DeserializeOwned;

use crate::connection::part;
use crate::{ClientError, Connection};

impl Connection {
    /// Rows of the outbox.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn outbox_list<T: DeserializeOwned>(
        &self,
        question: &[(&str, Option<&str>)],
    ) -> Result<T, ClientError> {
        self.get("api/v1/outbox", question).await
    }

    /// One row with what it says.
    ///
    /// # Errors
    /// When there is none of that number, or the server does not answer.
    pub async fn outbox<T: DeserializeOwned>(&self, id: i64) -> Result<T, ClientError> {
        self.get(&format!("api/v1/outbox/{id}"), &[]).await
    }

    /// Does something about a row: `release`, `retry` or `cancel`.
    ///
    /// # Errors
    /// When there is none of that number, it is in no state for that, or the server does not answer.
    pub async fn outbox_act<T: DeserializeOwned>(
        &self,
        id: i64,
        act: &str,
    ) -> Result<T, ClientError> {
        self.post(&format!("api/v1/outbox/{id}/{}", part(act)), None::<&()>).await
    }

    /// What stands at sinks.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn deliveries<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.get("api/v1/deliveries", &[]).await
    }

    /// The sinks that are switched on.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn sinks<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        self.get("api/v1/sinks", &[]).await
    }

    /// Asks a sink what its login may do.
    ///
    /// # Errors
    /// When there is none of that name, or the server does not answer.
    pub async fn sink_test<T: DeserializeOwned>(&self, name: &str) -> Result<T, ClientError> {
        self.post(&format!("api/v1/sinks/{}/test", part(name)), None::<&()>).await
    }
}
