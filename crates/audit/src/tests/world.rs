//! Logs for tests.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use quell_audit_verify::{Directory, Options, Report, verify};
use quell_model::TenantId;
use tempfile::TempDir;

use crate::{Action, Actor, Leaf, Log, Place, Stage};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn actor() -> Actor {
    Actor {
        kind: "token",
        id: "4v8k2m9x0qtr".to_owned(),
        role: Some("analyst".to_owned()),
        name: None,
    }
}

pub(super) fn leaf(number: i64) -> Leaf {
    let what = (Action::IssueMark, Stage::Noted);
    Leaf::new(what, &actor(), &TenantId::default(), at(number))
        .object("issue", &format!("i{number}"))
}

pub(super) fn place(folder: &Path) -> Place {
    Place { folder: folder.join("audit"), name: "default".to_owned() }
}

/// A log with so many records, closed in order.
pub(super) fn filled(count: i64) -> (TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let log = Log::open(&place).unwrap();
    let told = log.append_all((0..count).map(leaf).collect()).unwrap();
    assert!(told.iter().zip(0..).all(|(one, index)| one.index() == index));
    log.close();
    (folder, place)
}

pub(super) fn check(place: &Place) -> Report {
    verify(&Directory(place.folder.clone()), &Options { beside: true, ..Options::default() })
}

/// Every file below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = waiting.pop() {
        let paths = std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
        waiting.extend(folders);
        found.extend(files);
    }
    found
}
