//! What hosts of code have in common: their calls, their Markdown, marks that people do not see,
//! what may be reached, what was said already, and changes of code that may be brought to a
//! repository. [`Forge`] is what each has to say for itself.

pub(crate) mod call;
mod change;
mod code;
mod escape;
pub(crate) mod hook;
mod mark;
mod markdown;
pub(crate) mod read;
mod repository;
pub(crate) mod said;
mod sink;
#[cfg(test)]
pub(crate) mod stage;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use change::{BASE_MOVED, Place, Trailer, branch, checked, digest, path_fits};

pub(crate) use code::decoded;
pub(crate) use mark::{bears, mark};
pub(crate) use markdown::{letter_text, note_text, title_text};
pub(crate) use repository::{Reach, Repository, Thing, part};
pub(crate) use sink::Forge;
