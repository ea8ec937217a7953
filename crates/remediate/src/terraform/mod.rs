//! Terraform files as they stand in a repository, found by block and changed by splicing text.

pub(crate) mod body;
//EDIT
mod functions;
//RENDER
mod repository;
pub(crate) mod resolve;
mod source;

pub use repository::{Repository, Resource};
pub use source::SourceFile;
