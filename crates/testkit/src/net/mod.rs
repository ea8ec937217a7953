//! Servers on loopback that play the other side of a connection, and the faults of a network.

mod aws;
mod fault;
mod http;
mod queue;
mod raw;
mod s3;
mod sigv4;
mod sts;
mod vault;

pub use aws::AwsSecrets;
pub use fault::{Fault, FaultProxy};
pub use http::{Answer, Asked, Handler, HttpServer, Slow};
pub use queue::QueueDouble;
pub use raw::{RawServer, read_head};
pub use s3::BucketDouble;
pub use sigv4::{SigningKey, verify};
pub use sts::StsDouble;
pub use vault::VaultDouble;
