//! Delivery: what routes want goes into the outbox, from there to the sinks exactly once, and what
//! stands there is watched until it is closed.

mod back;
mod beside;
mod follow;
mod leaves;
mod merged;
mod plan;
mod press;
mod routes;
mod send;
mod sinks;
mod told;

pub(crate) use back::{__path_receive_back, receive_back};
pub(crate) use plan::{plan, wanted};
pub use routes::delivery_faults;
pub(crate) use routes::places;
pub(crate) use send::{AT_ONCE, once, run};
pub(crate) use sinks::Sinks;
pub use sinks::sink_kinds;
pub use told::OutboxAct;
pub(crate) use told::{DeliveryReport, LetterReport, RowReport, SinkReport, SinkTest};
