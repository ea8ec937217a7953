//! Finds the block that makes an asset.

mod find;
mod link;
mod names;
mod state;

pub(crate) use find::locate;
pub(crate) use link::{links_to, satellites};
pub(crate) use names::literal_names;
pub(crate) use state::State;

#[cfg(test)]
mod tests;
