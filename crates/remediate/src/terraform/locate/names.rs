//! The names that a block gives to what it makes.

use crate::Config;
use crate::terraform::{Repository, Resource, resolve};

/// Attributes that name a resource in its cloud, most specific first.
const NAME_ATTRIBUTES: [&str; 20] = [
    "bucket",
    "name",
    "identifier",
    "cluster_identifier",
    "db_name",
    "function_name",
    "cluster_name",
    "cluster_id",
    "replication_group_id",
    "domain_name",
    "domain",
    "repository",
    "family",
    "user_name",
    "group_name",
    "account_id",
    "display_name",
    "alias",
    "workspace_name",
    "creation_token",
];

/// Every literal name, with variables and locals followed.
pub(crate) fn literal_names(repository: &Repository, resource: &Resource<'_>) -> Vec<String> {
    names_in(&resolve::resource(repository, resource))
}

/// Every literal name of a configuration.
pub(crate) fn names_in(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = NAME_ATTRIBUTES
        .iter()
        .filter_map(|attribute| config.get(attribute)?.as_text())
        .map(ToOwned::to_owned)
        .collect();
    let tag = ["tags", "labels"]
        .iter()
        .filter_map(|tags| config.get(tags))
        .find_map(|tags| tags.get("Name").or_else(|| tags.get("name")));
    names.extend(tag.and_then(Config::as_text).map(ToOwned::to_owned));
    names.retain(|name| !name.is_empty());
    names
}
