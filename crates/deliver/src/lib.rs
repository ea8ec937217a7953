//! What is delivered, where, when, and exactly once: letters, routes, and the life of an outbox row.
//!
//! Nothing here asks anybody. A row of the outbox moves by pure functions of what it is and what
//! came of a call, so that the server and a simulation of a million histories drive the same code.

pub mod letter;
pub mod mirror;
pub mod outbox;
pub mod review;
pub mod route;
pub mod text;

pub use letter::{Attachment, Key, Label, Letter};
pub use review::Review;
pub use text::{Block, Body, Line, SafeLink, Span};
