//! Appends to a log until it is killed, kills itself over and over, fills a disk, and measures.

mod append;
mod bench;
mod fill;
mod soak;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

type Outcome = Result<(), Box<dyn Error>>;

const HELP: &str = "append DIR FIRST COUNT | soak DIR KILLS SEED | fill DIR | \
                    bench DIR THREADS SECONDS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _lost = say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["append", dir, first, count] => {
            append::run(Path::new(dir), first.parse()?, count.parse()?)
        }
        ["soak", dir, kills, seed] => soak::run(Path::new(dir), kills.parse()?, seed.parse()?),
        ["fill", dir] => fill::run(Path::new(dir)),
        ["bench", dir, threads, seconds] => {
            bench::run(Path::new(dir), threads.parse()?, seconds.parse()?)
        }
        _ => Err(HELP.into()),
    }
}

/// One line to standard output, at once.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
