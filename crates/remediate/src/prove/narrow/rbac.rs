//! Rights of Kubernetes: what a role allows after is allowed before, and who has it had it.

use crate::Config;

/// What of an object says who may do what.
pub(super) const KINDS: [&str; 4] = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];

/// A binding as it was, with accounts by the namespace that the same change takes them to.
pub(super) fn rebound(binding: &Config, moved: &[(String, String, String)]) -> Config {
    let (Config::Object(fields), false) = (binding, moved.is_empty()) else {
        return binding.clone();
    };
    let mut fields = fields.clone();
    if let Some(Config::List(subjects)) = fields.get_mut("subjects") {
        subjects.iter_mut().for_each(|subject| rename(subject, moved));
    }
    Config::Object(fields)
}

fn rename(subject: &mut Config, moved: &[(String, String, String)]) {
    let text = |key: &str| subject.get(key).and_then(Config::as_text).unwrap_or_default();
    let own = |(name, from, _): &&(String, String, String)| {
        text("kind") == "ServiceAccount" && text("name") == name && text("namespace") == from
    };
    let to = moved.iter().find(own).map(|(_, _, to)| to.clone());
    if let (Some(to), Config::Object(fields)) = (to, subject) {
        fields.insert("namespace".to_owned(), Config::Text(to));
    }
}

/// Whether nothing is allowed after that was not before; else what is, as one sentence.
pub(super) fn narrows(before: &Config, after: &Config) -> Result<String, String> {
    for (name, of) in [("aggregationRule", "how the role is put together"), ("roleRef", "the role")]
    {
        let same = match (before.get(name), after.get(name)) {
            (None, None) => true,
            (Some(old), Some(new)) => old.same(new) == Some(true),
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !same {
            return Err(format!("{of} is another one after the change"));
        }
    }
    for subject in list(after.get("subjects"))? {
        if !list(before.get("subjects"))?.iter().any(|one| one.same(subject) == Some(true)) {
            return Err("somebody is bound who was not before".into());
        }
    }
    let before = rules(before)?;
    let after = rules(after)?;
    for (at, rule) in after.iter().enumerate() {
        if let Some(right) = rule.rights().into_iter().find(|right| !allowed(&before, right)) {
            return Err(format!(
                "rule {} allows {}, which nothing did before",
                at + 1,
                right.words()
            ));
        }
    }
    Ok(format!("every right of its {} rules was there before", after.len()))
}

/// What a rule of a role lists.
#[derive(Debug, Default)]
struct Rule<'c> {
    groups: Vec<&'c str>,
    resources: Vec<&'c str>,
    verbs: Vec<&'c str>,
    names: Vec<&'c str>,
    paths: Vec<&'c str>,
}

/// One verb on one resource, of one name or of all; or on a path of the API.
#[derive(Debug, Clone, Copy)]
struct Right<'c> {
    verb: &'c str,
    on: On<'c>,
}

#[derive(Debug, Clone, Copy)]
enum On<'c> {
    Resource { group: &'c str, resource: &'c str, name: Option<&'c str> },
    Path(&'c str),
}

impl Right<'_> {
    fn words(&self) -> String {
        match self.on {
            On::Resource { resource, .. } => format!("`{}` on `{resource}`", self.verb),
            On::Path(path) => format!("`{}` on `{path}`", self.verb),
        }
    }
}

impl<'c> Rule<'c> {
    fn rights(&self) -> Vec<Right<'c>> {
        let names: Vec<Option<&str>> = match self.names.is_empty() {
            true => vec![None],
            false => self.names.iter().copied().map(Some).collect(),
        };
        let mut rights = Vec::new();
        for verb in &self.verbs {
            rights.extend(self.paths.iter().map(|path| Right { verb, on: On::Path(path) }));
            for (group, resource) in self.pairs() {
                let on = |name: &Option<&'c str>| On::Resource { group, resource, name: *name };
                rights.extend(names.iter().map(|name| Right { verb, on: on(name) }));
            }
        }
        rights
    }

    fn pairs(&self) -> impl Iterator<Item = (&'c str, &'c str)> {
        let resources = &self.resources;
        self.groups.iter().flat_map(move |group| resources.iter().map(move |one| (*group, *one)))
    }

    fn allows(&self, right: &Right<'_>) -> bool {
        let has = |list: &[&str], word: &str| list.contains(&"*") || list.contains(&word);
        if !has(&self.verbs, right.verb) {
            return false;
        }
        match right.on {
            On::Path(path) => self.paths.iter().any(|own| match own.strip_suffix('*') {
                Some(begin) => path.starts_with(begin),
                None => *own == path,
            }),
            On::Resource { group, resource, name } => {
                let part = resource.split_once('/').map(|(_, part)| part);
                let any = part.map(|part| format!("*/{part}"));
                let named =
                    self.names.is_empty() || name.is_some_and(|name| self.names.contains(&name));
                named
                    && has(&self.groups, group)
                    && (has(&self.resources, resource)
                        || any.is_some_and(|any| self.resources.contains(&any.as_str())))
            }
        }
    }
}

fn allowed(rules: &[Rule<'_>], right: &Right<'_>) -> bool {
    rules.iter().any(|rule| rule.allows(right))
}

fn rules(role: &Config) -> Result<Vec<Rule<'_>>, String> {
    let rules = list(role.get("rules"))?.iter().map(|rule| {
        Ok(Rule {
            groups: words(rule, "apiGroups")?,
            resources: words(rule, "resources")?,
            verbs: words(rule, "verbs")?,
            names: words(rule, "resourceNames")?,
            paths: words(rule, "nonResourceURLs")?,
        })
    });
    rules.collect()
}

fn words<'c>(rule: &'c Config, name: &str) -> Result<Vec<&'c str>, String> {
    let word = |one: &'c Config| {
        one.as_text().ok_or_else(|| format!("`{name}` holds something that is no text"))
    };
    list(rule.get(name))?.iter().map(word).collect()
}

fn list(value: Option<&Config>) -> Result<&[Config], String> {
    match value {
        None | Some(Config::Null) => Ok(&[]),
        Some(Config::List(items)) => Ok(items),
        Some(
            Config::Bool(_)
            | Config::Number(_)
            | Config::Text(_)
            | Config::Object(_)
            | Config::Reference { .. }
            | Config::Partly(_)
            | Config::Unknown,
        ) => Err("what it lists cannot be read".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn role(rules: &Value) -> Config {
        Config::from_json(&json!({"kind": "Role", "rules": rules}))
    }

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> Value {
        let mut rule = json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rule
    }

    #[track_caller]
    fn check(before: &[&Value], after: &[&Value], expected: Result<(), &str>) {
        let told = narrows(&role(&json!(before)), &role(&json!(after)));
        match (told, expected) {
            (Ok(_), Ok(())) => {}
            (Err(told), Err(part)) => assert!(told.contains(part), "{told}"),
            (told, expected) => panic!("{told:?} and not {expected:?}"),
        }
    }

    #[test]
    fn less_of_a_role_is_less() {
        let all = rule(&["*"], &["*"], &["*"], &[]);
        let pods = rule(&[""], &["pods", "pods/log"], &["get", "list"], &[]);
        check(&[&all], &[&pods], Ok(()));
        check(&[&pods], &[], Ok(()));
        check(&[&pods], &[&rule(&[""], &["pods"], &["get"], &["web"])], Ok(()));
        // Together two rules allow what neither does alone.
        let split = [rule(&[""], &["pods"], &["get"], &[]), rule(&[""], &["pods"], &["list"], &[])];
        check(&[&split[0], &split[1]], &[&rule(&[""], &["pods"], &["get", "list"], &[])], Ok(()));
        check(
            &[&rule(&[""], &["*/scale"], &["get"], &[])],
            &[&rule(&[""], &["x/scale"], &["get"], &[])],
            Ok(()),
        );
    }

    #[test]
    fn more_of_a_role_is_told() {
        let pods = rule(&[""], &["pods"], &["get"], &["web"]);
        check(&[&pods], &[&rule(&[""], &["pods"], &["get"], &[])], Err("`get` on `pods`"));
        check(&[&pods], &[&rule(&[""], &["pods"], &["list"], &["web"])], Err("`list` on"));
        check(&[&pods], &[&rule(&["apps"], &["pods"], &["get"], &["web"])], Err("on `pods`"));
        check(&[&pods], &[&rule(&[""], &["pods/exec"], &["get"], &["web"])], Err("pods/exec"));
        let path = json!({"nonResourceURLs": ["/healthz*"], "verbs": ["get"]});
        let other = json!({"nonResourceURLs": ["/*"], "verbs": ["get"]});
        check(&[&other], &[&path], Ok(()));
        check(&[&path], &[&other], Err("on `/*`"));
        check(&[&pods], &[&json!({"resources": ["pods"], "verbs": "get"})], Err("cannot be read"));
    }

    #[test]
    fn a_binding_may_lose_who_it_binds() {
        let binding = |subjects: Value, role: &str| {
            Config::from_json(&json!({"subjects": subjects, "roleRef": {"name": role}}))
        };
        let (a, b) = (json!({"kind": "User", "name": "a"}), json!({"kind": "User", "name": "b"}));
        let both = binding(json!([a, b]), "view");
        assert!(narrows(&both, &binding(json!([b]), "view")).is_ok());
        assert!(narrows(&binding(json!([b]), "view"), &both).is_err());
        assert!(narrows(&both, &binding(json!([b]), "admin")).is_err());
    }

    fn any_rule() -> impl Strategy<Value = Value> {
        let some = |words: &'static [&'static str]| prop::sample::subsequence(words, 1..=2);
        let names = prop::sample::subsequence(&["a", "b"][..], 0..=2);
        (
            some(&["", "apps", "*"]),
            some(&["pods", "pods/log", "*/log", "*"]),
            some(&["get", "list", "*"]),
            names,
        )
            .prop_map(|(g, r, v, n)| rule(&g, &r, &v, &n))
    }

    proptest! {
        /// What is called less allows no request that was not allowed before.
        #[test]
        fn no_request_is_allowed_that_was_not(
            before in prop::collection::vec(any_rule(), 0..3),
            after in prop::collection::vec(any_rule(), 0..3),
        ) {
            let (before, after) = (role(&json!(before)), role(&json!(after)));
            if narrows(&before, &after).is_ok() {
                let (before, after) = (rules(&before).unwrap(), rules(&after).unwrap());
                for (group, resource) in [("", "pods"), ("apps", "pods/log"), ("x", "nodes"), ("", "x/log")] {
                    for (verb, name) in [("get", Some("a")), ("list", None), ("watch", Some("c"))] {
                        let right = Right { verb, on: On::Resource { group, resource, name } };
                        prop_assert!(!allowed(&after, &right) || allowed(&before, &right));
                    }
                }
            }
        }
    }
}
