//! What the configuration says about a Jira.

use std::collections::BTreeMap;

use quell_deliver::Letter;
use quell_model::Severity;
use serde_json::{Value, json};

use super::super::wiki::Dialect;
use super::super::{adf, settings};
use crate::{Plan, Setting, SinkError};

/// All settings.
pub(in super::super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where Jira answers; for a scoped token `https://api.atlassian.com/ex/jira/CLOUD_ID`.",
        required: true,
        sample: "https://example.atlassian.net",
    },
    settings::USER,
    Setting {
        name: "secret",
        doc: "The API token (Cloud) or personal access token (Data Center).",
        required: true,
        sample: "env:JIRA_TOKEN",
    },
    settings::SIGNED_WITH,
    Setting {
        name: "project",
        doc: "The key of the project in which issues are made.",
        required: true,
        sample: "SEC",
    },
    settings::EDITION,
    Setting {
        name: "issue_type",
        doc: "The type of the issues, by name or id; default `Task`.",
        required: false,
        sample: "Task",
    },
    settings::SITE,
    Setting {
        name: "priority.NAME",
        doc: "The priority for `critical`, `high`, `medium`, `low` or `informational`; empty for none.",
        required: false,
        sample: "Highest",
    },
    Setting {
        name: "owner.NAME",
        doc: "The account id (Cloud) or user name (Data Center) that issues of an owner are assigned to.",
        required: false,
        sample: "5b10a2844c20165700ede21g",
    },
    Setting {
        name: "field.NAME",
        doc: "What a field is set to: a text, JSON that begins with `{` or `[`, or `text:` and a text for a field of paragraphs.",
        required: false,
        sample: "{\"value\":\"Security\"}",
    },
    Setting {
        name: "resolution",
        doc: "The resolution of issues that Quell closes, where the workflow asks for one; default `Done`.",
        required: false,
        sample: "Fixed",
    },
    settings::DECLINED,
];

/// Words that mean that an issue was turned down, where the configuration names none.
const DECLINED: &str = "Won't Do, Won't Fix, Will Not Fix, Declined, Rejected, Duplicate, \
                        Cannot Reproduce, Invalid, Not a Bug, Obsolete";

/// Resolutions that are taken where the one that is wanted is not there.
const RESOLVED: [&str; 4] = ["Done", "Fixed", "Resolved", "Complete"];

/// Cloud or Data Center.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Edition {
    Cloud,
    DataCenter,
}

/// A service desk, where issues are made as requests.
#[derive(Debug, Clone)]
pub(in super::super) struct Desk {
    pub(in super::super) id: String,
    pub(in super::super) request_type: String,
    /// For whom requests are made, where that is not the login.
    pub(in super::super) customer: Option<String>,
}

/// What is said about one Jira.
#[derive(Debug, Clone)]
pub(in super::super) struct Settings {
    pub(in super::super) edition: Edition,
    pub(in super::super) project: String,
    pub(in super::super) issue_type: String,
    /// Where people look at issues, without a `/` at the end.
    pub(in super::super) site: Option<String>,
    pub(in super::super) priorities: BTreeMap<String, String>,
    pub(in super::super) owners: BTreeMap<String, String>,
    /// Fields, as they are sent.
    pub(in super::super) fields: BTreeMap<String, Value>,
    pub(in super::super) resolution: Option<String>,
    pub(in super::super) declined: Vec<String>,
    /// The service desk, where it is one.
    pub(in super::super) desk: Option<Desk>,
}

impl Settings {
    /// Reads the options of a plan.
    pub(in super::super) fn read(plan: &Plan, url: &str) -> Result<Self, SinkError> {
        let wrong = |name, why: &str| SinkError::Setting { name, why: why.to_owned() };
        let edition = match plan.option("edition") {
            None | Some("cloud") => Edition::Cloud,
            Some("data-center") => Edition::DataCenter,
            Some(_) => return Err(wrong("edition", "is neither `cloud` nor `data-center`")),
        };
        let project = Plan::require("project", plan.project.as_ref())?;
        let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if !project.chars().all(fits) || !project.starts_with(|c: char| c.is_ascii_uppercase()) {
            return Err(wrong("project", "is no key of a project, such as `SEC`"));
        }
        let named = |prefix: &str| -> BTreeMap<String, String> {
            let all = plan.options.iter();
            all.filter_map(|(name, value)| {
                Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))
            })
            .collect()
        };
        let fields = named("field.").into_iter().map(|(name, text)| {
            let value = field(edition, &text).ok_or_else(|| {
                wrong("field.NAME", &format!("of `{name}` begins as JSON and is none"))
            })?;
            Ok((name, value))
        });
        let site = plan.option("site").map(str::to_owned);
        let own = (!url.contains("//api.atlassian.com/")).then(|| url.to_owned());
        let list = |text: &str| text.split(',').map(|word| word.trim().to_lowercase()).collect();
        Ok(Self {
            edition,
            project: project.to_owned(),
            issue_type: plan.option("issue_type").unwrap_or("Task").to_owned(),
            site: site.or(own).map(|site| site.trim_end_matches('/').to_owned()),
            priorities: named("priority."),
            owners: named("owner."),
            fields: fields.collect::<Result<_, SinkError>>()?,
            resolution: plan.option("resolution").map(str::to_owned),
            declined: list(plan.option("declined").unwrap_or(DECLINED)),
            desk: None,
        })
    }

    /// The path of the platform's API.
    pub(in super::super) const fn api(&self) -> &'static str {
        match self.edition {
            Edition::Cloud => "/rest/api/3",
            Edition::DataCenter => "/rest/api/2",
        }
    }

    /// The markup that the platform's API reads where it is not given a document.
    pub(in super::super) const fn dialect(&self) -> Dialect {
        match self.edition {
            Edition::Cloud => Dialect::Cloud,
            Edition::DataCenter => Dialect::DataCenter,
        }
    }

    /// The priority for a severity.
    pub(in super::super) fn priority(&self, severity: Severity) -> Option<&str> {
        let (word, usual) = match severity {
            Severity::Critical => ("critical", "Highest"),
            Severity::High | Severity::Unknown => ("high", "High"),
            Severity::Medium => ("medium", "Medium"),
            Severity::Low => ("low", "Low"),
            Severity::Informational => ("informational", "Lowest"),
        };
        let name = self.priorities.get(word).map_or(usual, String::as_str);
        (!name.is_empty()).then_some(name)
    }

    /// Who an issue is assigned to, as the API names people.
    pub(in super::super) fn assignee(&self, letter: &Letter) -> Option<Value> {
        // The owner's name is only looked up; nothing of it is sent.
        let account = self.owners.get(letter.owner.as_ref()?.raw())?;
        Some(match self.edition {
            Edition::Cloud => json!({"accountId": account}),
            Edition::DataCenter => json!({"name": account}),
        })
    }

    /// The type of issues.
    pub(in super::super) fn type_value(&self) -> Value {
        if self.issue_type.chars().all(|c| c.is_ascii_digit()) {
            json!({"id": self.issue_type})
        } else {
            json!({"name": self.issue_type})
        }
    }

    /// Which of the resolutions that a screen allows is taken: the one that is wanted, else one
    /// that says that it is done, else any that does not say the opposite.
    pub(in super::super) fn resolution_of<'a>(&self, allowed: &'a [Value]) -> Option<&'a Value> {
        let name = |value: &'a Value| value.get("name").and_then(Value::as_str).unwrap_or_default();
        let wanted = self.resolution.as_deref().into_iter().chain(RESOLVED);
        let mut wanted = wanted
            .filter_map(|wanted| allowed.iter().find(|one| name(one).eq_ignore_ascii_case(wanted)));
        wanted.next().or_else(|| allowed.iter().find(|one| !self.is_declined(name(one))))
    }

    /// Whether a resolution says that nothing is going to be done.
    pub(in super::super) fn is_declined(&self, resolution: &str) -> bool {
        let word = resolution.replace('’', "'").to_lowercase();
        self.declined.contains(&word)
    }

    /// Where people look at an issue.
    pub(in super::super) fn page(&self, key: &str) -> Option<String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let site = self.site.as_ref().filter(|_| !key.is_empty() && key.chars().all(fits))?;
        Some(format!("{site}/browse/{key}"))
    }
}

/// A field's value as the API takes it.
fn field(edition: Edition, text: &str) -> Option<Value> {
    if let Some(words) = text.strip_prefix("text:") {
        let body = quell_deliver::Body::paragraph(quell_deliver::Line::own(words.trim()));
        return Some(match edition {
            Edition::Cloud => adf::document(&body, &[]),
            Edition::DataCenter => Value::from(words.trim()),
        });
    }
    if text.starts_with(['{', '[']) {
        return serde_json::from_str(text).ok();
    }
    Some(Value::from(text))
}
