//! What may leave for a model as it stands, as the API and the command line tell it.

use std::collections::BTreeSet;

use quell_analyst::Tasks;
use quell_model::{TenantId, Timestamp, shown};
use quell_pipeline::govern::end_said;
use quell_store::{GrantFault, GrantKind, GrantRow, NewGrant, ServerStore, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What may leave as it stands. Secrets, and numbers of people, never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LlmGrantKind {
    /// Addresses and names of hosts.
    Addresses,
    /// Names, mail addresses and telephone numbers of people.
    Identities,
    /// Lines of logs.
    Logs,
    /// Names and ids of what stands in a cloud, and of accounts.
    Names,
}

impl LlmGrantKind {
    /// The words for them, in order.
    pub const WORDS: [&'static str; 4] = ["addresses", "identities", "logs", "names"];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.stored().as_str()
    }

    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        GrantKind::from_word(word).map(Self::of)
    }

    const fn stored(self) -> GrantKind {
        match self {
            Self::Addresses => GrantKind::Addresses,
            Self::Identities => GrantKind::Identities,
            Self::Logs => GrantKind::Logs,
            Self::Names => GrantKind::Names,
        }
    }

    const fn of(kind: GrantKind) -> Self {
        match kind {
            GrantKind::Addresses => Self::Addresses,
            GrantKind::Identities => Self::Identities,
            GrantKind::Logs => Self::Logs,
            GrantKind::Names => Self::Names,
        }
    }
}

/// A grant that is to be made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmGrantPlan {
    /// What may leave.
    #[schema(min_items = 1, max_items = 4)]
    pub what: Vec<LlmGrantKind>,
    /// For which task; for every one where it is left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub task: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// When it ends, within 90 days: the last day in UTC, or a moment.
    pub until: String,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LlmGrant {
    /// Its number.
    pub id: i64,
    /// Whether it holds now.
    pub holds: bool,
    /// What may leave.
    pub what: Vec<LlmGrantKind>,
    /// For which task; none for every one.
    pub task: Option<String>,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Who took it back.
    pub removed_by: Option<String>,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub removed_at: Option<Timestamp>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum LlmGrantError {
    /// It is not said in a way that can be used.
    #[error("{0}")]
    Said(String),
    /// It may not be made.
    #[error("{0}")]
    Refused(#[from] GrantFault),
    /// There is no such task.
    #[error("there is no task `{0}`; there are {1}")]
    NoTask(String, String),
    /// There is none that holds.
    #[error("no grant of the number {0} holds; `quell llm grant list` names them")]
    NotFound(i64),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a grant.
///
/// # Errors
/// When it may not be made, or the database refuses.
pub fn llm_grant_add(
    store: &mut ServerStore,
    tenant: &TenantId,
    (plan, by): (&LlmGrantPlan, &str),
    now: Timestamp,
) -> Result<LlmGrant, LlmGrantError> {
    let what: BTreeSet<GrantKind> = plan.what.iter().map(|kind| kind.stored()).collect();
    let until = end_said(&plan.until).map_err(|error| LlmGrantError::Said(error.to_string()))?;
    if let Some(task) = &plan.task {
        known(task)?;
    }
    let new = NewGrant { what, task: plan.task.as_deref(), by, why: &plan.reason, until };
    Ok(LlmGrant::of(store.grant_add(tenant, &new, now)??, now))
}

/// Refuses a task that there is not: a grant for it would never hold.
fn known(task: &str) -> Result<(), LlmGrantError> {
    let tasks = Tasks::embedded().map_err(|error| LlmGrantError::Said(error.to_string()))?;
    if tasks.get(task).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
    Err(LlmGrantError::NoTask(shown(task, false), names.join(", ")))
}

/// A tenant's grants, the newest first.
///
/// # Errors
/// When the database refuses.
pub fn llm_grant_list(
    store: &ServerStore,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<Vec<LlmGrant>, StoreError> {
    let rows = store.grant_list(tenant, now)?;
    Ok(rows.into_iter().map(|row| LlmGrant::of(row, now)).collect())
}

/// Takes a grant back, and tells it.
///
/// # Errors
/// When none of that number holds, or the database refuses.
pub fn llm_grant_remove(
    store: &mut ServerStore,
    tenant: &TenantId,
    (id, by): (i64, &str),
    now: Timestamp,
) -> Result<LlmGrant, LlmGrantError> {
    let removed = store.grant_remove(tenant, (id, by), now)?;
    let row = store.grant(tenant, id)?.filter(|_| removed);
    row.map(|row| LlmGrant::of(row, now)).ok_or(LlmGrantError::NotFound(id))
}

impl LlmGrant {
    fn of(row: GrantRow, now: Timestamp) -> Self {
        Self {
            id: row.id,
            holds: row.holds(now),
            what: row.what.into_iter().map(LlmGrantKind::of).collect(),
            task: row.task,
            reason: row.why,
            made_by: row.made_by,
            made_at: row.made_at,
            until: row.ends_at,
            removed_by: row.removed_by,
            removed_at: row.removed_at,
        }
    }
}
