//! Whatever is changed in a log is found, and where.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use quell_audit_verify::{Compared, Files, Hash, Options, check_records, verify};

use super::world::{filled, leaf};
use crate::{Log, Reader, entries};

/// The files of a log in memory.
#[derive(Clone, Default)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Files for Memory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.get(path).cloned())
    }
}

impl Memory {
    fn load(folder: &Path) -> Self {
        let mut files = Self::default();
        for path in super::world::files(folder) {
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            files.0.insert(name, fs::read(&path).unwrap());
        }
        for unread in ["key", "lock"] {
            files.0.remove(unread);
        }
        files
    }

    fn with(&self, path: &str, bytes: Vec<u8>) -> Self {
        let mut files = self.clone();
        files.0.insert(path.to_owned(), bytes);
        files
    }

    fn first_bad(&self) -> Option<Option<u64>> {
        let report = verify(self, &Options { beside: true, ..Options::default() });
        (!report.is_sound()).then(|| report.first_bad())
    }
}

/// Every change of one byte at a place: another value, gone, once more, and the next one first.
fn changes(bytes: &[u8], at: usize) -> Vec<Vec<u8>> {
    let mut changed = Vec::new();
    for bit in [0x01, 0x80, 0xff] {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= bit;
        changed.push(flipped);
    }
    let mut removed = bytes.to_vec();
    removed.remove(at);
    changed.push(removed);
    let mut doubled = bytes.to_vec();
    doubled.insert(at, bytes[at]);
    changed.push(doubled);
    if bytes.get(at + 1).is_some_and(|next| *next != bytes[at]) {
        let mut swapped = bytes.to_vec();
        swapped.swap(at, at + 1);
        changed.push(swapped);
    }
    changed.push(bytes[..at].to_vec());
    changed.retain(|one| one != bytes);
    changed
}

/// The check of a run of records reads from the left and stops at the first fault, so a change in
/// a record is found whatever stands before it; that is what makes every byte affordable.
#[test]
fn every_byte_of_a_thousand_records_matters_and_the_first_bad_one_is_named() {
    let (_folder, place) = filled(1_000);
    let files = Memory::load(&place.folder);
    assert_eq!(files.first_bad(), None);
    let mut tried = 0;
    for (bundle, width) in [(0_u64, 256_usize), (1, 256), (2, 256), (3, 232)] {
        let name = |kind: &str| match width {
            256 => format!("tile/{kind}/{bundle:03}"),
            _ => format!("tile/{kind}/{bundle:03}.p/{width}"),
        };
        let hashes: Vec<Hash> = files.0[&name("0")].as_chunks::<32>().0.to_vec();
        let leaves = entries::parse(&files.0[&name("entries")]);
        for (place, leaf) in leaves.iter().enumerate() {
            let index = bundle * 256 + u64::try_from(place).unwrap();
            // The record, and the beginning of the next, which a removed byte pulls in.
            let mut bytes = entries::write(std::slice::from_ref(leaf));
            let own = bytes.len();
            bytes.extend(
                leaves
                    .get(place + 1)
                    .into_iter()
                    .flat_map(|next| entries::write(std::slice::from_ref(next))),
            );
            let expected: Vec<Hash> = hashes.iter().skip(place).take(2).copied().collect();
            assert!(check_records(index, &bytes, &expected).is_ok());
            tried += try_all(index, (&bytes, own), &expected);
            for at in 0..32 {
                let mut wrong = expected.clone();
                wrong[0][at] ^= 1;
                assert_eq!(check_records(index, &bytes, &wrong).unwrap_err().index, index);
                tried += 1;
            }
        }
    }
    assert!(tried > 1_000_000, "{tried}");
}

/// Every change of every byte of a record; how many there were.
fn try_all(index: u64, (bytes, own): (&[u8], usize), expected: &[Hash]) -> u64 {
    let mut tried = 0;
    for at in 0..own {
        for changed in changes(bytes, at) {
            let broken = check_records(index, &changed, expected).unwrap_err();
            // The last byte once more is a byte before the next record.
            let last = u64::from(at + 1 == own);
            let named = (index..=index + last).contains(&broken.index);
            assert!(named, "byte {at} of record {index}: {}", broken.index);
            tried += 1;
        }
    }
    tried
}

#[test]
fn every_byte_of_the_small_files_matters() {
    let (_folder, place) = filled(300);
    let files = Memory::load(&place.folder);
    let small = ["checkpoint", "key.pub", "tile/1/000.p/1", "tile/0/001.p/44"];
    for name in small {
        let bytes = files.0[name].clone();
        let step = if name.starts_with("tile/0") { 7 } else { 1 };
        for at in (0..bytes.len()).step_by(step) {
            for changed in changes(&bytes, at) {
                assert!(files.with(name, changed).first_bad().is_some(), "{name}, byte {at}");
            }
        }
        let mut gone = files.clone();
        gone.0.remove(name);
        assert!(gone.first_bad().is_some(), "{name} removed");
    }
}

#[test]
fn every_byte_of_the_journal_matters_for_what_is_signed() {
    let (_folder, place) = filled(20);
    let files = Memory::load(&place.folder);
    let bytes = files.0["journal"].clone();
    for at in 0..bytes.len() {
        for changed in changes(&bytes, at) {
            let report = verify(&files.with("journal", changed), &Options::default());
            // Behind the last record there is nothing to change: more is told as torn.
            let found = !report.is_sound() || (report.torn && at + 1 == bytes.len());
            assert!(found, "byte {at}");
        }
    }
}

#[test]
fn records_that_change_places_come_twice_or_are_missing_are_found() {
    let (_folder, place) = filled(600);
    let files = Memory::load(&place.folder);
    let name = "tile/entries/001";
    let leaves = entries::parse(&files.0[name]);
    let try_with = |leaves: &[Vec<u8>]| files.with(name, entries::write(leaves)).first_bad();
    for place in [0_usize, 1, 100, 254] {
        let index = Some(Some(256 + u64::try_from(place).unwrap()));
        let mut swapped = leaves.clone();
        swapped.swap(place, place + 1);
        assert_eq!(try_with(&swapped), index);
        let mut removed = leaves.clone();
        removed.remove(place);
        assert_eq!(try_with(&removed), index);
        let mut doubled = leaves.clone();
        doubled.insert(place, leaves[place].clone());
        assert!(try_with(&doubled).is_some());
    }
    let mut swapped = files.clone();
    let (a, b) = (files.0["tile/entries/000"].clone(), files.0[name].clone());
    swapped.0.insert(name.to_owned(), a);
    swapped.0.insert("tile/entries/000".to_owned(), b);
    assert_eq!(swapped.first_bad(), Some(Some(0)));
    let mut gone = files.clone();
    gone.0.remove(name);
    assert_eq!(gone.first_bad(), Some(Some(256)));
}

#[test]
fn whoever_rewrites_all_without_the_key_is_found_by_the_signature() {
    let (_folder, place) = filled(10);
    let (_other, another) = filled(10);
    let mut files = Memory::load(&place.folder);
    let others = Memory::load(&another.folder);
    for name in ["tile/0/000.p/10", "tile/entries/000.p/10", "journal"] {
        files.0.insert(name.to_owned(), others.0[name].clone());
    }
    // The same records in another log are the same leaves; so change one and hash anew.
    let mut leaves = entries::parse(&files.0["tile/entries/000.p/10"]);
    leaves[3] = String::from_utf8(leaves[3].clone()).unwrap().replace("i3", "i4").into_bytes();
    let hashes: Vec<_> = leaves.iter().map(|leaf| crate::leaf_hash(leaf)).collect();
    files.0.insert("tile/entries/000.p/10".to_owned(), entries::write(&leaves));
    files.0.insert("tile/0/000.p/10".to_owned(), hashes.concat());
    assert!(files.first_bad().is_some());
    // And with a key of one's own, by the key that is known elsewhere.
    let key = String::from_utf8(files.0["key.pub"].clone()).unwrap();
    let key = quell_audit_verify::Key::parse(&key);
    let report = verify(&others, &Options { key, ..Options::default() });
    assert!(!report.is_sound());
}

#[test]
fn a_tail_that_is_cut_off_is_found_by_a_checkpoint_from_elsewhere() {
    let (_folder, place) = filled(300);
    let older = Memory::load(&place.folder);
    let note = |folder: &Path| fs::read_to_string(folder.join("checkpoint")).unwrap();
    let first = note(&place.folder);
    let log = Log::open(&place).unwrap();
    log.append_all((300..400).map(leaf).collect()).unwrap();
    log.close();
    let second = note(&place.folder);
    let newer = Memory::load(&place.folder);
    let against = vec![first, second];
    let options = Options { against, ..Options::default() };
    let grown = verify(&newer, &options);
    assert!(grown.is_sound(), "{grown:?}");
    assert_eq!(grown.against, [Compared::Grown { size: 300 }, Compared::Grown { size: 400 }]);
    let rolled_back = verify(&older, &options);
    assert!(!rolled_back.is_sound());
    assert_eq!(rolled_back.against[1], Compared::Shorter { size: 400 });
}

#[test]
fn two_histories_under_one_key_are_shown_as_a_fork() {
    let (folder, place) = filled(50);
    let copy = folder.path().join("copy");
    copy_all(&place.folder, &copy);
    let mut other = place.clone();
    other.folder = copy;
    for (place, from) in [(&place, 100), (&other, 200)] {
        let log = Log::open(place).unwrap();
        log.append_all((from..from + 5).map(leaf).collect()).unwrap();
        log.close();
    }
    let theirs = fs::read_to_string(other.folder.join("checkpoint")).unwrap();
    let options = Options { against: vec![theirs.clone()], ..Options::default() };
    let report = verify(&Memory::load(&place.folder), &options);
    assert!(report.faults.is_empty());
    let own = Reader::open(&place.folder).unwrap().checkpoint().note.clone();
    assert_eq!(report.against, [Compared::Fork { kept: theirs, found: own }]);
    assert!(!report.is_sound());
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
