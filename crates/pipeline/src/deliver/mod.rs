//! What is delivered: letters made of incidents and fixes, and which of them routes want.

mod change;
mod fix;
mod incident;
mod plan;
mod stands;
mod words;

pub use change::post_change;
pub use plan::{Planned, Planner, Post, Wishes};
pub use stands::{reminder_stands, stands};
pub use words::{Places, accepted_body, gone_body, over_body, returned_body};
