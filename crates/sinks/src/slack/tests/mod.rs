//! Slack against its double, and its text against hostile data.

mod back;
mod calls;
mod text;
