//! Terraform files as they stand in a repository, found by block and changed by splicing text.

pub(crate) mod body;
pub(crate) mod edit;
mod functions;
pub(crate) mod render;
mod repository;
pub(crate) mod resolve;
mod source;

pub use repository::{Repository, Resource};
pub use source::SourceFile;

#[cfg(test)]
mod tests;
