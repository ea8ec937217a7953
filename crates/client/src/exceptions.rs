//! Exceptions: asked for, listed, decided on. Answers are as the server writes them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connection::part;
use crate::{ClientError, Connection};

/// Items of one page: what a server gives at most.
const PAGE: usize = 500;

impl Connection {
    /// Exceptions, those that wait first; of one state, or of all.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn exception_list<T: DeserializeOwned>(
        &self,
        state: Option<&str>,
    ) -> Result<T, ClientError> {
        let limit = PAGE.to_string();
        self.get("api/v1/exceptions", &[("state", state), ("limit", Some(&limit))]).await
    }

    /// One exception.
    ///
    /// # Errors
    /// When there is none of that id, or more than one, or the server does not answer.
    pub async fn exception<T: DeserializeOwned>(&self, id: &str) -> Result<T, ClientError> {
        self.get(&format!("api/v1/exceptions/{}", part(id)), &[]).await
    }

    /// What an expression would hide.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn exception_preview<T: DeserializeOwned>(
        &self,
        scope: &str,
    ) -> Result<T, ClientError> {
        self.get("api/v1/exception-preview", &[("scope", Some(scope))]).await
    }

    /// Asks for an exception.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn exception_request<T: DeserializeOwned>(
        &self,
        plan: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.post("api/v1/exceptions", Some(plan)).await
    }

    /// Decides on exceptions.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn exception_decide<T: DeserializeOwned>(
        &self,
        decision: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.post("api/v1/exceptions/decide", Some(decision)).await
    }

    /// Asks for what another tool leaves out.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn exception_import<T: DeserializeOwned>(
        &self,
        list: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.post("api/v1/exceptions/import", Some(list)).await
    }
}
