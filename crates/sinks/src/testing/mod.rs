//! What the tests of several sinks stand on: clocks, letters and hostile data.

pub(crate) mod chat;
pub(crate) mod hostile;
mod limits;
pub(crate) mod stage;
