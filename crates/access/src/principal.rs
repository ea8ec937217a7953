//! Who asks, and about what.

use std::collections::BTreeSet;

use quell_model::TenantId;

use crate::{Role, Scope};

/// Whether a person asks or a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A service, by its token.
    Token,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    /// Whether a person asks or a service.
    pub kind: PrincipalKind,
    /// The id of the user or the token.
    pub id: String,
    /// Whose data they see.
    pub tenant: TenantId,
    /// What they are.
    pub roles: BTreeSet<Role>,
    /// The groups that they are in.
    pub groups: BTreeSet<String>,
    /// What they are limited to.
    pub scope: Scope,
}

/// Where something is: what policies know of an issue, a finding or an asset.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// `aws`, `kubernetes`, …
    pub provider: String,
    /// Account, subscription, project or cluster.
    pub account: String,
    /// Region.
    pub region: String,
    /// Kind of asset.
    pub kind: String,
    /// Who owns it; empty where that is not known.
    pub team: String,
    /// Environments that tools name.
    pub environments: BTreeSet<String>,
    /// Tags and labels, as `key=value`.
    pub tags: BTreeSet<String>,
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A tenant as a whole.
    Tenant(&'a TenantId),
    /// A place of a tenant.
    Place(&'a TenantId, &'a Place),
}
