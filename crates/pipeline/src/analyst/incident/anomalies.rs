//! Detections that a tool calls unusual, with what it compares with.

use quell_analyst::Record;
use quell_correlate::Member;
use quell_model::{Claim, FindingClass};
use quell_report::IssueReport;

use super::Telling;
use super::names::{is_plain_user, kind_of, mask_of, mask_of_user};
use crate::analyst::anomaly::{self, Anomaly};

/// Anomalies that are told.
const MOST: usize = 12;

/// One record each, those of the riskiest issue first.
pub(super) fn records(of: &Telling<'_, '_>) -> Vec<Record> {
    each(of).map(|(issue, member, one)| named(of, issue, one.record(member.status))).collect()
}

/// What the rules say of them.
pub(super) fn known(of: &Telling<'_, '_>) -> Vec<(&'static str, Vec<Claim>)> {
    let anomalies: Vec<Anomaly<'_>> = each(of).map(|(_, _, one)| one).collect();
    anomaly::known(&anomalies)
}

fn each<'a>(
    of: &'a Telling<'_, '_>,
) -> impl Iterator<Item = (&'a IssueReport, &'a Member, Anomaly<'a>)> {
    let seen = of.story.issues.iter().filter(|issue| issue.class == FindingClass::Detection);
    let members = seen.flat_map(|issue| {
        let members = of.details.get(&issue.id).map(|detail| detail.members.as_slice());
        members.unwrap_or_default().iter().map(move |member| (issue, member))
    });
    let anomalies = members.filter_map(|(issue, member)| {
        let one = Anomaly::of(format!("finding:{}", member.key), &member.finding)?;
        Some((issue, member, one))
    });
    anomalies.take(MOST)
}

/// With the names of the asset and of who acted.
fn named(of: &Telling<'_, '_>, issue: &IssueReport, record: Record) -> Record {
    let record = match of.asset(&issue.asset) {
        Some(asset) => record
            .name("asset", asset.name.raw(), mask_of(asset))
            .text("asset_kind", kind_of(asset)),
        None => record,
    };
    let member =
        record.id.strip_prefix("finding:").and_then(|id| of.details.finding(&issue.id, id));
    let principal = member
        .and_then(|member| member.finding.detection.as_deref())
        .map(|seen| seen.principal.raw())
        .unwrap_or_default();
    match is_plain_user(principal) {
        true => record.text("identity", principal),
        false => record.name("identity", principal, mask_of_user(principal)),
    }
}
