//! What must hold of the log.

mod basic;
mod payloads;
