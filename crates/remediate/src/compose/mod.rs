//! Docker Compose: services read with their places and changed in place.

mod code;
mod ports;
mod recipes;
mod service;

pub(crate) use code::DIALECT;
