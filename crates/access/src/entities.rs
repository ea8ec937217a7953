//! Who asks, and about what, as Cedar has them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use cedar_policy::{Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};

use crate::{Place, Principal, PrincipalKind, Resource, Right};

/// Why a question cannot be put.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a question cannot be put to the policies: {0}")]
pub(crate) struct Odd(String);

fn odd(error: &dyn std::fmt::Display) -> Odd {
    Odd(error.to_string())
}

/// The types of the schema.
#[derive(Debug)]
pub(crate) struct Types {
    tenant: EntityTypeName,
    role: EntityTypeName,
    group: EntityTypeName,
    user: EntityTypeName,
    token: EntityTypeName,
    place: EntityTypeName,
    action: EntityTypeName,
    /// Who asked last, the newest last: who judges places asks for the same person many times.
    asked: Mutex<Vec<(Principal, Entity)>>,
}

/// People that are kept.
const MOST_KEPT: usize = 8;

fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn set(values: &BTreeSet<String>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.iter().map(|value| text(value)))
}

type Attributes = HashMap<String, RestrictedExpression>;

fn attributes<const N: usize>(all: [(&str, RestrictedExpression); N]) -> Attributes {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Types {
    pub(crate) fn new() -> Result<Self, Odd> {
        let named = |name: &str| format!("Quell::{name}").parse().map_err(|e| odd(&e));
        Ok(Self {
            tenant: named("Tenant")?,
            role: named("Role")?,
            group: named("Group")?,
            user: named("User")?,
            token: named("Token")?,
            place: named("Place")?,
            action: named("Action")?,
            asked: Mutex::default(),
        })
    }

    pub(crate) fn action(&self, right: Right) -> EntityUid {
        uid(&self.action, right.as_str())
    }

    fn principal(&self, who: &Principal) -> Result<Entity, Odd> {
        let of = match who.kind {
            PrincipalKind::User => &self.user,
            PrincipalKind::Token => &self.token,
        };
        let tenant = uid(&self.tenant, who.tenant.as_str());
        let roles = who.roles.iter().map(|role| uid(&self.role, role.as_str()));
        let groups = who.groups.iter().map(|group| uid(&self.group, group));
        let scope = &who.scope;
        let all = attributes([
            ("tenant", RestrictedExpression::new_entity_uid(tenant)),
            ("accounts", set(&scope.accounts)),
            ("environments", set(&scope.environments)),
            ("tags", set(&scope.tags)),
            ("teams", set(&scope.teams)),
        ]);
        let parents: HashSet<EntityUid> = roles.chain(groups).collect();
        Entity::new(uid(of, &who.id), all, parents).map_err(|error| odd(&error))
    }

    /// The same, made once for who asks many times.
    fn known(&self, who: &Principal) -> Result<Entity, Odd> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = asked.iter().rev().find(|(one, _)| one == who) {
            return Ok(known.clone());
        }
        let made = self.principal(who)?;
        if asked.len() >= MOST_KEPT {
            asked.remove(0);
        }
        asked.push((who.clone(), made.clone()));
        Ok(made)
    }

    fn place(&self, tenant: &str, place: &Place) -> Result<Entity, Odd> {
        let all = attributes([
            ("provider", text(&place.provider)),
            ("account", text(&place.account)),
            ("region", text(&place.region)),
            ("kind", text(&place.kind)),
            ("team", text(&place.team)),
            ("environments", set(&place.environments)),
            ("tags", set(&place.tags)),
        ]);
        let parents = HashSet::from([uid(&self.tenant, tenant)]);
        Entity::new(uid(&self.place, "place"), all, parents).map_err(|error| odd(&error))
    }

    /// Who asks and about what, and the ids of both.
    pub(crate) fn entities(
        &self,
        who: &Principal,
        about: Resource<'_>,
    ) -> Result<(Entities, EntityUid, EntityUid), Odd> {
        let principal = self.known(who)?;
        let resource = match about {
            Resource::Tenant(tenant) => {
                Entity::new_no_attrs(uid(&self.tenant, tenant.as_str()), HashSet::new())
            }
            Resource::Place(tenant, place) => self.place(tenant.as_str(), place)?,
        };
        let (who, about) = (principal.uid(), resource.uid());
        let all = Entities::from_entities([principal, resource], None);
        Ok((all.map_err(|error| odd(&error))?, who, about))
    }
}
