//! Sinks: one folder for each place that something is delivered to.
//!
//! A sink knows one API and its text: how a letter looks there, how it is found again, and what a
//! refusal means. When something is sent, sent again or given up is decided in `quell_deliver`.
//! A new sink is one folder and one line in [`SINKS`].

mod atlassian;
mod common;
mod email;
mod error;
mod forge;
pub mod github;
pub mod gitlab;
mod hear;
mod kind;
pub mod pagerduty;
mod plan;
pub mod servicenow;
mod sink;
pub mod slack;
pub mod source;
mod splunk;
pub mod syslog;
mod teams;
#[cfg(test)]
mod testing;
mod webhook;

pub use error::SinkError;
pub use hear::{Hear, Hook, NotHeard, NotTaken, Press, Pressed, button_value};
pub use kind::{Kind, SINKS, Setting};
pub use plan::{Credential, Credentials, Plan, Records};
pub use quell_deliver::mirror::{Field, Gone, Phase, Standing};
pub use sink::{CodeStanding, Draft, Future, Right, RightState, Sink, TextAt, Wanted};
