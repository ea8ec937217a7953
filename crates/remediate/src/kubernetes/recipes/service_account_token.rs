//! `no_service_account_token`: pods get no token for the API. A pod whose account the repository
//! gives rights to likely uses them, so that a person must decide there: the parameter
//! `kubernetes.service_account_token.<account>` says whether it does.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Plan, Recipe, Request};
use crate::kubernetes::code::place;
use crate::kubernetes::object::{Object, text_at};
use crate::yaml::Edit;

pub(super) const RECIPE: Recipe = Recipe { name: "no_service_account_token", plan };

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let spec = request.object.pod_spec().ok_or("it has no pod")?;
    let own = place(&request.file.path, request.object);
    let under: Vec<&Object> = request.manifests.under(&own).collect();
    if under.is_empty() {
        request.whole_object()?;
    }
    // A patch is about the account of what it is laid upon.
    let specs = under.iter().filter_map(|object| object.pod_spec()).chain([spec]);
    let accounts: BTreeSet<&str> = specs.filter_map(account).collect();
    for account in accounts.into_iter().filter(|account| *account != "default") {
        let Some(binding) = bound(request, account) else { continue };
        let parameter = format!("kubernetes.service_account_token.{account}");
        let rights = format!("its service account `{account}` has rights by `{binding}`");
        match request.wish.settings.get(&parameter) {
            Some("unused") => {}
            Some("used") => return Err(format!("{rights}, and its programs use the token")),
            Some(_) => {
                return Err(format!("the parameter `{parameter}` is neither `used` nor `unused`"));
            }
            None => {
                return Err(format!(
                    "{rights}, so the program likely uses the token: say whether it does \
                     (`{parameter}`)"
                ));
            }
        }
    }
    let path = request.in_pod_spec("automountServiceAccountToken")?;
    Ok(Plan::Edits(vec![Edit::Set(path, json!(false))]))
}

fn account(spec: &Value) -> Option<&str> {
    text_at(spec, "serviceAccountName").or_else(|| text_at(spec, "serviceAccount"))
}

/// The binding that gives an account rights.
fn bound(request: &Request<'_>, account: &str) -> Option<String> {
    let bindings = request
        .manifests
        .objects()
        .filter(|(_, object)| matches!(object.kind.as_str(), "RoleBinding" | "ClusterRoleBinding"));
    let names_it = |subject: &Value| {
        text_at(subject, "kind") == Some("ServiceAccount")
            && text_at(subject, "name") == Some(account)
    };
    bindings
        .filter(|(_, object)| {
            let subjects = object.data.get("subjects").and_then(Value::as_array);
            subjects.into_iter().flatten().any(names_it)
        })
        .map(|(_, object)| object.address.clone())
        .next()
}
