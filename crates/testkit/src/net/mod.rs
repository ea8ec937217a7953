//! Servers on loopback that play the other side of a connection, and the faults of a network.

mod fault;
mod raw;

pub use fault::{Fault, FaultProxy};
pub use raw::{RawServer, read_head};
