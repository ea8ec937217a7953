//! What must hold of the log.

mod basic;
mod faults;
mod lazy;
mod payloads;
mod world;
