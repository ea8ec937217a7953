//! Runs a program with a time limit and a cap on what it says.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// Longest that a tool may take.
const LIMIT: Duration = Duration::from_secs(600);
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(20);
/// Most that is kept of what it prints.
const MOST_BYTES: u64 = 256 << 20;

/// How a program ended and what it printed.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) success: bool,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs a program to its end.
pub(super) fn run(command: &mut Command) -> Result<Ended, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let start = || -> io::Result<(File, File, ExitStatus)> {
        let (out, err) = (tempfile::tempfile()?, tempfile::tempfile()?);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(err.try_clone()?)
            .spawn()?;
        let mut waited = Duration::ZERO;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if waited >= LIMIT {
                child.kill()?;
                child.wait()?;
                return Err(io::ErrorKind::TimedOut.into());
            }
            // Nothing is sent but the end of the time.
            waited += crossbeam_channel::after(LOOK).recv().map_or(LOOK, |_| LOOK);
        };
        Ok((out, err, status))
    };
    let mut start = start;
    match start() {
        Ok((out, err, status)) => {
            Ok(Ended { success: status.success(), out: text(out), err: text(err) })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("`{name}` is not on the PATH"))
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Err(format!("`{name}` took longer than {} minutes", LIMIT.as_secs() / 60))
        }
        Err(error) => Err(format!("`{name}` could not be run: {error}")),
    }
}

fn text(mut file: File) -> String {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.take(MOST_BYTES).read_to_end(&mut bytes));
    drop(read);
    String::from_utf8_lossy(&bytes).into_owned()
}
