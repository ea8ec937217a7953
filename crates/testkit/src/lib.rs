//! Made-up estates for benchmarks and tests: the same seed gives the same bytes.

pub mod estate;
pub mod merging;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "platforms")]
pub mod platforms;
pub mod priority;
mod random;
#[cfg(feature = "server")]
pub mod server;
