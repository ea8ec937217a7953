//! What is delivered: letters made of incidents and fixes, and which of them routes want.

mod approval;
mod beside;
mod change;
mod fix;
mod incident;
mod merged;
mod once;
mod plan;
mod review;
mod stands;
mod words;

pub use beside::beside;
pub use change::{change_subject, is_posted, post_change};
pub use merged::code_now;
pub use plan::{Noted, Planned, Planner, Post, Wishes, letters_of};
pub use review::{post_results, post_review};
pub use stands::{reminder_stands, stands};
pub use words::{
    MergedAs, Places, accepted_body, gone_body, merged_body, over_body, returned_body,
};
