//! Every format Quell reads: one folder a source, chosen by content, never by name.
//!
//! A source is a [`Source`] constant: the shapes its documents come in (from which detection and
//! record splitting follow) and a function that makes [`quell_model::Record`]s of one record.
//! Wire types never leave their folder.

mod asff;
mod checkov;
mod descriptor;
mod falco;
pub mod intake;
mod lacework;
pub mod mapped;
mod ocsf;
mod orca;
mod prisma;
mod prowler;
mod sarif;
#[cfg(test)]
mod testing;
mod trivy;
mod vpc_flow;
pub mod wire;
mod wiz;

pub use descriptor::{Envelope, Need, Output, RawRecord, Rejection, Shape, Source};

/// Every source, in alphabetical order. Adding one is its folder and a line here.
pub const SOURCES: &[&Source] = &[
    &asff::SOURCE,
    &checkov::SOURCE,
    &falco::SOURCE,
    &lacework::SOURCE,
    &ocsf::SOURCE,
    &orca::SOURCE,
    &prisma::SOURCE,
    &prowler::SOURCE,
    &sarif::SOURCE,
    &trivy::SOURCE,
    &vpc_flow::SOURCE,
    &wiz::SOURCE,
];
