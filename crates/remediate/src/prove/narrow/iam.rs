//! Rights of AWS: what a policy allows after is allowed before, and what it denied it denies.

use std::collections::BTreeMap;

use super::glob::{includes, matches};
use crate::Config;

/// Whether nothing is allowed after that was not before; else what is, as one sentence. `same`
/// says whether what is not known in both stands for the same in both.
pub(super) fn narrows(before: &Config, after: &Config, same: bool) -> Result<String, String> {
    let (before, after) = (statements(before)?, statements(after)?);
    let of = |all: &[Statement], allows: bool| -> Vec<Statement> {
        all.iter().filter(|one| one.allows == allows).cloned().collect()
    };
    let (allowed, allows) = (of(&before, true), of(&after, true));
    for statement in &allows {
        statement.within(&allowed, same).map_err(|what| {
            let name = statement.name();
            format!("{name} may allow {what}, which nothing is known to have allowed before")
        })?;
    }
    let denies = of(&after, false);
    for statement in of(&before, false) {
        let gone = |_| format!("{} no longer denies all that it did", statement.name());
        statement.within(&denies, same).map_err(gone)?;
    }
    Ok(format!("each of its {} statements allows what one before it did, or less", allows.len()))
}

/// One statement of a policy.
#[derive(Debug, Clone)]
struct Statement {
    /// Where it stands, from 1.
    number: usize,
    allows: bool,
    actions: List,
    resources: List,
    who: Who,
    /// What must hold besides: test and variable, with the values.
    conditions: BTreeMap<(String, String), Config>,
}

/// What is listed, or all but what is.
#[derive(Debug, Clone)]
struct List {
    but: bool,
    of: Vec<Config>,
}

/// Who a policy of a resource is about.
#[derive(Debug, Clone, PartialEq)]
enum Who {
    /// It is of an identity, and about that alone.
    Own,
    Everybody,
    /// Kind and name.
    These(Vec<(String, Config)>),
    /// All but some.
    But(Config),
}

impl Statement {
    fn name(&self) -> String {
        format!("statement {}", self.number)
    }

    /// Each action on each resource by each caller lies in one of the others.
    fn within(&self, others: &[Self], same: bool) -> Result<(), String> {
        let who = self.who.each();
        let resources = &self.resources.of;
        let pairs = self
            .actions
            .of
            .iter()
            .flat_map(|action| resources.iter().map(move |one| (action, one)));
        for (action, resource) in pairs {
            let part = |who| Part { of: self, action, resource, who };
            let lies = |one: Part<'_>| others.iter().any(|other| one.lies_in(other, same));
            if who.iter().all(|who| lies(part(who))) {
                continue;
            }
            let text = |value: &Config| value.as_text().unwrap_or("…").to_owned();
            let but = if self.actions.but { "all but " } else { "" };
            return Err(format!("{but}`{}` on `{}`", text(action), text(resource)));
        }
        Ok(())
    }
}

/// One action on one resource by one caller; of a list of exceptions all of it.
struct Part<'s> {
    of: &'s Statement,
    action: &'s Config,
    resource: &'s Config,
    who: &'s Who,
}

impl Part<'_> {
    fn lies_in(&self, other: &Statement, same: bool) -> bool {
        // What is not known may be the same only where it stands at the same place.
        let same = same && self.of.number == other.number;
        self.of.actions.lies_in(self.action, (&other.actions, true), same)
            && self.of.resources.lies_in(self.resource, (&other.resources, false), same)
            && self.who.lies_in(&other.who, same)
            && other.conditions.iter().all(|(test, values)| {
                self.of.conditions.get(test).is_some_and(|own| equal(own, values, same))
            })
    }
}

impl List {
    fn lies_in(&self, own: &Config, (outer, folded): (&Self, bool), same: bool) -> bool {
        match (self.but, outer.but) {
            (false, false) => outer.of.iter().any(|one| within(own, one, folded, same)),
            // Less is left out of it than of the other.
            (true, true) => outer
                .of
                .iter()
                .all(|one| self.of.iter().any(|left_out| within(one, left_out, folded, same))),
            (true, false) => outer.of.iter().any(|one| one.as_text() == Some("*")),
            (false, true) => outer.of.iter().all(|one| is_apart(own, one, folded)),
        }
    }
}

impl Who {
    fn each(&self) -> Vec<Self> {
        match self {
            Self::These(all) => all.iter().map(|one| Self::These(vec![one.clone()])).collect(),
            Self::Own | Self::Everybody | Self::But(_) => vec![self.clone()],
        }
    }

    fn lies_in(&self, outer: &Self, same: bool) -> bool {
        match (self, outer) {
            (Self::Own, Self::Own) | (Self::Everybody, Self::Everybody) => true,
            // A service of AWS is not everybody.
            (Self::These(own), Self::Everybody) => {
                own.iter().all(|(kind, _)| matches!(kind.as_str(), "AWS" | "CanonicalUser"))
            }
            (Self::These(own), Self::These(others)) => own.iter().all(|(kind, name)| {
                let is_in = |(other, outer): &(String, Config)| {
                    kind == other && (outer.as_text() == Some("*") || equal(name, outer, same))
                };
                others.iter().any(is_in)
            }),
            (Self::But(own), Self::But(outer)) => equal(own, outer, same),
            (Self::Own | Self::Everybody | Self::These(_) | Self::But(_), _) => false,
        }
    }
}

/// Whether all that one pattern means lies in another.
fn within(inner: &Config, outer: &Config, folded: bool, same: bool) -> bool {
    match (inner, outer) {
        (Config::Text(inner), Config::Text(outer)) if folded => {
            includes(&outer.to_ascii_lowercase(), &inner.to_ascii_lowercase())
        }
        (Config::Text(inner), Config::Text(outer)) => includes(outer, inner),
        (_, Config::Text(outer)) if outer == "*" => true,
        (_, _) => equal(inner, outer, same),
    }
}

/// Whether a pattern certainly means nothing of another.
fn is_apart(own: &Config, other: &Config, folded: bool) -> bool {
    let text = |value: &Config| {
        let text = value.as_text()?;
        Some(if folded { text.to_ascii_lowercase() } else { text.to_owned() })
    };
    let (Some(own), Some(other)) = (text(own), text(other)) else { return false };
    matches(&other, &own) == Some(false)
}

/// Whether two values are the same; `same` decides for what is not known in both.
fn equal(one: &Config, other: &Config, same: bool) -> bool {
    match (one, other) {
        (Config::Unknown, Config::Unknown) => same,
        (Config::Partly(own), Config::Partly(others)) => same && own == others,
        (Config::List(own), Config::List(others)) => {
            own.len() == others.len()
                && own.iter().zip(others).all(|(own, other)| equal(own, other, same))
        }
        (Config::Object(own), Config::Object(others)) => {
            own.keys().eq(others.keys())
                && own.values().zip(others.values()).all(|(own, other)| equal(own, other, same))
        }
        (_, _) => one == other,
    }
}

/// The statements of a policy, or of the block that a policy is written as.
fn statements(policy: &Config) -> Result<Vec<Statement>, String> {
    let listed = policy.get("Statement").or_else(|| policy.get("statement"));
    let listed = match listed {
        Some(Config::List(items)) => items.iter().collect(),
        Some(one @ Config::Object(_)) => vec![one],
        Some(_) | None => return Err("its statements cannot be read".to_owned()),
    };
    listed.into_iter().enumerate().map(|(at, one)| statement(at + 1, one)).collect()
}

fn statement(number: usize, body: &Config) -> Result<Statement, String> {
    let bad = |what: &str| format!("{what} of statement {number} cannot be read");
    let Config::Object(fields) = body else { return Err(bad("the text")) };
    let field = |names: [&str; 2]| names.iter().find_map(|name| fields.get(*name));
    let list = |yes: [&str; 2], no: [&str; 2]| match (field(yes), field(no)) {
        (Some(yes), None) => Some(List { but: false, of: items(yes) }),
        (None, Some(no)) => Some(List { but: true, of: items(no) }),
        (Some(_), Some(_)) | (None, None) => None,
    };
    let allows = match field(["Effect", "effect"]) {
        Some(Config::Text(text)) if text == "Allow" => true,
        Some(Config::Text(text)) if text == "Deny" => false,
        None if fields.contains_key("actions") || fields.contains_key("not_actions") => true,
        Some(_) | None => return Err(bad("the effect")),
    };
    let actions = list(["Action", "actions"], ["NotAction", "not_actions"]);
    // Who may take a role is said without a resource.
    let whole = || List { but: false, of: vec![Config::Text("*".to_owned())] };
    let resources =
        match (field(["Resource", "resources"]), field(["NotResource", "not_resources"])) {
            (None, None) => Some(whole()),
            _ => list(["Resource", "resources"], ["NotResource", "not_resources"]),
        };
    let who = match (field(["Principal", "principals"]), field(["NotPrincipal", "not_principals"]))
    {
        (None, None) => Some(Who::Own),
        (Some(who), None) => who_of(who),
        (None, Some(who)) => Some(Who::But(who.clone())),
        (Some(_), Some(_)) => None,
    };
    let conditions = conditions(field(["Condition", "condition"]));
    Ok(Statement {
        number,
        allows,
        actions: actions.ok_or_else(|| bad("the action"))?,
        resources: resources.ok_or_else(|| bad("the resource"))?,
        who: who.ok_or_else(|| bad("the principal"))?,
        conditions: conditions.ok_or_else(|| bad("the condition"))?,
    })
}

fn items(value: &Config) -> Vec<Config> {
    if let Config::List(items) = value { items.clone() } else { vec![value.clone()] }
}

fn who_of(value: &Config) -> Option<Who> {
    let mut named = Vec::new();
    match value {
        Config::Text(text) if text == "*" => return Some(Who::Everybody),
        Config::Object(kinds) => {
            for (kind, names) in kinds {
                named.extend(items(names).into_iter().map(|name| (kind.clone(), name)));
            }
        }
        Config::List(blocks) => {
            for block in blocks {
                let kind = block.get("type")?.as_text()?;
                let names = items(block.get("identifiers")?);
                named.extend(names.into_iter().map(|name| (kind.to_owned(), name)));
            }
        }
        Config::Null
        | Config::Bool(_)
        | Config::Number(_)
        | Config::Text(_)
        | Config::Reference { .. }
        | Config::Partly(_)
        | Config::Unknown => return None,
    }
    let is_all = |(kind, name): &(String, Config)| {
        matches!(kind.as_str(), "AWS" | "*") && name.as_text() == Some("*")
    };
    Some(if named.iter().any(is_all) { Who::Everybody } else { Who::These(named) })
}

fn conditions(value: Option<&Config>) -> Option<BTreeMap<(String, String), Config>> {
    let mut found = BTreeMap::new();
    match value {
        None | Some(Config::Null) => {}
        Some(Config::Object(tests)) => {
            for (test, variables) in tests {
                let Config::Object(variables) = variables else { return None };
                for (variable, values) in variables {
                    found.insert((test.clone(), variable.clone()), sorted(items(values)));
                }
            }
        }
        Some(Config::List(blocks)) => {
            for block in blocks {
                let name = |key: &str| Some(block.get(key)?.as_text()?.to_owned());
                let key = (name("test")?, name("variable")?);
                let values = sorted(items(block.get("values")?));
                // Two of the same test are asked both, which a map cannot say.
                if found.insert(key, values).is_some() {
                    return None;
                }
            }
        }
        Some(
            Config::Bool(_)
            | Config::Number(_)
            | Config::Text(_)
            | Config::Reference { .. }
            | Config::Partly(_)
            | Config::Unknown,
        ) => return None,
    }
    Some(found)
}

/// The order of values says nothing.
fn sorted(mut values: Vec<Config>) -> Config {
    values.sort_by_key(|value| value.as_text().map(ToOwned::to_owned));
    Config::List(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn policy(statements: Value) -> Config {
        let whole = [("Statement".to_owned(), statements)];
        Config::from_json(&Value::Object(whole.into_iter().collect()))
    }

    #[track_caller]
    fn less(before: Value, after: Value) {
        let (before, after) = (policy(before), policy(after));
        let told = narrows(&before, &after, false);
        assert!(told.is_ok(), "{told:?}");
        assert!(before == after || narrows(&after, &before, false).is_err());
    }

    #[track_caller]
    fn more(before: Value, after: Value, part: &str) {
        let told = narrows(&policy(before), &policy(after), false).unwrap_err();
        assert!(told.contains(part), "{told}");
    }

    fn allow(action: Value, resource: Value) -> Value {
        let mut statement = json!({"Effect": "Allow"});
        statement["Action"] = action;
        statement["Resource"] = resource;
        statement
    }

    #[test]
    fn less_of_a_policy_is_less() {
        let all = allow(json!("*"), json!("*"));
        less(json!([all]), json!([allow(json!(["s3:*", "EC2:Describe*"]), json!("*"))]));
        less(
            json!([allow(json!("s3:*"), json!("*"))]),
            json!([allow(json!("S3:GetObject"), json!("arn:aws:s3:::b/*"))]),
        );
        less(json!([all, allow(json!("s3:*"), json!("*"))]), json!([]));
        let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"});
        less(json!([all]), json!([all, deny]));
        let mut with = allow(json!("s3:*"), json!("*"));
        with["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
        less(json!([allow(json!("s3:*"), json!("*"))]), json!([with]));
        let but = json!({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"});
        let wider = json!({"Effect": "Allow", "NotAction": ["iam:*", "kms:*"], "Resource": "*"});
        less(json!([but]), json!([wider]));
        less(json!([but]), json!([allow(json!("s3:GetObject"), json!("*"))]));
    }

    #[test]
    fn more_of_a_policy_is_told() {
        let get = allow(json!("s3:Get*"), json!("arn:aws:s3:::b/*"));
        more(json!([get]), json!([allow(json!("s3:*"), json!("arn:aws:s3:::b/*"))]), "`s3:*`");
        more(json!([get]), json!([allow(json!("s3:Get*"), json!("*"))]), "on `*`");
        more(json!([get]), json!([get, allow(json!("ec2:Run*"), json!("*"))]), "statement 2");
        let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"});
        more(json!([get, deny]), json!([get]), "no longer denies");
        let mut with = get.clone();
        with["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
        more(json!([with]), json!([get]), "statement 1");
        let mut other = get.clone();
        other["Condition"] = json!({"Bool": {"aws:SecureTransport": "false"}});
        more(json!([with]), json!([other]), "statement 1");
        let but = json!({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"});
        more(json!([but]), json!([allow(json!("iam:Get*"), json!("*"))]), "`iam:Get*`");
        more(json!([but]), json!([allow(json!("*"), json!("*"))]), "`*`");
        more(json!([get]), json!([{"Effect": "Allow", "Resource": "*"}]), "cannot be read");
    }

    #[test]
    fn who_is_let_in_may_only_be_fewer() {
        let of = |principal: Value| json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]);
        less(of(json!("*")), of(json!({"AWS": "111122223333"})));
        less(of(json!({"AWS": ["1", "2"]})), of(json!({"AWS": "1"})));
        more(of(json!({"AWS": "1"})), of(json!({"AWS": ["1", "2"]})), "sts:AssumeRole");
        more(of(json!({"AWS": "1"})), of(json!("*")), "sts:AssumeRole");
        more(of(json!("*")), of(json!({"Service": "ec2.amazonaws.com"})), "sts:AssumeRole");
    }

    #[test]
    fn what_is_not_known_is_the_same_only_where_that_is_said() {
        let of = |action: &str| {
            let mut statement = Config::from_json(&allow(json!(action), json!("x")));
            if let Config::Object(fields) = &mut statement {
                fields.insert("Resource".into(), Config::Unknown);
            }
            Config::Object([("Statement".to_owned(), Config::List(vec![statement]))].into())
        };
        assert!(narrows(&of("s3:*"), &of("s3:Get*"), true).is_ok());
        assert!(narrows(&of("s3:*"), &of("s3:Get*"), false).is_err());
        assert!(narrows(&of("s3:Get*"), &of("s3:*"), true).is_err());
    }

    #[test]
    fn a_block_is_read_like_a_policy() {
        let block = json!({"statement": [{"actions": ["s3:*"], "resources": ["*"],
            "principals": [{"type": "AWS", "identifiers": ["*"]}],
            "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}]}]});
        let same =
            policy(json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]));
        let block = Config::from_json(&block);
        assert!(narrows(&block, &same, false).is_ok() && narrows(&same, &block, false).is_ok());
    }

    fn any_statement() -> impl Strategy<Value = Value> {
        let words = |all: &'static [&'static str]| prop::sample::subsequence(all, 1..=2);
        let actions = words(&["s3:*", "s3:Get*", "s3:GetObject", "ec2:Run?", "*"]);
        let resources = words(&["*", "b/*", "b/x", "c?"]);
        (prop::bool::ANY, prop::bool::weighted(0.2), actions, resources).prop_map(
            |(allow, but, a, r)| {
                let key = if but { "NotAction" } else { "Action" };
                json!({"Effect": if allow { "Allow" } else { "Deny" }, key: a, "Resource": r})
            },
        )
    }

    /// Whether a policy allows a request, by its own words.
    fn allowed(policy: &Config, action: &str, resource: &str) -> bool {
        let speaks = |one: &Statement| {
            let hit = |list: &List, text: &str| {
                let any = list
                    .of
                    .iter()
                    .any(|p| includes(&p.as_text().unwrap().to_lowercase(), &text.to_lowercase()));
                any != list.but
            };
            hit(&one.actions, action) && hit(&one.resources, resource)
        };
        let all = statements(policy).unwrap();
        all.iter().any(|one| one.allows && speaks(one))
            && !all.iter().any(|one| !one.allows && speaks(one))
    }

    proptest! {
        /// What is called less allows no request that was not allowed before.
        #[test]
        fn no_request_is_allowed_that_was_not(
            before in prop::collection::vec(any_statement(), 0..4),
            after in prop::collection::vec(any_statement(), 0..4),
        ) {
            let (before, after) = (policy(json!(before)), policy(json!(after)));
            if narrows(&before, &after, false).is_ok() {
                for action in ["s3:GetObject", "s3:GetAcl", "s3:PutObject", "ec2:RunX", "ec2:Stop", "iam:PassRole"] {
                    for resource in ["b/x", "b/y", "c1", "d"] {
                        prop_assert!(!allowed(&after, action, resource) || allowed(&before, action, resource));
                    }
                }
            }
        }
    }
}
