//! Whether text from outside changes what is decided, and whether what a model invents is believed.
//!
//! Worlds are small and in memory, texts are those of attackers, and models are the worst that there
//! could be. `docs/noninterference.md` says what is held equal and what is not.

mod brief;
pub mod fields;
mod model;
mod outputs;
pub mod payloads;
mod random;
mod runs;
mod seats;
mod worlds;

pub use runs::{Bench, Difference, Sums, upper_bound};
