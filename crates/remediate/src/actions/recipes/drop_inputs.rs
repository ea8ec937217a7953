//! Takes inputs out that nothing in the workflow reads.
//!
//! # What it changes
//! `inputs` of `workflow_dispatch`.
//!
//! # When it is withheld
//! An input is read: then a person must say how the workflow does without it.

use super::{Recipe, Request};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { id: "drop_inputs", plan };

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let data = request.document.data();
    let inputs = data.pointer("/on/workflow_dispatch/inputs").and_then(|one| one.as_object());
    let Some(inputs) = inputs.filter(|inputs| !inputs.is_empty()) else { return Ok(None) };
    let lower = request.text.to_ascii_lowercase();
    let whole = ["tojson(inputs)", "tojson(github.event", "tojson(github)", "github_event_path"];
    let by_name = ["inputs.", "inputs[", "inputs["];
    if whole.iter().chain(&by_name).any(|use_| lower.contains(use_)) {
        let names: Vec<&str> = inputs.keys().map(String::as_str).take(5).collect();
        return Err(format!(
            "the workflow reads its inputs ({}): a person must say how it does without them",
            names.join(", ")
        ));
    }
    let path = ["on", "workflow_dispatch", "inputs"].map(Step::from).to_vec();
    // What starts the workflow must stay, also where nothing else is said of it.
    if data
        .pointer("/on/workflow_dispatch")
        .and_then(|one| one.as_object())
        .is_some_and(|one| one.len() == 1)
    {
        let path = path.get(..2).unwrap_or_default().to_vec();
        return request.yaml.edited(0, &[Edit::Set(path, serde_json::json!({}))]).map(Some);
    }
    request.yaml.edited(0, &[Edit::Remove(path)]).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'drop_inputs'";

    #[test]
    fn inputs_that_nothing_reads_go() {
        check(
            FIX,
            "on:\n  workflow_dispatch:\n    inputs:\n      a:\n        default: b\njobs:\n  a:\n    runs-on: x\n",
            "on:\n  workflow_dispatch: {}\njobs:\n  a:\n    runs-on: x\n",
        );
    }

    #[test]
    fn inputs_that_are_read_are_a_question() {
        refuse(
            FIX,
            "on:\n  workflow_dispatch:\n    inputs:\n      a:\n        default: b\njobs:\n  a:\n    runs-on: ${{ inputs.a }}\n",
            "reads its inputs (a)",
        );
    }
}
