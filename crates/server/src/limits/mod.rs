//! What one client may use up: connections, requests, bytes and time.

mod lengths;
mod rates;

pub(crate) use lengths::{TwoLengths, Watched};
pub(crate) use rates::Rates;
