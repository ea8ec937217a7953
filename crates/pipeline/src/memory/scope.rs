//! What exceptions ask of an issue that is in memory: the same that a page of the store says.

use quell_govern::expression::{Facts, Field, ID_LENGTH};
use quell_model::{IssueKey, Severity};
use quell_store::{Brief, IssueScope};

/// An issue as expressions see it.
pub(super) struct Known<'b> {
    id: String,
    brief: &'b Brief,
    scope: IssueScope,
    place: [String; 4],
}

impl<'b> Known<'b> {
    pub(super) fn new(key: IssueKey, brief: &'b Brief) -> Self {
        let id: String = key.to_string().chars().take(ID_LENGTH).collect();
        let place = serde_json::from_str(&brief.place).unwrap_or_default();
        let scope = IssueScope::from_bytes(&brief.scope);
        Self { id: id.to_ascii_lowercase(), brief, scope, place }
    }
}

impl Facts for Known<'_> {
    fn any(&self, field: &Field, fits: &mut dyn FnMut(&str) -> bool) -> Option<bool> {
        let said =
            |text: &str, fits: &mut dyn FnMut(&str) -> bool| (!text.is_empty()).then(|| fits(text));
        let all = |texts: &[String], fits: &mut dyn FnMut(&str) -> bool| {
            Some(texts.iter().any(|text| fits(text)))
        };
        let [provider, account, region, kind] = &self.place;
        match field {
            Field::Issue => Some(fits(&self.id)),
            Field::Asset => Some(fits(&self.brief.asset)),
            Field::Provider => said(provider, fits),
            Field::Account => said(account, fits),
            Field::Region => said(region, fits),
            Field::Kind => said(kind, fits),
            Field::Control => Some(fits(self.brief.control.as_deref().unwrap_or_default())),
            Field::Team => said(&self.brief.team, fits),
            Field::Tool => Some(self.brief.tools.split(',').any(fits)),
            Field::Class => Some(fits(self.brief.class.as_str())),
            Field::Cve => all(&self.scope.weaknesses, fits),
            Field::Package => all(&self.scope.packages, fits),
            Field::Rule => all(&self.scope.rules, fits),
            Field::Path => all(&self.scope.paths, fits),
            Field::Environment => self.scope.environment.as_deref().map(fits),
            Field::Tag(name) => self.scope.tags.get(name).map(|value| fits(value)),
            Field::Severity | Field::Exposed => None,
        }
    }

    fn severity(&self) -> Severity {
        self.brief.severity
    }

    fn exposed(&self) -> Option<bool> {
        self.scope.exposed
    }
}
