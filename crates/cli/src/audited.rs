//! What commands change at a data directory, in its audit log first.

use std::path::Path;

use anyhow::Result;
use quell_audit::{Action, Leaf};
use quell_model::TenantId;
use quell_server::audit::local::{Desk, LocalUser, Said};

use crate::environment::{SystemClock, local_user};

/// Works at the audit log of a data directory.
pub(crate) fn at_log<T>(data: &Path, tenant: &TenantId, work: impl FnOnce(&Desk<'_>) -> T) -> T {
    let user: LocalUser = local_user();
    work(&Desk { data, tenant, user: &user, clock: &SystemClock })
}

/// Changes something of the default tenant between its two records.
pub(crate) fn noted<T>(
    data: &Path,
    action: Action,
    about: impl FnOnce(Leaf) -> Leaf,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    noted_of(data, &TenantId::default(), action, about, work)
}

/// Changes something of a tenant between its two records.
pub(crate) fn noted_of<T>(
    data: &Path,
    tenant: &TenantId,
    action: Action,
    about: impl FnOnce(Leaf) -> Leaf,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    at_log(data, tenant, |desk| desk.change(action, about, work))
}

/// The same; the work also tells what the log is to say of its end.
pub(crate) fn noted_told<T>(
    data: &Path,
    tenant: &TenantId,
    action: Action,
    about: impl FnOnce(Leaf) -> Leaf,
    work: impl FnOnce() -> Result<(T, Said)>,
) -> Result<T> {
    at_log(data, tenant, |desk| desk.change_told(action, about, work))
}
