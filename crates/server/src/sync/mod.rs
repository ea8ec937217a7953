//! Platforms that are asked: when, how far each stream was read, and what a silence means.
//!
//! A page goes into the intake log as one answer of the vendor, and only then does the place in
//! the stream move on. So a crash at any point reads at most one page again, and what a page
//! brings is normalized by the same reader as what a webhook brings.

mod act;
mod keep;
mod name;
#[cfg(test)]
mod outage;
mod platform;
mod reading;
mod rest;
mod settle;
mod tell;
#[cfg(test)]
mod tests;
mod turn;

pub(crate) use act::Readings;
pub use act::{Act, Reach};
pub(crate) use name::PageName;
pub(crate) use platform::{Platform, Platforms, Running};
pub use platform::{known_kinds, source_faults};
pub(crate) use tell::Listed;
pub use tell::{Tell, TellError, Told, Why};
pub(crate) use turn::{Halt, run, turn_of};
