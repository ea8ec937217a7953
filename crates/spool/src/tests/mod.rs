//! What must hold of the log.

mod basic;
mod damage;
mod faults;
mod lazy;
mod model;
mod payloads;
mod together;
mod world;
