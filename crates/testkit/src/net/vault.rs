//! A Vault: AppRole, tokens that end, and a KV engine, version 2.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::http::{Answer, Asked, HttpServer};

/// The double. Roles log in with `role` and `role-s3cr3t-id`.
#[derive(Debug)]
pub struct VaultDouble {
    server: HttpServer,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    secrets: BTreeMap<String, Value>,
    deleted: BTreeSet<String>,
    tokens: BTreeSet<String>,
    namespace: Option<String>,
    ttl: u64,
    failing: Option<u16>,
    renewals_fail: bool,
    logins_fail: bool,
    counts: BTreeMap<&'static str, usize>,
    made: usize,
}

impl VaultDouble {
    /// The role id that logs in.
    pub const ROLE_ID: &'static str = "role";
    /// The secret id that logs in.
    pub const SECRET_ID: &'static str = "role-s3cr3t-id";

    /// Starts it; tokens live for `ttl` seconds, 0 for ever.
    ///
    /// # Errors
    /// No port can be opened.
    pub async fn start(ttl: u64) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State { ttl, ..State::default() }));
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

    /// Puts a secret at `mount/path`.
    pub fn put(&self, path: &str, fields: Value) {
        self.state().secrets.insert(path.to_owned(), fields);
    }

    /// Deletes the newest version at `mount/path`.
    pub fn delete(&self, path: &str) {
        self.state().deleted.insert(path.to_owned());
    }

    /// Makes a token valid that no login made.
    pub fn add_token(&self, token: &str) {
        self.state().tokens.insert(token.to_owned());
    }

    /// Makes all tokens invalid.
    pub fn revoke_all(&self) {
        self.state().tokens.clear();
    }

    /// Demands a namespace.
    pub fn set_namespace(&self, namespace: &str) {
        self.state().namespace = Some(namespace.to_owned());
    }

    /// Answers everything with this status, as when sealed (503), until `None`.
    pub fn set_failing(&self, status: Option<u16>) {
        self.state().failing = status;
    }

    /// Refuses renewals.
    pub fn set_renewals_fail(&self, fail: bool) {
        self.state().renewals_fail = fail;
    }

    /// Refuses logins, as when a secret id is used up.
    pub fn set_logins_fail(&self, fail: bool) {
        self.state().logins_fail = fail;
    }

    /// How often something was done: `login`, `renew`, `read`, `lookup`.
    #[must_use]
    pub fn count(&self, what: &str) -> usize {
        self.state().counts.get(what).copied().unwrap_or(0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        if let Some(status) = self.failing {
            return errors(status, "Vault is sealed");
        }
        if asked.header("x-vault-request") != Some("true") {
            return errors(412, "missing request header");
        }
        if self.namespace.as_deref() != asked.header("x-vault-namespace") {
            return errors(404, "no such namespace");
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/v1/auth/approle/login") => self.login(asked),
            ("POST", "/v1/auth/token/renew-self") => self.renew(asked),
            ("GET", "/v1/auth/token/lookup-self") => self.lookup(asked),
            ("GET", path) => self.read(asked, path),
            _ => errors(405, "unsupported operation"),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn knows(&self, asked: &Asked) -> bool {
        asked.header("x-vault-token").is_some_and(|token| self.tokens.contains(token))
    }

    fn login(&mut self, asked: &Asked) -> Answer {
        self.count("login");
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let fits = body.get("role_id") == Some(&json!(VaultDouble::ROLE_ID))
            && body.get("secret_id") == Some(&json!(VaultDouble::SECRET_ID));
        if !fits || self.logins_fail {
            // The real one does not repeat what it was sent; this one does, to see it hidden.
            let said =
                format!("invalid role or secret ID: {}", String::from_utf8_lossy(&asked.body));
            return errors(400, &said);
        }
        self.made += 1;
        let token = format!("hvs.t0ken-{}", self.made);
        self.tokens.insert(token.clone());
        self.auth(&token)
    }

    fn auth(&self, token: &str) -> Answer {
        let ttl = self.ttl;
        let auth = json!({"client_token": token, "lease_duration": ttl, "renewable": ttl > 0});
        Answer::new(200, json!({"auth": auth}).to_string())
    }

    fn renew(&mut self, asked: &Asked) -> Answer {
        self.count("renew");
        match asked.header("x-vault-token") {
            Some(token) if self.knows(asked) && !self.renewals_fail => self.auth(token),
            Some(_) | None => errors(403, "permission denied"),
        }
    }

    fn lookup(&mut self, asked: &Asked) -> Answer {
        self.count("lookup");
        if !self.knows(asked) {
            return errors(403, "permission denied");
        }
        let data = json!({"ttl": self.ttl, "renewable": self.ttl > 0});
        Answer::new(200, json!({"data": data}).to_string())
    }

    fn read(&mut self, asked: &Asked, path: &str) -> Answer {
        self.count("read");
        let place = path.trim_start_matches("/v1/").replacen("/data/", "/", 1);
        if !self.knows(asked) || place.contains("deny") {
            let token = asked.header("x-vault-token").unwrap_or_default();
            return errors(403, &format!("permission denied for {token}"));
        }
        if self.deleted.contains(&place) {
            let metadata = json!({"deletion_time": "2026-01-01T00:00:00Z", "version": 2});
            let data = json!({"data": null, "metadata": metadata});
            return Answer::new(404, json!({"data": data}).to_string());
        }
        match self.secrets.get(&place) {
            Some(fields) => {
                let data = json!({"data": fields, "metadata": {"version": 1}});
                Answer::new(200, json!({"data": data}).to_string())
            }
            None => errors(404, ""),
        }
    }
}

fn errors(status: u16, text: &str) -> Answer {
    let list: Vec<&str> = Some(text).filter(|t| !t.is_empty()).into_iter().collect();
    Answer::new(status, json!({"errors": list}).to_string())
}
