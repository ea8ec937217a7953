//! Every format Quell reads: one folder a source, chosen by content, never by name.
//!
//! A source is a [`Source`] constant: the shapes its documents come in (from which detection and
//! record splitting follow) and a function that makes [`quell_model::Record`]s of one record.
//! Wire types never leave their folder.

mod asff;
mod checkov;
mod csaf;
mod cyclonedx;
mod descriptor;
mod epss;
mod falco;
pub mod intake;
mod kev;
mod lacework;
mod ocsf;
mod openvex;
mod orca;
mod prisma;
mod sarif;
#[cfg(test)]
mod testing;
mod trivy;
pub mod wire;
mod wiz;

pub use descriptor::{Envelope, Index, Need, Output, RawRecord, Rejection, Shape, Source};
pub use epss::{Epss, read_epss};

/// Every source, in alphabetical order. Adding one is its folder and a line here.
pub const SOURCES: &[&Source] = &[
    &asff::SOURCE,
    &checkov::SOURCE,
    &csaf::SOURCE,
    &cyclonedx::SOURCE,
    &falco::SOURCE,
    &kev::SOURCE,
    &lacework::SOURCE,
    &ocsf::SOURCE,
    &openvex::SOURCE,
    &orca::SOURCE,
    &prisma::SOURCE,
    &sarif::SOURCE,
    &trivy::SOURCE,
    &wiz::SOURCE,
];
