//! Exit codes. They are stable; `docs/exit-codes.md` lists them for users.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and nothing crossed a gate.
    Clean,
    /// Done, and a gate that was asked for was crossed.
    Gate,
    /// The command line was wrong.
    Usage,
    /// The job could not be finished: some input was not read, or the disk is full.
    Unfinished,
    /// Interrupted by the user.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Gate => 1,
            Exit::Usage => 2,
            Exit::Unfinished => 3,
            Exit::Interrupted => 130,
        })
    }
}
