//! The stages wired: read, normalize, correlate, assess, fix, explain, report.
//!
//! Only this crate loads, saves and schedules; the stages themselves take values and return
//! values.

pub mod analyst;
mod answer;
mod assess;
pub mod contain;
mod contents;
mod coverage;
pub mod deliver;
mod error;
mod exceptions;
mod fixes;
mod follow;
pub mod govern;
mod import;
mod incidents;
mod inspect;
mod intel;
mod links;
mod list;
mod marks;
pub mod memory;
mod owners;
mod prepare;
mod priority;
pub mod query;
mod rekey;
mod report;
mod risk;
mod run;
mod setup;
mod together;

pub use coverage::{Coverage, RuleCount, ToolCoverage, coverage};
pub use error::PipelineError;
pub use fixes::{
    Ask, Branch, ChangePlace, CodePlace, Commit, Dirty, FIX_TASK, FileChange, FixAdvice, FixCase,
    FixConfig, FixFault, FixHelp, FixMember, FixNeighbour, FixPlan, FixQuestion, FixRequest,
    FixSaid, FixStory, LookUp, Looked, MOST_WRITTEN, Offer, StateFile, Taken, Tool, TraceRequest,
    Unfixed, Writer, code_change, code_place, commit_message, fix_case, fix_cases, fixes_report,
    named_asset, patch_text, plan_fixes, plan_fixes_from, recover_files, refuse_uncommitted,
    score_fix, trace_asset, trace_thing, wanted_of, write_branch, write_files,
};
pub use import::{ImportOptions, Imported};
pub use incidents::{
    follow_times, join_incidents, open_incident, reset_incident, show_incident, split_incident,
};
pub use inspect::{show_issue, split_issue};
pub use list::{IssueList, ListedIssue, list_issues};
pub use marks::{Marking, mark_incident, mark_issue, unmark_incident, unmark_issue};
pub use owners::{
    Columns, InventoryFile, OwnersAsked, Place, Settings, judge_waiting, refresh_owners,
};
pub use quell_store::{Held, IssueFilter, MarkFilter, MostClosed};
pub use rekey::bring_up_to_date;
pub use risk::explain_risk;
pub use run::{Outcome, Progress, Request, import, report, run};
pub use setup::{Setup, SetupError};
pub use together::{Part, import_together, start_threads};
