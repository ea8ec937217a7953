//! Whether one block's attribute names another block.

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, TraversalOperator};
use quell_catalog::Truth;

use super::names::literal_names;
use crate::Config;
use crate::evaluate::{any, known, step};
use crate::terraform::{Repository, Resource, resolve};

/// Attributes by which a reference means the resource itself.
const IDENTITIES: [&str; 9] =
    ["", "id", "arn", "name", "bucket", "self_link", "key_id", "function_name", "resource_id"];

/// Whether the attribute `link` of a block names `resource`: by a reference to it, or by its
/// literal name. One of the block's instances is enough.
pub(crate) fn links_to(
    repository: &Repository,
    other: &Resource<'_>,
    link: &str,
    resource: &Resource<'_>,
) -> Truth {
    if names_another(other, link, resource) {
        return Truth::Fails;
    }
    let folder = other.file.folder();
    let instances = resolve::instances(repository, other);
    any(instances.iter().map(|config| {
        let mut value = config;
        for segment in link.split('.') {
            let next = if let Config::List(items) = value { items.first() } else { Some(value) };
            match next.and_then(|next| step(next, segment)) {
                Some(next) => value = next,
                None => return Truth::Fails,
            }
        }
        Named { repository, resource, folder }.by(value)
    }))
}

/// Roots of expressions that are no type of a resource.
const ROOTS: [&str; 9] =
    ["count", "data", "each", "local", "module", "path", "self", "terraform", "var"];

/// Whether an attribute plainly refers to another block of the module (`aws_x.y.id`): a look at
/// most of the blocks that may be tied to one, without their configurations.
fn names_another(other: &Resource<'_>, link: &str, resource: &Resource<'_>) -> bool {
    if other.file.folder() != resource.file.folder() {
        return false;
    }
    let value = other.block.body.get_attribute(link).map(|attribute| &attribute.value);
    let Some(Expression::Traversal(path)) = value else { return false };
    let Expression::Variable(root) = &path.expr else { return false };
    let mut names = path.operators.iter().map(|operator| operator.value());
    let Some(TraversalOperator::GetAttr(name)) = names.next() else { return false };
    let is_plain = |step: &TraversalOperator| match step {
        TraversalOperator::GetAttr(_)
        | TraversalOperator::Index(_)
        | TraversalOperator::LegacyIndex(_) => true,
        TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => false,
    };
    let is_own = resource.is(root.as_str()) && resource.name() == name.as_str();
    !ROOTS.contains(&root.as_str()) && !is_own && names.all(is_plain)
}

/// Blocks of a type that may be tied to a block: those of its module and of the modules around.
pub(crate) fn candidates<'r>(
    repository: &'r Repository,
    resource: &Resource<'_>,
    kind: &str,
) -> Vec<Resource<'r>> {
    let folders = repository.related(resource.file.folder());
    folders.iter().flat_map(|folder| repository.of_kind(folder, kind)).collect()
}

/// Blocks of the listed types that name this one: the `aws_s3_bucket_acl` of a bucket.
pub(crate) fn satellites<'r>(
    repository: &'r Repository,
    resource: &Resource<'_>,
    kinds: &[String],
) -> Vec<Resource<'r>> {
    let own = resource.kind();
    let refers = |one: &Resource<'_>| {
        let named = Named { repository, resource, folder: one.file.folder() };
        let all = resolve::resource(repository, one);
        let mut values = all.as_object().into_iter().flat_map(BTreeMap::values);
        values.any(|value| named.by(value) == Truth::Holds)
    };
    let others = kinds.iter().filter(|kind| **kind != own);
    others.flat_map(|kind| candidates(repository, resource, kind)).filter(refers).collect()
}

/// A block, and the folder of the module that may name it: another one or its own.
struct Named<'n> {
    repository: &'n Repository,
    resource: &'n Resource<'n>,
    folder: &'n str,
}

impl Named<'_> {
    /// Whether a value names it.
    fn by(&self, value: &Config) -> Truth {
        match value {
            Config::Reference { address, attribute } => self.by_reference(address, attribute),
            Config::Text(name) => {
                let names = literal_names(self.repository, self.resource);
                known(Some(names.iter().any(|one| one == name)))
            }
            Config::List(items) => any(items.iter().map(|item| self.by(item))),
            Config::Partly(_) | Config::Unknown => Truth::Unknown,
            Config::Null | Config::Bool(_) | Config::Number(_) | Config::Object(_) => Truth::Fails,
        }
    }

    fn by_reference(&self, address: &str, attribute: &str) -> Truth {
        if self.resource.is_written(address, self.folder) {
            let identity = IDENTITIES.contains(&attribute)
                || attribute.ends_with("_id")
                || attribute.ends_with("_name")
                || attribute.ends_with("identifier");
            return if identity { Truth::Holds } else { Truth::Unknown };
        }
        let own = address.rsplit("//").next().unwrap_or_default();
        if own.starts_with("module.") || own.starts_with("data.") {
            return Truth::Unknown;
        }
        Truth::Fails
    }
}
