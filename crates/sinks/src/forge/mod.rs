//! What hosts of code have in common: their Markdown, marks that people do not see, and changes of
//! code that may be brought to a repository.

mod change;
mod code;
mod escape;
pub(crate) mod hook;
mod mark;
mod markdown;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use change::{BASE_MOVED, Place, Trailer, branch, checked, digest, path_fits};

pub(crate) use code::decoded;
pub(crate) use mark::{bears, mark};
pub(crate) use markdown::{letter_text, note_text, title_text};
