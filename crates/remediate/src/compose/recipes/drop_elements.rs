//! Takes elements out of lists of a service.
//!
//! # What it changes
//! The elements that `set` names for a list.
//!
//! # When it is withheld
//! Never by itself.

use serde_json::Value;

use super::{Recipe, Request, element};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { id: "drop_elements", plan };

fn plan(request: &Request<'_>) -> Result<Vec<Edit>, String> {
    let mut edits = Vec::new();
    for name in request.wish.fix.set.keys() {
        let unwanted = request.listed(name);
        let there = request.service.get(name).and_then(Value::as_array);
        let there = there.map_or(&[][..], Vec::as_slice).iter().enumerate();
        let hits: Vec<usize> = there
            .filter(|(_, one)| unwanted.contains(&element(one).as_str()))
            .map(|(at, _)| at)
            .collect();
        // From the end on, so that the places of the others stay.
        for at in hits.into_iter().rev() {
            edits.push(Edit::Remove(request.below([Step::Key(name.clone()), at.into()])));
        }
    }
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn the_elements_go_and_others_stay() {
        check(
            "recipe = 'drop_elements'\nset = { security_opt = ['a:x', 'b:y'] }",
            "services:\n  web:\n    security_opt:\n      - a:x\n      - c:z\n      - b:y\n    image: i\n",
            "services:\n  web:\n    security_opt:\n      - c:z\n    image: i\n",
        );
    }
}
