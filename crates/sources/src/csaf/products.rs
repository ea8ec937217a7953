//! What product ids mean: branches, plain lists and relationships of the product tree.

use std::collections::HashMap;

use quell_model::{Product, Purl};
use serde_json::Value;

use crate::wire::{cut, sha256_of};
use crate::{Envelope, Index};

/// Relationships of relationships that are followed.
const MOST_STEPS: usize = 4;
/// Hashes that are searched; every relationship of a product asks for them.
const MOST_HASHES: usize = 64;
/// Stands before the ids of groups, which may equal those of products.
const GROUP: &str = "group ";

/// A product, and the part of it that is meant.
#[derive(Debug, Clone, Default)]
pub(super) struct Meant {
    pub(super) product: Product,
    pub(super) component: Option<Product>,
}

/// What a product id means; an id that the tree does not hold is a name.
pub(super) fn meant(envelope: &Envelope<'_>, id: &str) -> Meant {
    resolve(envelope, id, MOST_STEPS)
}

fn resolve(envelope: &Envelope<'_>, id: &str, steps: usize) -> Meant {
    let by_name = || Meant {
        product: Product { name: cut(id).to_owned(), ..Product::default() },
        component: None,
    };
    let Some((pointer, node)) = envelope.look_up(id, index) else { return by_name() };
    let reference = |name: &str| node.get(name).and_then(Value::as_str);
    match (reference("product_reference"), reference("relates_to_product_reference")) {
        (Some(part), Some(whole)) if steps > 0 => {
            let part = resolve(envelope, part, steps - 1);
            let whole = resolve(envelope, whole, steps - 1);
            Meant {
                product: whole.product,
                component: Some(part.component.unwrap_or(part.product)),
            }
        }
        (Some(_), _) | (_, Some(_)) => by_name(),
        (None, None) => {
            Meant { product: product(envelope.document, pointer, node), component: None }
        }
    }
}

/// The ids of a group's products.
pub(super) fn group<'a>(envelope: &Envelope<'a>, id: &str) -> &'a [Value] {
    let found = envelope.look_up(&format!("{GROUP}{id}"), index);
    found.and_then(|(_, g)| g.get("product_ids")?.as_array()).map_or(&[], Vec::as_slice)
}

/// A product with what its branches say of it.
fn product(document: &Value, pointer: &str, node: &Value) -> Product {
    let mut made = Product { name: text(node, "name").to_owned(), ..Product::default() };
    for (category, name) in branches(document, pointer) {
        match category {
            "product_name" => name.clone_into(&mut made.name),
            "product_version" => name.clone_into(&mut made.version),
            "product_version_range" => made.range = Some(name.to_owned()),
            _ => {}
        }
    }
    let helper = node.get("product_identification_helper").unwrap_or(&Value::Null);
    let purl = Some(text(helper, "purl")).filter(|purl| !purl.is_empty()).or_else(|| {
        let several = helper.get("purls")?.as_array()?;
        several.first()?.as_str().map(cut)
    });
    if let Some(parsed) = purl.and_then(Purl::parse) {
        let digest = parsed.version.strip_prefix("sha256:").and_then(sha256_of);
        if digest.is_none() && !parsed.version.is_empty() {
            made.version = parsed.version;
        }
        made.sha256 = digest;
        made.purl = purl.map(str::to_owned);
    }
    made.sha256 = made.sha256.or_else(|| sha256(helper));
    made
}

/// The branches above a product, outermost first.
fn branches<'v>(document: &'v Value, pointer: &str) -> Vec<(&'v str, &'v str)> {
    let mut found = Vec::new();
    let mut at = document;
    for step in pointer.split('/').skip(1) {
        let next = match at {
            Value::Array(list) => step.parse::<usize>().ok().and_then(|n| list.get(n)),
            Value::Object(map) => map.get(step),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        let Some(next) = next else { break };
        at = next;
        let (category, name) = (text(at, "category"), text(at, "name"));
        if !category.is_empty() && !name.is_empty() {
            found.push((category, name));
        }
    }
    found
}

fn sha256(helper: &Value) -> Option<String> {
    let hashes = helper.get("hashes").and_then(Value::as_array)?;
    let files = hashes.iter().filter_map(|h| h.get("file_hashes")?.as_array()).flatten();
    let mut values =
        files.take(MOST_HASHES).filter(|f| text(f, "algorithm").eq_ignore_ascii_case("sha256"));
    values.find_map(|f| sha256_of(text(f, "value")))
}

pub(super) fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).map(|text| cut(text.trim())).unwrap_or_default()
}

/// Every product, relationship and group of the tree, by its id.
fn index(document: &Value) -> Index {
    let mut index = HashMap::new();
    let Some(tree) = document.get("product_tree") else { return index };
    let mut waiting = vec![("/product_tree".to_owned(), tree)];
    while let Some((pointer, node)) = waiting.pop() {
        if let Some(product) = node.get("product") {
            note(&mut index, product, format!("{pointer}/product"));
        }
        for (at, branch) in elements(node, "branches") {
            waiting.push((format!("{pointer}/branches/{at}"), branch));
        }
    }
    for (at, name) in elements(tree, "full_product_names") {
        note(&mut index, name, format!("/product_tree/full_product_names/{at}"));
    }
    for (at, relationship) in elements(tree, "relationships") {
        let name = relationship.get("full_product_name").unwrap_or(&Value::Null);
        note(&mut index, name, format!("/product_tree/relationships/{at}"));
    }
    for (at, group) in elements(tree, "product_groups") {
        let id = format!("{GROUP}{}", text(group, "group_id"));
        index.entry(id).or_insert_with(|| format!("/product_tree/product_groups/{at}"));
    }
    index
}

fn elements<'v>(node: &'v Value, list: &str) -> impl Iterator<Item = (usize, &'v Value)> {
    node.get(list).and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn note(index: &mut Index, product: &Value, pointer: String) {
    let id = text(product, "product_id");
    if !id.is_empty() {
        index.entry(id.to_owned()).or_insert(pointer);
    }
}
