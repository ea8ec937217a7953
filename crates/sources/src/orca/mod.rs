//! Orca Security: alerts of the older API and of every push channel (flat), alerts and
//! vulnerabilities of the serving layer (wrapped or with `flat_json`), assets of both, and tables
//! that the console exports. A file may mix kinds of record, so each is read by its own keys.

mod alert;
mod asset;
mod live;
mod normalize;
mod table;
#[cfg(test)]
mod tests;
mod vulnerability;
mod wire;

use crate::{Need, Shape, Source};

/// The source.
pub(crate) const SOURCE: Source = Source {
    id: "orca",
    title: "Orca",
    shapes: &[
        Shape::plain("alert", &["$"], &[Need::Has("$.state.alert_id")]),
        Shape::plain("list of alerts", &["$[]"], &[Need::Has("$[].state.alert_id")]),
        Shape::plain("alerts below `data`", &["$.data[]"], &[Need::Has("$.data[].state.alert_id")]),
        Shape::plain(
            "alerts below `alerts`",
            &["$.alerts[]"],
            &[Need::Has("$.alerts[].state.alert_id")],
        ),
        Shape::plain("alert below `alert`", &["$.alert"], &[Need::Has("$.alert.state.alert_id")]),
        Shape::plain("alert with plain columns", &["$"], PUSHED),
        Shape::plain("list of alerts with plain columns", &["$[]"], PUSHED_LIST),
        Shape::plain("serving layer alerts", &["$.data[]"], &[Need::Has("$.data[].data.AlertId")]),
        Shape::plain("list of serving layer alerts", &["$[]"], &[Need::Has("$[].data.AlertId")]),
        Shape::plain("serving layer alert", &["$"], &[Need::Has("$.data.AlertId")]),
        Shape::plain("serving layer alerts, plain", &["$.data[]"], PLAIN_DATA),
        Shape::plain("list of serving layer alerts, plain", &["$[]"], PLAIN_LIST),
        Shape::plain("serving layer alert, plain", &["$"], PLAIN),
        Shape::plain("serving layer vulnerabilities", &["$.data[]"], VULNERABILITY_DATA),
        Shape::plain("list of serving layer vulnerabilities", &["$[]"], VULNERABILITY_LIST),
        Shape::plain("serving layer vulnerability", &["$"], VULNERABILITY),
        Shape::plain("vulnerabilities", &["$.data[]"], CVE_DATA),
        Shape::plain("list of vulnerabilities", &["$[]"], CVE_LIST),
        Shape::plain("vulnerabilities by CVE", &["$[].results[]"], CVE_RESULTS),
        Shape::plain("assets", &["$.data[]", "$.assets[]"], ASSET_DATA),
        Shape::plain("asset", &["$"], ASSET),
        Shape::plain("serving layer assets", &["$.data[]"], INVENTORY_DATA),
        Shape::table(table::SERVED, &[Need::Column("OrcaScore"), Need::Column("Title")]),
        Shape::table(table::SERVED, &[Need::Column("OrcaScore"), Need::Column("AlertType")]),
        Shape::table(table::SERVED, &[Need::Column("CveId"), Need::Column("Inventory.Name")]),
        Shape::table(table::FLAT, &[Need::Column("asset_unique_id"), Need::Column("orca_score")]),
        Shape::table(table::FLAT, &[Need::Column("asset_unique_id"), Need::Column("cve_id")]),
    ],
    normalize: normalize::normalize,
    coverage: None,
    live: Some(&live::LIVE),
};

const PUSHED: &[Need] =
    &[Need::Has("$.alert_id"), Need::Has("$.orca_score"), Need::Has("$.asset_unique_id")];
const PUSHED_LIST: &[Need] =
    &[Need::Has("$[].alert_id"), Need::Has("$[].orca_score"), Need::Has("$[].asset_unique_id")];
const PLAIN: &[Need] = &[Need::Has("$.OrcaScore"), Need::AnyOf(&["$.AlertId", "$.Title"])];
const PLAIN_LIST: &[Need] =
    &[Need::Has("$[].OrcaScore"), Need::AnyOf(&["$[].AlertId", "$[].Title"])];
const PLAIN_DATA: &[Need] =
    &[Need::Has("$.data[].OrcaScore"), Need::AnyOf(&["$.data[].AlertId", "$.data[].Title"])];
const VULNERABILITY: &[Need] =
    &[Need::Has("$.CveId"), Need::AnyOf(&["$.InstalledPackage", "$.Inventory"])];
const VULNERABILITY_LIST: &[Need] =
    &[Need::Has("$[].CveId"), Need::AnyOf(&["$[].InstalledPackage", "$[].Inventory"])];
const VULNERABILITY_DATA: &[Need] = &[Need::AnyOf(&["$.data[].CveId", "$.data[].data.CveId"])];
const CVE_LIST: &[Need] =
    &[Need::Has("$[].cve_id"), Need::Has("$[].asset_unique_id"), Need::Has("$[].cloud_provider")];
const CVE_DATA: &[Need] = &[
    Need::Has("$.data[].cve_id"),
    Need::Has("$.data[].asset_unique_id"),
    Need::Has("$.data[].cloud_provider"),
];
const CVE_RESULTS: &[Need] = &[
    Need::Has("$[].cve_id"),
    Need::Has("$[].results[].cve_id"),
    Need::Has("$[].results[].asset_unique_id"),
];
const ASSET: &[Need] = &[
    Need::Has("$.asset_unique_id"),
    Need::Has("$.asset_type_string"),
    Need::Lacks("$.state.alert_id"),
    Need::Lacks("$.alert_id"),
];
const ASSET_DATA: &[Need] = &[
    Need::AnyOf(&["$.data[].asset_unique_id", "$.assets[].asset_unique_id"]),
    Need::AnyOf(&["$.data[].asset_type_string", "$.assets[].asset_type_string"]),
    Need::Lacks("$.data[].state.alert_id"),
];
const INVENTORY_DATA: &[Need] = &[
    Need::Has("$.data[].asset_unique_id"),
    Need::Has("$.data[].group_unique_id"),
    Need::Has("$.data[].data"),
    Need::Lacks("$.data[].data.AlertId"),
    Need::Lacks("$.data[].data.CveId"),
];
