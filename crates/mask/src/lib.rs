//! What may leave for a language model: everything else becomes a typed placeholder.
//!
//! Secrets never leave and never come back. Names, addresses and accounts leave as `<ip:1 private>`
//! and come back where an answer names the placeholder. What cannot be seen is written out.

mod find;
mod kind;
mod known;
mod masker;
mod place;
mod view;

#[cfg(test)]
mod tests;

pub use kind::{Grants, Kind};
pub use known::Known;
pub use masker::{Masked, Masker};
pub use place::Piece;

/// Version of the rules. It goes into the record of each call.
pub const VERSION: u32 = 1;
