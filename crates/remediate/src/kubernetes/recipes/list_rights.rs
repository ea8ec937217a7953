//! `list_rights`: a role grants what is listed instead of `*`.
//!
//! The parameter `kubernetes.rights.<kind>.<name>` lists what is needed, as `group/resource:verb`
//! with commas between verbs and blanks between entries (`/pods:get,list apps/deployments:get`).
//! Each entry has to lie in one of the rules with a `*`, which go; other rules stay.

use serde_json::{Value, json};

use super::{Plan, Recipe, Request};
use crate::yaml::{Edit, Step};

pub(super) const RECIPE: Recipe = Recipe { name: "list_rights", plan };

fn plan(request: &Request<'_>) -> Result<Plan, String> {
    request.whole_object()?;
    let object = request.object;
    let rules = object.data.get("rules").and_then(Value::as_array);
    let rules: Vec<(usize, &Value)> = rules.into_iter().flatten().enumerate().collect();
    let wild: Vec<(usize, &Value)> = rules.into_iter().filter(|(_, rule)| is_wild(rule)).collect();
    if wild.is_empty() {
        return Ok(Plan::Edits(Vec::new()));
    }
    if let Some((at, _)) = wild.iter().find(|(_, rule)| !is_plain(rule)) {
        return Err(format!(
            "rule {} names single objects or addresses: what of it is needed must be listed by hand",
            at + 1
        ));
    }
    let parameter = format!("kubernetes.rights.{}.{}", object.kind, object.name);
    let Some(said) = request.wish.settings.get(&parameter) else {
        return Err(format!(
            "which of the rights behind `*` the program uses must be known before they can be \
             listed one by one: list them (`{parameter}`)"
        ));
    };
    let entries = entries(said).ok_or_else(|| {
        format!("the parameter `{parameter}` is no list of `group/resource:verb,verb`")
    })?;
    for entry in &entries {
        if !wild.iter().any(|(_, rule)| entry.lies_in(rule)) {
            return Err(format!(
                "the parameter `{parameter}` lists `{}`, which no rule with a `*` grants",
                entry.resource
            ));
        }
    }
    let at = |rule: usize| vec![Step::from("rules"), rule.into()];
    let mut edits = Vec::new();
    let mut gone = Vec::new();
    let mut new = entries.iter();
    for (rule, _) in wild {
        match new.next() {
            Some(entry) => {
                let field = |key| [at(rule), vec![Step::from(key)]].concat();
                edits.push(Edit::Set(field("apiGroups"), json!([entry.group])));
                edits.push(Edit::Set(field("resources"), json!([entry.resource])));
                edits.push(Edit::Set(field("verbs"), json!(entry.verbs)));
            }
            None => gone.push(rule),
        }
    }
    let listed = |entry: &Entry<'_>| {
        json!({
            "apiGroups": [entry.group], "resources": [entry.resource], "verbs": entry.verbs
        })
    };
    edits.extend(new.map(|entry| Edit::Append(vec!["rules".into()], listed(entry))));
    edits.extend(gone.into_iter().rev().map(|rule| Edit::Remove(at(rule))));
    Ok(Plan::Edits(edits))
}

/// One line of what is needed.
struct Entry<'s> {
    group: &'s str,
    resource: &'s str,
    verbs: Vec<&'s str>,
}

impl Entry<'_> {
    /// Whether a rule grants all of it.
    fn lies_in(&self, rule: &Value) -> bool {
        let grants = |key: &str, wanted: &str| {
            let list = rule.get(key).and_then(Value::as_array).into_iter().flatten();
            let mut list = list.filter_map(Value::as_str);
            list.any(|one| one == "*" || one == wanted)
        };
        grants("apiGroups", self.group)
            && grants("resources", self.resource)
            && self.verbs.iter().all(|verb| grants("verbs", verb))
    }
}

fn entries(said: &str) -> Option<Vec<Entry<'_>>> {
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-./".contains(c))
    };
    let entry = |text| {
        let (what, verbs) = str::split_once(text, ':')?;
        let (group, resource) = what.split_once('/')?;
        let verbs: Vec<&str> = verbs.split(',').collect();
        let fits = (group.is_empty() || plain(group))
            && plain(resource)
            && verbs.iter().all(|verb| plain(verb));
        fits.then_some(Entry { group, resource, verbs })
    };
    let found: Option<Vec<Entry<'_>>> = said.split_whitespace().map(entry).collect();
    found.filter(|found| !found.is_empty())
}

fn is_wild(rule: &Value) -> bool {
    ["apiGroups", "resources", "verbs"].iter().any(|key| {
        let list = rule.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).any(|one| one.contains('*'))
    })
}

/// Whether a rule grants its verbs on all objects of its resources and on nothing else.
fn is_plain(rule: &Value) -> bool {
    ["resourceNames", "nonResourceURLs"].iter().all(|key| rule.get(key).is_none())
}
