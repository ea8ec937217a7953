//! What must hold of a log.

mod beside;
mod damage;
mod faults;
mod others;
mod world;
