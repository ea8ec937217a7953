//! Who owns an asset, by all that says so: inventories, tags, CODEOWNERS and the tools themselves.
//!
//! [`Book`] is what is known, as it is stored. [`Owners`] is the same made ready: it joins assets
//! with rows and says which owner counts. Neither the order of files nor that of rows matters.

mod book;
mod codeowners;
mod columns;
mod inventory;
mod join;
mod labels;
mod read;
mod resolve;
#[cfg(test)]
mod tests;

pub use book::{Book, CodeLine, Place, Settings};
pub use codeowners::{CodeOwners, Dialect};
pub use columns::Columns;
pub use inventory::{Inventory, Reject, Row};
pub use join::{Claims, Joined};
pub use labels::Labels;
pub use read::{Unreadable, read_inventory};
pub use resolve::Owners;
