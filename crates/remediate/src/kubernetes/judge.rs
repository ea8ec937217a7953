//! Where in an object a check looks, and what stands around the object.

use quell_catalog::{Check, Truth};
use serde_json::{Map, Value};

use super::code::place;
use super::manifests::{File, Manifests};
use super::object::{CONTAINERS, Object};
use crate::evaluate::{Surroundings, all, any};
use crate::{Config, Evaluator};

/// Judges a check on an object, and on what each patch of a kustomization makes of it; unknown
/// where the check is not about it.
pub(super) fn judge(
    evaluator: &Evaluator,
    check: &Check,
    manifests: &Manifests,
    (file, object): (&File, &Object),
) -> Truth {
    if !check.resource.contains(&object.kind) {
        return Truth::Unknown;
    }
    let around = Around { manifests, file, object };
    let alone = judge_alone(evaluator, check, &around, object);
    let patches = manifests.patches_of(&place(&file.path, object));
    let merged = patches
        .iter()
        .filter_map(|patch| patch.merged_among(object, patches))
        .map(|data| judge_alone(evaluator, check, &around, &object.with(data)));
    all([alone].into_iter().chain(merged))
}

fn judge_alone(
    evaluator: &Evaluator,
    check: &Check,
    around: &Around<'_>,
    object: &Object,
) -> Truth {
    let test = |config: &Config| evaluator.judge(&check.holds, config, Some(around));
    match check.at.as_deref() {
        None | Some("object") => test(object.config()),
        Some("pod_spec") => object.pod_config().map_or(Truth::Unknown, test),
        Some("containers") => each(object, &CONTAINERS, &test),
        Some("main_containers") => each(object, &["containers"], &test),
        Some(_) => Truth::Unknown,
    }
}

fn each(object: &Object, lists: &[&'static str], test: &dyn Fn(&Config) -> Truth) -> Truth {
    let found = lists.iter().filter_map(|list| match object.pod_config()?.get(list)? {
        Config::List(containers) => Some(containers),
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Object(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => None,
    });
    let mut containers = found.flatten().peekable();
    if containers.peek().is_none() {
        return Truth::Unknown;
    }
    all(containers.map(test))
}

/// Where companions of an object are looked for: its namespace, in the files that are applied with
/// its own.
struct Around<'m> {
    manifests: &'m Manifests,
    file: &'m File,
    object: &'m Object,
}

impl Surroundings for Around<'_> {
    /// `link` is where the companion has its label selector, which must select the object's pods.
    fn companion(
        &self,
        kind: &str,
        link: &str,
        judge: &dyn Fn(&Config, &dyn Surroundings) -> Truth,
    ) -> Truth {
        let others = self.manifests.objects().filter(|(file, other)| {
            other.kind == kind
                && other.namespace_or_default() == self.object.namespace_or_default()
                && self.manifests.comes_with(file, self.file)
        });
        any(others.map(|(file, other)| {
            let selector = link.split('.').try_fold(&*other.data, |value, key| value.get(key));
            let Some(selector) = selector else { return Truth::Fails };
            match selects(selector, &self.object.pod_labels()) {
                Some(true) => {
                    let there = Around { manifests: self.manifests, file, object: other };
                    judge(other.config(), &there)
                }
                Some(false) => Truth::Fails,
                None => Truth::Unknown,
            }
        }))
    }
}

/// Whether two files are likely applied together: one folder holds the other's.
pub(super) fn together(one: &File, other: &File) -> bool {
    one.folder().starts_with(other.folder()) || other.folder().starts_with(one.folder())
}

/// Whether a label selector selects pods of these labels; none where it cannot be told.
pub(super) fn selects(selector: &Value, labels: &Map<String, Value>) -> Option<bool> {
    let label = |key: &str| labels.get(key).and_then(Value::as_str);
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let same = wanted.into_iter().flatten().all(|(key, value)| label(key) == value.as_str());
    if !same {
        return Some(false);
    }
    for one in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let has = label(one.get("key")?.as_str()?);
        let values = one.get("values").and_then(Value::as_array);
        let among = || values.into_iter().flatten().any(|value| value.as_str() == has);
        let holds = match one.get("operator")?.as_str()? {
            "In" => has.is_some() && among(),
            "NotIn" => has.is_none() || !among(),
            "Exists" => has.is_some(),
            "DoesNotExist" => has.is_none(),
            _ => return None,
        };
        if !holds {
            return Some(false);
        }
    }
    Some(true)
}

/// Whether plain labels, as a Service selects by, are all on pods of these labels.
pub(super) fn covers(wanted: &Map<String, Value>, labels: &Map<String, Value>) -> bool {
    !wanted.is_empty() && wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}
