//! Finds the block that makes an asset.

mod find;
mod link;
mod names;

pub(crate) use find::locate;
pub(crate) use link::{candidates, links_to, satellites};
pub(crate) use names::{literal_names, names_in};

#[cfg(test)]
mod tests;
