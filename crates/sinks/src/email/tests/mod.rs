//! Mail against its double, and its text against hostile data.

mod mail;
mod talk;
