//! Makes keys of a service be so.
//!
//! # What it changes
//! The keys that `set` names.
//!
//! # When it is withheld
//! Never by itself.

use serde_json::Value;

use super::{Recipe, Request};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { id: "set_fields", plan };

fn plan(request: &Request<'_>) -> Result<Vec<Edit>, String> {
    let mut edits = Vec::new();
    for (name, wanted) in &request.wish.fix.set {
        let wanted: Value = serde_json::to_value(wanted).map_err(|error| error.to_string())?;
        if request.service.get(name) != Some(&wanted) {
            edits.push(Edit::Set(request.below([Step::Key(name.clone())]), wanted));
        }
    }
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'set_fields'\nset = { privileged = false }";

    #[test]
    fn a_key_is_set_where_it_stands() {
        check(
            FIX,
            "services:\n  web:\n    privileged: true # why\n    image: a\n  b:\n    privileged: true\n",
            "services:\n  web:\n    privileged: false # why\n    image: a\n  b:\n    privileged: true\n",
        );
    }

    #[test]
    fn what_comes_from_elsewhere_is_left_alone() {
        refuse(
            FIX,
            "services:\n  web:\n    extends:\n      service: b\n    image: a\n",
            "takes parts",
        );
        refuse(
            FIX,
            "x-a: &a\n  privileged: true\nservices:\n  web:\n    <<: *a\n    image: b\n",
            "merge key",
        );
    }
}
