//! Whether text from outside changes what is decided, and whether what a model invents is believed.
//!
//! Worlds are small and in memory, texts are those of attackers, and models are the worst that there
//! could be. `docs/noninterference.md` says what is held equal and what is not.

mod asking;
pub mod fields;
mod invented;
mod kept;
mod model;
mod outputs;
pub mod payloads;
mod runs;
mod seats;
mod worlds;

pub use invented::{Believed, Delivered, deliver};
pub use runs::{Bench, Difference, Sums, upper_bound};
