//! Adds elements to lists of a service.
//!
//! # What it changes
//! The elements that `set` names for a list, where they are missing.
//!
//! # When it is withheld
//! The list says the opposite (`no-new-privileges:false`).

use serde_json::Value;

use super::{Recipe, Request, element};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { id: "add_elements", plan };

fn plan(request: &Request<'_>) -> Result<Vec<Edit>, String> {
    let mut edits = Vec::new();
    for name in request.wish.fix.set.keys() {
        let there = request.service.get(name).and_then(Value::as_array);
        let there: Vec<String> = there.into_iter().flatten().map(element).collect();
        for wanted in request.listed(name) {
            let key = wanted.split([':', '=']).next().unwrap_or(wanted);
            if there.iter().any(|one| one == wanted || (one == key && wanted.ends_with("true"))) {
                continue;
            }
            if let Some(other) = there.iter().find(|one| one.split([':', '=']).next() == Some(key))
            {
                let other: String = other.chars().filter(|c| !c.is_control()).take(60).collect();
                return Err(format!(
                    "`{name}` says `{other}`: a person must say whether that is meant"
                ));
            }
            edits.push(Edit::Append(request.below([Step::Key(name.clone())]), wanted.into()));
        }
    }
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str =
        "recipe = 'add_elements'\nset = { security_opt = ['no-new-privileges:true'] }";

    #[test]
    fn the_list_is_made_or_gets_longer() {
        check(
            FIX,
            "services:\n  web:\n    image: a\n",
            "services:\n  web:\n    image: a\n    security_opt:\n      - no-new-privileges:true\n",
        );
        check(
            FIX,
            "services:\n  web:\n    security_opt:\n      - label:type:x\n    image: a\n",
            "services:\n  web:\n    security_opt:\n      - label:type:x\n      - no-new-privileges:true\n    image: a\n",
        );
    }

    #[test]
    fn the_opposite_is_a_question() {
        let text = "services:\n  web:\n    security_opt:\n      - no-new-privileges:false\n";
        refuse(FIX, text, "whether that is meant");
    }
}
