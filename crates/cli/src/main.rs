//! The `quell` program: findings of any tool in, a few explained incidents with proved fixes out.

use std::process::ExitCode;

use mimalloc::MiMalloc;

mod audited;
mod commands;
mod console;
mod environment;
mod exit;
mod marking;
mod remote;

/// Parsing makes and drops many small texts on several threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let environment = environment::Environment::read();
    commands::run(std::env::args_os(), &environment)
}
