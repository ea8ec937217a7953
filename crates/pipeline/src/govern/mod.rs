//! What people decide about what may be left, and what may be done.

mod decide;
mod lists;
mod preview;
mod request;
mod settings;
#[cfg(test)]
mod tests;
mod told;

pub use decide::{Answer, Sweep, Wish, exception_decide, exception_due, exception_sweep};
pub use lists::{ListTaken, Skipped, exception_import};
pub use preview::{Preview, PreviewIssue, SeverityCount, exception_preview};
pub use request::{ExceptionPlan, exception_request};
pub use settings::limits;
pub use told::{Told, exception_list, exception_show, find_exception};
