//! What people decide about what may be left, and what may be done.

mod decide;
mod levels;
mod lists;
mod plans;
mod preview;
mod request;
mod say;
mod settings;
#[cfg(test)]
mod tests;
mod times;
mod told;

pub use decide::{Answer, Sweep, Wish, exception_decide, exception_due, exception_sweep};
pub(crate) use levels::level_of;
pub use levels::{ServiceLevelsReport, SeverityLevels, service_levels};
pub use lists::{ListTaken, Skipped, exception_import};
pub use plans::{
    BackedRule, Known, PlanAsked, PlanTold, RulePage, Ruling, explain_action, explain_fix,
    find_plan, plan_check, plan_check_at, plan_issues, plan_request, plan_told,
};
pub(crate) use plans::{action as action_of, plan_of};
pub use preview::{Preview, PreviewIssue, SeverityCount, exception_preview, issues_named};
pub use request::{Draft, ExceptionPlan, Wrong, end_said, exception_draft, exception_request};
pub use say::{Saying, Word, plan_say, waits_for_review};
pub use settings::{limits, ruling, targets};
pub use times::{Happened, IncidentTimesReport, StepReport, TimesChange, incident_times};
pub(crate) use times::{Standing, follow, times_of};
pub use told::{Told, exception_list, exception_show, find_exception};
