//! GitHub Actions: workflows read with their places, judged by what their token may do and what
//! their scripts run, changed in place.

mod code;
mod expression;
mod needs;
mod permissions;
mod recipes;
mod script;
mod tree;
mod workflow;

pub(crate) use code::DIALECT;
