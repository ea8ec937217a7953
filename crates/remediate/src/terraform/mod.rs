//! Terraform files as they stand in a repository, found by block and changed by splicing text.

mod beside;
mod block;
mod body;
mod cache;
mod code;
pub(crate) mod edit;
mod functions;
mod index;
mod json;
mod lenient;
mod locate;
mod made;
mod opaque;
mod parameters;
mod pieces;
mod providers;
mod recipes;
mod render;
mod repository;
mod resolve;
mod schema;
mod source;

pub(crate) use block::Resource;
pub(crate) use code::DIALECT;
pub(crate) use repository::Repository;
pub(crate) use source::SourceFile;

#[cfg(test)]
mod change_tests;
#[cfg(test)]
mod proof_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
