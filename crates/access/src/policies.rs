//! Reading policies: the built-in ones and an organisation's own, checked against the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};

use serde_json::Value;

use crate::PolicyFault;
use crate::index::Index;

/// What policies may speak of, in Cedar's own language.
pub const SCHEMA: &str = include_str!("../../../content/policies/access/quell.cedarschema");

/// The built-in policies, by the name of their file.
const BUILT_IN: [(&str, &str); 2] = [
    ("limits.cedar", include_str!("../../../content/policies/access/limits.cedar")),
    ("roles.cedar", include_str!("../../../content/policies/access/roles.cedar")),
];

/// Most policies of an organisation.
const MOST_POLICIES: usize = 1000;
/// Longest file.
const MOST_BYTES: usize = 256 << 10;
/// Deepest nesting of brackets.
const MOST_DEPTH: usize = 64;

/// A file of an organisation's own policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPolicy {
    /// What it is called.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Policies that were checked.
#[derive(Debug)]
pub(crate) struct Policies {
    pub(crate) set: PolicySet,
    /// The same by what they name.
    pub(crate) index: Index,
    /// Whether an organisation has any of its own.
    pub(crate) has_own: bool,
    /// Whether one of its own looks at environments or tags.
    pub(crate) looks_at_labels: bool,
    /// Texts in them that may be tags.
    pub(crate) named_tags: BTreeSet<String>,
}

impl Policies {
    /// Reads the built-in policies and those of an organisation; says everything that is wrong.
    pub(crate) fn read(own: &[OwnPolicy]) -> Result<Self, Vec<PolicyFault>> {
        let (schema, warnings) = Schema::from_cedarschema_str(SCHEMA)
            .map_err(|e| vec![PolicyFault::of("quell.cedarschema", SCHEMA, &e)])?;
        drop(warnings);
        let built_in = BUILT_IN.iter().map(|(path, text)| (*path, *text, true));
        let own = own.iter().map(|one| (one.path.as_str(), one.text.as_str(), false));
        let files: Vec<(&str, &str, bool)> = built_in.chain(own).collect();
        let mut reading = Reading::default();
        for (at, (path, text, is_built_in)) in files.iter().enumerate() {
            reading.file(at, (path, text), *is_built_in);
        }
        let validator = Validator::new(schema);
        let result = validator.validate(&reading.set, ValidationMode::Strict);
        for fault in result.validation_errors() {
            let file = reading.files.get(fault.policy_id()).and_then(|at| files.get(*at));
            if let Some((path, text, _)) = file {
                reading.faults.push(PolicyFault::of(path, text, fault));
            }
        }
        if reading.own > MOST_POLICIES {
            let reason = format!("at most {MOST_POLICIES} policies of one's own are taken");
            reading.faults.push(PolicyFault::whole("policies", reason));
        }
        if !reading.faults.is_empty() {
            reading.faults.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
            return Err(reading.faults);
        }
        let looks = |(_, text, is_built_in): &(&str, &str, bool)| {
            !is_built_in && (text.contains("environments") || text.contains("tags"))
        };
        let mut named_tags = BTreeSet::new();
        for policy in reading.set.policies() {
            let json = policy.to_json().unwrap_or_default();
            tags_in(&json, &mut named_tags);
        }
        Ok(Self {
            named_tags,
            set: reading.set,
            index: reading.index,
            has_own: reading.own > 0,
            looks_at_labels: files.iter().any(looks),
        })
    }
}

/// Policies while they are read.
#[derive(Debug, Default)]
struct Reading {
    set: PolicySet,
    index: Index,
    /// The file of each policy, by its place.
    files: BTreeMap<PolicyId, usize>,
    faults: Vec<PolicyFault>,
    own: usize,
}

impl Reading {
    fn file(&mut self, at: usize, (path, text): (&str, &str), is_built_in: bool) {
        if text.len() > MOST_BYTES {
            let reason = format!("a file of at most {MOST_BYTES} bytes is taken");
            return self.faults.push(PolicyFault::whole(path, reason));
        }
        if depth(text) > MOST_DEPTH {
            let reason = format!("brackets stand at most {MOST_DEPTH} deep");
            return self.faults.push(PolicyFault::whole(path, reason));
        }
        let set = match PolicySet::from_str(text) {
            Ok(set) => set,
            Err(faults) => {
                let all = faults.iter().map(|fault| PolicyFault::of(path, text, fault));
                return self.faults.extend(all);
            }
        };
        if set.num_of_templates() > 0 {
            return self
                .faults
                .push(PolicyFault::whole(path, "templates (`?principal`) are not taken"));
        }
        let mut all: Vec<&Policy> = set.policies().collect();
        all.sort_by_key(|policy| number(policy.id()));
        for (place, policy) in (1..).zip(all) {
            self.own += usize::from(!is_built_in);
            self.add(at, (path, place), (policy, !is_built_in));
        }
    }

    fn add(&mut self, at: usize, (path, place): (&str, usize), (policy, is_own): (&Policy, bool)) {
        let named = policy.annotation("id").filter(|name| !name.is_empty());
        let name = named.map_or_else(|| place.to_string(), str::to_owned);
        let id = PolicyId::new(format!("{path}#{name}"));
        self.files.insert(id.clone(), at);
        let policy = policy.new_id(id);
        self.index.add(&policy, is_own);
        if self.set.add(policy).is_err() {
            let reason = format!("two policies are called `{name}`; each `@id` stands once");
            self.faults.push(PolicyFault::whole(path, reason));
        }
    }
}

/// The place of a policy in its file, which the parser tells by its id.
fn number(id: &PolicyId) -> usize {
    let text: &str = id.as_ref();
    text.trim_start_matches("policy").parse().unwrap_or(usize::MAX)
}

/// The texts of a policy that may be tags. It nests no deeper than [`MOST_DEPTH`] allows.
fn tags_in(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::String(text) if text.contains('=') => {
            found.insert(text.clone());
        }
        Value::Array(all) => all.iter().for_each(|one| tags_in(one, found)),
        Value::Object(all) => all.values().for_each(|one| tags_in(one, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How deep brackets stand, and how many signs stand in a row that the parser goes down for.
fn depth(text: &str) -> usize {
    let (mut now, mut most, mut row) = (0_usize, 0, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => now += 1,
            b')' | b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        row = if matches!(byte, b'!' | b'-') { row + 1 } else { 0 };
        most = most.max(now).max(row);
    }
    most
}
