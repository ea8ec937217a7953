//! Which policies can have a say in a question, by whom they name, what they name and which rights.
//! The others are not judged: a policy whose head does not fit says nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use cedar_policy::{
    ActionConstraint, Effect, EntityTypeName, EntityUid, Policy, PolicySet, PrincipalConstraint,
    ResourceConstraint,
};

use crate::{Principal, PrincipalKind, Resource, Right, Role};

/// Sets of policies that are kept.
const MOST_SETS: usize = 256;

/// Whom the head of a policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    /// Everybody, or somebody that only Cedar can tell.
    Any,
    /// Nobody that ever asks.
    Nobody,
    Role(Role),
    Group(String),
    Kind(PrincipalKind),
    One(PrincipalKind, String),
    /// Both.
    Both(Box<(Self, Self)>),
}

impl Subject {
    fn holds(&self, who: &Principal) -> bool {
        match self {
            Self::Any => true,
            Self::Nobody => false,
            Self::Role(role) => who.roles.contains(role),
            Self::Group(name) => who.groups.contains(name),
            Self::Kind(kind) => who.kind == *kind,
            Self::One(kind, id) => who.kind == *kind && who.id == *id,
            Self::Both(both) => both.0.holds(who) && both.1.holds(who),
        }
    }

    fn of_type(name: &EntityTypeName) -> Self {
        match name.to_string().as_str() {
            "Quell::User" => Self::Kind(PrincipalKind::User),
            "Quell::Token" => Self::Kind(PrincipalKind::Token),
            _ => Self::Nobody,
        }
    }

    /// Who is somebody, or in something.
    fn of(uid: &EntityUid) -> Self {
        let id = uid.id().unescaped();
        match uid.type_name().to_string().as_str() {
            "Quell::Role" => Role::from_word(id).map_or(Self::Nobody, Self::Role),
            "Quell::Group" => Self::Group(id.to_owned()),
            "Quell::User" => Self::One(PrincipalKind::User, id.to_owned()),
            "Quell::Token" => Self::One(PrincipalKind::Token, id.to_owned()),
            _ => Self::Any,
        }
    }

    fn named_by(policy: &Policy) -> Self {
        match policy.principal_constraint() {
            PrincipalConstraint::Any => Self::Any,
            PrincipalConstraint::In(uid) | PrincipalConstraint::Eq(uid) => Self::of(&uid),
            PrincipalConstraint::Is(name) => Self::of_type(&name),
            PrincipalConstraint::IsIn(name, uid) => {
                Self::Both(Box::new((Self::of_type(&name), Self::of(&uid))))
            }
        }
    }
}

/// What kind of thing the head of a policy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Any,
    Place,
    Tenant,
}

impl About {
    fn of_type(name: &EntityTypeName) -> Self {
        match name.to_string().as_str() {
            "Quell::Place" => Self::Place,
            "Quell::Tenant" => Self::Tenant,
            _ => Self::Any,
        }
    }

    fn named_by(policy: &Policy) -> Self {
        match policy.resource_constraint() {
            // A place stands in its tenant, so what is in a tenant may be either.
            ResourceConstraint::Any | ResourceConstraint::In(_) => Self::Any,
            ResourceConstraint::Eq(uid) => Self::of_type(uid.type_name()),
            ResourceConstraint::Is(name) | ResourceConstraint::IsIn(name, _) => {
                Self::of_type(&name)
            }
        }
    }

    const fn takes(self, is_place: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Place => is_place,
            Self::Tenant => !is_place,
        }
    }
}

/// A policy with what its head names.
#[derive(Debug, Clone)]
struct Rule {
    policy: Policy,
    is_own: bool,
    rights: BTreeSet<Right>,
    about: About,
    /// The number of whom it names.
    subject: usize,
}

/// Which question a set of policies is for: the right, whether about a place, and which of those
/// whom policies name ask.
type Key = (Right, bool, Vec<bool>);

/// The policies by what their heads name.
#[derive(Debug, Default)]
pub(crate) struct Index {
    rules: Vec<Rule>,
    subjects: Vec<Subject>,
    made: RwLock<HashMap<Key, Arc<PolicySet>>>,
}

fn rights(policy: &Policy) -> BTreeSet<Right> {
    let of = |uid: &EntityUid| Right::from_word(uid.id().unescaped());
    match policy.action_constraint() {
        ActionConstraint::Any => Right::ALL.into_iter().collect(),
        ActionConstraint::In(all) => all.iter().filter_map(of).collect(),
        ActionConstraint::Eq(uid) => of(&uid).into_iter().collect(),
    }
}

impl Index {
    /// Takes a policy in.
    pub(crate) fn add(&mut self, policy: &Policy, is_own: bool) {
        let subject = Subject::named_by(policy);
        let known = self.subjects.iter().position(|one| *one == subject);
        let subject = known.unwrap_or_else(|| {
            self.subjects.push(subject);
            self.subjects.len() - 1
        });
        let (rights, about) = (rights(policy), About::named_by(policy));
        self.rules.push(Rule { policy: policy.clone(), is_own, rights, about, subject });
    }

    fn naming<'a>(
        &'a self,
        (right, is_place): (Right, bool),
        holds: &'a [bool],
    ) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| {
            rule.rights.contains(&right)
                && rule.about.takes(is_place)
                && holds.get(rule.subject).copied().unwrap_or(true)
        })
    }

    fn holds(&self, who: &Principal) -> Vec<bool> {
        self.subjects.iter().map(|subject| subject.holds(who)).collect()
    }

    /// The policies that can have a say.
    pub(crate) fn of(
        &self,
        who: &Principal,
        right: Right,
        about: Resource<'_>,
    ) -> Result<Arc<PolicySet>, String> {
        let is_place = matches!(about, Resource::Place(..));
        let key = (right, is_place, self.holds(who));
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(&key) {
            return Ok(Arc::clone(known));
        }
        drop(made);
        let all = self.naming((right, is_place), &key.2).map(|rule| rule.policy.clone());
        let set = Arc::new(PolicySet::from_policies(all).map_err(|error| error.to_string())?);
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= MOST_SETS {
            made.clear();
        }
        made.insert(key, Arc::clone(&set));
        Ok(set)
    }

    /// Whether an organisation's own policies may have another answer for one place than for
    /// another: one that forbids may, and one that permits more where it gives the right itself.
    pub(crate) fn tells_places_apart(&self, who: &Principal, right: Right) -> bool {
        let holds = self.holds(who);
        let own = |is_place: bool, effect: Effect| {
            let mut named = self.naming((right, is_place), &holds);
            named.any(|rule| rule.is_own && rule.policy.effect() == effect)
        };
        own(true, Effect::Forbid) || own(false, Effect::Permit)
    }
}
