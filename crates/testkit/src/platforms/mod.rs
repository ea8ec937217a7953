//! Doubles of the platforms: each speaks its vendor's protocol from one made-up world, enforces the
//! vendor's limits, and does wrong what a script tells it to.

mod double;
mod script;
mod world;

pub use double::{Double, Ledger, Platform, Seen};
pub use script::{Fault, Script};
pub use world::{
    Account, Cause, Cloud, Detection, Fix, Flaw, Kind, Misconfiguration, Seer, State, Thing,
    Vulnerability, World,
};
