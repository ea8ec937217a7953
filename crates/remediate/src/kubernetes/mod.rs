//! Kubernetes manifests: their objects, what Kustomize makes of them, and their recipes.
//!
//! An object is addressed as `Kind.name`, with `#2` and so on where a file has several of one
//! name: without its namespace, since a fix may give it another.

mod code;
mod judge;
mod kustomize;
mod locate;
mod made;
mod manifests;
mod object;
mod operations;
mod outside;
mod patches;
mod program;
mod recipes;
mod renamed;

pub(crate) use code::DIALECT;

#[cfg(test)]
mod answers_tests;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod operations_tests;
#[cfg(test)]
mod outside_tests;
#[cfg(test)]
mod tests;
