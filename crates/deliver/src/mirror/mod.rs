//! Both ways in step: what stands at a sink beside what Quell knows, and what follows.
//!
//! Each field has one owner. Quell owns what it wrote until somebody else changes it; from then on
//! it is theirs, and Quell writes it no more. People win: what they closed is opened again only when
//! a tool sees the fault later, and only once. What is not in step is shown, never fought.

mod meet;
mod merged;
mod standing;
#[cfg(test)]
mod tests;

pub use meet::{Conflict, Mirror, Move, Stands, meet};
pub use merged::{Checked, CodeNow, Merged, Word};
pub use standing::{Field, Gone, Phase, Standing};
