//! What all tests of references need.

use std::sync::Arc;
use std::time::Duration;

use quell_config::SecretRef;
use quell_http::{Client, Egress, Policy, Retry};
use quell_model::{Clock, FixedClock};
use quell_secrets::{Environment, Secrets, Settings};

/// The second at which all tests take place.
pub(crate) const NOW: f64 = 1_767_323_045.0;

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock("2026-01-02T03:04:05Z".parse().unwrap()))
}

fn client() -> Client {
    let egress = Egress::new(vec!["http://127.0.0.1".parse().unwrap()]);
    let retry = Retry { attempts: 1, ..Retry::default() };
    Client::new(Policy { egress, retry, ..Policy::default() }, clock()).unwrap()
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let all: Vec<(String, String)> =
        variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Arc::new(move |name| all.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
}

/// Settings under which every call reads anew.
pub(crate) fn eager() -> Settings {
    Settings {
        renew_after: Duration::ZERO,
        renew_local_after: Duration::ZERO,
        rest: Duration::ZERO,
        ..Settings::default()
    }
}

pub(crate) fn secrets(settings: Settings, variables: &[(&str, &str)]) -> Secrets {
    Secrets::new(settings, &client(), environment(variables), &clock())
}

pub(crate) fn reference(text: &str) -> SecretRef {
    text.parse().unwrap()
}
