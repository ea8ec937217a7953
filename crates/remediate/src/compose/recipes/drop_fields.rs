//! Takes keys of a service away, so that the default holds.
//!
//! # What it changes
//! The keys that `set.names` lists.
//!
//! # When it is withheld
//! Never by itself.

use super::{Recipe, Request};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { id: "drop_fields", plan };

fn plan(request: &Request<'_>) -> Result<Vec<Edit>, String> {
    let names = request.listed("names");
    let there = names.into_iter().filter(|name| request.service.get(*name).is_some());
    Ok(there.map(|name| Edit::Remove(request.below([Step::from(name)]))).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn the_key_goes_and_others_stay() {
        check(
            "recipe = 'drop_fields'\nset = { names = ['pid'] }",
            "services:\n  web:\n    pid: host\n    image: a\n",
            "services:\n  web:\n    image: a\n",
        );
    }
}
