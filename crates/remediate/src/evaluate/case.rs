//! Judges the cases that test a control.

use quell_catalog::{Check, Language, Truth};

use super::Evaluator;
use crate::DIALECTS;

/// Judges a check on one of its cases: the first thing of a listed kind in the text. For
/// Kubernetes the text is one JSON object.
///
/// # Errors
///
/// The text does not parse, or holds nothing that the check is about.
pub fn judge_case(check: &Check, config: &str) -> Result<Truth, String> {
    let evaluator = Evaluator::new();
    if check.language == Language::Kubernetes {
        return object(&evaluator, check, config);
    }
    let dialect = DIALECTS
        .iter()
        .find(|dialect| dialect.language == check.language)
        .ok_or("no language of that name is read")?;
    let code = (dialect.parse)(vec![(dialect.sample.to_owned(), config.to_owned())]);
    if let Some(reason) = code.fault(dialect.sample) {
        return Err(reason.to_owned());
    }
    let about = |kind: &str| check.resource.iter().any(|one| one == kind);
    let place = code
        .places(dialect.sample)
        .into_iter()
        .find(|place| code.kind(place).is_some_and(|kind| about(&kind)));
    let place =
        place.ok_or_else(|| format!("the case has nothing of {}", check.resource.join(", ")))?;
    Ok(code.judge(&evaluator, check, &place))
}

fn object(evaluator: &Evaluator, check: &Check, config: &str) -> Result<Truth, String> {
    let object: serde_json::Value =
        serde_json::from_str(config).map_err(|error| format!("the case is not json: {error}"))?;
    let kind = object.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
    if !check.resource.iter().any(|one| one == kind) {
        return Err(format!("the case is a `{kind}`, which the check is not about"));
    }
    Ok(evaluator.kubernetes(check, &object))
}
