//! Made-up estates for benchmarks and tests: the same seed gives the same bytes.

#[cfg(feature = "sinks")]
pub mod contain;
#[cfg(feature = "net")]
pub mod double;
pub mod estate;
#[cfg(feature = "letters")]
pub mod letters;
#[cfg(feature = "llm")]
pub mod llm;
#[cfg(feature = "mask")]
pub mod mask;
pub mod merging;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "outbox")]
pub mod outbox;
#[cfg(feature = "platforms")]
pub mod platforms;
pub mod priority;
mod random;
#[cfg(feature = "net")]
pub mod refs;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "sinks")]
pub mod sinks;
