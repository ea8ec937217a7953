//! Components: what a reference names, what package it is, and what holds it.

use std::collections::HashMap;

use quell_model::{Asset, AssetId, Hints, Product, Purl, Untrusted};
use serde_json::Value;

use crate::wire::{cut, product_of, sha256_of};
use crate::{Envelope, Index};

const NAME_BYTES: usize = 512;
/// Properties that are searched; every finding of a component asks for some.
const MOST_PROPERTIES: usize = 256;

/// A component, with where it stands in the document where it stands there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component<'a> {
    node: &'a Value,
    pointer: &'a str,
}

/// What a reference names: a component of this document, or something elsewhere.
#[derive(Debug)]
pub(super) enum Named<'a> {
    Here(Component<'a>),
    /// Of another document, or of none; all that is known is the reference itself.
    Elsewhere(Product),
}

impl<'a> Component<'a> {
    /// The component that the whole document is about.
    pub(super) fn main(envelope: &Envelope<'a>) -> Option<Self> {
        let node = envelope.document.pointer(MAIN)?;
        (!field(node, "name").is_empty()).then_some(Self { node, pointer: MAIN })
    }

    pub(super) fn is_main(self) -> bool {
        self.pointer == MAIN
    }

    pub(super) fn is_image(self) -> bool {
        is_image(self.node)
    }

    pub(super) fn product(self) -> Product {
        let purl = field(self.node, "purl");
        let mut product = product_of(&self.package(), purl, "");
        if product.version.is_empty() && product.sha256.is_none() {
            let version = field(self.node, "version");
            product.sha256 = sha256_of(version);
            if product.sha256.is_none() {
                version.clone_into(&mut product.version);
            }
        }
        if self.is_image() {
            let reference = image_reference(self.node);
            let digest = reference.split_once('@').and_then(|(_, digest)| sha256_of(digest));
            product.sha256 = product.sha256.or(digest);
        }
        product
    }

    /// The package's name the way scanners write it: with the group where names alone are not
    /// enough to tell packages of that kind apart.
    pub(super) fn package(self) -> String {
        let (group, name) = (field(self.node, "group"), field(self.node, "name"));
        match Purl::parse(field(self.node, "purl")) {
            Some(purl) => match (purl.kind.as_str(), purl.namespace.as_str()) {
                (_, "") => purl.name,
                ("maven", namespace) => format!("{namespace}:{}", purl.name),
                ("npm" | "golang" | "composer" | "github" | "swift" | "docker", namespace) => {
                    format!("{namespace}/{}", purl.name)
                }
                (_, _) => purl.name,
            },
            None if group.starts_with('@') => format!("{group}/{name}"),
            None => name.to_owned(),
        }
    }

    pub(super) fn version(self) -> &'a str {
        field(self.node, "version")
    }

    pub(super) fn purl(self) -> Option<&'a str> {
        Some(field(self.node, "purl")).filter(|purl| !purl.is_empty())
    }

    /// The file or layer it was found in, where the tool says so.
    pub(super) fn path(self) -> Option<&'a str> {
        ["aquasecurity:trivy:FilePath", "syft:location:0:path"]
            .iter()
            .find_map(|name| property(self.node, name))
    }

    /// The nearest component around it that is an image.
    pub(super) fn image_around(self, document: &'a Value) -> Option<Self> {
        let mut pointer = self.pointer;
        while let Some((above, _)) = pointer.rsplit_once("/components/") {
            let node = document.pointer(above).filter(|node| is_image(node));
            if let Some(node) = node {
                return Some(Self { node, pointer: above });
            }
            pointer = above;
        }
        None
    }

    /// It as an asset.
    pub(super) fn asset(self) -> Asset {
        asset_of(self.node, self.is_main())
    }
}

const MAIN: &str = "/metadata/component";

/// What a reference names. `urn:cdx:serial/version#ref` names something of another document,
/// unless the serial number is this document's own.
pub(super) fn named<'a>(envelope: &Envelope<'a>, reference: &str) -> Named<'a> {
    let local = match reference.strip_prefix("urn:cdx:") {
        None => Some(reference),
        Some(link) => {
            let (document, fragment) = link.split_once('#').unwrap_or((link, ""));
            let serial = document.split('/').next().unwrap_or_default();
            let own = field(envelope.document, "serialNumber");
            let is_own = !serial.is_empty() && own.trim_start_matches("urn:uuid:") == serial;
            is_own.then_some(fragment)
        }
    };
    let found = local.and_then(|id| envelope.look_up(id, index));
    if let Some((pointer, node)) = found {
        return Named::Here(Component { node, pointer });
    }
    let link = reference.strip_prefix("urn:cdx:");
    let fragment = link.and_then(|l| l.split_once('#')).map(|(_, fragment)| fragment);
    Named::Elsewhere(product_of(cut(fragment.unwrap_or(reference)), "", ""))
}

/// Every component and service that has a reference; a package URL stands in for one.
fn index(document: &Value) -> Index {
    let mut index = HashMap::new();
    let mut waiting: Vec<(String, &Value)> = Vec::new();
    waiting.extend(document.pointer(MAIN).map(|node| (MAIN.to_owned(), node)));
    push_list(document, "", &mut waiting);
    while let Some((pointer, node)) = waiting.pop() {
        push_list(node, &pointer, &mut waiting);
        let (reference, purl) = (field(node, "bom-ref"), field(node, "purl"));
        if !purl.is_empty() && purl != reference {
            index.entry(purl.to_owned()).or_insert_with(|| pointer.clone());
        }
        if !reference.is_empty() {
            // A reference is the component's own; it comes before another's package URL.
            index.insert(reference.to_owned(), pointer);
        }
    }
    index
}

fn push_list<'v>(node: &'v Value, pointer: &str, waiting: &mut Vec<(String, &'v Value)>) {
    for list in ["components", "services"] {
        let elements = node.get(list).and_then(Value::as_array).into_iter().flatten();
        waiting.extend(elements.enumerate().map(|(at, v)| (format!("{pointer}/{list}/{at}"), v)));
    }
}

/// The assets of a component: itself, and what it is put together of.
pub(super) fn assets(node: &Value, each: &mut dyn FnMut(Asset)) -> bool {
    if field(node, "name").is_empty() && field(node, "purl").is_empty() {
        return false;
    }
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        each(asset_of(node, false));
        for list in ["services", "components"] {
            let parts = node.get(list).and_then(Value::as_array).into_iter().flatten();
            waiting.extend(parts.filter(|part| !field(part, "name").is_empty()));
        }
    }
    true
}

fn asset_of(node: &Value, is_main: bool) -> Asset {
    let (kind, name) = (field(node, "type"), field(node, "name"));
    if is_image(node) {
        let native = image_reference(node);
        let hints = Hints { kind: Some("container_image"), ..Hints::default() };
        return asset(AssetId::parse(&native, &hints), native, "container_image", name);
    }
    let purl = field(node, "purl");
    if is_main && matches!(kind, "application" | "file" | "") && purl.is_empty() {
        // A folder or repository that was scanned: its path says nothing to another tool.
        let remote = name.contains("://") || name.starts_with("github.com/");
        let id = if remote {
            AssetId::code(name.trim_end_matches(".git"), "")
        } else {
            AssetId::code("", name)
        };
        return asset(id, name.to_owned(), kind, name);
    }
    let native = match purl {
        "" => format!("{}/{name}@{}", field(node, "group"), field(node, "version")),
        purl => purl.to_owned(),
    };
    let native = native.trim_matches(['/', '@']).to_owned();
    let hints = Hints { kind: Some(kind), name: Some(name), ..Hints::default() };
    asset(AssetId::parse(&native, &hints), native, kind, name)
}

fn asset(id: AssetId, native_id: String, kind: &str, name: &str) -> Asset {
    Asset {
        id,
        native_id,
        native_kind: kind.to_owned(),
        name: Untrusted::from(name).capped(NAME_BYTES),
        ..Asset::default()
    }
}

/// What a document without a component of its own is about: the document.
pub(super) fn document_asset(envelope: &Envelope<'_>) -> Option<Asset> {
    let serial = field(envelope.document, "serialNumber").trim_start_matches("urn:uuid:");
    if serial.is_empty() {
        return None;
    }
    let hints = Hints { kind: Some("bom"), ..Hints::default() };
    Some(asset(AssetId::parse(serial, &hints), serial.to_owned(), "bom", serial))
}

/// What is known of something elsewhere, as an asset.
pub(super) fn foreign_asset(product: &Product) -> Asset {
    let native = product.purl.clone().unwrap_or_else(|| product.label());
    let image = product.purl.as_deref().and_then(Purl::parse).and_then(|p| p.image_reference());
    if let Some(image) = image {
        let hints = Hints { kind: Some("container_image"), ..Hints::default() };
        return asset(AssetId::parse(&image, &hints), image, "container_image", &product.name);
    }
    let hints = Hints { kind: Some("product"), name: Some(&product.name), ..Hints::default() };
    asset(AssetId::parse(&native, &hints), native, "product", &product.name)
}

fn is_image(node: &Value) -> bool {
    field(node, "type") == "container"
        || Purl::parse(field(node, "purl")).is_some_and(|purl| purl.is_image())
}

/// An image by its digest where one is known, else by its name and tag.
fn image_reference(node: &Value) -> String {
    let (name, version) = (field(node, "name"), field(node, "version"));
    if let Some(digest) = property(node, "aquasecurity:trivy:RepoDigest") {
        return digest.to_owned();
    }
    let named = Purl::parse(field(node, "purl")).and_then(|purl| purl.image_reference());
    if let Some(named) = named.as_ref().filter(|n| n.contains("@sha256:")) {
        return named.clone();
    }
    if name.contains('@') {
        return name.to_owned();
    }
    if sha256_of(version).is_some() {
        return format!("{name}@{version}");
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    let (bare, tag) = match last.split_once(':') {
        Some((_, tag)) => (name.strip_suffix(tag).unwrap_or(name).trim_end_matches(':'), tag),
        None => (name, version),
    };
    // The package URL names the registry, which the name may leave out.
    let named = named.filter(|n| n.contains('/') && !name.contains('/') && !is_tagged(n));
    let repository = named.as_deref().unwrap_or(bare);
    if tag.is_empty() { repository.to_owned() } else { format!("{repository}:{tag}") }
}

fn is_tagged(reference: &str) -> bool {
    reference.rsplit('/').next().is_some_and(|last| last.contains(':'))
}

fn property<'v>(node: &'v Value, name: &str) -> Option<&'v str> {
    let properties = node.get("properties").and_then(Value::as_array)?;
    let found = properties.iter().take(MOST_PROPERTIES).find(|p| field(p, "name") == name)?;
    Some(field(found, "value")).filter(|value| !value.is_empty())
}

pub(super) fn field<'v>(node: &'v Value, name: &str) -> &'v str {
    node.get(name).and_then(Value::as_str).map(|text| cut(text.trim())).unwrap_or_default()
}
