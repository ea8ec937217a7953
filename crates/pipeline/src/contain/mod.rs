//! Containments: asked for as plans, carried out once enough people agree, and undone.
//!
//! Nothing here reaches a platform. What a step may do is on the disk before it is done.

mod ask;
mod row;
mod step;
#[cfg(test)]
mod tests;
mod told;

pub(crate) use ask::verdict_of;
pub use ask::{Asking, Ground, Tried, contain_plan, contain_request, contain_verdict};
pub use row::{Containment, SETTLE, Stage, Undo};
pub use step::{
    Begun, Move, begin, drop_over, hold_back, looked, recover, retry, rolled_back, settled,
    undo_asked,
};
pub use told::{CallTold, ContainmentAsked, ContainmentTold, TriedTold, containment_told};
