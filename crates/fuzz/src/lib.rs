//! Fuzzing without a special compiler: inputs are made from seeds and go the whole way, from
//! detection to the written reports, and what must always be true is checked.
//!
//! A target is a format, or one of the other readers. Feedback is what comes out: an input that
//! makes a record, a reject or a severity not seen before becomes a seed.

pub mod check;
pub mod corpus;
pub mod mutate;
mod random;
mod session;
mod shrink;
mod skeleton;

pub use random::Random;
pub use session::{Found, Session, Sums};
pub use shrink::shrink;
pub use skeleton::skeletons;
