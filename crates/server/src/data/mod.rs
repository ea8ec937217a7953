//! The data directory: its lock, its key, and each tenant's findings.

mod answers;
mod findings;
mod key;
mod lock;
mod order;
mod sight;
mod size;

pub(crate) use findings::{Findings, Target, Tenants, locked, quietly};
pub use key::KeyError;
pub(crate) use key::ServerKey;
pub(crate) use lock::Lock;
pub(crate) use order::{check_order, note_order};
pub(crate) use size::sizes;
