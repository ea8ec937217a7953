//! The `quell` program: findings of any tool in, a few explained incidents with proved fixes out.

use std::process::ExitCode;

mod commands;
mod console;
mod environment;
mod exit;

fn main() -> ExitCode {
    let environment = environment::Environment::read();
    commands::run(std::env::args_os(), &environment)
}
