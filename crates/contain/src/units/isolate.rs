//! Kubernetes: a pod is cut off from the network.
//!
//! A network policy that allows nothing selects a label that only this pod bears: its value comes
//! from the pod's own uid. Policies add up, so where another policy lets the pod's traffic
//! through this one would change nothing, and the action says so instead of pretending.

use std::collections::BTreeMap;

use quell_govern::approval::Hash;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::selector::Selector;
use super::{at, check_pages, json};
use crate::access::Where;
use crate::draft::{Draft, Reply, Service};
use crate::error::ContainError;
use crate::names::{ClusterName, KubeName, Namespace};
use crate::state::{Reading, State};
use crate::unit::Unit;

/// The label.
const LABEL: &str = "quell.security/contained";
/// Most policies a page.
const PAGE: &str = "500";
/// What is sent with every change, so that Kubernetes notes whose fields they are.
const MANAGER: &str = "quell";
/// Most policies named in a sentence.
const MOST_NAMED: usize = 5;
const MERGE: &str = "application/merge-patch+json";

/// Isolate a pod from the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsolatePod {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace.
    pub namespace: Namespace,
    /// The pod.
    pub pod: KubeName,
}

#[derive(Deserialize)]
struct Pod {
    metadata: Meta,
    #[serde(default)]
    spec: PodSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(default)]
    name: String,
    uid: String,
    resource_version: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    deletion_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodSpec {
    #[serde(default)]
    host_network: bool,
}

#[derive(Deserialize)]
struct Policies {
    metadata: ListMeta,
    items: Vec<Policy>,
}

#[derive(Deserialize)]
struct ListMeta {
    #[serde(rename = "continue", default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Policy {
    metadata: Meta,
    #[serde(default)]
    spec: PolicySpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PolicySpec {
    #[serde(default)]
    pod_selector: Value,
    #[serde(default)]
    policy_types: Option<Vec<String>>,
    #[serde(default)]
    ingress: Option<Vec<Value>>,
    #[serde(default)]
    egress: Option<Vec<Value>>,
}

impl Policy {
    /// Whether it may let some of the pod's traffic through.
    fn opens(&self, labels: &BTreeMap<String, String>) -> Result<bool, ContainError> {
        let has = |rules: &Option<Vec<Value>>| rules.as_ref().is_some_and(|list| !list.is_empty());
        if !has(&self.spec.ingress) && !has(&self.spec.egress) {
            return Ok(false);
        }
        let selector = Some(&self.spec.pod_selector).filter(|selector| !selector.is_null());
        let selector: Selector = selector
            .map(|selector| serde_json::from_value(selector.clone()))
            .transpose()
            .map_err(|error| ContainError::shape("podSelector", error))?
            .unwrap_or_default();
        Ok(selector.fits(labels))
    }

    /// All that it says, in one form.
    fn said(&self) -> Value {
        let mut types = self.spec.policy_types.clone().unwrap_or_default();
        types.sort();
        json!({
            "podSelector": self.spec.pod_selector,
            "policyTypes": types,
            "ingress": self.spec.ingress.clone().unwrap_or_default(),
            "egress": self.spec.egress.clone().unwrap_or_default(),
        })
    }
}

/// What only this pod bears.
fn mark(uid: &str) -> String {
    Hash::of(uid.as_bytes()).as_str().chars().take(16).collect()
}

impl IsolatePod {
    fn pod_draft(&self, method: &'static str, right: &'static str) -> Draft {
        let path = format!("/api/v1/namespaces/{}/pods/{}", self.namespace, self.pod);
        Draft::new(Service::Kubernetes, method, path).right(right)
    }

    fn policies(&self, method: &'static str, name: &str, right: &'static str) -> Draft {
        let path = format!(
            "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies{name}",
            self.namespace
        );
        Draft::new(Service::Kubernetes, method, path).right(right)
    }

    fn wanted(uid: &str) -> Value {
        json!({
            "podSelector": {"matchLabels": {LABEL: mark(uid)}},
            "policyTypes": ["Egress", "Ingress"],
            "ingress": [],
            "egress": [],
        })
    }

    fn create(&self, uid: &str) -> Draft {
        let body = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "name": policy_name(uid),
                "namespace": self.namespace,
                "labels": {"app.kubernetes.io/managed-by": "quell"},
                "annotations": {"quell.security/pod": self.pod},
            },
            "spec": {
                "podSelector": {"matchLabels": {LABEL: mark(uid)}},
                "policyTypes": ["Ingress", "Egress"],
            },
        });
        self.policies("POST", "", "create networkpolicies")
            .query("fieldManager", MANAGER)
            .body("application/json", body.to_string())
    }

    fn label(&self, now: &Reading, label: &Value) -> Draft {
        let body = json!({
            "metadata": {
                "resourceVersion": now.version_of("pod resourceVersion"),
                "labels": {LABEL: label},
            },
        });
        self.pod_draft("PATCH", "patch pods")
            .query("fieldManager", MANAGER)
            .body(MERGE, body.to_string())
    }

    fn delete(&self, now: &Reading, uid: &str) -> Draft {
        let body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {
                "uid": now.version_of("policy uid"),
                "resourceVersion": now.version_of("policy resourceVersion"),
            },
        });
        let name = format!("/{}", policy_name(uid));
        self.policies("DELETE", &name, "delete networkpolicies")
            .body("application/json", body.to_string())
    }
}

/// The policies of all pages.
fn policies(replies: &[Reply]) -> Result<Vec<Policy>, ContainError> {
    let mut all = Vec::new();
    for reply in replies.iter().skip(1) {
        let page: Policies = json(reply, "networkpolicies")?;
        all.extend(page.items);
    }
    Ok(all)
}

/// The first few names, and how many more there are.
fn named(names: &[&str]) -> String {
    let first: Vec<&str> = names.iter().copied().take(MOST_NAMED).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}

fn policy_name(uid: &str) -> String {
    format!("quell-contain-{}", mark(uid))
}

fn uid(state: &State) -> Result<&str, ContainError> {
    state.part("uid").as_str().ok_or_else(|| ContainError::shape("uid", "it is no text"))
}

impl Unit for IsolatePod {
    fn word(&self) -> &'static str {
        "isolate_pod"
    }

    fn title(&self) -> String {
        format!("isolate the pod {} in {}", self.pod, self.cluster)
    }

    fn target(&self) -> String {
        format!("{}/{}/pods/{}", self.cluster, self.namespace, self.pod)
    }

    fn account(&self) -> String {
        self.cluster.to_string()
    }

    fn place(&self) -> Where<'_> {
        Where::Kubernetes(&self.cluster)
    }

    fn cautions(&self) -> &'static [&'static str] {
        &[
            "the cluster's network has to enforce network policies; the API does not tell whether it does",
            "connections that are open may live on, as the network decides",
            "policies of the whole cluster (AdminNetworkPolicy) and the node itself may still reach the pod",
            "the pod goes on to run and to be served; where it fails its checks it is started anew and stays isolated",
        ]
    }

    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError> {
        check_pages(so_far)?;
        let list = || self.policies("GET", "", "list networkpolicies").query("limit", PAGE);
        let last = match so_far {
            [] => return Ok(Some(self.pod_draft("GET", "get pods"))),
            [_] => return Ok(Some(list())),
            [.., last] => last,
        };
        let page: Policies = json(last, "networkpolicies")?;
        let next = page.metadata.next.filter(|next| !next.is_empty());
        Ok(next.map(|next| list().query("continue", &next)))
    }

    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError> {
        let pod: Pod = json(at(replies, 0, "pod")?, "pod")?;
        let meta = pod.metadata;
        if meta.deletion_timestamp.is_some() {
            return Err(ContainError::Gone("the pod is being deleted".to_owned()));
        }
        let (own, mark) = (policy_name(&meta.uid), mark(&meta.uid));
        let mut labels = meta.labels.unwrap_or_default();
        let label = labels.insert(LABEL.to_owned(), mark);
        let mut policy = Value::Null;
        let mut opened_by = Vec::new();
        let mut versions = None;
        for one in policies(replies)? {
            if one.metadata.name == own {
                policy = one.said();
                versions = Some((one.metadata.uid, one.metadata.resource_version));
            } else if one.opens(&labels)? {
                opened_by.push(one.metadata.name);
            }
        }
        opened_by.sort();
        let state = State::of([
            ("host_network", json!(pod.spec.host_network)),
            ("label", json!(label)),
            ("opened_by", json!(opened_by)),
            ("policy", policy),
            ("uid", json!(meta.uid)),
        ]);
        let reading = Reading::new(state).version("pod resourceVersion", meta.resource_version);
        Ok(match versions {
            Some((uid, version)) => {
                reading.version("policy uid", uid).version("policy resourceVersion", version)
            }
            None => reading,
        })
    }

    fn after(&self, before: &State) -> Result<State, ContainError> {
        let unsuitable = |why: String| Err(ContainError::Unsuitable(why));
        let uid = uid(before)?;
        let (wanted, mark) = (Self::wanted(uid), json!(mark(uid)));
        if *before.part("host_network") != json!(false) {
            return unsuitable(
                "the pod uses the network of its node, where policies do not hold".to_owned(),
            );
        }
        let open: Vec<&str> = before
            .part("opened_by")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if !open.is_empty() {
            return unsuitable(format!(
                "policies add up, and these let traffic of the pod through, so one that denies would isolate nothing: {}",
                quell_model::shown(&named(&open), false)
            ));
        }
        let policy = before.part("policy");
        if !policy.is_null() && *policy != wanted {
            return unsuitable(format!(
                "there is a policy `{}` already, and it says something else",
                policy_name(uid)
            ));
        }
        let label = before.part("label");
        if !label.is_null() && *label != mark {
            return unsuitable(format!("the pod bears the label `{LABEL}` with another value"));
        }
        Ok(before.with("policy", wanted).with("label", mark))
    }

    /// The label is what makes the policy hold, so it comes last and goes first.
    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError> {
        let uid = uid(&now.state)?;
        let mut steps = Vec::new();
        let (label, policy) = (wanted.part("label"), wanted.part("policy"));
        let policy_differs = policy != now.state.part("policy");
        if policy_differs && !policy.is_null() {
            steps.push(self.create(uid));
        }
        if label != now.state.part("label") {
            steps.push(self.label(now, label));
        }
        if policy_differs && policy.is_null() {
            steps.push(self.delete(now, uid));
        }
        Ok(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(spec: &Value) -> Policy {
        let meta = json!({"name": "a", "uid": "u", "resourceVersion": "1"});
        serde_json::from_value(json!({"metadata": meta, "spec": spec})).unwrap()
    }

    fn check(spec: &Value, opens: bool) {
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        assert_eq!(policy(spec).opens(&labels).unwrap(), opens, "{spec}");
    }

    #[test]
    fn a_policy_opens_only_if_it_selects_the_pod_and_allows_something() {
        check(&json!({"podSelector": {}, "policyTypes": ["Ingress"]}), false);
        check(&json!({"podSelector": {}, "ingress": []}), false);
        check(&json!({"podSelector": {}, "ingress": [{}]}), true);
        check(&json!({"podSelector": {}, "egress": [{"to": []}]}), true);
        check(&json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{}]}), false);
        check(&json!({"ingress": [{}]}), true);
    }

    #[test]
    fn two_pods_of_one_name_have_different_marks() {
        assert_ne!(mark("a"), mark("b"));
        assert_eq!(mark("a").len(), 16);
    }
}
