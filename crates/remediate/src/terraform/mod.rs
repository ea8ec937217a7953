//! Terraform files as they stand in a repository, found by block and changed by splicing text.

mod body;
mod code;
pub(crate) mod edit;
mod functions;
mod locate;
mod recipes;
mod render;
mod repository;
mod resolve;
mod source;

pub(crate) use code::DIALECT;
pub(crate) use repository::{Repository, Resource};
pub(crate) use source::SourceFile;

#[cfg(test)]
mod tests;
