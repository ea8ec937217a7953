//! `quell serve`: the pipeline running for months, with a durable intake and an API.
//!
//! | folder | what |
//! |---|---|
//! | `access/` | who asks, and what they may do |
//! | `api/` | `/api/v1`, one file a resource |
//! | `audit/` | the audit log: a record before each change |
//! | `contain/` | attacks are contained, once people agree |
//! | `data/` | the data directory: its lock, its key, each tenant's findings |
//! | `deliver/` | routes, the outbox, and what stands at sinks |
//! | `explain/` | incidents explained, for people and in letters |
//! | `intake/` | webhooks, uploads, folders and buckets |
//! | `jobs/` | what is done beside requests |
//! | `limits/` | what one client may use up |
//! | `models/` | language models that are configured, what they cost and what may leave for them |
//! | `offline/` | the same on a data directory without a server |
//! | `signin/` | people sign in: at an identity provider, or with a password |
//! | `sync/` | platforms that are asked |
//! | `traces/` | spans, for a collector |
//! | `web/` | the pages for people |
//!
//! A delivery is answered once its bytes are on the disk, in the intake log. A thread moves them
//! from there into the findings. An upload is kept as a payload, and a job imports it.

mod access;
mod analyst;
mod api;
pub mod audit;
mod contain;
mod data;
mod deliver;
mod explain;
mod intake;
mod jobs;
mod limits;
mod metrics;
mod models;
pub mod offline;
mod outside;
mod serve;
mod signed;
mod signin;
mod start;
mod state;
mod steady;
mod sync;
mod traces;
mod web;

pub use access::{
    MadeToken, PeopleError, PersonChange, PersonPlan, Right, Role, RulesError, Scope, TokenError,
    TokenPlan, add_person, change_password, change_person, make_token, read_rules, who_is,
};
pub use analyst::{Collected, HandedIn};
pub use contain::containment_faults;
pub use data::KeyError;
pub use deliver::{OutboxAct, delivery_faults, sink_kinds};
pub use explain::{HandedInTask, Wish};
pub use jobs::Change;
pub use models::{
    LlmGrant, LlmGrantError, LlmGrantKind, LlmGrantPlan, SpendLeftReport, SpendLimitReport,
    SpendReport, SpendUnderWay, SpentBy, SpentRow, llm_faults, llm_grant_add, llm_grant_list,
    llm_grant_remove, spend_limits,
};
pub use outside::OutsideError;
pub use quell_analyst::{Audience, Brief};
pub use quell_secrets::Environment;
pub use start::{Plan, Server, StartError, api_description, start};
pub use sync::{Act, Reach, Tell, TellError, Told, Why, known_kinds, source_faults};
pub use traces::Traces;
