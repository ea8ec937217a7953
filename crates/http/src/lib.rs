//! The only outbound HTTP client: what may be reached, how long it may take, how much may come back.
//!
//! A [`Client`] is made from a [`Policy`]. Addresses that are not public are refused unless the
//! operator allowed them, after DNS as before it. Errors never hold more of a URL than its
//! scheme, host and port, and no secret that a request carried.

mod address;
mod body;
mod client;
mod egress;
mod error;
mod lookup;
mod outgoing;
mod pace;
mod policy;
mod redact;
mod redirect;
mod request;
mod response;
mod retry;
pub mod sigv4;
mod tls;
mod token;

pub use address::{Range, range_of};
pub use client::Client;
pub use egress::{Allow, Egress, InvalidAllow, Refusal};
pub use error::{Deadline, HttpError, Place, Remote, SizeLimit, Verdict};
pub use lookup::{Found, Lookup, SystemLookup};
pub use outgoing::Pieces;
pub use policy::{Deadlines, Policy, Proxy, Rate, Retry, Roots, Sizes};
pub use request::Request;
pub use response::{Response, Streamed};
pub use retry::retry_after;
pub use token::{Fresh, NoValue, Renewing};
