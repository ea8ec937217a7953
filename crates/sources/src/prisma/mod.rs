//! Prisma Cloud: posture alerts (API and webhook) and the workload side (Compute).
//!
//! An alert keeps its id on every way, so the alert of the API and the one that the webhook posts
//! are one finding. A policy without details has no name and no severity; its severity is then
//! unknown. For audit events the resource is only the event's name, so the asset is what the call
//! touched, else who called.
//!
//! The workload side names a check by what it detects (`reverseShell`) or by number
//! (`compute-41`); the customer's own rule names are evidence. Its console and access audits are
//! activities. Settings that lie beside the data in an export are rejected by name.

use quell_model::Tool;

use crate::{Output, RawRecord, Rejection, Source};

mod asset;
mod audit;
mod calls;
mod compute_wire;
mod cspm;
mod inventory;
mod kinds;
mod live;
mod permission;
mod scan;
mod shapes;
mod table;
mod techniques;
mod wire;

#[cfg(test)]
mod posture_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;

/// Prisma Cloud, posture and workload side.
pub(crate) const SOURCE: Source = Source {
    id: "prisma",
    title: "Prisma Cloud",
    shapes: shapes::SHAPES,
    normalize,
    coverage: None,
    live: Some(&live::LIVE),
};

/// Most bytes that are kept of a title or a name.
const TITLE_BYTES: usize = 512;
/// Most bytes that are kept of a description.
const DESCRIPTION_BYTES: usize = 4096;

type Reader = fn(&RawRecord<'_>, &mut Output) -> Result<(), Rejection>;

/// What reads each shape, by its name.
const READERS: &[(&str, Reader)] = &[
    (shapes::ACCESS, calls::access),
    (shapes::ADMISSION, calls::admission),
    (shapes::ALERT, cspm::alert),
    (shapes::ALERT_ROW, table::alert),
    (shapes::AUDIT, audit::audit),
    (shapes::CHECKED, inventory::checked),
    (shapes::CONTAINER_SCAN, scan::container_scan),
    (shapes::EXPORTED, inventory::vulnerability),
    (shapes::FOUND, cspm::found),
    (shapes::GROUP, audit::group),
    (shapes::INCIDENT, audit::incident),
    (shapes::KUBERNETES, calls::kubernetes),
    (shapes::MANAGEMENT, calls::management),
    (shapes::PERMISSION, permission::permission),
    (shapes::PIPELINE_SCAN, scan::pipeline_scan),
    (shapes::POSTED, cspm::posted),
    (shapes::POSTED_AUDIT, audit::posted),
    (shapes::SCAN, scan::scan),
    (shapes::SCAN_ROW, table::scanned),
    (shapes::SETTINGS, settings),
];

fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let reader = READERS.iter().find(|(name, _)| *name == raw.shape.name);
    let Some((_, reader)) = reader else {
        return Err(Rejection::new(format!("no reader for the shape `{}`", raw.shape.name)));
    };
    reader(raw, output)
}

fn settings(_: &RawRecord<'_>, _: &mut Output) -> Result<(), Rejection> {
    Err(Rejection::new("a setting of the tool, not a finding"))
}

fn tool() -> Tool {
    Tool { product: "prisma".to_owned(), format: "prisma".to_owned() }
}
