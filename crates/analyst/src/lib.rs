//! What a language model is asked, and what stays of its answer. No model is reached from here.
//!
//! A task is a folder below `content/prompts`: what it may read, its words, the shape of its
//! answer, and cases to judge it by. A call is one task about one subject: the facts that the task
//! may read, masked, and afterwards the answer, held against them sentence by sentence. What the
//! rules know stands beside it from the beginning, and stands alone where no answer does.

mod brief;
mod call;
mod cited;
pub mod score;
mod task;
#[cfg(test)]
mod testing;
pub mod trial;
mod written;

#[cfg(test)]
mod tests;

pub use brief::{Audience, Brief, Class, Field, Grants, Record};
pub use call::Call;
pub use cited::{Cited, sentences};
pub use quell_model::{By, Dropped, Why, Written, WrittenPart};
pub use task::{Part, Shape, Subject, Task, TaskError, Tasks, Tier};
pub use written::by_rules;
