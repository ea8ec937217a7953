//! AWS Secrets Manager, which checks signatures.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::http::{Answer, Asked, HttpServer};
use super::sigv4::{SigningKey, verify};

/// The double.
#[derive(Debug)]
pub struct AwsSecrets {
    server: HttpServer,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    key: SigningKey,
    secrets: BTreeMap<String, Versions>,
    failing: Option<(u16, String)>,
    asked: Vec<String>,
    faults: Vec<String>,
}

#[derive(Debug, Default)]
struct Versions {
    current: Value,
    previous: Option<Value>,
    created: f64,
}

impl AwsSecrets {
    /// Starts it with the one key that it knows.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start(key: SigningKey) -> io::Result<Self> {
        let state = State {
            key,
            secrets: BTreeMap::new(),
            failing: None,
            asked: Vec::new(),
            faults: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let handler = move |asked: &Asked| {
            shared.lock().unwrap_or_else(PoisonError::into_inner).answer(asked)
        };
        Ok(Self { server: HttpServer::start(Arc::new(handler)).await?, state })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Puts a value, made at this second, and keeps the one before as previous.
    pub fn rotate(&self, name: &str, value: &str, created: f64) {
        self.put(name, json!({"SecretString": value}), created);
    }

    /// Puts fields of the answer, made at this second, and keeps the ones before as previous.
    pub fn put(&self, name: &str, fields: Value, created: f64) {
        let mut state = self.state();
        let versions = state.secrets.entry(name.to_owned()).or_default();
        let old = std::mem::replace(&mut versions.current, fields);
        versions.previous = Some(old).filter(|old| !old.is_null());
        versions.created = created;
    }

    /// Answers everything with this status and this `__type`, until `None`.
    pub fn set_failing(&self, failing: Option<(u16, &str)>) {
        self.state().failing = failing.map(|(status, kind)| (status, kind.to_owned()));
    }

    /// Stages asked for, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// What was wrong with signatures.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.state().faults.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        if let Some((status, kind)) = &self.failing {
            return fault(*status, kind);
        }
        if let Err(why) = verify(asked, &self.key, "secretsmanager") {
            self.faults.push(why);
            return fault(400, "InvalidSignatureException");
        }
        if asked.header("x-amz-target") != Some("secretsmanager.GetSecretValue") {
            return fault(400, "UnknownOperationException");
        }
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let stage = field("VersionStage").to_owned();
        self.asked.push(stage.clone());
        let versions = self.secrets.get(field("SecretId"));
        let (value, created) = match (versions, stage.as_str()) {
            (Some(v), "AWSCURRENT") => (Some(v.current.clone()), v.created),
            (Some(v), "AWSPREVIOUS") => (v.previous.clone(), 0.0),
            _ => (None, 0.0),
        };
        let Some(mut value) = value else { return fault(400, "ResourceNotFoundException") };
        if let Some(fields) = value.as_object_mut() {
            fields.insert("CreatedDate".to_owned(), json!(created));
            fields.insert("VersionStages".to_owned(), json!([stage]));
        }
        Answer::new(200, value.to_string())
    }
}

fn fault(status: u16, kind: &str) -> Answer {
    let body = json!({"__type": format!("com.amazonaws#{kind}"), "message": "no"});
    Answer::new(status, body.to_string())
}
