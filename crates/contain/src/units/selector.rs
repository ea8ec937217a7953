//! Which pods a network policy selects.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A selector of labels. All of it has to fit; an empty one fits everything.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Selector {
    #[serde(default)]
    match_labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Debug, Deserialize)]
struct Expression {
    key: String,
    operator: String,
    #[serde(default)]
    values: Option<Vec<String>>,
}

impl Selector {
    /// Whether it fits these labels. An operator that is not known counts as fitting, since what
    /// may let traffic through must not be overlooked.
    pub(super) fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        let mut pairs = self.match_labels.iter().flatten();
        let mut expressions = self.match_expressions.iter().flatten();
        pairs.all(|(key, value)| labels.get(key) == Some(value))
            && expressions.all(|one| one.fits(labels))
    }
}

impl Expression {
    fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed = || value.is_some_and(|value| self.values.iter().flatten().any(|v| v == value));
        match self.operator.as_str() {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(selector: &Value, fits: bool) {
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        let read: Selector = serde_json::from_value(selector.clone()).unwrap();
        assert_eq!(read.fits(&labels), fits, "{selector}");
    }

    #[test]
    fn selectors_fit_as_kubernetes_says() {
        check(&json!({}), true);
        check(&json!({"matchLabels": {"app": "web"}}), true);
        check(&json!({"matchLabels": {"app": "web", "tier": "x"}}), false);
        let one = |operator: &str, key: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        check(&one("In", "app", json!(["web", "db"])), true);
        check(&one("In", "app", json!(["db"])), false);
        check(&one("In", "tier", json!(["x"])), false);
        check(&one("NotIn", "app", json!(["web"])), false);
        check(&one("NotIn", "tier", json!(["x"])), true);
        check(&one("Exists", "app", Value::Null), true);
        check(&one("DoesNotExist", "app", Value::Null), false);
        check(&one("Later", "app", Value::Null), true);
    }
}
