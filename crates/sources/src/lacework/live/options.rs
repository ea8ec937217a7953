//! What `[sources.NAME]` says beside the login.

use std::collections::BTreeMap;

use quell_model::Severity;

use crate::live::LiveError;

/// Most days of alerts that the vendor keeps.
const MOST_DAYS: i64 = 90;
/// Most queries of one source.
const MOST_QUERIES: usize = 50;

/// The options, read.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// Alerts from this severity on are read with their scopes.
    pub(super) details_from: Severity,
    /// How many days of alerts a whole reading goes back.
    pub(super) alert_days: i64,
    /// Queries, by name.
    pub(super) queries: Vec<Query>,
}

/// A query in the vendor's language.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) name: String,
    /// The query, or the id of a saved one.
    pub(super) text: String,
    pub(super) severity: String,
}

impl Options {
    pub(super) fn read(all: &BTreeMap<String, String>) -> Result<Self, LiveError> {
        let mut options =
            Self { details_from: Severity::High, alert_days: MOST_DAYS, queries: Vec::new() };
        for (name, value) in all {
            match name.split_once('_') {
                Some(("query", query)) => options.queries.push(Query {
                    name: query.to_owned(),
                    text: value.clone(),
                    severity: all
                        .get(&format!("severity_{query}"))
                        .map_or("Medium", String::as_str)
                        .to_owned(),
                }),
                Some(("severity", query)) if all.contains_key(&format!("query_{query}")) => {
                    severity("severity_NAME", value)?;
                }
                Some(("alert", "details")) => {
                    options.details_from = severity("alert_details", value)?;
                }
                Some(("alert", "days")) => options.alert_days = days(value)?,
                _ => return Err(wrong("options", format!("has no `{name}`"))),
            }
        }
        if options.queries.len() > MOST_QUERIES {
            return Err(wrong("query_NAME", format!("stands more than {MOST_QUERIES} times")));
        }
        Ok(options)
    }
}

fn severity(name: &'static str, word: &str) -> Result<Severity, LiveError> {
    let known = super::super::severity(word);
    if known == Severity::Unknown {
        return Err(wrong(name, "must be Critical, High, Medium, Low or Info".to_owned()));
    }
    Ok(known)
}

fn days(text: &str) -> Result<i64, LiveError> {
    let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    days.ok_or_else(|| wrong("alert_days", format!("must be 1 to {MOST_DAYS}")))
}

const fn wrong(name: &'static str, why: String) -> LiveError {
    LiveError::Setting { name, why }
}
