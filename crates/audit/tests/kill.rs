//! A process that appends is killed again and again: no number is used twice or left out, what was
//! told stays, and no two heads that were signed contradict each other.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use quell_audit::{Reader, hex, leaf_hash};
use quell_audit_verify::{Compared, Directory, Options, verify};

/// What the process said before it was killed.
#[cfg(test)]
fn round(folder: &Path, lines: usize) -> Vec<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_quell-audit-tool"))
        .args(["append", folder.to_str().unwrap(), "100000", "8"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said: Vec<String> = reader.by_ref().take(lines).map_while(Result::ok).collect();
    child.kill().unwrap();
    said.extend(reader.map_while(Result::ok));
    child.wait().unwrap();
    said
}

#[test]
fn what_was_told_survives_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit");
    let mut told = BTreeMap::new();
    let mut heads = Vec::new();
    for kill in 0..12 {
        for line in round(&log, 40 + kill * 53) {
            match line.split_once(' ') {
                Some(("checkpoint", note)) if note.ends_with("=|") => {
                    heads.push(note.replace('|', "\n"));
                }
                Some((index, hash)) if hash.len() == 64 => {
                    let index: u64 = index.parse().unwrap();
                    assert_eq!(told.insert(index, hash.to_owned()), None, "{index} twice");
                }
                // The last line may be torn.
                Some(_) | None => {}
            }
        }
    }
    // One more that ends in order signs all.
    let place = quell_audit::Place { folder: log.clone(), name: "bench".to_owned() };
    quell_audit::Log::open(&place).unwrap().settle().unwrap();
    let mut reader = Reader::open(&log).unwrap();
    let leaves = reader.leaves(0, usize::MAX).unwrap();
    for (index, hash) in &told {
        let (place, leaf) = &leaves[usize::try_from(*index).unwrap()];
        assert_eq!((place, &hex(&leaf_hash(leaf))), (index, hash));
    }
    assert!(told.len() > 500 && heads.len() > 12, "{} and {}", told.len(), heads.len());
    let count = heads.len();
    let report = verify(&Directory(log), &Options { against: heads, ..Options::default() });
    assert!(report.is_sound(), "{:?}", report.faults);
    let grown = report.against.iter().filter(|one| matches!(one, Compared::Grown { .. }));
    assert_eq!(grown.count(), count);
}
