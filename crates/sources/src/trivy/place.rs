//! Where a record belongs: the artifact, the result and the asset, read from the envelope.

use quell_model::{Asset, AssetId, Hints, Location, Provider, Scope, Untrusted};
use serde_json::Value;

use super::{GROUPS, LISTS};
use crate::{Envelope, RawRecord};

const NAME_BYTES: usize = 512;

/// Where a record belongs.
pub(super) struct Place<'a> {
    pub(super) artifact: &'a str,
    kind: &'a str,
    metadata: &'a Value,
    resource: &'a Value,
    cluster: &'a str,
    /// The file, image layer or package set.
    pub(super) target: &'a str,
    pub(super) class: &'a str,
    pub(super) list: usize,
}

impl<'a> Place<'a> {
    pub(super) fn of(record: &RawRecord<'a>) -> Self {
        let document = record.envelope.document;
        let list = record.pattern % LISTS;
        let at = |value: &'a Value, index: usize| value.get(index).unwrap_or(&Value::Null);
        let (outer, inner) = (
            record.indices.first().copied().unwrap_or(0),
            record.indices.get(1).copied().unwrap_or(0),
        );
        let (resource, result) = match record.shape.name {
            "cluster report" => {
                let group = GROUPS.get(record.pattern / LISTS).copied().unwrap_or_default();
                let resource = at(document.get(group).unwrap_or(&Value::Null), outer);
                (resource, at(resource.get("Results").unwrap_or(&Value::Null), inner))
            }
            "report of version 1" => (&Value::Null, at(document, outer)),
            _ => (&Value::Null, at(document.get("Results").unwrap_or(&Value::Null), outer)),
        };
        Self {
            artifact: text(document, "ArtifactName"),
            kind: text(document, "ArtifactType"),
            metadata: document
                .get("Metadata")
                .or_else(|| resource.get("Metadata"))
                .unwrap_or(&Value::Null),
            resource,
            cluster: text(document, "ClusterName"),
            target: text(result, "Target"),
            class: text(result, "Class"),
            list,
        }
    }

    /// The thing that was scanned, for identities and scopes.
    pub(super) fn scanned(&self) -> String {
        if self.resource.is_null() {
            return format!("{}:{}", self.kind, self.artifact);
        }
        let part = |name| text(self.resource, name);
        format!("cluster:{}:{}/{}/{}", self.cluster, part("Namespace"), part("Kind"), part("Name"))
    }

    /// The resource of a cluster that could not be scanned, where the record is why.
    pub(super) fn unscanned(record: &RawRecord<'_>) -> Option<String> {
        let group = GROUPS.get(record.pattern.checked_sub(GROUPS.len() * LISTS)?)?;
        let index = record.indices.first().copied().unwrap_or(0);
        let resource = record.envelope.document.get(group).and_then(|list| list.get(index));
        let part = |name| text(resource.unwrap_or(&Value::Null), name);
        Some(format!("{}/{}/{}", part("Namespace"), part("Kind"), part("Name")))
    }

    pub(super) fn scope(&self) -> Option<Scope> {
        let class = if self.class.is_empty() { list_class(self.list) } else { self.class };
        (!self.artifact.is_empty() || !self.resource.is_null()).then(|| Scope {
            target: format!("trivy:{}", self.scanned()),
            check: class.to_owned(),
            place: String::new(),
        })
    }

    /// The asset of a package, secret or licence.
    pub(super) fn asset(&self) -> Asset {
        if !self.resource.is_null() {
            return self.object();
        }
        if self.kind == "container_image" || (self.kind.is_empty() && self.target.contains(" (")) {
            return self.image();
        }
        let id = AssetId::code(&remote(self.artifact), self.target);
        asset(id, &format!("{}/{}", self.artifact, self.target), self.kind, self.target)
    }

    fn object(&self) -> Asset {
        let part = |name| text(self.resource, name);
        let hints = Hints {
            provider: Some(Provider::Kubernetes),
            account: Some(self.cluster),
            kind: Some(part("Kind")),
            name: Some(part("Name")),
            namespace: Some(part("Namespace")),
            ..Hints::default()
        };
        let native = format!("{}/{}/{}", part("Namespace"), part("Kind"), part("Name"));
        asset(AssetId::parse(&native, &hints), &native, part("Kind"), part("Name"))
    }

    fn image(&self) -> Asset {
        let digest =
            self.metadata.get("RepoDigests").and_then(|d| d.get(0)).and_then(Value::as_str);
        let name = match self.artifact {
            "" => self.target.split(" (").next().unwrap_or_default(),
            name => name,
        };
        let native = digest.unwrap_or(name);
        let hints = Hints { kind: Some("container_image"), ..Hints::default() };
        asset(AssetId::parse(native, &hints), native, "container_image", name)
    }

    /// The asset of a misconfiguration: the block that a tool names, else the file.
    pub(super) fn block(&self, address: &str) -> Asset {
        if !self.resource.is_null() {
            return self.object();
        }
        let id = match address {
            "" => AssetId::code(&remote(self.artifact), self.target),
            address => AssetId::iac(&remote(self.artifact), self.target, address),
        };
        let name = if address.is_empty() { self.target } else { address };
        asset(id, &format!("{}:{name}", self.target), "iac", name)
    }

    /// Whether it is about an object of a cluster, which stands in no file.
    pub(super) fn is_object(&self) -> bool {
        !self.resource.is_null()
    }

    pub(super) fn location(
        &self,
        address: Option<&str>,
        lines: (Option<i64>, Option<i64>),
    ) -> Box<Location> {
        let line = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
        Box::new(Location {
            file: self.target.trim_start_matches("./").trim_start_matches('/').to_owned(),
            start_line: line(lines.0),
            end_line: line(lines.1),
            address: address.filter(|a| !a.is_empty()).map(str::to_owned),
        })
    }
}

fn asset(id: AssetId, native_id: &str, kind: &str, name: &str) -> Asset {
    Asset {
        id,
        native_id: native_id.to_owned(),
        native_kind: kind.to_owned(),
        name: Untrusted::from(name).capped(NAME_BYTES),
        ..Asset::default()
    }
}

/// The repository's own name, where the artifact is a remote one. A folder's name says nothing
/// that another tool would agree with.
fn remote(artifact: &str) -> String {
    let is_remote = artifact.contains("://")
        || artifact.starts_with("github.com/")
        || artifact.starts_with("git@");
    if is_remote { artifact.trim_end_matches(".git").to_owned() } else { String::new() }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

const fn list_class(list: usize) -> &'static str {
    match list {
        0 => "vulnerability",
        1 => "config",
        2 => "secret",
        3 => "license",
        _ => "modified",
    }
}

/// What a report covers, also where it lists nothing. Without any result the default scanners
/// ran: vulnerabilities and secrets.
pub(super) fn coverage(envelope: &Envelope<'_>) -> Vec<Scope> {
    let document = envelope.document;
    let artifact = text(document, "ArtifactName");
    if artifact.is_empty() {
        return Vec::new();
    }
    let target = format!("trivy:{}:{artifact}", text(document, "ArtifactType"));
    let results = document.get("Results").and_then(Value::as_array);
    let mut classes: Vec<&str> = results.into_iter().flatten().map(|r| text(r, "Class")).collect();
    if classes.is_empty() {
        classes = vec!["os-pkgs", "lang-pkgs", "secret"];
    }
    classes.sort_unstable();
    classes.dedup();
    let scope = |class: &str| Scope {
        target: target.clone(),
        check: class.to_owned(),
        place: String::new(),
    };
    classes.into_iter().filter(|c| !c.is_empty()).map(scope).collect()
}
