//! The ways to change a Dockerfile. One file each; a recipe makes new text and proves nothing.

mod absolute_workdir;
mod apt_get;
mod base_tag;
mod copy_for_add;
mod drop_flags;
mod drop_ports;
mod drop_sudo;
mod healthcheck;
mod join_update;
mod maintainer_label;
mod nginx;
mod port;
mod user;

use super::code::Dockerfiles;
use super::file::Dockerfile;
use crate::Config;
use crate::code::Wish;

/// A way to change a Dockerfile.
#[derive(Debug)]
pub(super) struct Recipe {
    /// The name that the catalogue uses.
    pub(super) id: &'static str,
    /// Makes the new text, or none where nothing needs to change, or says what a person must
    /// decide.
    pub(super) plan: fn(&Request<'_>) -> Result<Option<String>, String>,
}

/// Every recipe, by name.
const RECIPES: &[&Recipe] = &[
    &absolute_workdir::RECIPE,
    &apt_get::RECIPE,
    &base_tag::RECIPE,
    &copy_for_add::RECIPE,
    &drop_flags::RECIPE,
    &drop_ports::RECIPE,
    &drop_sudo::RECIPE,
    &healthcheck::RECIPE,
    &join_update::RECIPE,
    &maintainer_label::RECIPE,
    &user::RECIPE,
];

/// The file to change and what it should be.
#[derive(Clone, Copy)]
pub(super) struct Request<'r> {
    /// All Dockerfiles, for what others say.
    pub(super) all: &'r Dockerfiles,
    pub(super) path: &'r str,
    pub(super) text: &'r str,
    pub(super) file: &'r Dockerfile,
    pub(super) tree: &'r Config,
    pub(super) wish: &'r Wish<'r>,
}

/// The recipe of that name.
pub(super) fn by_name(name: &str) -> Option<&'static Recipe> {
    RECIPES.iter().copied().find(|recipe| recipe.id == name)
}

#[cfg(test)]
mod testing;
