//! `no_privilege_escalation`: containers may not gain rights. A privileged container, and one
//! with `SYS_ADMIN`, always may, and the API refuses one that says otherwise, so those go too.

use serde_json::{Value, json};

use super::{Plan, Recipe, Request, below};
use crate::yaml::Edit;

pub(super) const RECIPE: Recipe = Recipe { name: "no_privilege_escalation", plan };

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let mut edits = Vec::new();
    for (path, container) in request.containers() {
        let context = container.get("securityContext");
        let says = |key: &str| context.and_then(|context| context.get(key));
        if says("allowPrivilegeEscalation") != Some(&Value::Bool(false)) {
            let path = below(&path, "securityContext.allowPrivilegeEscalation");
            edits.push(Edit::Set(path, json!(false)));
        }
        if says("privileged") == Some(&Value::Bool(true)) {
            edits.push(Edit::Set(below(&path, "securityContext.privileged"), json!(false)));
        }
        let added = says("capabilities").and_then(|all| all.get("add")).and_then(Value::as_array);
        let admin = |value: &Value| matches!(value.as_str(), Some("SYS_ADMIN" | "CAP_SYS_ADMIN"));
        let found = added.into_iter().flatten().enumerate().filter(|(_, value)| admin(value));
        let add = below(&path, "securityContext.capabilities.add");
        let found: Vec<usize> = found.map(|(at, _)| at).collect();
        let gone = |at: &usize| Edit::Remove([add.as_slice(), &[(*at).into()]].concat());
        edits.extend(found.iter().rev().map(gone));
    }
    Ok(Plan::Edits(edits))
}
