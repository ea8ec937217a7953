//! `no_service_account_token`: pods get no token for the API. A pod whose account the repository
//! gives rights to likely uses them, so that a person must decide there.

use serde_json::{Value, json};

use super::{Plan, Recipe, Request};
use crate::kubernetes::object::text_at;
use crate::yaml::Edit;

pub(super) const RECIPE: Recipe = Recipe { name: "no_service_account_token", plan };

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let spec = request.object.pod_spec().ok_or("it has no pod")?;
    let account = text_at(spec, "serviceAccountName").or_else(|| text_at(spec, "serviceAccount"));
    if let Some(account) = account.filter(|account| *account != "default")
        && let Some(binding) = bound(request, account)
    {
        return Err(format!(
            "its service account `{account}` has rights by `{binding}`, so the program likely uses \
             the token: whether it does must be known first"
        ));
    }
    let path = request.in_pod_spec("automountServiceAccountToken")?;
    Ok(Plan::Edits(vec![Edit::Set(path, json!(false))]))
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
