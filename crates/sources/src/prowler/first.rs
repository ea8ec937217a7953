//! Results of version 2: a row, or JSON with the same fields under other names.
//!
//! The check's id stands in brackets before its title, and often only the sentence names the
//! resource. A sentence that names none is about the account.

use quell_model::parse_timestamp;

use super::check::Check;
use crate::wire::Row;
use crate::{Output, Rejection};

/// Letters of the sentence that tell one result of a check from another.
const MOST_TOLD: usize = 512;
/// How ids of AWS resources begin, with the kind that each begins.
const PREFIXES: &[(&str, &str)] = &[
    ("arn:", ""),
    ("acl-", "AwsEc2NetworkAcl"),
    ("ami-", "AwsEc2Image"),
    ("eni-", "AwsEc2NetworkInterface"),
    ("i-", "AwsEc2Instance"),
    ("sg-", "AwsEc2SecurityGroup"),
    ("snap-", "AwsEc2Snapshot"),
    ("subnet-", "AwsEc2Subnet"),
    ("vol-", "AwsEc2Volume"),
    ("vpc-", "AwsEc2Vpc"),
];

pub(super) fn normalize(text: &str, output: &mut Output) -> Result<(), Rejection> {
    let row: Row<'_> = serde_json::from_str(text)?;
    let name = |names: [&'static str; 2]| {
        let named = row.get(&names);
        let [column, field] = names;
        named.ok_or_else(|| {
            Rejection::new(format!("column `{column}` (`$.{field}`) is missing or empty"))
        })
    };
    let heading = name(["TITLE_TEXT", "Control"])?;
    let status = name(["CHECK_RESULT", "Status"])?;
    let number = row.get(&["TITLE_ID", "Control ID"]);
    let (id, title) = heading_parts(heading, number);
    let account = row.get(&["ACCOUNT_NUM", "Account Number"]);
    let region = row.get(&["REGION"]);
    let detail = row.or_empty(&["CHECK_RESULT_EXTENDED", "Message"]);
    let stated = row.get(&["CHECK_RESOURCE_ID", "Resource ID"]);
    let kind = row.get(&["CHECK_ASFF_RESOURCE_TYPE"]).filter(|kind| *kind != "AwsAccount");
    let found = named_in(detail);
    let resource = match (found, stated) {
        (Some((id, _)), _) if id.starts_with("arn:") => found,
        (_, Some(stated)) => Some((stated, kind.unwrap_or_default())),
        _ => found,
    };
    let told: String = detail.chars().take(MOST_TOLD).collect();
    let uid = format!("prowler2|{id}|{}|{told}", region.unwrap_or_default());
    let mut check = Check {
        uid: Some(&uid),
        id,
        aliases: number.filter(|number| *number != id).map(str::to_owned).into_iter().collect(),
        title,
        status,
        detail,
        // Version 2 warns of what the user's list allows.
        muted: status.eq_ignore_ascii_case("warning"),
        severity: row.or_empty(&["CHECK_SEVERITY", "Severity"]),
        provider: "aws",
        resource_id: resource.map(|(id, _)| id),
        resource_name: stated.or(resource.map(|(id, _)| id)),
        resource_kind: resource.map(|(_, kind)| kind).filter(|kind| !kind.is_empty()).or(kind),
        observed: row.get(&["PROWLER_START_TIME", "Timestamp"]).and_then(parse_timestamp),
        risk: row.or_empty(&["CHECK_RISK", "Risk"]),
        advice: row.or_empty(&["CHECK_REMEDIATION", "Remediation"]),
        links: vec![row.get(&["CHECK_DOC", "Doc link"])],
        ..Check::default()
    };
    check.place(account, region);
    check.emit(output)
}

/// Id and title of `[check11] Avoid the use of the root account (Scored)`.
fn heading_parts<'r>(heading: &'r str, number: Option<&'r str>) -> (&'r str, &'r str) {
    let parts = heading.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (id, title) = parts.unwrap_or((number.unwrap_or(heading), heading));
    let title = ["(Not part of CIS benchmark)", "(Not Scored)", "(Scored)"]
        .iter()
        .fold(title.trim(), |title, note| title.strip_suffix(note).unwrap_or(title).trim_end());
    (id.trim(), title)
}

/// The first AWS id in a sentence, and its kind.
fn named_in(sentence: &str) -> Option<(&str, &'static str)> {
    let clean = |word: &str| -> usize { word.trim_end_matches(['.', ',', ';', ':', '!']).len() };
    sentence.split_ascii_whitespace().find_map(|word| {
        let word = word.get(..clean(word))?;
        let (start, kind) = PREFIXES.iter().find(|(start, _)| word.starts_with(start))?;
        (word.len() >= start.len() + 4).then_some((word, *kind))
    })
}
