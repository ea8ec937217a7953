//! The `quell` program: findings of any tool in, a few explained incidents with proved fixes out.

use std::process::ExitCode;

mod audited;
mod commands;
mod console;
mod environment;
mod exit;
mod marking;
mod remote;

/// Parsing makes and drops many small texts on several threads, which the allocator of musl lets
/// wait for each other. That of glibc is as fast here, and gives more back.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let environment = environment::Environment::read();
    commands::run(std::env::args_os(), &environment)
}
