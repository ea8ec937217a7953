//! What a report is about: its workload, role, node, image or cluster.

use quell_model::{Asset, AssetId, Hints, Provider, Scope, Untrusted};

use super::wire::{Body, Metadata};
use crate::wire::Text;

const NAME_BYTES: usize = 512;
/// The characters that the name of a roll-out's replica set ends with: digits, which Kubernetes
/// writes so that they form no words.
const ROLL_OUT: &str = "456789bcdf";

/// What a report is about.
#[derive(Debug)]
pub(super) struct Workload<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    pub(super) container: &'a str,
    /// The owner's id, which no two clusters share.
    uid: &'a str,
}

impl<'a> Workload<'a> {
    pub(super) fn of(metadata: &'a Metadata<'_>) -> Self {
        let owner = metadata.owner_references.first();
        let label = |name: &str| {
            let said = ["trivy-operator", "starboard"].iter().find_map(|tool| {
                let key = format!("{tool}.{name}");
                let of =
                    |map: &'a std::collections::BTreeMap<String, Text<'_>>| map.get(&key)?.get();
                // Names that are no valid label stand in an annotation.
                of(&metadata.labels).or_else(|| of(&metadata.annotations))
            });
            said.unwrap_or_default()
        };
        let or = |said: &'a str, other: Option<&'a str>| match said {
            "" => other.unwrap_or_default(),
            said => said,
        };
        let kind = or(label("resource.kind"), owner.and_then(|o| o.kind.get()));
        let name = or(label("resource.name"), owner.and_then(|o| o.name.get()));
        Self {
            namespace: or(label("resource.namespace"), metadata.namespace.get()),
            kind,
            name: or(name, metadata.name.get()),
            container: label("container.name"),
            uid: owner.map_or("", |o| o.uid.or_empty()),
        }
    }

    /// From the `namespace/kind-name` of a compliance report.
    pub(super) fn of_target(target: &'a str) -> Option<Self> {
        let (namespace, rest) = target.split_once('/')?;
        let (kind, name) =
            rest.split_once('-').filter(|(kind, name)| !kind.is_empty() && !name.is_empty())?;
        Some(Self { namespace, kind, name, container: "", uid: "" })
    }

    /// A replica set made by a roll-out is its deployment: what is wrong with it is wrong with
    /// each that follows, and other tools name the deployment.
    fn owner(&self) -> (&'a str, &'a str) {
        if !self.kind.eq_ignore_ascii_case("replicaset") {
            return (self.kind, self.name);
        }
        match self.name.rsplit_once('-') {
            Some((name, end))
                if (6..=10).contains(&end.len())
                    && !name.is_empty()
                    && end.chars().all(|c| ROLL_OUT.contains(c)) =>
            {
                ("Deployment", name)
            }
            _ => (self.kind, self.name),
        }
    }

    pub(super) fn path(&self) -> String {
        let (kind, name) = self.owner();
        format!("{}/{kind}/{name}", self.namespace)
    }

    pub(super) fn asset(&self) -> Asset {
        let (kind, name) = self.owner();
        let hints = Hints {
            provider: Some(Provider::Kubernetes),
            kind: Some(kind),
            name: Some(name),
            namespace: Some(self.namespace),
            ..Hints::default()
        };
        let native = format!("{}/{}/{}", self.namespace, self.kind, self.name);
        Asset {
            id: AssetId::parse(&self.path(), &hints),
            native_id: native,
            native_kind: self.kind.to_owned(),
            name: Untrusted::from(name).capped(NAME_BYTES),
            ..Asset::default()
        }
    }

    /// A report is complete for its container. Without the owner's id it could be of any cluster,
    /// so nothing is closed then.
    pub(super) fn scope(&self, check: &str) -> Option<Scope> {
        (!self.uid.is_empty()).then(|| Scope {
            target: format!("trivy_operator:{}:{}", self.uid, self.container),
            check: check.to_owned(),
            place: String::new(),
        })
    }
}

/// The cluster that a compliance report is about; it does not name it.
pub(super) fn cluster(report: &str) -> Asset {
    let hints =
        Hints { provider: Some(Provider::Kubernetes), kind: Some("Cluster"), ..Hints::default() };
    Asset {
        id: AssetId::parse("cluster", &hints),
        native_id: "cluster".to_owned(),
        native_kind: "Cluster".to_owned(),
        name: Untrusted::from(format!("cluster of report {report}")).capped(NAME_BYTES),
        ..Asset::default()
    }
}

/// `server/repository:tag@digest` of a report's image; empty where it has none.
pub(super) fn image_reference(body: &Body<'_>) -> String {
    let artifact = &body.artifact;
    let Some(repository) = artifact.repository.get() else { return String::new() };
    let with = |sign: &str, part: &Text<'_>| part.get().map(|p| format!("{sign}{p}"));
    let server = body.registry.server.get().map(|s| format!("{s}/")).unwrap_or_default();
    let tag = with(":", &artifact.tag).unwrap_or_default();
    let digest = with("@", &artifact.digest).unwrap_or_default();
    format!("{server}{repository}{tag}{digest}")
}

/// The image that a bill of materials lists.
pub(super) fn image(body: &Body<'_>) -> Option<Asset> {
    let reference = image_reference(body);
    let hints = Hints { kind: Some("container_image"), ..Hints::default() };
    (!reference.is_empty()).then(|| Asset {
        id: AssetId::parse(&reference, &hints),
        name: Untrusted::from(reference.as_str()).capped(NAME_BYTES),
        native_id: reference,
        native_kind: "container_image".to_owned(),
        ..Asset::default()
    })
}
