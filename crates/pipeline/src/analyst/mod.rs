//! A task given to a language model: kept answers first, then the budget, the audit log and the
//! provider; the answer is judged, and the rules speak wherever it does not stand.

pub mod anomaly;
mod ask;
mod going;
pub mod incident;
pub mod message;
#[cfg(test)]
mod tests;

pub use ask::{
    Asker, Asking, Ended, Model, Opened, Pause, Purse, Ready, Spent, Turn, ask, request_of,
};
pub use going::Work;
