//! Anomalies of an incident: what is usual, what was seen, and what the rules say of both.

mod baseline;
mod known;
#[cfg(test)]
mod tests;

use quell_analyst::Record;
use quell_model::{Finding, Status};

pub use baseline::{Baseline, Known};
pub use known::known;

/// A detection that a tool calls unusual.
#[derive(Debug, Clone, PartialEq)]
pub struct Anomaly<'a> {
    /// What it is cited as: `finding:<id>`.
    pub id: String,
    /// The detection.
    pub finding: &'a Finding,
    /// What the tool compares with.
    pub baseline: Baseline,
}

impl<'a> Anomaly<'a> {
    /// The anomaly that a finding is, where it is one.
    #[must_use]
    pub fn of(id: impl Into<String>, finding: &'a Finding) -> Option<Self> {
        let baseline = Baseline::of(finding)?;
        Some(Self { id: id.into(), finding, baseline })
    }

    /// What may be told of it, but for the names of things and people.
    #[must_use]
    pub fn record(&self, status: Status) -> Record {
        let (finding, baseline) = (self.finding, &self.baseline);
        let detection = finding.detection.as_deref();
        let techniques = detection.map(|seen| seen.techniques.join(", ")).unwrap_or_default();
        let addresses = detection.map(|seen| seen.remote_addresses.join(", ")).unwrap_or_default();
        let process = detection.and_then(|seen| seen.processes.first());
        let first_time = if baseline.first_time { "yes" } else { "" };
        let time = |at: Option<quell_model::Timestamp>| at.map(|at| at.to_string());
        Record::new(self.id.clone(), "anomaly")
            .text("title", finding.title.raw())
            .text("tool", finding.tool.product.as_str())
            .text("kind", finding.rule.id.as_str())
            .text("severity", finding.severity.as_str())
            .text("status", status.as_str())
            .text("what", self.what())
            .text("seen", baseline.seen.as_str())
            .text("usual", baseline.usual.as_str())
            .text("usual_rate", baseline.usual_rate.as_str())
            .text("seen_rate", baseline.seen_rate.as_str())
            .text("times_usual", baseline.times.clone().unwrap_or_default())
            .text("first_time", first_time)
            .text("compared_with", baseline.compared_with)
            .text("baseline", baseline.known().as_str())
            .text("process", process.map(|process| process.name.raw()).unwrap_or_default())
            .text("address", addresses)
            .text("country", self.fact(&["country"]))
            .text("client", self.fact(&["userAgent", "user_agent"]))
            .text("techniques", techniques)
            .text("count", self.fact(&["count"]))
            .text("sample", self.fact(&["sample"]))
            .text("first_seen", time(finding.first_seen).unwrap_or_default())
            .text("last_seen", time(finding.last_seen).unwrap_or_default())
    }

    /// The call or the request that was unusual.
    fn what(&self) -> &'a str {
        self.fact(&["api", "request", "domain", "api.operation", "AwsApiCallAction.Api", "message"])
    }

    fn fact(&self, names: &[&str]) -> &'a str {
        let facts = || self.finding.evidence.iter();
        let found = names.iter().find_map(|name| facts().find(|(known, _)| known == name));
        found.map(|(_, value)| value.raw()).unwrap_or_default()
    }
}
