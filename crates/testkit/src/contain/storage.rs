//! The storage of Azure and of Google Cloud: one setting each, and how they refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{bearer, contract, fields};
use crate::double::Platform;
use crate::net::{Answer, Asked};
use crate::sinks::Contract;

/// Azure Resource Manager with storage accounts, by their path.
#[derive(Debug)]
pub struct AzureDouble {
    contract: Contract,
    state: Mutex<State>,
}

/// Cloud Storage with buckets, by their name.
#[derive(Debug)]
pub struct GoogleDouble {
    contract: Contract,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    things: BTreeMap<String, (Value, u64)>,
    forbidden: BTreeSet<&'static str>,
    expired: bool,
    wrong: Vec<String>,
}

const TOKEN: &str = "short-lived";

macro_rules! shared {
    ($name:ident, $contract:literal) => {
        impl Default for $name {
            fn default() -> Self {
                Self { contract: contract(include_str!($contract)), state: Mutex::default() }
            }
        }

        impl $name {
            /// The token that it takes.
            #[must_use]
            pub const fn token() -> &'static str {
                TOKEN
            }

            /// Puts a thing with its setting, or sets it by hand.
            pub fn put(&self, name: &str, setting: Value) {
                let mut state = self.state();
                let version = state.things.get(name).map_or(1, |(_, version)| version + 1);
                state.things.insert(name.to_owned(), (setting, version));
            }

            /// The setting of a thing.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<Value> {
                self.state().things.get(name).map(|(setting, _)| setting.clone())
            }

            /// Forbids a method.
            pub fn forbid(&self, method: &'static str) {
                self.state().forbidden.insert(method);
            }

            /// The token ends now.
            pub fn expire(&self) {
                self.state().expired = true;
            }

            /// Requests that the description does not allow.
            #[must_use]
            pub fn wrong(&self) -> Vec<String> {
                self.state().wrong.clone()
            }

            fn state(&self) -> MutexGuard<'_, State> {
                self.state.lock().unwrap_or_else(PoisonError::into_inner)
            }
        }
    };
}

shared!(AzureDouble, "azure.json");
shared!(GoogleDouble, "google.json");

impl Platform for AzureDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        let mut state = self.state();
        let fault = |status, code: &str| {
            super::json(status, &json!({"error": {"code": code, "message": "no"}}))
        };
        if let Some(why) = self.contract.refused(asked) {
            state.wrong.push(why);
            return fault(400, "InvalidRequestContent");
        }
        if fields(&asked.query).get("api-version").is_none_or(|text| text != "2023-05-01") {
            return fault(400, "MissingApiVersionParameter");
        }
        if bearer(asked) != TOKEN || state.expired {
            return fault(401, "ExpiredAuthenticationToken");
        }
        if state.forbidden.contains(asked.method.as_str()) {
            return fault(403, "AuthorizationFailed");
        }
        let Some((setting, version)) = state.things.get_mut(&asked.path) else {
            return fault(404, "ResourceNotFound");
        };
        if asked.method == "PATCH" {
            let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            *setting =
                body.pointer("/properties/allowBlobPublicAccess").cloned().unwrap_or_default();
            *version += 1;
        }
        let mut properties = json!({"creationTime": "2026-01-01T00:00:00.0000000Z"});
        super::set(&mut properties, "", "allowBlobPublicAccess", setting.clone());
        super::json(200, &json!({"id": asked.path, "properties": properties}))
    }
}

impl Platform for GoogleDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        let mut state = self.state();
        let fault = |status: u16, reason: &str| {
            let errors = json!([{"domain": "global", "reason": reason, "message": "no"}]);
            let error = json!({"code": status, "message": "no", "errors": errors});
            super::json(status, &json!({"error": error}))
        };
        if let Some(why) = self.contract.refused(asked) {
            state.wrong.push(why);
            return fault(400, "invalid");
        }
        if bearer(asked) != TOKEN || state.expired {
            return fault(401, "authError");
        }
        if state.forbidden.contains(asked.method.as_str()) {
            return fault(403, "forbidden");
        }
        let name = asked.path.rsplit('/').next().unwrap_or_default().to_owned();
        let Some((setting, version)) = state.things.get_mut(&name) else {
            return fault(404, "notFound");
        };
        if asked.method == "PATCH" {
            let wanted = fields(&asked.query).get("ifMetagenerationMatch").cloned();
            if wanted.is_some_and(|wanted| wanted != version.to_string()) {
                return fault(412, "conditionNotMet");
            }
            let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let prevention = body.pointer("/iamConfiguration/publicAccessPrevention");
            *setting = prevention.cloned().unwrap_or_default();
            *version += 1;
        }
        let bucket = json!({
            "kind": "storage#bucket", "name": name, "metageneration": version.to_string(),
            "timeCreated": "2026-01-01T00:00:00.000Z",
            "iamConfiguration": {"publicAccessPrevention": setting},
        });
        super::json(200, &bucket)
    }
}
