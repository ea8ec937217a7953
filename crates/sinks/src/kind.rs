//! The kinds of sink.

use quell_http::Rate;

use crate::{
    Hear, Plan, Press, Sink, SinkError, atlassian, email, github, gitlab, pagerduty, servicenow,
    slack, source, splunk, syslog, teams, webhook,
};

/// All of them.
pub static SINKS: &[Kind] = &[
    atlassian::confluence::KIND,
    atlassian::jira::KIND,
    atlassian::jsm::KIND,
    email::KIND,
    github::KIND,
    gitlab::KIND,
    pagerduty::KIND,
    servicenow::KIND,
    slack::KIND,
    source::KIND,
    splunk::KIND,
    syslog::KIND,
    teams::KIND,
    webhook::KIND,
];

/// A kind of sink.
#[derive(Debug)]
pub struct Kind {
    /// Its id in `[sinks.NAME] kind`.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is told in `[sinks.NAME]`.
    pub settings: &'static [Setting],
    /// Most requests a second that its vendor documents.
    pub rate: Option<Rate>,
    /// Reads what it posts when something changed there, where it does.
    pub hear: Option<Hear>,
    /// Reads which of its buttons somebody pressed, where it has some.
    pub press: Option<Press>,
    /// Makes one. Nothing is asked yet.
    pub connect: fn(Plan) -> Result<Box<dyn Sink>, SinkError>,
}

/// One key of `[sinks.NAME]`.
#[derive(Debug)]
pub struct Setting {
    /// Its name: `url`, `user`, `secret`, `project`, or one of `options`.
    pub name: &'static str,
    /// What it says.
    pub doc: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// A value to show.
    pub sample: &'static str,
}
