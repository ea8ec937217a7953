//! CISA's catalogue of known exploited vulnerabilities, as JSON or as a table.
//!
//! It says nothing of anybody's assets: its entries replace the list that the risk is judged by.

#[cfg(test)]
mod tests;

use quell_model::{Exploited, Record};
use serde::Deserialize;

use crate::wire::Text;
use crate::{Need, Output, RawRecord, Rejection, Shape, Source};

/// CISA KEV.
pub(crate) const SOURCE: Source = Source {
    id: "kev",
    title: "CISA KEV",
    shapes: &[
        Shape {
            name: "catalogue",
            records: &["$.vulnerabilities[]"],
            needs: &[
                Need::Has("$.catalogVersion"),
                Need::Has("$.dateReleased"),
                Need::Array("$.vulnerabilities"),
            ],
            envelope: true,
        },
        Shape::table("catalogue as a table", TABLE),
    ],
    normalize,
    coverage: None,
    live: None,
};

const TABLE: &[Need] =
    &[Need::Column("cveID"), Need::Column("dateAdded"), Need::Column("knownRansomwareCampaignUse")];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow, rename = "cveID")]
    cve: Text<'a>,
    #[serde(borrow)]
    date_added: Text<'a>,
    #[serde(borrow)]
    known_ransomware_campaign_use: Text<'a>,
}

fn normalize(record: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let entry: Entry<'_> = serde_json::from_str(record.text)?;
    let given = entry.cve.get().ok_or_else(|| Rejection::new("`cveID` is missing"))?;
    let weakness = given.to_ascii_uppercase();
    if !is_cve(&weakness) {
        let shown: String = given.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(Rejection::new(format!("`cveID` is `{shown}`, which is no CVE id")));
    }
    output.push(Record::Exploited(Box::new(Exploited {
        weakness,
        added: entry.date_added.or_empty().chars().take(32).collect(),
        ransomware: entry.known_ransomware_campaign_use.get() == Some("Known"),
    })));
    Ok(())
}

fn is_cve(id: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    id.strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(year, number)| year.len() == 4 && digits(year) && digits(number))
}
