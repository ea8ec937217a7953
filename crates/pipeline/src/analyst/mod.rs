//! A task given to a language model.

pub mod incident;
