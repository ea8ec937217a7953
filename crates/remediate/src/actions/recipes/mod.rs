//! The ways to change a workflow. One file each; a recipe makes new text and proves nothing.

mod drop_inputs;
mod drop_variables;
mod expressions_to_variables;
mod pin_actions;
mod token_permissions;

use super::code::Workflows;
use crate::code::Wish;
use crate::yaml::{Document, Node, Yaml};

/// A way to change a workflow.
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
    &drop_inputs::RECIPE,
    &drop_variables::RECIPE,
    &expressions_to_variables::RECIPE,
    &pin_actions::RECIPE,
    &token_permissions::RECIPE,
];

/// The workflow to change and what it should be.
#[derive(Clone, Copy)]
pub(super) struct Request<'r> {
    /// All workflows and actions, for what they call.
    pub(super) all: &'r Workflows,
    pub(super) path: &'r str,
    pub(super) text: &'r str,
    pub(super) yaml: &'r Yaml,
    pub(super) document: &'r Document,
    pub(super) root: &'r Node,
    pub(super) wish: &'r Wish<'r>,
}

/// The recipe of that name.
pub(super) fn by_name(name: &str) -> Option<&'static Recipe> {
    RECIPES.iter().copied().find(|recipe| recipe.id == name)
}

#[cfg(test)]
mod testing;
