//! Checks an audit log, or a proof from one, and trusts nothing but a key.
//!
//! It shares no code with `quell-audit`, which writes logs. It reads the files of C2SP tlog-tiles,
//! hashes every record anew, and says which is the first that is not what was signed. A checkpoint
//! that was kept elsewhere shows whether the log has only grown since.

mod files;
mod keys;
mod note;
mod personal;
mod proof;
mod records;
mod tree;
mod verify;

pub use files::{Directory, Files};
pub use keys::Key;
pub use note::Head;
pub use proof::{Proved, check_consistency, check_inclusion, check_proof};
pub use records::{Broken, check_records};
pub use tree::{Growing, Hash};
pub use verify::{Compared, Fault, Options, Report, verify};
