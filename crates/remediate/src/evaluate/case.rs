//! Judges the cases that test a control.

use quell_catalog::{Check, Language, Truth};

use super::Evaluator;
use crate::terraform::Repository;

/// Judges a check on one of its cases: for Terraform the first resource of a listed type in the
/// text, for Kubernetes the JSON object.
///
/// # Errors
///
/// The text does not parse, or holds nothing that the check is about.
pub fn judge_case(check: &Check, config: &str) -> Result<Truth, String> {
    let evaluator = Evaluator::new();
    match check.language {
        Language::Terraform => terraform(&evaluator, check, config),
        Language::Kubernetes => {
            let object: serde_json::Value = serde_json::from_str(config)
                .map_err(|error| format!("the case is not json: {error}"))?;
            let kind = object.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
            if !check.resource.iter().any(|one| one == kind) {
                return Err(format!("the case is a `{kind}`, which the check is not about"));
            }
            Ok(evaluator.kubernetes(check, &object))
        }
    }
}

fn terraform(evaluator: &Evaluator, check: &Check, config: &str) -> Result<Truth, String> {
    let repository = Repository::parse([("case.tf".to_owned(), config.to_owned())]);
    if let Some((_, error)) = repository.unparsed().next() {
        return Err(error.to_owned());
    }
    let resource = repository
        .resources()
        .find(|resource| check.resource.iter().any(|kind| kind == resource.kind()))
        .ok_or_else(|| format!("the case has no resource of {}", check.resource.join(", ")))?;
    Ok(evaluator.terraform(check, &repository, &resource))
}
