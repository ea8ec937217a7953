//! Dockerfiles: read with the bytes of every word, judged as the image that they make, changed in
//! place.

mod code;
mod edit;
mod file;
mod lex;
mod recipes;
mod tree;
mod variables;

pub(crate) use code::DIALECT;
