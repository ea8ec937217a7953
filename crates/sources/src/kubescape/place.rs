//! What a result is about: an object of a cluster, a node of it, or a block of a manifest.

use quell_model::{Asset, AssetId, Hints, Location, Provider, Untrusted};
use serde_json::Value;

const NAME_BYTES: usize = 512;
/// Resources that are looked at around the expected place. Kubescape writes resources in the order
/// of the results and leaves out what it does not know, so the place is near.
const WINDOW: usize = 256;
/// The group of what the host scanner reads on each node.
const HOST_GROUP: &str = "hostdata.kubescape.cloud";

/// What a result is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Thing {
    id: String,
    group: String,
    namespace: String,
    kind: String,
    name: String,
    /// The manifest it stands in, for scans of files.
    file: Option<String>,
}

impl Thing {
    /// From the id of a result and, where the report has it, the resource.
    pub(super) fn of(id: &str, resource: Option<&Value>) -> Self {
        let mut thing = Self::of_id(id);
        if let Some(resource) = resource {
            thing.fill(resource.get("object").unwrap_or(&Value::Null));
            let source = resource.get("source").unwrap_or(&Value::Null);
            let file = text(source, "relativePath").or_else(|| text(source, "path"));
            thing.file = file.map(str::to_owned).or(thing.file);
        }
        thing
    }

    /// From an object that an alert of version 1 carries.
    pub(super) fn of_object(object: &Value) -> Self {
        let mut thing = Self::default();
        thing.fill(object);
        thing.file = text(object, "sourcePath").map(|path| {
            // The document's number in its file follows the path.
            let (file, number) = path.rsplit_once(':').unwrap_or((path, ""));
            let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            if is_number { file } else { path }.to_owned()
        });
        thing.id = [&thing.group, &thing.namespace, &thing.kind, &thing.name]
            .map(String::as_str)
            .join("/");
        thing
    }

    /// From the workload's own words.
    pub(super) fn of_workload(namespace: &str, kind: &str, name: &str) -> Self {
        Self {
            id: format!("{namespace}/{kind}/{name}"),
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn fill(&mut self, object: &Value) {
        let metadata = object.get("metadata").unwrap_or(&Value::Null);
        let either = |name: &str| text(metadata, name).or_else(|| text(object, name));
        let set = |to: &mut String, from: Option<&str>| {
            if let Some(from) = from {
                from.clone_into(to);
            }
        };
        set(&mut self.kind, text(object, "kind"));
        set(&mut self.name, either("name"));
        set(&mut self.namespace, either("namespace"));
        let version = text(object, "apiVersion").or_else(|| text(object, "apiGroup"));
        set(&mut self.group, version.map(|v| v.split('/').next().unwrap_or(v)));
    }

    /// `[path=<number>/api=]group/version/namespace/Kind/name`, or
    /// `group/namespace/Kind/name/<ids of what belongs to it>`.
    fn of_id(id: &str) -> Self {
        let (file, rest) = match id.strip_prefix("path=").and_then(|p| p.split_once("/api=")) {
            Some((number, rest)) => (Some(format!("path={number}")), rest),
            None => (None, id),
        };
        let parts: Vec<&str> = rest.splitn(5, '/').collect();
        let is_version = |text: &str| {
            text.strip_prefix('v').is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()))
        };
        let (group, namespace, kind, name) = match parts.as_slice() {
            [group, version, namespace, kind, name] if is_version(version) => {
                (*group, *namespace, *kind, *name)
            }
            [group, namespace, kind, name, ..] => (*group, *namespace, *kind, *name),
            _ => ("", "", "", rest),
        };
        Self {
            id: id.to_owned(),
            group: group.to_owned(),
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            file,
        }
    }

    /// The file and the address of the block, as Checkov names them too.
    fn block(&self) -> Option<(&str, String)> {
        let file = self.file.as_deref()?;
        let namespace = if self.namespace.is_empty() { "default" } else { &self.namespace };
        Some((file, format!("{}.{namespace}.{}", self.kind, self.name)))
    }

    /// What tells it apart within a scan.
    pub(super) fn native_id(&self) -> String {
        match self.block() {
            Some((file, address)) => format!("{file}:{address}"),
            None => self.id.clone(),
        }
    }

    pub(super) fn asset(&self, cluster: &str) -> Asset {
        let id = match self.block() {
            Some((file, address)) => AssetId::iac("", file, &address),
            None => self.object_id(cluster),
        };
        Asset {
            id,
            native_id: self.native_id(),
            native_kind: self.kind.clone(),
            name: Untrusted::from(self.name.as_str()).capped(NAME_BYTES),
            ..Asset::default()
        }
    }

    fn object_id(&self, cluster: &str) -> AssetId {
        // The host scanner's objects are named after the node that they were read on.
        let kind = if self.group == HOST_GROUP { "Node" } else { &self.kind };
        let hints = Hints {
            provider: Some(Provider::Kubernetes),
            account: Some(cluster),
            kind: Some(kind),
            name: Some(&self.name),
            namespace: Some(&self.namespace),
            ..Hints::default()
        };
        let native = match self.namespace.as_str() {
            "" => format!("{kind}/{}", self.name),
            namespace => format!("{namespace}/{kind}/{}", self.name),
        };
        AssetId::parse(&native, &hints)
    }

    pub(super) fn location(&self) -> Option<Box<Location>> {
        let (file, address) = self.block()?;
        let file = file.trim_start_matches("./").trim_start_matches('/').to_owned();
        Some(Box::new(Location { file, address: Some(address), ..Location::default() }))
    }
}

/// The resource of a result, near the place where it is expected.
pub(super) fn resource<'v>(document: &'v Value, id: &str, at: usize) -> Option<&'v Value> {
    let list = document.get("resources")?.as_array()?;
    let is_it = |resource: &&Value| text(resource, "resourceID") == Some(id);
    let before = list.get(..list.len().min(at + 1)).unwrap_or_default().iter().rev();
    let after = list.get(at + 1..).unwrap_or_default().iter();
    before.take(WINDOW).find(is_it).or_else(|| after.take(WINDOW).find(is_it))
}

/// The cluster's name as `kubectl` knows it, which other tools use too; Kubescape's own spelling
/// of it where there is no other.
pub(super) fn cluster_name(document: &Value) -> &str {
    let metadata = document.get("metadata").unwrap_or(&Value::Null);
    metadata
        .pointer("/targetMetadata/clusterContextMetadata")
        .and_then(|v| text(v, "contextName"))
        .or_else(|| metadata.get("clusterMetadata").and_then(|v| text(v, "contextName")))
        .or_else(|| text(document, "clusterName"))
        .unwrap_or_default()
}

/// What the scan as a whole is about: the cluster, or the folder or repository.
pub(super) fn target(document: &Value) -> Asset {
    let metadata = document.pointer("/metadata/targetMetadata").unwrap_or(&Value::Null);
    let of = |pointer: &str| {
        metadata.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
    };
    let repository = of("/gitRepoContextMetadata/remoteURL");
    let folder = of("/directoryContextMetadata/basePath")
        .or_else(|| of("/fileContextMetadata/filePath"))
        .or_else(|| of("/gitRepoContextMetadata/localRootPath"));
    let (id, kind, name) = match (repository, folder) {
        (Some(repository), _) => (AssetId::code(repository, ""), "Repository", repository),
        (None, Some(folder)) => (AssetId::code(folder, ""), "Directory", folder),
        (None, None) => {
            let name = match cluster_name(document) {
                "" => "cluster",
                name => name,
            };
            let hints = Hints {
                provider: Some(Provider::Kubernetes),
                kind: Some("Cluster"),
                ..Hints::default()
            };
            (AssetId::parse(name, &hints), "Cluster", name)
        }
    };
    Asset {
        id,
        native_id: name.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(name).capped(NAME_BYTES),
        ..Asset::default()
    }
}

pub(super) fn text<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}
