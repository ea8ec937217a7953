//! CSV (RFC 4180): one row an issue.

use std::io::{self, Write};

use crate::escape::csv;
use crate::{Options, Report};

const HEAD: &str = "id,risk,severity,status,class,title,control,asset,provider,account,region,owner,environment,tools,findings,vulnerability,first_seen,last_seen,fix,decision,decision_because,ticket,due";

/// Writes it.
pub(crate) fn write(report: &Report, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{HEAD}\r\n")?;
    for issue in &report.issues {
        let asset = report.assets.iter().find(|a| a.id == issue.asset);
        let text = |of: Option<&str>| of.unwrap_or_default().to_owned();
        let mut tools: Vec<&str> = issue.findings.iter().map(|f| f.source.as_str()).collect();
        tools.sort_unstable();
        tools.dedup();
        let fix = report.fixes.iter().find(|f| f.closes.contains(&issue.id));
        let time =
            |of: Option<quell_model::Timestamp>| of.map(|t| t.to_string()).unwrap_or_default();
        let cells = [
            issue.id.clone(),
            issue.risk.score.to_string(),
            issue.severity.as_str().to_owned(),
            issue.status.as_str().to_owned(),
            issue.class.as_str().to_owned(),
            issue.title.raw().to_owned(),
            text(issue.control.as_deref()),
            issue.asset.clone(),
            text(asset.map(|a| &*a.provider)),
            text(asset.map(|a| a.account.raw())),
            text(asset.map(|a| a.region.raw())),
            text(asset.and_then(|a| a.owner.as_ref()).map(|o| o.name.raw())),
            text(asset.and_then(|a| a.environment.as_ref()).map(quell_model::Untrusted::raw)),
            tools.join(" "),
            issue.findings.len().to_string(),
            text(issue.vulnerability.as_deref()),
            time(issue.first_seen),
            time(issue.last_seen),
            text(fix.map(|f| &*f.state)),
            issue.decision.decision.as_str().to_owned(),
            issue.decision.decision_because.clone(),
            issue.decision.ticket.as_str().to_owned(),
            text(issue.decision.due.as_deref()),
        ];
        let row: Vec<String> = cells.iter().map(|cell| csv(cell)).collect();
        write!(out, "{}\r\n", row.join(","))?;
    }
    Ok(())
}
