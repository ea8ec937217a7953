//! Containment: a closed list of narrow changes that stop an attack, each with a look before, a
//! dry run, an approval, a way back and a login that is made for it alone.
//!
//! An [`Action`] has typed parameters and no command in it. [`Containment`] looks at what it would
//! change; [`plan`] writes that as a plan that people agree to; [`Approved`] binds the plan to the
//! leave to carry it out, once. What is sent follows from the state that is read and the state
//! that is wanted, so doing it twice, or after a lost answer, does no harm.

mod access;
mod action;
mod batch;
mod containment;
mod converge;
mod draft;
mod error;
mod login;
mod names;
mod plan;
mod state;
mod told;
mod unit;
mod units;
mod wire;
mod xml;

#[cfg(test)]
mod tests;

pub use access::{
    AwsPlace, KeyFuture, KeyPair, Keys, KubernetesPlace, Places, Token, TokenFuture, TokenPlace,
    Tokens,
};
pub use action::Action;
pub use batch::{Batch, Limits, Next};
pub use containment::{Containment, Done, DryRun, Failed, How, Judge, NotBack, Patience, Undone};
pub use converge::Reached;
pub use draft::Shown;
pub use error::{Class, ContainError};
pub use names::{
    AccessKeyId, AccountId, BadName, BucketName, ClusterName, GoogleBucket, KubeName, Namespace,
    PolicyArn, Principal, PrincipalKind, ProjectId, Region, ResourceGroup, StorageAccount,
    SubscriptionId,
};
pub use plan::{About, Approved, Rollback, plan};
pub use state::{Before, Stands, State};
pub use units::{
    BlockBucket, BlockGoogleBucket, BlockStorageAccount, DeactivateAccessKey, DetachPolicy,
    IsolatePod, RevokeSessions, ScaleToZero, Workload,
};
