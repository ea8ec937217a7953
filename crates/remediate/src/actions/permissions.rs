//! What the token of a job may do.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// How much of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    None,
    Read,
    Write,
}

/// Every scope that a workflow can name.
pub(super) const SCOPES: [&str; 15] = [
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "id-token",
    "issues",
    "models",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "security-events",
    "statuses",
];

/// Rights by scope; scopes that are not named are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rights(BTreeMap<String, Level>);

impl Rights {
    /// What a workflow that names nothing may get: everything but an identity of its own.
    pub(super) fn unnamed() -> Self {
        let mut all = Self::all(Level::Write);
        all.0.remove("id-token");
        all
    }

    fn all(level: Level) -> Self {
        Self(SCOPES.iter().map(|scope| ((*scope).to_owned(), level)).collect())
    }

    /// Rights as `contents:read issues:write`; none where the text says something else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rights = Self::default();
        for word in text.split_whitespace() {
            let (scope, level) = word.split_once(':')?;
            rights.need(scope, level_of(level)?);
        }
        Some(rights)
    }

    /// The value of a `permissions` key; none where it is not understood.
    pub(super) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::unnamed()),
            Value::String(text) if text == "write-all" => Some(Self::all(Level::Write)),
            Value::String(text) if text == "read-all" => Some(Self::all(Level::Read)),
            Value::Object(scopes) => {
                let mut rights = Self::default();
                for (scope, level) in scopes {
                    rights.need(scope, level_of(level.as_str()?)?);
                }
                Some(rights)
            }
            Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        }
    }

    /// Raises a scope to at least a level.
    pub(super) fn need(&mut self, scope: &str, level: Level) {
        let now = self.0.entry(scope.to_owned()).or_insert(Level::None);
        *now = level.max(*now);
    }

    /// Raises every scope of others.
    pub(super) fn join(&mut self, others: &Self) {
        for (scope, level) in &others.0 {
            self.need(scope, *level);
        }
    }

    fn level(&self, scope: &str) -> Level {
        self.0.get(scope).copied().unwrap_or(Level::None)
    }

    /// What both have.
    pub(super) fn within(&self, others: &Self) -> Self {
        let both =
            self.0.iter().map(|(scope, level)| (scope.clone(), (*level).min(others.level(scope))));
        Self(both.filter(|(_, level)| *level > Level::None).collect())
    }

    /// Whether others have all of it.
    pub(super) fn is_within(&self, others: &Self) -> bool {
        self.0.iter().all(|(scope, level)| *level <= others.level(scope))
    }

    /// The value of a `permissions` key.
    pub(super) fn to_value(&self) -> Value {
        let word = |level: Level| match level {
            Level::None => "none",
            Level::Read => "read",
            Level::Write => "write",
        };
        let scopes = self.0.iter().map(|(scope, level)| (scope.clone(), word(*level).into()));
        Value::Object(scopes.collect::<Map<_, _>>())
    }
}

fn level_of(word: &str) -> Option<Level> {
    match word {
        "none" => Some(Level::None),
        "read" => Some(Level::Read),
        "write" => Some(Level::Write),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_compared_by_scope() {
        let few = Rights::parse("contents:read").unwrap();
        let more = Rights::parse("contents:write issues:read").unwrap();
        assert!(few.is_within(&more) && !more.is_within(&few));
        assert!(more.is_within(&Rights::unnamed()));
        let identity = Rights::parse("id-token:write").unwrap();
        assert!(!identity.is_within(&Rights::unnamed()), "nobody gets it without asking");
        assert_eq!(more.within(&few), few);
        assert_eq!(Rights::parse("?"), None);
    }
}
