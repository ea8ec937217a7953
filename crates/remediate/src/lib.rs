//! Fixes with their proof: finds the block that makes an asset, changes its text and proves that
//! the change does what it should and nothing else.
//!
//! Files come in as text and go out as text; nothing here reads a disk or a clock.

mod actions;
mod code;
mod compose;
mod config;
mod diff;
mod dockerfile;
mod engine;
mod evaluate;
mod files;
mod images;
mod inventory;
mod kubernetes;

mod prove;
mod settings;
mod shell;
mod target;
mod template;
mod terraform;
mod workspace;
mod written;
mod yaml;

pub use code::Place;
pub use config::Config;
pub use engine::{Applied, Engine, Splice, Step};
pub use evaluate::{Evaluator, judge_case};
pub use inventory::{Calling, Giving, Inventory, Making};
pub use settings::{Found, PARAMETERS, Settings, asked};
pub use target::Target;
pub use template::template_resources;
pub use workspace::Workspace;
pub use written::{Seen, WRITTEN};

/// Every language, in the order in which they are asked for a path.
const DIALECTS: &[&code::Dialect] = &[
    &actions::DIALECT,
    &compose::DIALECT,
    &dockerfile::DIALECT,
    &terraform::DIALECT,
    &kubernetes::DIALECT,
];

#[cfg(test)]
mod hostile;
