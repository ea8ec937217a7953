//! Formats that the user describes in a file: any JSON, NDJSON or CSV.

mod draft;
mod map;
mod normalize;
#[cfg(test)]
mod tests;

pub use draft::{Drafted, draft};
pub use map::{FormatMap, MapError};
