//! What one client may use up: connections, requests, bytes and time.

mod rates;

pub(crate) use rates::Rates;
