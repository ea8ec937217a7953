//! Every format Quell reads: one folder a source, chosen by content, never by name.
//!
//! A source is a [`Source`] constant: the shapes its documents come in (from which detection and
//! record splitting follow) and a function that makes [`quell_model::Record`]s of one record.
//! Wire types never leave their folder.

mod asff;
mod aws;
mod azure_activity;
mod checkov;
mod cloudtrail;
mod crowdstrike;
mod csaf;
mod cyclonedx;
mod defender;
mod descriptor;
mod epss;
mod falco;
mod gcp_artifact;
mod gcp_audit;
mod guardduty;
#[cfg(test)]
mod held_tests;
mod inspector2;
pub mod intake;
mod kev;
mod kube_bench;
mod kubescape;
mod lacework;
pub mod live;
pub mod mapped;
mod ocsf;
mod openvex;
mod orca;
mod path;
mod prisma;
mod prowler;
mod related;
mod sarif;
mod scc;
pub mod servicenow;
#[cfg(test)]
mod testing;
mod trivy;
mod trivy_operator;
mod vpc_flow;
pub mod wire;
mod wiz;

pub use descriptor::{Envelope, Index, Need, Output, RawRecord, Rejection, Shape, Source};
pub use epss::{Epss, read_epss};

/// Every source, in alphabetical order. Adding one is its folder and a line here.
pub const SOURCES: &[&Source] = &[
    &asff::SOURCE,
    &azure_activity::SOURCE,
    &checkov::SOURCE,
    &cloudtrail::SOURCE,
    &crowdstrike::SOURCE,
    &csaf::SOURCE,
    &cyclonedx::SOURCE,
    &defender::SOURCE,
    &falco::SOURCE,
    &gcp_artifact::SOURCE,
    &gcp_audit::SOURCE,
    &guardduty::SOURCE,
    &inspector2::SOURCE,
    &kev::SOURCE,
    &kube_bench::SOURCE,
    &kubescape::SOURCE,
    &lacework::SOURCE,
    &ocsf::SOURCE,
    &openvex::SOURCE,
    &orca::SOURCE,
    &prisma::SOURCE,
    &prowler::SOURCE,
    &sarif::SOURCE,
    &scc::SOURCE,
    &trivy::SOURCE,
    &trivy_operator::SOURCE,
    &vpc_flow::SOURCE,
    &wiz::SOURCE,
];
