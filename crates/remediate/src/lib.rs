//! Fixes with their proof: finds the block that makes an asset, changes its text and proves that
//! the change does what it should and nothing else.
//!
//! Files come in as text and go out as text; nothing here reads a disk or a clock.

mod config;
mod diff;
mod engine;
mod evaluate;
mod locate;
mod prove;
mod recipes;
mod terraform;
#[cfg_attr(not(test), expect(dead_code, reason = "the languages that use it are being added"))]
mod yaml;

pub use config::Config;
pub use engine::{Applied, Engine};
pub use evaluate::{Evaluator, judge_case};
pub use locate::{Target, locate};
pub use terraform::{Repository, Resource, SourceFile};

#[cfg(test)]
mod hostile;
