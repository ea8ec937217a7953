//! What a name stands for now, asked of who knows it: the digest of an image's tag of its
//! registry, the commit of a version of its git host, the source of a module of a registry of
//! Terraform.
//!
//! Names come from a repository and answers from anybody, so both are judged: a name that is none
//! is not asked for, and an answer counts only where it has the form that it must have. No host is
//! asked that was not named.

mod asked;
mod challenge;
mod constraint;
mod git;
mod hosts;
mod module;
mod registry;
mod resolver;

pub use asked::{Known, Wanted};
pub use hosts::{Hosts, InvalidHost};
pub use resolver::{Answers, Resolver};
