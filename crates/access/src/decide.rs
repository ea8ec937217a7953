//! Deciding: whether somebody may do something, and which policies said so.

use std::collections::BTreeSet;
use std::fmt;

use cedar_policy::{Authorizer, Context, Decision, PolicyId, PolicySet, Request};

use crate::entities::Types;
use crate::policies::Policies;
use crate::{OwnPolicy, Place, PolicyFault, Principal, Resource, Right};

/// The policies, ready to be asked.
pub struct Access {
    policies: Policies,
    authorizer: Authorizer,
    types: Types,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("policies", &self.count()).finish_non_exhaustive()
    }
}

/// What the policies say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The policies that decided, as `file#id`, in order. None permits where there is none.
    pub because: Vec<String>,
    /// Policies that could not be judged, with the reason. Then nothing is allowed.
    pub failed: Vec<String>,
}

impl Verdict {
    fn failed(reason: String) -> Self {
        Self { allowed: false, because: Vec::new(), failed: vec![reason] }
    }
}

impl Access {
    /// Reads the built-in policies and those of an organisation.
    ///
    /// # Errors
    /// Everything that is wrong with them, each with its file and line.
    pub fn new(own: &[OwnPolicy]) -> Result<Self, Vec<PolicyFault>> {
        let policies = Policies::read(own)?;
        let types = Types::new();
        let types =
            types.map_err(|e| vec![PolicyFault::whole("quell.cedarschema", e.to_string())])?;
        Ok(Self { policies, authorizer: Authorizer::new(), types })
    }

    /// How many policies there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.policies.set.num_of_policies()
    }

    /// Whether somebody may do something about something, and why.
    #[must_use]
    pub fn decide(&self, who: &Principal, right: Right, about: Resource<'_>) -> Verdict {
        match self.policies.index.of(who, right, about) {
            Ok(policies) => self.judge(who, right, about, &policies),
            Err(error) => Verdict::failed(error),
        }
    }

    /// The same by all policies, whatever their heads name.
    #[cfg(test)]
    pub(crate) fn decide_by_all(
        &self,
        who: &Principal,
        right: Right,
        about: Resource<'_>,
    ) -> Verdict {
        self.judge(who, right, about, &self.policies.set)
    }

    fn judge(
        &self,
        who: &Principal,
        right: Right,
        about: Resource<'_>,
        policies: &PolicySet,
    ) -> Verdict {
        let found = self.types.entities(who, about);
        let (entities, principal, resource) = match found {
            Ok(found) => found,
            Err(error) => return Verdict::failed(error.to_string()),
        };
        let action = self.types.action(right);
        let request = match Request::new(principal, action, resource, Context::empty(), None) {
            Ok(request) => request,
            Err(error) => return Verdict::failed(error.to_string()),
        };
        let response = self.authorizer.is_authorized(&request, policies, &entities);
        let told = response.diagnostics();
        let mut because: Vec<String> = told.reason().map(name).collect();
        because.sort_unstable();
        let mut failed: Vec<String> = told.errors().map(ToString::to_string).collect();
        failed.sort_unstable();
        let allowed = response.decision() == Decision::Allow && failed.is_empty();
        Verdict { allowed, because, failed }
    }

    /// Whether somebody may do something about something.
    #[must_use]
    pub fn may(&self, who: &Principal, right: Right, about: Resource<'_>) -> bool {
        self.decide(who, right, about).allowed
    }

    /// Whether the answer for somebody and a right may differ from place to place of a tenant. Where
    /// it may not, no place has to be judged.
    #[must_use]
    pub fn depends_on_place(&self, who: &Principal, right: Right) -> bool {
        !who.scope.is_empty() || self.policies.index.tells_places_apart(who, right)
    }

    /// Whether environments and tags are looked at for somebody: they are not at hand as other parts
    /// of a place are.
    #[must_use]
    pub fn looks_at_labels(&self, who: &Principal) -> bool {
        self.policies.looks_at_labels
            || !(who.scope.environments.is_empty() && who.scope.tags.is_empty())
    }

    /// The tags that policies name, as `key=value`. Others need not be looked at.
    #[must_use]
    pub const fn named_tags(&self) -> &BTreeSet<String> {
        &self.policies.named_tags
    }

    /// Whether an organisation's own policies are judged too: they may name anybody.
    #[must_use]
    pub const fn has_own(&self) -> bool {
        self.policies.has_own
    }

    /// Whether somebody may do something in a place of their own tenant.
    #[must_use]
    pub fn may_in(&self, who: &Principal, right: Right, place: &Place) -> bool {
        self.may(who, right, Resource::Place(&who.tenant, place))
    }
}

fn name(id: &PolicyId) -> String {
    let id: &str = id.as_ref();
    id.to_owned()
}
