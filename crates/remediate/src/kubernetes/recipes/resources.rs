//! `resources`: containers say how much CPU or memory they need at least and at most.
//!
//! A request that is missing is the limit, which Kubernetes takes anyway. A limit that is missing
//! is twice the request, and not less than the default. Where neither is there, both come from the
//! parameters `kubernetes.cpu_request`, `cpu_limit`, `memory_request` and `memory_limit`.

use serde_json::{Value, json};

use super::{Plan, Recipe, Request, below, name_of};
use crate::yaml::Edit;

pub(super) const RECIPE: Recipe = Recipe { name: "resources", plan };

/// `requests.cpu` and the like, with the parameter and its default.
const FIELDS: [(&str, &str, &str); 4] = [
    ("requests.cpu", "kubernetes.cpu_request", "100m"),
    ("limits.cpu", "kubernetes.cpu_limit", "500m"),
    ("requests.memory", "kubernetes.memory_request", "128Mi"),
    ("limits.memory", "kubernetes.memory_limit", "512Mi"),
];

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    request.whole_containers()?;
    let mut edits = Vec::new();
    for field in request.wish.fix.set.keys() {
        let known = FIELDS.iter().find(|(name, ..)| name == field);
        let (_, parameter, default) = known.ok_or_else(|| format!("`{field}` is no resource"))?;
        let default = request.parameter(parameter, default);
        for (path, container) in request.containers() {
            if there(container, field).is_none() {
                let value = amount(container, field, default)?;
                edits.push(Edit::Set(below(&path, &format!("resources.{field}")), value));
            }
        }
    }
    Ok(Plan::Edits(edits))
}

fn there<'c>(container: &'c Value, field: &str) -> Option<&'c Value> {
    let resources = container.get("resources")?;
    field
        .split('.')
        .try_fold(resources, |value, key| value.get(key))
        .filter(|value| !value.is_null())
}

fn amount(container: &Value, field: &str, default: &str) -> Result<Value, String> {
    let (list, what) = field.split_once('.').unwrap_or_default();
    let size = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        quantity(&text).ok_or_else(|| {
            format!(
                "`{text}` of the container `{}` is no amount that can be compared",
                name_of(container)
            )
        })
    };
    if list == "requests" {
        let Some(limit) = there(container, &format!("limits.{what}")) else {
            return Ok(json!(default));
        };
        size(limit)?;
        return Ok(limit.clone());
    }
    let Some(least) = there(container, &format!("requests.{what}")) else {
        return Ok(json!(default));
    };
    let (number, unit) = size(least)?;
    let enough = quantity(default).map(|(number, unit)| number * unit);
    if enough.is_some_and(|enough| enough >= number * unit * 2.0) {
        return Ok(json!(default));
    }
    let text = least.as_str().map_or_else(|| least.to_string(), str::to_owned);
    let suffix = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    Ok(json!(format!("{}{suffix}", number * 2.0)))
}

/// A number and what its unit is worth.
fn quantity(text: &str) -> Option<(f64, f64)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let unit = match unit {
        "" => 1.0,
        "m" => 0.001,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(resources: &str, field: &str, default: &str, expected: &str) {
        let resources: Value = serde_json::from_str(resources).unwrap();
        let expected: Value = serde_json::from_str(expected).unwrap();
        let container = json!({"name": "a", "resources": resources});
        assert_eq!(amount(&container, field, default), Ok(expected));
    }

    #[test]
    fn amounts_follow_what_the_container_says() {
        check(r#"{}"#, "requests.cpu", "100m", r#""100m""#);
        check(r#"{"limits": {"cpu": 2}}"#, "requests.cpu", "100m", r#"2"#);
        check(r#"{"limits": {"memory": "64Mi"}}"#, "requests.memory", "128Mi", r#""64Mi""#);
        check(r#"{"requests": {"cpu": "100m"}}"#, "limits.cpu", "500m", r#""500m""#);
        check(r#"{"requests": {"cpu": "0.5"}}"#, "limits.cpu", "500m", r#""1""#);
        check(r#"{"requests": {"memory": "300Mi"}}"#, "limits.memory", "512Mi", r#""600Mi""#);
        let odd = json!({"name": "a", "resources": {"requests": {"cpu": "1e3"}}});
        assert!(amount(&odd, "limits.cpu", "500m").is_err());
    }
}
