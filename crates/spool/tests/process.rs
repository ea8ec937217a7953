//! Real processes on a real file system: killed at any time and at each flush, and out of space.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use quell_spool::{Limits, Position, Record, Spool};

const TOOL: &str = env!("CARGO_BIN_EXE_quell-spool-tool");

fn text(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(error))
}

#[test]
fn what_was_acknowledged_is_there_after_kills() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(TOOL).arg("soak").arg(dir.path()).args(["50", "1"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("50 kills"), "{}", text(&output));
}

/// The numbers and positions that a process said before it ended.
fn acknowledged(output: &Output) -> Vec<(u64, Position)> {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let pairs = whole.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(n, at)| (n.parse().unwrap(), Position::from_i64(at.parse().unwrap()))).collect()
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_at_a_system_call() {
    if !runs(Command::new("strace").args(["-qq", "-o", "/dev/null", "true"])) {
        println!("skipped: strace is not installed or may not trace");
        return;
    }
    let calls: [(&str, &[u32]); 6] = [
        ("fdatasync", &[1, 2, 3, 5, 8, 13, 40, 80]),
        ("fsync", &[1, 2, 3, 4, 6]),
        ("pwrite64", &[1, 2, 3, 5, 8, 40, 80]),
        ("rename", &[1, 2]),
        ("unlink", &[1, 2]),
        ("ftruncate", &[1]),
    ];
    let mut killed = 0;
    for (call, numbers) in calls {
        for number in numbers {
            killed += u32::from(kill_at(call, *number));
        }
    }
    assert!(killed > 15, "{killed}");
}

/// Kills the process at that call; whether it came so far.
fn kill_at(call: &str, number: u32) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let inject = format!("inject={call}:signal=KILL:when={number}");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject])
        .args([TOOL, "append"])
        .arg(dir.path())
        .args(["0", "600"])
        .output()
        .unwrap();
    let said = acknowledged(&output);
    let spool = Spool::open(dir.path(), Limits::default()).unwrap();
    assert_eq!(spool.recovery().damage, [], "{call} {number}");
    for (id, position) in &said {
        let found: Record = spool.get(*position).unwrap();
        assert_eq!(found.origin().delivery, Some(id.to_string()), "{call} {number}");
    }
    // It works on.
    drop(spool);
    assert!(runs(Command::new(TOOL).arg("append").arg(dir.path()).args(["5000", "50"])));
    !output.status.success()
}

#[test]
fn a_full_disk_refuses_loses_nothing_and_works_again() {
    let dir = tempfile::tempdir().unwrap();
    if !in_small_disk(dir.path(), "exit 0").status.success() {
        println!("skipped: this user may not mount a file system of its own");
        return;
    }
    let output = in_small_disk(dir.path(), "exec \"$1\" fill \"$0\"");
    assert!(output.status.success(), "{}", text(&output));
}

/// Runs shell words where the folder is a file system of 4 MiB.
fn in_small_disk(dir: &Path, words: &str) -> Output {
    let script = format!("mount -t tmpfs -o size=4m none \"$0\" && {words}");
    let mut command = Command::new("unshare");
    command.args(["-Urm", "sh", "-c", &script]).arg(dir).arg(TOOL);
    command.output().unwrap_or_else(|_| Command::new("false").output().unwrap())
}

fn runs(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
