//! The audit log. Records are as they stand in the log.

use serde::Deserialize;
use serde_json::Value;

use crate::{ClientError, Connection};

/// A page of records, newest first.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditPage {
    /// The records.
    pub items: Vec<Value>,
    /// What names the next page; there is none without.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// A text beside the log.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditText {
    /// Which.
    pub field: String,
    /// Whose.
    pub subject: String,
    /// What it says.
    pub value: String,
}

/// A record, with the texts beside it that are not erased.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditRecord {
    /// The hash of its leaf, in hexadecimal digits.
    pub leaf_hash: String,
    /// The record.
    pub record: Value,
    /// The texts.
    pub beside: Vec<AuditText>,
}

/// What shows that a record is in the log.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditProof {
    /// How many records the signed head has.
    pub size: u64,
    /// The record's exact bytes, in Base64.
    pub leaf: String,
    /// The hashes beside its way to the root, in Base64.
    pub path: Vec<String>,
    /// All of it as one text (C2SP tlog-proof).
    pub proof: String,
}

impl Connection {
    /// A page of records of an action or by an actor, or of all.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub async fn audit_list(
        &self,
        (action, actor): (Option<&str>, Option<&str>),
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<AuditPage, ClientError> {
        let limit = limit.to_string();
        let asked =
            [("action", action), ("actor", actor), ("limit", Some(&*limit)), ("cursor", cursor)];
        self.get("api/v1/audit", &asked).await
    }

    /// One record.
    ///
    /// # Errors
    /// When there is none of that number, or the server refuses or does not answer.
    pub async fn audit_record(&self, index: u64) -> Result<AuditRecord, ClientError> {
        self.get(&format!("api/v1/audit/{index}"), &[]).await
    }

    /// The proof of one record.
    ///
    /// # Errors
    /// When there is none of that number, or the server refuses or does not answer.
    pub async fn audit_proof(&self, index: u64) -> Result<AuditProof, ClientError> {
        self.get(&format!("api/v1/audit/{index}/proof"), &[]).await
    }
}
