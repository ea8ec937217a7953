//! What somebody is limited to, as it is stored and as people write it: `account=1234`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most values of one kind.
const MOST_VALUES: usize = 1000;
/// Longest value.
const MOST_BYTES: usize = 512;

/// What somebody is limited to. A kind that is empty limits nothing; of several kinds, each has to
/// fit, and of a kind any value does.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Limits)]
pub struct Scope {
    /// Accounts, subscriptions, projects or clusters.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub accounts: BTreeSet<String>,
    /// Environments, in the words of the mapping: `production`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<String>,
    /// Tags and labels, as `key=value`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Teams that own.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub teams: BTreeSet<String>,
}

/// Text that is no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// It does not begin as one.
    #[error("`{0}` is no limit; write `account=…`, `environment=…`, `team=…` or `tag=key=value`")]
    Form(String),
    /// Its value is odd.
    #[error("a limit's value is 1 to 512 bytes without control characters")]
    Value,
    /// There are too many.
    #[error("at most {MOST_VALUES} values of one kind are taken")]
    Many,
}

impl Scope {
    /// Whether it limits nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads limits as people write them.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn parse<'a>(all: impl IntoIterator<Item = &'a str>) -> Result<Self, ScopeError> {
        let mut scope = Self::default();
        all.into_iter().try_for_each(|one| scope.add(one))?;
        Ok(scope)
    }

    fn add(&mut self, text: &str) -> Result<(), ScopeError> {
        let form = || ScopeError::Form(text.chars().take(100).collect());
        let (kind, value) = text.split_once('=').ok_or_else(form)?;
        let to = match kind.trim() {
            "account" => &mut self.accounts,
            "environment" => &mut self.environments,
            "tag" if value.contains('=') => &mut self.tags,
            "team" => &mut self.teams,
            _ => return Err(form()),
        };
        let value = value.trim();
        if value.is_empty() || value.len() > MOST_BYTES || value.chars().any(char::is_control) {
            return Err(ScopeError::Value);
        }
        to.insert(value.to_owned());
        if to.len() > MOST_VALUES { Err(ScopeError::Many) } else { Ok(()) }
    }

    /// As people write them, one each.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let kinds = [
            ("account", &self.accounts),
            ("environment", &self.environments),
            ("tag", &self.tags),
            ("team", &self.teams),
        ];
        let each = |(kind, all): (&str, &BTreeSet<String>)| {
            all.iter().map(|value| format!("{kind}={value}")).collect::<Vec<_>>()
        };
        kinds.into_iter().flat_map(each).collect()
    }
}
