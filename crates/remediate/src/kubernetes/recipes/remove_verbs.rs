//! `remove_verbs`: a role loses verbs on some resources.
//!
//! A rule that lists nothing but those resources loses the verbs, and goes where none is left: the
//! role can do strictly less. A rule with a wildcard, or with other resources on the same line, is
//! left to a person, who knows what of it is needed.

use serde_json::Value;

use super::{Plan, Recipe, Request};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { name: "remove_verbs", plan };

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    let listed = |name: &str| -> Vec<&str> {
        let list = request.wish.fix.set.get(name).and_then(toml::Value::as_array);
        list.into_iter().flatten().filter_map(toml::Value::as_str).collect()
    };
    let (resources, verbs) = (listed("resources"), listed("verbs"));
    let rules = request.object.data.get("rules").and_then(Value::as_array);
    let rules: Vec<&Value> = rules.into_iter().flatten().collect();
    let mut gone = Vec::new();
    let mut edits = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let (on, may) = (texts(rule, "resources"), texts(rule, "verbs"));
        let meant = |one: &&str| *one == "*" || resources.contains(one);
        let given = |one: &&str| *one == "*" || verbs.contains(one);
        if !on.iter().any(meant) || !may.iter().any(given) {
            continue;
        }
        if on.contains(&"*") || may.contains(&"*") {
            return Err(format!(
                "rule {} grants it by `*`: what the role needs must be listed first",
                at + 1
            ));
        }
        if let Some(other) = on.iter().find(|one| !resources.contains(one)) {
            return Err(format!(
                "rule {} grants the same on `{other}`: whether that stays must be known first",
                at + 1
            ));
        }
        let left = may.iter().filter(|verb| !verbs.contains(verb)).count();
        if left == 0 {
            gone.push(at);
            continue;
        }
        let taken = may.iter().enumerate().filter(|(_, verb)| verbs.contains(verb));
        let taken: Vec<usize> = taken.map(|(verb, _)| verb).collect();
        let place = |verb: usize| vec![Step::from("rules"), at.into(), "verbs".into(), verb.into()];
        edits.extend(taken.into_iter().rev().map(|verb| Edit::Remove(place(verb))));
    }
    if gone.len() == rules.len() && !gone.is_empty() {
        return Err("nothing would be left of the role, so that it can go as a whole".into());
    }
    let rule = |at: usize| Edit::Remove(vec![Step::from("rules"), at.into()]);
    edits.extend(gone.into_iter().rev().map(rule));
    Ok(Plan::Edits(edits))
}

fn texts<'v>(rule: &'v Value, key: &str) -> Vec<&'v str> {
    let list = rule.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}
