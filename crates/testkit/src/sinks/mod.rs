//! Doubles of the sinks: each keeps its state, refuses what its vendor would refuse, and can lose
//! its answers. Each has a folder with its own small description of what it takes, in `contract.json`.

mod confluence;
mod contract;
mod git;
mod github;
mod gitlab;
mod held;
mod jira;
mod jsm;
mod pagerduty;
mod servicenow;
mod slack;
mod smtp;
mod splunk;
mod teams;
mod webhook;

pub use confluence::{ConfluenceDouble, ConfluencePage};
pub use contract::{Contract, NotAllowed};
pub use git::blob_id;
pub use github::{APP_KEY, GithubDouble, Thread};
pub use gitlab::{GitlabDouble, GitlabThread};
pub use jira::{JIRA_RIGHTS, JiraComment, JiraDouble, JiraIssue, JiraSettings, JiraWorkflow};
pub use jsm::{JSM_DESK, JSM_REQUEST_TYPE};
pub use pagerduty::PagerDutyDouble;
pub use servicenow::{NowQuirk, ServiceNowDouble};
pub use slack::{Press, Pressed, SLACK_TOKEN, SlackDouble, SlackMessage};
pub use smtp::{SmtpDouble, SmtpFault, SmtpMail, SmtpTls};
pub use splunk::{SplunkDouble, SplunkSays};
pub use teams::TeamsDouble;
pub use webhook::HookDouble;
