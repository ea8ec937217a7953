//! What several sinks write or check alike.

pub(crate) mod before;
pub(crate) mod beside;
pub(crate) mod events;
pub(crate) mod flat;
pub(crate) mod mac;
pub(crate) mod multipart;
pub(crate) mod runs;
