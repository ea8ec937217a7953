//! The JSON report, field by field. `docs/report.md` and `docs/report.schema.json` describe it
//! for users; a test holds them together.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quell_model::{
    Accounting, Answered, Claim, Decision, Explanation, FindingClass, Funnel, HandAction, HandMade,
    Impact, IncidentKind, Mark, Position, Proof, Risk, Safety, Severity, Status, Ticket, Timeline,
    Timestamp, Untrusted,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::StepsReport;

/// The version of the contract: the second number grows when fields are added, the first when
/// a reader must change.
pub const SCHEMA_VERSION: &str = "1.9";

/// Everything that a run has to say.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// The version of this contract, [`SCHEMA_VERSION`].
    #[schema(value_type = String)]
    pub schema_version: Cow<'static, str>,
    /// When the report was made.
    pub generated_at: Timestamp,
    /// The program's version.
    pub quell_version: Cow<'static, str>,
    /// Whether the data is a labelled sample world (`quell demo`).
    pub sample_data: bool,
    /// What became of every record.
    pub accounting: AccountingReport,
    /// How many records became how few fixes.
    pub funnel: Funnel,
    /// How many of the funnel's incidents have which decision.
    pub decisions: DecisionCounts,
    /// What the run did to findings that were known before.
    pub changes: Changes,
    /// The incidents, riskiest first.
    pub incidents: Vec<IncidentReport>,
    /// The open issues of those incidents, riskiest first.
    pub issues: Vec<IssueReport>,
    /// The assets of those issues.
    pub assets: Vec<AssetReport>,
    /// The fixes, offered and withheld.
    pub fixes: Vec<FixReport>,
    /// What speaks against issues and closes none: to be reviewed by a person.
    pub exceptions: Vec<ExceptionReport>,
    /// Exceptions that hide open issues, which no list, count or incident of this report has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<HiddenReport>,
    /// How many statements are known, and how many speak of no issue here.
    pub statements: StatementsReport,
    /// The lists of exploited and likely exploited weaknesses that risks rest on.
    pub intelligence: Vec<IntelligenceReport>,
    /// The sources of a server, by name; a run without a server knows none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceReport>,
    /// What became of the rows of each inventory that was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inventories: Vec<InventoryReport>,
}

/// What became of an inventory: `records = joined + unmatched + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InventoryReport {
    /// Its name.
    pub name: Untrusted,
    /// Rows it holds.
    pub records: u64,
    /// Rows that name an asset with an issue.
    pub joined: u64,
    /// Rows that name none, or none for sure.
    pub unmatched: u64,
    /// Rows that cannot be taken.
    pub rejected: u64,
    /// Assets that a row names.
    pub assets: u64,
    /// Assets whose name several rows or assets bear, so that nothing is joined.
    pub ambiguous: u64,
    /// Why rows were rejected, each with its line; the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejects: Vec<Untrusted>,
}

/// A source of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// `hook`, `folder`, `bucket`, `platform` or `import`.
    pub kind: String,
    /// How it is.
    pub health: SourceHealth,
    /// Whether somebody paused it.
    #[serde(default)]
    pub paused: bool,
    /// When anything of it came.
    pub heard_at: Option<Timestamp>,
    /// When something of it was last taken in.
    pub taken_at: Option<Timestamp>,
    /// When something of it last failed.
    pub failed_at: Option<Timestamp>,
    /// Why it did.
    pub reason: Option<Untrusted>,
    /// How often something came.
    pub deliveries: u64,
    /// Records of all that came.
    pub records: u64,
    /// Records that were not taken.
    pub rejected: u64,
}

/// How a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceHealth {
    /// What last came was taken.
    Healthy,
    /// What last came failed.
    Failing,
    /// Nothing came yet.
    Silent,
}

impl SourceHealth {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Failing => "failing",
            Self::Silent => "silent",
        }
    }
}

/// How many incidents have which decision; those that a limit leaves out count too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionCounts {
    /// Now.
    pub act: u64,
    /// Within their due time.
    pub plan: u64,
    /// When something about them changes.
    pub watch: u64,
    /// Likely noise.
    pub noise: u64,
}

impl DecisionCounts {
    /// Counts one more.
    pub const fn add(&mut self, decision: Decision) {
        match decision {
            Decision::Act => self.act += 1,
            Decision::Plan => self.plan += 1,
            Decision::Watch => self.watch += 1,
            Decision::Noise => self.noise += 1,
        }
    }

    /// Each decision with its count, most urgent first.
    #[must_use]
    pub const fn each(&self) -> [(Decision, u64); 4] {
        [
            (Decision::Act, self.act),
            (Decision::Plan, self.plan),
            (Decision::Watch, self.watch),
            (Decision::Noise, self.noise),
        ]
    }
}

/// What to do, why, and by when. The rules are in `docs/risk.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionReport {
    /// What to do.
    pub decision: Decision,
    /// Why, in one sentence.
    pub decision_because: String,
    /// Whether somebody should be given work.
    pub ticket: Ticket,
    /// By which day, where there is work to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}

impl DecisionReport {
    /// Nothing is to be done.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            decision: Decision::Noise,
            decision_because: "nothing is known".to_owned(),
            ticket: Ticket::None,
            due: None,
        }
    }
}

/// Something that speaks against an issue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExceptionReport {
    /// Id of the issue; one whose findings are all hidden is not among the open issues.
    pub issue: String,
    /// `statement`, `mark` or `suppression`.
    pub kind: Cow<'static, str>,
    /// `statement:ID`, `mark:ID` or `finding:ID`.
    pub id: String,
    /// The format of the statement, the tool that hides the finding, or `person`.
    pub source: String,
    /// The document's id, or the tool's own id of the finding.
    pub native_id: Untrusted,
    /// What it is about, in one line.
    pub title: Untrusted,
    /// `not_affected` or `fixed`; `false_positive` or `accepted`; for a suppression the tool's own word.
    pub verdict: Untrusted,
    /// Why, where that is given.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub justification: Untrusted,
    /// Who says so, where that is given.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub author: Untrusted,
    /// When it was said, or last seen hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// An exception that hides open issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HiddenReport {
    /// The exception.
    #[serde(flatten)]
    pub by: HiddenBy,
    /// How many open issues it hides.
    pub issues: u64,
    /// Their ids, at most a thousand.
    pub ids: Vec<String>,
}

/// Which exception hides an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HiddenBy {
    /// Its id.
    pub exception: String,
    /// Why, as who asked for it says.
    pub reason: Untrusted,
    /// Who answers for it.
    pub owner: Untrusted,
    /// When it ends at the latest.
    pub until: Timestamp,
}

/// How many statements are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementsReport {
    /// All that are stored.
    pub known: u64,
    /// Of those, that speak of an open issue of this report.
    pub matched: u64,
    /// Of those, that speak of none.
    pub unmatched: u64,
}

/// A list that risks rest on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IntelligenceReport {
    /// `kev` or `epss`.
    pub name: Cow<'static, str>,
    /// Its date, as the list says.
    pub date: String,
    /// `bundled` or `file`.
    pub source: Cow<'static, str>,
    /// How many entries it has.
    pub rows: u64,
    /// The address it was taken from, or the user's file.
    pub origin: Untrusted,
}

/// What somebody says of a weakness in a product.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StatementReport {
    /// `statement:ID`.
    pub id: String,
    /// The format it came in.
    pub source: String,
    /// The document's own id.
    pub native_id: Untrusted,
    /// The weakness.
    pub vulnerability: Untrusted,
    /// The product, with the part of it that is meant.
    pub product: Untrusted,
    /// What is said.
    pub verdict: Position,
    /// The document's own word for it.
    pub verdict_native: Untrusted,
    /// The document's own word for why.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub justification: Untrusted,
    /// Why, or what to do, in the author's words.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub text: Untrusted,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub author: Untrusted,
    /// When it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// What became of every record.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AccountingReport {
    /// All files together.
    pub total: Accounting,
    /// Each file, in the order read.
    pub files: Vec<FileReport>,
}

/// What became of one file's records.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FileReport {
    /// As given, with `!/entry` for a member of an archive.
    pub path: Untrusted,
    /// The source that read it; `None` where none fitted.
    pub format: Option<String>,
    /// The sums.
    #[serde(flatten)]
    pub accounting: Accounting,
    /// Whether it was read to its proper end. Absence closes findings only then.
    pub complete: bool,
    /// What is worth saying: why no format fitted, where it broke off, that nothing changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Untrusted>,
}

/// What the run did to findings that were known before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    /// Findings that are gone.
    pub closed: u64,
    /// Findings that were gone and are back.
    pub reopened: u64,
    /// Relations of assets that a file's later record of the asset no longer names.
    #[serde(default)]
    pub relations_ended: u64,
    /// Open issues that earlier runs brought and this one did not touch.
    pub open_elsewhere: u64,
}

/// One incident.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IncidentReport {
    /// Stable id.
    pub id: String,
    /// What holds it together.
    pub kind: IncidentKind,
    /// One line.
    pub title: Untrusted,
    /// 0 to 1000.
    pub score: u32,
    /// The highest severity among its issues.
    pub severity: Severity,
    /// The asset, where it has one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// Ids of its issues, riskiest first.
    pub issues: Vec<String>,
    /// Tools that see it, in alphabetical order.
    pub sources: Vec<String>,
    /// Why its issues are one story: the sentences of `because`.
    pub joined_because: Vec<String>,
    /// Why its issues are one story, each sentence with the records it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Claim>,
    /// What people decided about it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_hand: Vec<HandReport>,
    /// What happened, where something was seen to happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
    /// What to do, why, and by when.
    #[serde(flatten)]
    pub decision: DecisionReport,
    /// Who should deal with it.
    pub owner: OwnerReport,
    /// Why it stands where it stands, in one line.
    pub why: Untrusted,
    /// What is wrong, why, what to do: each claim with its evidence.
    pub explanation: Explanation,
    /// What was written for people, where that was asked for: by a model or by the rules, as it
    /// says. Nothing else in the report follows from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Answered>,
    /// Ids of the fixes that close its issues.
    pub fixes: Vec<String>,
    /// What a person must look at before believing or dismissing it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What a person decided about an incident.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HandReport {
    /// `joined` or `split`.
    pub action: HandAction,
    /// Id of the incident that was joined, or that the issues were taken out of.
    pub incident: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Untrusted,
}

impl HandReport {
    /// As the report shows it.
    #[must_use]
    pub fn of(made: &HandMade) -> Self {
        Self {
            action: made.action,
            incident: made.other.to_string(),
            at: made.at,
            by: Untrusted::from(made.by.as_str()),
        }
    }
}

/// Who should deal with something, and how that is known.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OwnerReport {
    /// The owner, or the role where no owner is known.
    pub name: Untrusted,
    /// How it is known (`from tag team`, `by the kind of fault`).
    pub because: Untrusted,
}

/// One issue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssueReport {
    /// Stable id.
    pub id: String,
    /// The canonical fault, or null.
    pub control: Option<String>,
    /// One line.
    pub title: Untrusted,
    /// What kind of fault it is.
    pub class: FindingClass,
    /// Id of its asset.
    pub asset: String,
    /// Who owns the asset, and how that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerReport>,
    /// The highest severity any tool gives.
    pub severity: Severity,
    /// Whether it is open.
    pub status: Status,
    /// Our judgement, with its parts.
    pub risk: Risk,
    /// What to do, why, and by when.
    #[serde(flatten)]
    pub decision: DecisionReport,
    /// The findings that are this issue.
    pub findings: Vec<FindingReport>,
    /// Why they are one; empty for a single finding.
    pub merged_because: Vec<String>,
    /// Framework → requirements that it touches.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub frameworks: BTreeMap<String, Vec<String>>,
    /// ATT&CK techniques.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<String>,
    /// The weakness, for vulnerabilities: `CVE-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerability: Option<String>,
    /// File and first line, where a tool names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<(Untrusted, u32)>,
    /// Earliest sighting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// Latest sighting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// What suppliers and people say of it, the newest first. It closes nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementReport>,
    /// How a person marked it. It closes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Which exception hides it; it is open all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_by: Option<HiddenBy>,
    /// What to run where no proved fix of code closes it and the commands are known. Quell runs
    /// none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<StepsReport>,
    /// By when it is to be dealt with; told of a single issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelReport>,
}

/// By when an issue is to be dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LevelReport {
    /// `running`; `paused`, while an exception hides it; `restarted`, behind one.
    pub state: Cow<'static, str>,
    /// When it is due.
    pub due: Timestamp,
    /// Whether that is over.
    pub late: bool,
    /// For how many hours its clock stood.
    pub paused_hours: i64,
    /// Why there is so much time.
    pub because: String,
}

/// One issue with all it rests on: what `quell issue show --json` prints.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssueStory {
    /// The issue.
    pub issue: IssueReport,
    /// Its asset.
    pub asset: AssetReport,
    /// Who should deal with it.
    pub owner: OwnerReport,
    /// What is wrong, why, what to do.
    pub explanation: Explanation,
    /// Its fixes, where a repository was given.
    pub fixes: Vec<FixReport>,
    /// The incident it belongs to, where something was seen to happen or a person decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Box<IncidentReport>>,
}

/// One incident with its issues: what `quell incident show --json` prints.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IncidentStory {
    /// The incident.
    pub incident: IncidentReport,
    /// Its issues, riskiest first.
    pub issues: Vec<IssueReport>,
    /// Their assets.
    pub assets: Vec<AssetReport>,
    /// Their fixes, where a repository was given.
    pub fixes: Vec<FixReport>,
    /// When it came, and when people dealt with it, where that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<TimesReport>,
}

/// When an incident came, and when people dealt with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = IncidentTimes)]
pub struct TimesReport {
    /// When it came, or came again.
    pub begun: Timestamp,
    /// When a person first opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub understood: Option<Timestamp>,
    /// When a fix of it was first agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Timestamp>,
}

/// One finding of an issue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FindingReport {
    /// Stable id.
    pub id: String,
    /// The tool.
    pub source: String,
    /// The format it came in.
    pub format: String,
    /// The tool's own id.
    pub native_id: Untrusted,
    /// The tool's rule.
    pub rule: Untrusted,
    /// The tool's title.
    pub title: Untrusted,
    /// The tool's severity on our scale.
    pub severity: Severity,
    /// The tool's own word for it.
    pub severity_native: Untrusted,
    /// Whether it counts now.
    pub status: Status,
    /// The file it was read from.
    pub file: Untrusted,
    /// Where in that file, decompressed.
    pub offset_bytes: u64,
    /// When the tool last saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// The tool's own page of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Untrusted>,
}

/// One asset.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AssetReport {
    /// Its canonical key; issues refer to it.
    pub id: String,
    /// `aws`, `azure`, `gcp`, `kubernetes`, `image`, `iac`, `code`, `host` or `other`.
    pub provider: Cow<'static, str>,
    /// Account, subscription, project or cluster.
    pub account: Untrusted,
    /// Region.
    pub region: Untrusted,
    /// Canonical kind.
    pub kind: Untrusted,
    /// Name for people.
    pub name: Untrusted,
    /// The id as a source wrote it.
    pub native_id: Untrusted,
    /// Who owns it and how that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerReport>,
    /// Who else is named as its owner, what counts most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_owners: Vec<OwnerReport>,
    /// How much depends on it, in the inventory's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criticality: Option<Untrusted>,
    /// Its id in the CMDB that an inventory comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Untrusted>,
    /// `production`, `staging`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Untrusted>,
    /// Application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Untrusted>,
    /// Class of its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_class: Option<Untrusted>,
    /// Open issues on it in this report.
    pub open_issues: u64,
}

/// One fix.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FixReport {
    /// Stable id.
    pub id: String,
    /// Ids of the issues it closes.
    pub closes: Vec<String>,
    /// `proved` or `withheld`.
    pub state: Cow<'static, str>,
    /// Why it is withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Untrusted>,
    /// One line.
    pub title: String,
    /// The control it satisfies.
    pub control: String,
    /// The recipe that made it.
    pub recipe: String,
    /// Whether a person must agree.
    pub safety: Safety,
    /// The file it changes.
    pub file: Untrusted,
    /// The block it changes.
    pub address: Untrusted,
    /// Other files that it changes with that one, all or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<Untrusted>,
    /// Unified diff.
    pub diff: Untrusted,
    /// What was checked.
    pub proof: Vec<Proof>,
    /// What it may break.
    pub may_break: Vec<String>,
    /// What applying it does, and how to go back.
    #[serde(flatten)]
    pub impact: Impact,
    /// Where a language model wrote the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenFixReport>,
}

/// Who wrote a change that no recipe made, and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WrittenFixReport {
    /// `model`.
    pub by: Cow<'static, str>,
    /// The task that was asked for.
    pub task: String,
    /// The task's version.
    pub version: u32,
    /// The provider, as the configuration names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model, as the provider names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Untrusted>,
    /// The model's words on the change, each with the records it rests on.
    pub why: Vec<Claim>,
}
