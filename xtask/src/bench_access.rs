//! How long it takes to decide whether somebody may do something.

use anyhow::Result;

use crate::step::{cargo, run};

/// Runs it, in a release build.
pub(crate) fn bench() -> Result<()> {
    run(cargo()
        .args(["run", "--quiet", "--release", "-p", "quell-access"])
        .args(["--example", "bench-access"]))
}
