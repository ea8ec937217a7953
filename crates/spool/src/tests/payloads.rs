//! Raw files by their content.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::lazy::{Faults, LazyDisk, Seeded};
use crate::{Payload, PayloadError, Payloads};

const MOST: u64 = 16 * 1024 * 1024;

fn store(payloads: &Payloads, content: &[u8]) -> Result<Payload, PayloadError> {
    let mut writer = payloads.writer(MOST)?;
    content.chunks(1000).for_each(|part| writer.write_all(part).unwrap());
    writer.commit()
}

fn load(payloads: &Payloads, hash: &[u8; 32]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    payloads.reader(hash).map_err(io::Error::other)?.read_to_end(&mut content)?;
    Ok(content)
}

#[test]
fn content_comes_back_and_is_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let payloads = Payloads::open(dir.path()).unwrap();
    let mut expected = Vec::new();
    for length in [0_usize, 1, 999, 300_000, 3_000_000] {
        let content: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let payload = store(&payloads, &content).unwrap();
        assert_eq!(payload, store(&payloads, &content).unwrap());
        assert_eq!(payload.hash, *blake3::hash(&content).as_bytes());
        assert_eq!(payload.bytes, u64::try_from(length).unwrap());
        assert_eq!(load(&payloads, &payload.hash).unwrap(), content);
        expected.push(payload);
    }
    expected.sort();
    for payloads in [payloads, Payloads::open(dir.path()).unwrap()] {
        let listed: Vec<_> = payloads.list().map(Result::unwrap).collect();
        let stored = |p: &Payload| (p.hash, p.stored_bytes);
        assert!(listed.iter().map(|l| (l.hash, l.stored_bytes)).eq(expected.iter().map(stored)));
        assert_eq!(payloads.total_bytes(), expected.iter().map(|p| p.stored_bytes).sum::<u64>());
    }
}

#[test]
fn removing_leaves_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let payloads = Payloads::open(dir.path()).unwrap();
    let (one, two) = (store(&payloads, b"one").unwrap(), store(&payloads, b"two").unwrap());
    assert!(payloads.remove(&one.hash).unwrap());
    assert!(!payloads.remove(&one.hash).unwrap());
    assert!(matches!(payloads.reader(&one.hash), Err(PayloadError::Missing { .. })));
    assert_eq!(load(&payloads, &two.hash).unwrap(), b"two");
    assert_eq!(payloads.total_bytes(), two.stored_bytes);
    assert_eq!((payloads.contains(&one.hash), payloads.contains(&two.hash)), (false, true));
}

#[test]
fn what_is_too_large_or_given_up_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let payloads = Payloads::open(dir.path()).unwrap();
    let mut writer = payloads.writer(10).unwrap();
    writer.write_all(&[1; 10]).unwrap();
    let error = writer.write_all(&[1]).unwrap_err();
    assert_eq!(error.to_string(), "it has more than 10 bytes");
    assert!(writer.write_all(&[]).is_ok() && writer.write_all(&[1]).is_err());
    assert!(matches!(writer.commit(), Err(PayloadError::TooLarge { most_bytes: 10 })));
    let mut given_up = payloads.writer(MOST).unwrap();
    given_up.write_all(b"half").unwrap();
    drop(given_up);
    assert_eq!(payloads.list().count(), 0);
    assert_eq!(payloads.sweep_temporary().unwrap(), 0);
    fs::write(dir.path().join("tmp/left-by-a-crash"), b"half").unwrap();
    assert_eq!(payloads.sweep_temporary().unwrap(), 1);
    assert_eq!(payloads.total_bytes(), 0);
}

#[test]
fn each_changed_byte_and_each_cut_is_told_and_storing_again_heals() {
    let dir = tempfile::tempdir().unwrap();
    let payloads = Payloads::open(dir.path()).unwrap();
    let content = "a finding, and another finding, ".repeat(40).into_bytes();
    let payload = store(&payloads, &content).unwrap();
    let name = blake3::Hash::from_bytes(payload.hash).to_hex();
    let path = dir.path().join(name.split_at(2).0).join(format!("{name}.zst"));
    let stored = fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        match load(&payloads, &payload.hash) {
            // A bit of the frame's head that says nothing may change; the content must not.
            Ok(read) => assert_eq!(read, content),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::InvalidData),
        }
        // Who knows nothing of the hash is told too.
        if let Ok(read) = zstd::decode_all(bytes) {
            assert_eq!(read, content);
        }
    };
    for at in 0..stored.len() {
        for bit in 0..8 {
            let mut bytes = stored.clone();
            bytes[at] ^= 1 << bit;
            refused(&bytes);
        }
        fs::write(&path, &stored[..at]).unwrap();
        assert!(load(&payloads, &payload.hash).is_err());
    }
    refused(&[stored.as_slice(), b"more"].concat());
    assert!(load(&payloads, &payload.hash).is_err());
    store(&payloads, &content).unwrap();
    assert_eq!(load(&payloads, &payload.hash).unwrap(), content);
    assert_eq!(payloads.total_bytes(), payload.stored_bytes);
}

#[test]
fn what_was_stored_is_there_wherever_the_machine_stops() {
    let open = |disk: &LazyDisk| Payloads::open_on(Arc::new(disk.clone()), Path::new("/raw"));
    let contents = [b"one".repeat(1000), b"two".repeat(3), b"one".repeat(1000), Vec::new()];
    // Stores all, then removes one; what was stored and must be there.
    let work = |disk: &LazyDisk| {
        let mut stored = Vec::new();
        let Ok(payloads) = open(disk) else { return stored };
        for content in &contents {
            stored.extend(store(&payloads, content).ok().map(|payload| (payload.hash, content)));
        }
        if stored.len() == contents.len() {
            let (removed, _) = stored[1];
            stored.retain(|(hash, _)| *hash != removed);
            drop(payloads.remove(&removed));
        }
        stored
    };
    let whole = LazyDisk::default();
    assert_eq!(work(&whole).len(), 3);
    for stop_at in 0..whole.operations() {
        let disk = LazyDisk::default();
        disk.set_faults(Faults { stop_at: Some(stop_at), ..Faults::default() });
        let stored = work(&disk);
        for seed in 0..8 {
            let cut = disk.after_power_cut(&mut Seeded(stop_at * 8 + seed));
            let payloads = open(&cut).unwrap();
            payloads.sweep_temporary().unwrap();
            for (hash, content) in &stored {
                assert_eq!(load(&payloads, hash).unwrap(), **content);
            }
            // Nothing is there in part.
            let listed: Vec<_> = payloads.list().map(Result::unwrap).collect();
            assert!(listed.iter().all(|listed| load(&payloads, &listed.hash).is_ok()));
            let bytes = listed.iter().map(|listed| listed.stored_bytes).sum::<u64>();
            assert_eq!(payloads.total_bytes(), bytes);
        }
    }
}

#[test]
fn a_file_that_was_not_flushed_or_did_not_fit_is_not_stored() {
    let disk = LazyDisk::default();
    let payloads = Payloads::open_on(Arc::new(disk.clone()), Path::new("/raw")).unwrap();
    disk.set_faults(Faults { failed_flush: Some(0), ..Faults::default() });
    assert!(matches!(store(&payloads, b"one"), Err(PayloadError::Io { .. })));
    disk.set_faults(Faults { full_write: Some(0), ..Faults::default() });
    assert!(matches!(store(&payloads, b"one"), Err(PayloadError::DiskFull)));
    assert_eq!((payloads.list().count(), payloads.sweep_temporary().unwrap()), (0, 0));
    assert_eq!(store(&payloads, b"one").unwrap().bytes, 3);
}
