//! The ways to change a block. One file each; a recipe makes new text and proves nothing: the
//! proof is made afterwards, on the text alone.

mod add_block;
mod companion_block;
mod describe_rules;
mod inline;
mod keyed_block;
mod own_account;
mod pin_module;
mod remove_public_acl;
mod restrict_egress;
mod restrict_ingress;
mod set_attributes;

use super::{Repository, Resource};
pub(crate) use crate::code::{Change, Wish};

/// A way to change a block.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// The name that the catalogue uses.
    pub(crate) id: &'static str,
    /// Makes the new text, or says what a person must decide.
    pub(crate) plan: fn(&Request<'_>) -> Result<Change, String>,
}

/// Every recipe, by name.
pub(crate) const RECIPES: &[&Recipe] = &[
    &add_block::RECIPE,
    &companion_block::RECIPE,
    &describe_rules::RECIPE,
    &keyed_block::RECIPE,
    &own_account::RECIPE,
    &pin_module::RECIPE,
    &remove_public_acl::RECIPE,
    &restrict_egress::RECIPE,
    &restrict_ingress::RECIPE,
    &set_attributes::RECIPE,
];

/// The block to change and what it should be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'r> {
    pub(crate) repository: &'r Repository,
    pub(crate) resource: Resource<'r>,
    pub(crate) wish: &'r Wish<'r>,
}

/// The recipe of that name.
pub(crate) fn by_name(name: &str) -> Option<&'static Recipe> {
    RECIPES.iter().copied().find(|recipe| recipe.id == name)
}

#[cfg(test)]
pub(crate) mod testing;
