//! What must hold of the log.

mod basic;
