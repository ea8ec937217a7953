//! An API server of Kubernetes: pods, network policies and scales, with versions, tokens that are
//! made for a service account, server-side dry runs and its refusals.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{bearer, contract, fields, set};
use crate::double::Platform;
use crate::net::{Answer, Asked};
use crate::sinks::Contract;

const CONTRACT: &str = include_str!("kubernetes.json");
const BASE: &str = "base-token";
const ACTS_AS: &str = "/api/v1/namespaces/quell/serviceaccounts/contain/token";

/// The double.
#[derive(Debug)]
pub struct KubernetesDouble {
    contract: Contract,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    version: u64,
    /// By path.
    objects: BTreeMap<String, Value>,
    tokens: BTreeSet<String>,
    made: usize,
    forbidden: BTreeSet<String>,
    denied_by: Option<String>,
    page: Option<usize>,
    races: u32,
    wrong: Vec<String>,
}

impl Default for KubernetesDouble {
    fn default() -> Self {
        Self { contract: contract(CONTRACT), state: Mutex::default() }
    }
}

impl KubernetesDouble {
    /// The token that may only make tokens for the service account `quell/contain`.
    #[must_use]
    pub const fn base_token() -> &'static str {
        BASE
    }

    /// Puts a pod of the namespace `shop`, with a new uid.
    pub fn put_pod(&self, name: &str, labels: &Value, spec: &Value) {
        let mut state = self.state();
        let uid = state.new_uid();
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": uid, "labels": labels},
            "spec": spec,
            "status": {"phase": "Running"},
        });
        state.put(&pod_path(name), pod);
    }

    /// Puts a network policy of the namespace `shop`.
    pub fn put_policy(&self, name: &str, spec: &Value) {
        let mut state = self.state();
        let uid = state.new_uid();
        let meta = json!({"name": name, "namespace": "shop", "uid": uid});
        let policy = json!({"metadata": meta, "spec": spec});
        state.put(&format!("{}/{name}", policies_path()), policy);
    }

    /// Puts a workload of the namespace `shop`; its kind is `deployments` or `statefulsets`.
    pub fn put_workload(&self, kind: &str, name: &str, replicas: u32) {
        let mut state = self.state();
        let uid = state.new_uid();
        let meta = json!({"name": name, "namespace": "shop", "uid": uid});
        state.put(&scale_path(kind, name), json!({"metadata": meta, "replicas": replicas}));
    }

    /// A person, or another program, sets the number of replicas.
    pub fn set_replicas(&self, kind: &str, name: &str, replicas: u32) {
        self.state()
            .change(&scale_path(kind, name), |one| set(one, "", "replicas", json!(replicas)));
    }

    /// The number of replicas.
    #[must_use]
    pub fn replicas(&self, kind: &str, name: &str) -> Option<u64> {
        self.state().objects.get(&scale_path(kind, name))?.get("replicas")?.as_u64()
    }

    /// A person sets a label of a pod, or takes it off.
    pub fn set_label(&self, pod: &str, key: &str, value: Value) {
        self.state().change(&pod_path(pod), |one| set(one, "/metadata/labels", key, value));
    }

    /// A pod's status changes, and with it only its version.
    pub fn touch_pod(&self, pod: &str) {
        self.state().change(&pod_path(pod), |one| set(one, "/status", "phase", json!("Running")));
    }

    /// A person changes a network policy.
    pub fn set_policy(&self, name: &str, spec: Value) {
        let path = format!("{}/{name}", policies_path());
        self.state().change(&path, |one| set(one, "", "spec", spec));
    }

    /// A person deletes what stands at a path below the namespace `shop`.
    pub fn delete(&self, end: &str) {
        self.state().objects.retain(|path, _| !path.ends_with(end));
    }

    /// The labels of a pod.
    #[must_use]
    pub fn labels(&self, pod: &str) -> Value {
        let state = self.state();
        let pod = state.objects.get(&pod_path(pod));
        pod.and_then(|pod| pod.pointer("/metadata/labels")).cloned().unwrap_or_default()
    }

    /// The network policies of the namespace `shop`.
    #[must_use]
    pub fn policies(&self) -> Vec<Value> {
        let state = self.state();
        let all = state.objects.iter().filter(|(path, _)| path.starts_with(&policies_path()));
        all.map(|(_, policy)| policy.clone()).collect()
    }

    /// Takes a right away from what acts, as `patch pods`; empty gives all back.
    pub fn forbid(&self, right: &str) {
        let mut state = self.state();
        if right.is_empty() {
            state.forbidden.clear();
        } else {
            state.forbidden.insert(right.to_owned());
        }
    }

    /// An admission webhook denies every change with these words; none lets them through.
    pub fn deny(&self, why: Option<&str>) {
        self.state().denied_by = why.map(str::to_owned);
    }

    /// All tokens that were made end now.
    pub fn expire_tokens(&self) {
        self.state().tokens.clear();
    }

    /// How many tokens were made.
    #[must_use]
    pub fn tokens_made(&self) -> usize {
        self.state().made
    }

    /// Has lists come in pages of at most this size.
    pub fn set_page(&self, page: usize) {
        self.state().page = Some(page);
    }

    /// Somebody else writes to the target just before each of the next changes.
    pub fn race(&self, times: u32) {
        self.state().races = times;
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

fn pod_path(name: &str) -> String {
    format!("/api/v1/namespaces/shop/pods/{name}")
}

fn policies_path() -> String {
    "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies".to_owned()
}

fn scale_path(kind: &str, name: &str) -> String {
    format!("/apis/apps/v1/namespaces/shop/{kind}/{name}/scale")
}

/// As the server writes what it refuses.
fn status(code: u16, reason: &str, message: &str) -> Answer {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    super::json(code, &body)
}

impl Platform for KubernetesDouble {
    fn answer(&self, asked: &Asked) -> Answer {
        let mut state = self.state();
        if let Some(why) = self.contract.refused(asked) {
            state.wrong.push(why.clone());
            return status(400, "BadRequest", &why);
        }
        state.answer(asked)
    }
}

impl State {
    fn new_uid(&mut self) -> String {
        self.version += 1;
        format!("{:08x}-0000-4000-8000-000000000000", self.version)
    }

    fn put(&mut self, path: &str, mut object: Value) {
        self.version += 1;
        set(&mut object, "/metadata", "resourceVersion", json!(self.version.to_string()));
        self.objects.insert(path.to_owned(), object);
    }

    fn change(&mut self, path: &str, change: impl FnOnce(&mut Value)) {
        if let Some(mut object) = self.objects.get(path).cloned() {
            change(&mut object);
            self.put(path, object);
        }
    }

    fn answer(&mut self, asked: &Asked) -> Answer {
        let token = bearer(asked).to_owned();
        if asked.path.ends_with("/token") {
            return self.make_token(asked, &token);
        }
        if !self.tokens.contains(&token) {
            return status(401, "Unauthorized", "Unauthorized");
        }
        let right = right(asked);
        if self.forbidden.contains(&right) {
            let (verb, resource) = right.split_once(' ').unwrap_or_default();
            let message = format!(
                "{resource} is forbidden: User \"system:serviceaccount:quell:contain\" cannot {verb} resource \"{resource}\" in the namespace \"shop\""
            );
            return status(403, "Forbidden", &message);
        }
        if asked.method == "GET" {
            return self.get(asked);
        }
        if let Some(why) = &self.denied_by {
            let message = format!("admission webhook \"guard.example\" denied the request: {why}");
            return status(403, "Forbidden", &message);
        }
        if self.races > 0 {
            self.races -= 1;
            self.change(&asked.path.clone(), |_| {});
        }
        let dry = fields(&asked.query).get("dryRun").is_some_and(|value| value == "All");
        let kept = dry.then(|| (self.objects.clone(), self.version));
        let answer = match asked.method.as_str() {
            "POST" => self.create(asked),
            "PATCH" => self.patch(asked),
            _ => self.remove(asked),
        };
        if let Some((objects, version)) = kept {
            (self.objects, self.version) = (objects, version);
        }
        answer
    }

    fn make_token(&mut self, asked: &Asked, token: &str) -> Answer {
        if token != BASE {
            return status(401, "Unauthorized", "Unauthorized");
        }
        if asked.path != ACTS_AS || self.forbidden.contains("create serviceaccounts/token") {
            return status(
                403,
                "Forbidden",
                "User \"quell\" cannot create resource \"serviceaccounts/token\"",
            );
        }
        self.made += 1;
        let token = format!("made-{}", self.made);
        self.tokens.insert(token.clone());
        let made = json!({"token": token, "expirationTimestamp": "2026-11-22T10:10:00Z"});
        super::json(201, &json!({"kind": "TokenRequest", "status": made}))
    }

    fn get(&self, asked: &Asked) -> Answer {
        if asked.path == policies_path() {
            return self.list(asked);
        }
        match self.objects.get(&asked.path) {
            Some(found) if asked.path.ends_with("/scale") => super::json(200, &scale(found)),
            Some(found) => super::json(200, found),
            None => status(404, "NotFound", "the object is not found"),
        }
    }

    fn list(&self, asked: &Asked) -> Answer {
        let query = fields(&asked.query);
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
        let most = number("limit").unwrap_or(usize::MAX).min(self.page.unwrap_or(usize::MAX));
        let from = number("continue").unwrap_or(0);
        let all = self.objects.iter().filter(|(path, _)| path.starts_with(&policies_path()));
        let all: Vec<&Value> = all.map(|(_, policy)| policy).collect();
        let items: Vec<&&Value> = all.iter().skip(from).take(most).collect();
        let end = from + items.len();
        let mut meta = json!({"resourceVersion": self.version.to_string()});
        if end < all.len() {
            set(&mut meta, "", "continue", json!(end.to_string()));
        }
        super::json(200, &json!({"kind": "NetworkPolicyList", "metadata": meta, "items": items}))
    }

    fn create(&mut self, asked: &Asked) -> Answer {
        let mut object: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let path = format!("{}/{name}", asked.path);
        if self.objects.contains_key(&path) {
            return status(409, "AlreadyExists", "networkpolicies already exists");
        }
        let uid = json!(self.new_uid());
        set(&mut object, "/metadata", "uid", uid);
        self.put(&path, object);
        super::json(201, self.objects.get(&path).unwrap_or(&Value::Null))
    }

    fn patch(&mut self, asked: &Asked) -> Answer {
        let Some(mut object) = self.objects.get(&asked.path).cloned() else {
            return status(404, "NotFound", "the object is not found");
        };
        let patch: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let version = patch.pointer("/metadata/resourceVersion");
        if version != object.pointer("/metadata/resourceVersion") {
            return status(
                409,
                "Conflict",
                "the object has been modified; apply your changes to the latest version and try again",
            );
        }
        if asked.path.ends_with("/scale") {
            let replicas = patch.pointer("/spec/replicas").cloned().unwrap_or_default();
            set(&mut object, "", "replicas", replicas);
            self.put(&asked.path, object);
            return super::json(200, &scale(self.objects.get(&asked.path).unwrap_or(&Value::Null)));
        }
        let labels = patch.pointer("/metadata/labels").and_then(Value::as_object);
        for (key, value) in labels.into_iter().flatten() {
            set(&mut object, "/metadata/labels", key, value.clone());
        }
        self.put(&asked.path, object);
        super::json(200, self.objects.get(&asked.path).unwrap_or(&Value::Null))
    }

    fn remove(&mut self, asked: &Asked) -> Answer {
        let Some(object) = self.objects.get(&asked.path) else {
            return status(404, "NotFound", "networkpolicies not found");
        };
        let options: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        for name in ["uid", "resourceVersion"] {
            if options.pointer(&format!("/preconditions/{name}"))
                != object.pointer(&format!("/metadata/{name}"))
            {
                return status(409, "Conflict", "Precondition failed");
            }
        }
        self.objects.remove(&asked.path);
        super::json(200, &json!({"kind": "Status", "status": "Success"}))
    }
}

/// A scale as the server writes it: a number of zero is left out.
fn scale(found: &Value) -> Value {
    let replicas = found.get("replicas").and_then(Value::as_u64).unwrap_or(0);
    let spec = if replicas == 0 { json!({}) } else { json!({"replicas": replicas}) };
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": found.get("metadata"),
        "spec": spec, "status": {"replicas": replicas, "selector": "app=web"},
    })
}

/// The verb and resource of a request.
fn right(asked: &Asked) -> String {
    let parts: Vec<&str> = asked.path.split('/').collect();
    let at = parts.iter().position(|part| *part == "namespaces").unwrap_or_default();
    let resource = parts.get(at + 2).copied().unwrap_or_default();
    let below = if asked.path.ends_with("/scale") { "/scale" } else { "" };
    let named = parts.len() > at + 3;
    let verb = match asked.method.as_str() {
        "GET" if named => "get",
        "GET" => "list",
        "POST" => "create",
        "PATCH" => "patch",
        _ => "delete",
    };
    format!("{verb} {resource}{below}")
}
