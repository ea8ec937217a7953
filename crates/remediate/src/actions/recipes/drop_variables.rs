//! Takes variables out that switch a protection off.
//!
//! # What it changes
//! The `env` entries that `set.names` lists.
//!
//! # When it is withheld
//! A script of the workflow uses what the variable allows.

use serde_json::Value;

use super::{Recipe, Request};
use crate::actions::workflow::{jobs, steps, text, texts};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { id: "drop_variables", plan };

/// Commands that only work where they are allowed.
const ALLOWED: [&str; 2] = ["::set-env", "::add-path"];

fn plan(request: &Request<'_>) -> Result<Option<String>, String> {
    let names = request.wish.fix.set.get("names").and_then(toml::Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(toml::Value::as_str).collect();
    let workflow: &Value = request.document.data();
    let mut edits = Vec::new();
    collect(workflow, &[], &names, &mut edits);
    for (id, job) in jobs(workflow) {
        let path = [Step::from("jobs"), Step::Key(id.clone())];
        collect(job, &path, &names, &mut edits);
        for (at, step) in steps(job).iter().enumerate() {
            let path = [path[0].clone(), path[1].clone(), "steps".into(), at.into()];
            collect(step, &path, &names, &mut edits);
            let uses = text(step, "run").is_some_and(|run| ALLOWED.iter().any(|w| run.contains(w)));
            if uses && !edits.is_empty() {
                return Err(format!(
                    "a script of job `{id}` writes `::set-env` or `::add-path`: a person must \
                     change it to `$GITHUB_ENV` or `$GITHUB_PATH` first"
                ));
            }
        }
    }
    if edits.is_empty() {
        return Ok(None);
    }
    request.yaml.edited(0, &edits).map(Some)
}

fn collect(value: &Value, path: &[Step], names: &[&str], edits: &mut Vec<Edit>) {
    for (name, value) in texts(value, "env") {
        if names.contains(&name.as_str()) && value != "false" {
            let tail = [Step::from("env"), Step::Key(name)];
            edits.push(Edit::Remove(path.iter().cloned().chain(tail).collect()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, refuse};

    const FIX: &str = "recipe = 'drop_variables'\nset = { names = ['BAD'] }";

    #[test]
    fn the_variable_goes_and_others_stay() {
        check(
            FIX,
            "on: push\nenv:\n  BAD: true\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: y\n        env:\n          A: b # why\n          BAD: 'true'\n",
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: y\n        env:\n          A: b # why\n",
        );
    }

    #[test]
    fn a_script_that_needs_it_is_a_question() {
        refuse(
            FIX,
            "on: push\nenv:\n  BAD: true\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ::set-env name=a::b\n",
            "::set-env",
        );
    }
}
