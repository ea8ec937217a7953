//! The words of Quell: findings, assets, issues, incidents, risks, fixes and the scales they use.
//!
//! Nothing here reads a file, a clock or the network. Every other crate speaks in these types, so
//! a change here is a change to the language of the whole product.

mod accounting;
mod asset;
pub mod asset_id;
mod decision;
mod explanation;
mod finding;
mod fix;
mod fold;
pub mod hash;
mod impact;
mod incident;
mod issue;
mod label;
mod mapping;
mod mark;
mod purl;
mod record;
mod relation;
mod risk;
mod severity;
mod shown;
mod statement;
mod status;
mod tenant;
mod time;
mod timeline;
mod untrusted;
mod written;

pub use accounting::{Accounting, Funnel, Outcome};
pub use asset::{Asset, Context, Origin, Signals, Sourced};
pub use asset_id::{AssetId, Hints, Provider};
pub use decision::{Decided, Decision, Ticket};
pub use explanation::{Claim, Confidence, Explanation};
pub use finding::{
    Detection, Finding, FindingClass, Location, Process, Rule, Scope, Tool, Vulnerability,
};
pub use fix::{Fix, FixState, Proof, ProofCheck, Safety, Verdict, WrittenFix};
pub use fold::fits;
pub use hash::{
    FindingKey, IncidentKey, InvalidKey, IssueKey, JobKey, KEY_VERSION, Key, KeyHasher, short_id,
};
pub use impact::{Effect, Impact, Reversible, ToolVerdict, Verification};
pub use incident::{HandAction, HandMade, Incident, IncidentKind};
pub use issue::{Issue, MergeBasis};
pub use label::{Label, LabelKind, record_behind};
pub use mapping::{ContextMapping, MappingError, RawField, RawMapping};
pub use mark::{Mark, MarkKind};
pub use purl::Purl;
pub use record::{Activity, Evidence, Record, Reject};
pub use relation::{Relation, RelationKind, Teller};
pub use risk::{Risk, RiskChange, RiskPart};
pub use severity::Severity;
pub use shown::{is_deceiving, shown};
pub use statement::{Exploited, Position, Product, Statement, StatementKey, StatementKind};
pub use status::Status;
pub use tenant::{InvalidTenant, TenantId};
pub use time::{Clock, FixedClock, parse_timestamp};
pub use timeline::{Timeline, TimelineEvent, TimelineProcess};
pub use untrusted::Untrusted;
pub use written::{Answered, By, Dropped, Made, Why, Written, WrittenPart};

/// A day.
pub type Date = jiff::civil::Date;
/// A point in time, with nanoseconds, in UTC.
pub type Timestamp = jiff::Timestamp;
