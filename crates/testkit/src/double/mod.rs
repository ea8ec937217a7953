//! A vendor's server on loopback: what it answers, what it saw, and what a script has it do wrong.

mod script;
mod server;

pub use script::{Fault, Script};
pub use server::{Double, Ledger, Platform, Seen};
