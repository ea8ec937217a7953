//! JSON: the contract itself, on one line.

use std::io::{self, Write};

use crate::{Options, Report};

/// Writes it.
pub(crate) fn write(report: &Report, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, report)?;
    writeln!(out)
}
