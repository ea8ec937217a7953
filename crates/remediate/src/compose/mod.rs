//! Docker Compose: services read with their places and changed in place.

mod code;
mod recipes;
mod service;
mod told;

pub(crate) use code::DIALECT;
