//! The report: one contract, written in several formats.
//!
//! [`Report`] is what `--format json` prints; the other writers read the same value. Text from
//! outside is escaped here, by each writer's own escaper, and nowhere earlier.

mod contract;
mod csv;
mod escape;
mod explained;
mod fixes;
mod format;
mod html;
mod incident;
mod json;
mod markdown;
mod ocsf;
mod risk_story;
mod sarif;
mod steps;
mod story;
mod terminal;
mod timeline;
mod trace;
mod words;

pub use contract::{
    AccountingReport, AssetReport, Changes, DecisionCounts, DecisionReport, ExceptionReport,
    FileReport, FindingReport, FixReport, HandReport, HiddenBy, HiddenReport, IncidentReport,
    IncidentStory, IntelligenceReport, InventoryReport, IssueReport, IssueStory, LevelReport,
    OwnerReport, Report, SCHEMA_VERSION, SourceHealth, SourceReport, StatementReport,
    StatementsReport, TimesReport, WrittenFixReport,
};
pub use escape::html as html_text;
pub use explained::{CitedReport, Explained, PayloadReport, write_explained};
pub use fixes::{
    AskReport, FixesReport, NotRead, OfferReport, UnfixedReport, Written, write_asks, write_fixes,
};
pub use format::{FORMATS, Format, Options};
pub use incident::write_incident_story;
pub use risk_story::{PartReport, RiskStory, WhatIfReport, write_risk_story};
pub use steps::StepsReport;
pub use story::write_story;
pub use terminal::{cell, wrapped, wrapped_below};
pub use trace::{
    CandidateReport, ChangedReport, CodeOwnersReport, TagsReport, TraceReason, TraceReport,
    TraceSource, write_trace,
};
pub use words::{count, number};
