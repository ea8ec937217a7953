//! Whenever the server dies while it delivers, each letter stands at its sink once.

use std::ffi::OsStr;
use std::time::Duration;

use quell_testkit::letters::{Plan, SECRETS, Start, run};
use quell_testkit::sinks::HookDouble;

use crate::crash::{AHEAD, MORE, prepared, server};

/// Deaths of one test; `cargo xtask kill-deliver` runs a thousand.
const DEATHS: u64 = 20;
/// Seconds between two deaths: longer than any sink takes until it shows what arrived.
const JUMP: i64 = 700;

#[test]
fn whenever_the_server_dies_each_letter_stands_at_its_sink_once() {
    let (folder, token) = prepared();
    let command = |start: &Start| {
        let before: Vec<&OsStr> = start.before.iter().map(OsStr::new).collect();
        let mut command = server(&start.data, &before);
        command
            .env(MORE, &start.config)
            .env(AHEAD, start.ahead.to_string())
            .env("KILL_RECEIVER", HookDouble::secret(1))
            .envs(SECRETS);
        command
    };
    let plan = Plan {
        kills: DEATHS,
        seed: 1,
        data: folder.path().to_owned(),
        token,
        jump: JUMP,
        patience: Duration::from_secs(240),
        command: &command,
        told: &|_| {},
    };
    let ended = run(&plan).unwrap();
    assert!(ended.faults.is_empty(), "{ended:?}");
    assert!(ended.findings.len() > 8 && ended.letters > 40, "{ended:?}");
    assert!(ended.before_requests + ended.after_requests > 4, "{ended:?}");
}
