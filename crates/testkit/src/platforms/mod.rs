//! Doubles of the platforms: each speaks its vendor's protocol from one made-up world, enforces the
//! vendor's limits, and does wrong what a script tells it to.

mod crowdstrike;
mod four;
mod lacework;
mod orca;
pub mod prisma;
pub mod wiz;
mod world;

pub use crate::double::{Double, Fault, Ledger, Platform, Script, Seen};
pub use crowdstrike::{CrowdstrikeDouble, is_falcon_alert};
pub use four::{Four, Webhook};
pub use lacework::{LaceworkDouble, LaceworkSettings, Posted};
pub use orca::{
    OrcaAlert, OrcaDouble, OrcaSettings, OrcaVersion, READ_ALERTS as ORCA_READ_ALERTS,
    READ_ASSETS as ORCA_READ_ASSETS, WRITE_ALERTS as ORCA_WRITE_ALERTS,
};
pub use prisma::{PrismaDouble, PrismaQuirks, PrismaRight};
pub use world::{
    Account, Cause, Cloud, Detection, Fix, Flaw, Kind, Misconfiguration, Seer, State, Thing,
    Vulnerability, World,
};
