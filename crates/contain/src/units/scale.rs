//! Kubernetes: a workload is scaled to zero.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at, json};
use crate::access::Where;
use crate::draft::{Draft, Reply, Service};
use crate::error::ContainError;
use crate::names::{ClusterName, KubeName, Namespace};
use crate::state::{Reading, State};
use crate::unit::Unit;

/// Scale a workload to zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleToZero {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace.
    pub namespace: Namespace,
    /// What kind of workload.
    pub workload: Workload,
    /// Its name.
    pub name: KubeName,
}

/// What can be scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// A Deployment.
    Deployment,
    /// A StatefulSet.
    StatefulSet,
}

impl Workload {
    const fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
        }
    }

    const fn rights(self) -> (&'static str, &'static str) {
        match self {
            Self::Deployment => ("get deployments/scale", "patch deployments/scale"),
            Self::StatefulSet => ("get statefulsets/scale", "patch statefulsets/scale"),
        }
    }
}

#[derive(Deserialize)]
struct Scale {
    metadata: Meta,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    uid: String,
    resource_version: String,
}

/// A number of zero is left out by the API server.
#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    replicas: u32,
}

impl ScaleToZero {
    fn draft(&self, method: &'static str) -> Draft {
        let Self { namespace, name, .. } = self;
        let plural = self.workload.plural();
        let path = format!("/apis/apps/v1/namespaces/{namespace}/{plural}/{name}/scale");
        Draft::new(Service::Kubernetes, method, path)
    }
}

impl Unit for ScaleToZero {
    fn word(&self) -> &'static str {
        "scale_to_zero"
    }

    fn title(&self) -> String {
        format!("scale {} to zero in {}", self.name, self.cluster)
    }

    fn target(&self) -> String {
        let Self { cluster, namespace, name, .. } = self;
        format!("{cluster}/{namespace}/{}/{name}", self.workload.plural())
    }

    fn account(&self) -> String {
        self.cluster.to_string()
    }

    fn place(&self) -> Where<'_> {
        Where::Kubernetes(&self.cluster)
    }

    fn cautions(&self) -> &'static [&'static str] {
        &[
            "pods end, and with them what they hold in memory and on disks that are not kept; isolate a pod instead to look at it",
            "what keeps the number of replicas in Git or scales by events may set it again",
        ]
    }

    fn ask(&self, so_far: &[Reply]) -> Result<Option<Draft>, ContainError> {
        let (get, _) = self.workload.rights();
        Ok(so_far.is_empty().then(|| self.draft("GET").right(get)))
    }

    fn read(&self, replies: &[Reply]) -> Result<Reading, ContainError> {
        let scale: Scale = json(at(replies, 0, "scale")?, "scale")?;
        let state = State::of([
            ("replicas", json!(scale.spec.replicas)),
            ("uid", json!(scale.metadata.uid)),
        ]);
        Ok(Reading::new(state).version("resourceVersion", scale.metadata.resource_version))
    }

    fn after(&self, before: &State) -> Result<State, ContainError> {
        Ok(before.with("replicas", json!(0)))
    }

    fn steps(&self, now: &Reading, wanted: &State) -> Result<Vec<Draft>, ContainError> {
        let replicas = wanted.part("replicas");
        if replicas == now.state.part("replicas") {
            return Ok(Vec::new());
        }
        let body = json!({
            "metadata": {"resourceVersion": now.version_of("resourceVersion")},
            "spec": {"replicas": replicas},
        });
        let (_, patch) = self.workload.rights();
        let draft = self.draft("PATCH").query("fieldManager", "quell");
        Ok(vec![draft.body("application/merge-patch+json", body.to_string()).right(patch)])
    }
}
