//! The configuration: what `quell.toml`, the environment and the command line say, as one value.
//!
//! Every key stands once, in the list of its table below `tables/`. From that list come what is
//! accepted, the documented example, the JSON Schema and the page of the documentation.
//! Nothing here reads a file or the environment: text comes in, values and sentences go out.

mod check;
mod environment;
mod fault;
mod key;
mod load;
mod money;
mod nearest;
mod read;
mod secret;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod write;

pub use fault::{Fault, Faults, Place};
pub use key::{Key, Kind, Table, Unit};
pub use load::{Entry, FileText, Loaded, Origin, Override, Sources};
pub use money::Money;
pub use secret::{HookSecret, SecretKind, SecretPlace, SecretRef, weak_secret};
pub use tables::{
    Access, Algorithm, Analyst, Approvals, Audit, AuditForm, AuditStream, AuditTo, AuditTransport,
    Auth, Aws, Bucket, Config, Egress, Encoding, Exceptions, Fix, Folder, Hook, Intake, Inventory,
    Jobs, Limits, Llm, LogFormat, LogLevel, Owners, Route, Server, ServiceLevels, SignIn, Sink,
    Source, TABLES, Telemetry, Tls, Vault, VaultLogin,
};
pub use write::{example, page, schema};
