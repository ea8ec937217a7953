//! The ways to change a service. Each makes edits of the service's keys and proves nothing.

mod add_elements;
mod drop_elements;
mod drop_fields;
mod own_network;
mod set_fields;

use serde_json::Value;

use crate::code::Wish;
use crate::yaml::{Edit, Step};

/// A way to change a service.
#[derive(Debug)]
pub(super) struct Recipe {
    /// The name that the catalogue uses.
    pub(super) id: &'static str,
    /// The edits that are needed, or what a person must decide.
    pub(super) plan: fn(&Request<'_>) -> Result<Vec<Edit>, String>,
}

/// Every recipe, by name.
const RECIPES: &[&Recipe] = &[
    &add_elements::RECIPE,
    &drop_elements::RECIPE,
    &drop_fields::RECIPE,
    &own_network::RECIPE,
    &set_fields::RECIPE,
];

/// The service to change and what it should be.
#[derive(Clone, Copy)]
pub(super) struct Request<'r> {
    pub(super) service: &'r Value,
    /// Where the service stands in its document.
    pub(super) path: &'r [Step],
    pub(super) wish: &'r Wish<'r>,
}

impl Request<'_> {
    /// The path of something below the service.
    pub(super) fn below(&self, steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
        self.path.iter().cloned().chain(steps).collect()
    }

    /// The texts that `set` lists under a name.
    pub(super) fn listed(&self, name: &str) -> Vec<&str> {
        let listed = self.wish.fix.set.get(name).and_then(toml::Value::as_array);
        listed.into_iter().flatten().filter_map(toml::Value::as_str).collect()
    }
}

/// The recipe of that name.
pub(super) fn by_name(name: &str) -> Option<&'static Recipe> {
    RECIPES.iter().copied().find(|recipe| recipe.id == name)
}

/// An element of a list as text.
fn element(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod testing;
