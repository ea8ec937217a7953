//! Whether one block's attribute names another block.

use quell_catalog::Truth;

use super::names::literal_names;
use crate::Config;
use crate::terraform::{Repository, Resource, resolve};

/// Attributes by which a reference means the resource itself.
const IDENTITIES: [&str; 9] =
    ["", "id", "arn", "name", "bucket", "self_link", "key_id", "function_name", "resource_id"];

/// Whether the attribute `link` of a configuration names `resource`: by a reference to it, or by
/// its literal name.
pub(crate) fn links_to(
    repository: &Repository,
    config: &Config,
    link: &str,
    resource: &Resource<'_>,
) -> Truth {
    let mut value = config;
    for segment in link.split('.') {
        let next = if let Config::List(items) = value { items.first() } else { Some(value) };
        match next.and_then(|next| crate::evaluate::step(next, segment)) {
            Some(next) => value = next,
            None => return Truth::Fails,
        }
    }
    names(repository, value, resource)
}

/// Blocks of the listed types that name this one: the `aws_s3_bucket_acl` of a bucket.
pub(crate) fn satellites<'r>(
    repository: &'r Repository,
    resource: &Resource<'_>,
    kinds: &[String],
) -> Vec<Resource<'r>> {
    let other = |one: &Resource<'_>| {
        one.kind() != resource.kind() && kinds.iter().any(|kind| kind == one.kind())
    };
    let refers = |one: &Resource<'_>| match resolve::resource(repository, one) {
        Config::Object(map) => {
            map.values().any(|value| names(repository, value, resource) == Truth::Holds)
        }
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::List(_)
        | Config::Reference { .. }
        | Config::Unknown => false,
    };
    repository.resources().filter(|one| other(one) && refers(one)).collect()
}

fn names(repository: &Repository, value: &Config, resource: &Resource<'_>) -> Truth {
    match value {
        Config::Reference { address, attribute } => {
            if *address == resource.address() {
                let identity = IDENTITIES.contains(&attribute.as_str())
                    || attribute.ends_with("_id")
                    || attribute.ends_with("_name")
                    || attribute.ends_with("identifier");
                return if identity { Truth::Holds } else { Truth::Unknown };
            }
            if address.starts_with("module.") || address.starts_with("data.") {
                return Truth::Unknown;
            }
            Truth::Fails
        }
        Config::Text(name) => {
            let names = literal_names(repository, resource);
            if names.iter().any(|one| one == name) { Truth::Holds } else { Truth::Fails }
        }
        Config::List(items) => {
            let truths: Vec<Truth> =
                items.iter().map(|item| names(repository, item, resource)).collect();
            if truths.contains(&Truth::Holds) {
                Truth::Holds
            } else if truths.contains(&Truth::Unknown) {
                Truth::Unknown
            } else {
                Truth::Fails
            }
        }
        Config::Unknown => Truth::Unknown,
        Config::Null | Config::Bool(_) | Config::Number(_) | Config::Object(_) => Truth::Fails,
    }
}
