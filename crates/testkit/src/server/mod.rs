//! A server from outside: what is sent to it, what it answers, how it is killed, and what is in
//! its findings afterwards.

mod client;
mod found;
mod kill;
mod load;
mod process;
mod records;
mod wire;

pub use client::{Client, Raw, Request};
pub use found::{Found, each_finding, found};
pub use kill::{Acked, Burst, IMPORTED, burst, import_key};
pub use load::{Load, Tally, load};
pub use process::{Process, peak_memory_kib, resident_kib, signal};
pub use records::{delivery, signature, uid};
pub use wire::Answer;
