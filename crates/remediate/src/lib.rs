//! Fixes with their proof: finds the block that makes an asset, changes its text and proves that
//! the change does what it should and nothing else.
//!
//! Files come in as text and go out as text; nothing here reads a disk or a clock.

mod code;
mod config;
mod diff;
mod engine;
mod evaluate;

mod prove;
mod settings;
mod target;
mod terraform;
mod workspace;

pub use code::Place;
pub use config::Config;
pub use engine::{Applied, Engine, Step};
pub use evaluate::{Evaluator, judge_case};
pub use settings::{PARAMETERS, Settings};
pub use target::Target;
pub use workspace::Workspace;

/// Every language, in the order in which they are asked for a path.
const DIALECTS: &[&code::Dialect] = &[&terraform::DIALECT];

#[cfg(test)]
mod hostile;
