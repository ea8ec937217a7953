//! What there is to tell of an incident of a made-up world: all of it, so that a text has every way
//! to a model that it could have.

use quell_analyst::{Brief, Record};
use quell_mask::Kind;
use quell_model::{Claim, Finding};
use quell_pipeline::memory::Story;

pub(crate) fn brief_of(story: &Story, findings: &[Finding]) -> Brief<'static> {
    let incident = &story.told.incident;
    let mut records = vec![
        Record::new(format!("incident:{}", incident.id), "incident")
            .text("kind", incident.kind.as_str())
            .text("severity", incident.severity.as_str())
            .text("score", incident.score.to_string())
            .text("decision", incident.decision.decision.as_str())
            .text("joined_because", incident.joined_because.join(" ")),
    ];
    for issue in &story.told.issues {
        let owner = issue.owner.as_ref().map(|owner| owner.name.raw()).unwrap_or_default();
        records.push(
            Record::new(format!("issue:{}", issue.id), "issue")
                .text("title", issue.title.raw())
                .text("severity", issue.severity.as_str())
                .text("score", issue.risk.score.to_string())
                .text("control", issue.control.clone().unwrap_or_default())
                .name("asset", issue.asset.as_str(), (Kind::Resource, "thing"))
                .text("owner", owner),
        );
    }
    for finding in findings {
        records.push(record(finding));
    }
    let claim = |text: &str| Claim { text: text.into(), evidence: Vec::new() };
    let known = ["risk", "why_here", "intent", "steps"]
        .map(|part| (part, vec![claim("What the rules say.")]))
        .to_vec();
    Brief { records, known, ..Brief::default() }
}

fn record(finding: &Finding) -> Record {
    let mut made = Record::new(format!("finding:{}", finding.key()), "finding")
        .text("title", finding.title.raw())
        .text("tool", finding.tool.product.as_str())
        .text("severity", finding.severity.as_str())
        .text("severity_native", finding.severity_native.as_str())
        .text("location", words(finding));
    if let Some(weakness) = &finding.vulnerability {
        made = made
            .text("weakness", weakness.id.as_str())
            .text("package", weakness.package.as_str())
            .text("version", weakness.version.as_str())
            .text("fixed_in", weakness.fixed_version.clone().unwrap_or_default());
    }
    made
}

/// All other words of a finding.
fn words(finding: &Finding) -> String {
    let mut words = vec![finding.description.raw(), finding.remediation.raw()];
    words.extend(finding.evidence.iter().flat_map(|(key, value)| [key.as_str(), value.raw()]));
    words.extend(finding.asset.tags.iter().flat_map(|(key, value)| [key.as_str(), value.raw()]));
    if let Some(seen) = &finding.detection {
        words.push(seen.principal.raw());
        let each = seen.processes.iter();
        words.extend(each.flat_map(|p| [p.name.raw(), p.command_line.raw(), p.user.raw()]));
    }
    words.join(" | ")
}
