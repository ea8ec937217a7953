//! Orca Security: alerts of the older API and of every push channel (flat), alerts and
//! vulnerabilities of the serving layer (wrapped or with `flat_json`), and assets of both. A file
//! may mix kinds of record, so each is read by its own keys.

mod alert;
mod asset;
mod normalize;
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
        shape("alert", &["$"], &[Need::Has("$.state.alert_id")]),
        shape("list of alerts", &["$[]"], &[Need::Has("$[].state.alert_id")]),
        shape("alerts below `data`", &["$.data[]"], &[Need::Has("$.data[].state.alert_id")]),
        shape("alerts below `alerts`", &["$.alerts[]"], &[Need::Has("$.alerts[].state.alert_id")]),
        shape("alert below `alert`", &["$.alert"], &[Need::Has("$.alert.state.alert_id")]),
        shape("alert with plain columns", &["$"], PUSHED),
        shape("list of alerts with plain columns", &["$[]"], PUSHED_LIST),
        shape("serving layer alerts", &["$.data[]"], &[Need::Has("$.data[].data.AlertId")]),
        shape("list of serving layer alerts", &["$[]"], &[Need::Has("$[].data.AlertId")]),
        shape("serving layer alert", &["$"], &[Need::Has("$.data.AlertId")]),
        shape("serving layer alerts, plain", &["$.data[]"], PLAIN_DATA),
        shape("list of serving layer alerts, plain", &["$[]"], PLAIN_LIST),
        shape("serving layer alert, plain", &["$"], PLAIN),
        shape("serving layer vulnerabilities", &["$.data[]"], VULNERABILITY_DATA),
        shape("list of serving layer vulnerabilities", &["$[]"], VULNERABILITY_LIST),
        shape("serving layer vulnerability", &["$"], VULNERABILITY),
        shape("vulnerabilities", &["$.data[]"], CVE_DATA),
        shape("list of vulnerabilities", &["$[]"], CVE_LIST),
        shape("vulnerabilities by CVE", &["$[].results[]"], CVE_RESULTS),
        shape("assets", &["$.data[]", "$.assets[]"], ASSET_DATA),
        shape("asset", &["$"], ASSET),
        shape("serving layer assets", &["$.data[]"], INVENTORY_DATA),
    ],
    normalize: normalize::normalize,
    coverage: None,
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

const fn shape(
    name: &'static str,
    records: &'static [&'static str],
    needs: &'static [Need],
) -> Shape {
    Shape { name, records, needs, envelope: false }
}
