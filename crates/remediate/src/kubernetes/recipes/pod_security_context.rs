//! `pod_security_context`: the pod's security context is made so, and containers that say
//! otherwise are made to agree, since theirs goes before the pod's.

use serde_json::{Value, json};

use super::set_fields::parameter;
use super::{Plan, Recipe, Request, below};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { name: "pod_security_context", plan };

/// Where the profile of a pod stood before it had a field.
const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/pod";

/// The user that programs run as where nothing says another.
const USER: (&str, u64) = ("kubernetes.run_as_user", 10001);

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let spec = request.object.pod_spec().ok_or("it has no pod")?;
    let at_pod = request.in_pod_spec("securityContext")?;
    let mut edits = Vec::new();
    for (key, value) in &request.wish.fix.set {
        let json = serde_json::to_value(value).map_err(|error| error.to_string())?;
        let wanted = match json.get("parameter").and_then(Value::as_str) {
            Some(name) => {
                parameter(request, name, json.get("default").cloned().unwrap_or_default())?
            }
            None => json,
        };
        if !satisfies(context(spec, key), &wanted) {
            edits.push(Edit::Set(below(&at_pod, key), wanted.clone()));
        }
        for (path, container) in request.containers() {
            let there = context(container, key);
            if there.is_some() && !satisfies(there, &wanted) {
                edits.push(Edit::Set(
                    below(&path, &format!("securityContext.{key}")),
                    wanted.clone(),
                ));
            }
        }
        if key == "runAsNonRoot" {
            edits.extend(other_users(request, spec, &at_pod)?);
        }
        if key == "seccompProfile.type" && request.object.kind == "ReplicationController" {
            edits.extend(annotated(request)?);
        }
    }
    Ok(Plan::Edits(edits))
}

/// The same profile in the annotation in which clusters before 1.19 look for it, as some tools do
/// for a ReplicationController. A cluster that knows both wants them to agree.
fn annotated(request: &Request<'_>) -> Result<Option<Edit>, String> {
    let pod = request.object.pod().and_then(|pod| pod.get("metadata")?.get("annotations"));
    let there = pod.and_then(Value::as_object);
    let other = |(key, value): &(&String, &Value)| {
        key.contains("seccomp.security.alpha.kubernetes.io/")
            && (*key != SECCOMP || value.as_str() != Some("runtime/default"))
    };
    if let Some((key, _)) = there.and_then(|all| all.iter().find(other)) {
        return Err(format!("its annotation `{key}` names a profile already"));
    }
    let keys = request.object.pod_path().ok_or("it has no pod")?;
    let path = keys.iter().copied().chain(["metadata", "annotations", SECCOMP]);
    Ok(Some(Edit::Set(path.map(Step::from).collect(), json!("runtime/default"))))
}

fn context<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let context = value.get("securityContext")?;
    key.split('.').try_fold(context, |value, key| value.get(key))
}

/// Whether a value is as wanted; a user id may be larger.
fn satisfies(there: Option<&Value>, wanted: &Value) -> bool {
    let enough = |there: &Value| Some(there.as_u64()? >= wanted.as_u64()?.min(10000));
    there.is_some_and(|there| there == wanted || enough(there) == Some(true))
}

/// A container that is told to be root and not to be root does not start, so that root goes.
fn other_users(request: &Request<'_>, spec: &Value, at_pod: &[Step]) -> Result<Vec<Edit>, String> {
    let user = parameter(request, USER.0, json!(USER.1))?;
    let is_root = |value: &Value| context(value, "runAsUser").and_then(Value::as_u64) == Some(0);
    let mut edits = Vec::new();
    if is_root(spec) {
        edits.push(Edit::Set(below(at_pod, "runAsUser"), user.clone()));
    }
    for (path, _) in request.containers().iter().filter(|(_, container)| is_root(container)) {
        edits.push(Edit::Set(below(path, "securityContext.runAsUser"), user.clone()));
    }
    Ok(edits)
}
