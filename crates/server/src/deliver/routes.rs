//! Routes as the configuration writes them.

use std::time::Duration;

use quell_config::{Config, Route as Configured};
use quell_deliver::route::{Escalate, Hours, Quiet, Release, Route, What, When};
use quell_deliver::text::Hosts;
use quell_model::{IncidentKind, Severity, TenantId};
use quell_pipeline::deliver::Places;
use quell_sinks::SinkError;
use serde::de::DeserializeOwned;

use super::beside;
use super::sinks::check;

/// A key below a table, and what is wrong with it.
type Fault = (String, String);

/// What is wrong with the sinks and routes of a configuration: the key, and a sentence for each.
#[must_use]
pub fn delivery_faults(config: &Config) -> Vec<Fault> {
    let sinks = config.sinks.iter().filter_map(|(name, sink)| match check(sink) {
        Ok(_) => beside::fault(config, sink).map(|why| (format!("sinks.{name}.project"), why)),
        Err(SinkError::Setting { name: key, why }) => Some((format!("sinks.{name}.{key}"), why)),
        Err(other) => Some((format!("sinks.{name}"), other.to_string())),
    });
    let routes = config.routes.iter().filter_map(|(name, route)| {
        let fault = read(config, (name, route)).err();
        fault.map(|(key, why)| (format!("routes.{name}.{key}"), why))
    });
    sinks.chain(routes).collect()
}

/// The routes of a tenant. One that is wrong was refused at the start.
pub(super) fn routes(config: &Config, tenant: &TenantId) -> Vec<Route> {
    let own = config.routes.iter().filter(|(_, route)| route.enabled && route.tenant == *tenant);
    own.filter_map(|(name, route)| read(config, (name, route)).ok()).collect()
}

/// Where links may lead to: Quell's own pages, and the hosts of sources and sinks.
pub(crate) fn places(config: &Config) -> Places {
    let own = config.server.public_url.clone();
    let sources = config.sources.values().filter_map(|source| source.url.as_deref());
    let sinks = config.sinks.values().filter_map(|sink| sink.url.as_deref());
    let all = own.as_deref().into_iter().chain(sources).chain(sinks);
    let hosts = all.fold(Hosts::default(), Hosts::with);
    Places { hosts, own: own.map(|url| url.trim_end_matches('/').to_owned()) }
}

fn read(config: &Config, (name, route): (&str, &Configured)) -> Result<Route, Fault> {
    let wrong = |key: &str, why: String| (key.to_owned(), why);
    for (key, sinks) in [("sinks", &route.sinks), ("escalate_to", &route.escalate_to)] {
        if let Some(unknown) = sinks.iter().find(|sink| !config.sinks.contains_key(*sink)) {
            return Err(wrong(key, format!("names `{unknown}`; there is no `[sinks.{unknown}]`")));
        }
    }
    if let Some(fault) = beside::route_fault(config, route) {
        return Err(fault);
    }
    let kinds = route.kinds.iter().map(|kind| {
        word::<IncidentKind>(kind).ok_or_else(|| {
            wrong("kinds", format!("has `{kind}`, which holds no incident together"))
        })
    });
    let quiet = match (&route.quiet_from, &route.quiet_to) {
        (Some(from), Some(to)) => {
            let hours = Hours::new(from, to, &route.zone);
            let hours = hours.map_err(|error| wrong("quiet_from", error.to_string()))?;
            Some(Quiet { hours, despite: severity(&route.quiet_despite) })
        }
        _ => None,
    };
    let digest = route.digest_at.as_ref().map(|at| Hours::daily(at, &route.zone)).transpose();
    let digest = digest.map_err(|error| wrong("digest_at", error.to_string()))?;
    let what = What::of(&route.what).unwrap_or(What::Work);
    if what == What::Reminders && digest.is_some() {
        let why = "is not for reminders, which are told at once";
        return Err(wrong("digest_at", why.to_owned()));
    }
    let escalate = route.escalate_hours.map(|hours| Escalate {
        after: Duration::from_secs(u64::from(hours) * 3600),
        to: route.escalate_to.clone(),
    });
    Ok(Route {
        name: name.to_owned(),
        to: route.sinks.clone(),
        what,
        when: When {
            least_severity: Some(severity(&route.least_severity)),
            least_score: (route.least_score > 0).then_some(route.least_score),
            owners: route.owners.clone(),
            teams: route.teams.clone(),
            environments: route.environments.clone(),
            accounts: route.accounts.clone(),
            controls: route.controls.clone(),
            kinds: kinds.collect::<Result<_, _>>()?,
        },
        quiet,
        digest,
        escalate,
        letters_an_hour: route.letters_an_hour,
        release: if route.release == "rule" { Release::Rule } else { Release::Person },
    })
}

/// A word as the model writes it.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

fn severity(text: &str) -> Severity {
    word(text).unwrap_or(Severity::High)
}
