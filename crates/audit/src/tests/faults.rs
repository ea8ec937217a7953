//! Crashes, two writers, a key that is lost, a clock that goes back.

use std::fs;
use std::time::UNIX_EPOCH;

use quell_model::TenantId;
use serde_json::Value;

use super::world::{actor, at, check, files, filled, leaf, place};
use crate::journal::HEADER_BYTES;
use crate::{Action, AuditError, Leaf, Log, Reader, Stage, look, put_aside};

#[test]
fn a_journal_that_is_torn_behind_what_was_signed_is_cut_and_goes_on() {
    let (_folder, place) = filled(5);
    let path = place.folder.join("journal");
    let signed = fs::read(&path).unwrap();
    let log = Log::open(&place).unwrap();
    log.append_all((5..8).map(leaf).collect()).unwrap();
    log.close();
    let whole = fs::read(&path).unwrap();
    let checkpoint = place.folder.join("checkpoint");
    let after = fs::read(&checkpoint).unwrap();
    let (_other, before) = filled(5);
    drop(before);
    // The checkpoint of five is signed anew below by each opening, so keep the one of eight away.
    for end in (signed.len()..whole.len()).step_by(11) {
        let (_copy, place) = filled(5);
        let path = place.folder.join("journal");
        let mut torn = fs::read(&path).unwrap();
        torn.extend(whole.get(signed.len()..end).unwrap());
        fs::write(&path, torn).unwrap();
        let log = Log::open(&place).unwrap();
        let told = log.append(leaf(100)).unwrap();
        assert!((5..8).contains(&told.index()), "cut at {end}: {}", told.index());
        log.close();
        let report = check(&place);
        assert!(report.is_sound(), "cut at {end}: {:?}", report.faults);
        assert_eq!(report.size, told.index() + 1);
    }
    assert!(!after.is_empty());
}

#[test]
fn a_journal_that_lost_what_was_signed_is_refused_and_left_as_it_is() {
    let (_folder, place) = filled(5);
    let path = place.folder.join("journal");
    let whole = fs::read(&path).unwrap();
    for end in [0, HEADER_BYTES, whole.len() / 2, whole.len() - 1] {
        let cut = whole.get(..end).unwrap().to_vec();
        fs::write(&path, &cut).unwrap();
        let error = Log::open(&place).unwrap_err();
        assert!(matches!(error, AuditError::Damaged(_)), "{error}");
        assert_eq!(fs::read(&path).unwrap(), cut);
    }
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&path, &changed).unwrap();
    assert!(matches!(Log::open(&place), Err(AuditError::Damaged(_))));
    fs::remove_file(place.folder.join("checkpoint")).unwrap();
    fs::write(&path, &whole).unwrap();
    assert!(matches!(Log::open(&place), Err(AuditError::Damaged(_))));
}

#[test]
fn what_a_checkpoint_tells_of_is_never_written_again() {
    // 600 leaves have two full tiles and, above them, one of two hashes that stays as it is.
    let (_folder, place) = filled(600);
    let signed = files(&place.folder.join("tile"));
    for path in &signed {
        fs::File::open(path).unwrap().set_modified(UNIX_EPOCH).unwrap();
    }
    let log = Log::open(&place).unwrap();
    log.append_all((600..700).map(leaf).collect()).unwrap();
    log.close();
    // Another key signs the same tree once more.
    let log = Log::open(&place).unwrap();
    log.rotate(Leaf::new((Action::KeyRotate, Stage::Noted), &actor(), &TenantId::default(), at(9)))
        .unwrap();
    log.close();
    let stays: Vec<_> = signed.iter().filter(|path| path.exists()).collect();
    assert!(stays.contains(&&place.folder.join("tile/1/000.p/2")), "{stays:?}");
    for path in stays {
        let written = fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(written, UNIX_EPOCH, "{}", path.display());
    }
    assert!(check(&place).is_sound());
    assert!(files(&place.folder).iter().all(|path| path.extension() != Some("tmp".as_ref())));
}

#[test]
fn a_lost_key_stops_writing_and_not_reading() {
    let (_folder, place) = filled(5);
    let key = fs::read(place.folder.join("key")).unwrap();
    assert_eq!(look(&place).unwrap(), 5);
    fs::remove_file(place.folder.join("key")).unwrap();
    let error = Log::open(&place).unwrap_err();
    assert!(matches!(error, AuditError::Key { .. }), "{error}");
    assert!(error.to_string().contains("quell audit key"), "{error}");
    assert!(look(&place).is_err());
    assert_eq!(Reader::open(&place.folder).unwrap().leaves(0, 10).unwrap().len(), 5);
    // Another log's key is no key of this one.
    let (_other, other) = filled(1);
    fs::copy(other.folder.join("key"), place.folder.join("key")).unwrap();
    assert!(matches!(Log::open(&place), Err(AuditError::Key { .. })));
    fs::write(place.folder.join("key"), key).unwrap();
    assert_eq!(Log::open(&place).unwrap().append(leaf(6)).unwrap().index(), 5);
}

#[test]
fn a_log_that_cannot_go_on_is_put_aside_whole() {
    let (_folder, place) = filled(5);
    fs::remove_file(place.folder.join("key")).unwrap();
    let aside = put_aside(&place).unwrap();
    let log = Log::open(&place).unwrap();
    assert_eq!(log.append(leaf(1)).unwrap().index(), 0);
    log.close();
    assert_eq!(Reader::open(&aside).unwrap().size(), 5);
    assert!(check(&place).is_sound());
}

#[test]
fn a_rotated_key_signs_from_then_on_and_the_old_one_no_more() {
    let (_folder, place) = filled(300);
    let old = fs::read(place.folder.join("key")).unwrap();
    let log = Log::open(&place).unwrap();
    let rotate =
        Leaf::new((Action::KeyRotate, Stage::Noted), &actor(), &TenantId::default(), at(301));
    assert_eq!(log.rotate(rotate).unwrap().index(), 300);
    log.append(leaf(302)).unwrap();
    log.close();
    let report = check(&place);
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!(report.keys.len(), 2);
    assert_eq!(report.keys[1].0, 301);
    // A thief with the old key signs the tree as it is now.
    let now = Reader::open(&place.folder).unwrap().checkpoint().clone();
    let stolen = place.folder.join("stolen");
    fs::write(&stolen, &old).unwrap();
    let stolen = crate::key::SigningKey::load(&stolen).unwrap();
    let forged = crate::Checkpoint::sign(&now.origin, (now.size, now.root), &[&stolen]);
    fs::write(place.folder.join("checkpoint"), forged.note).unwrap();
    assert!(!check(&place).is_sound());
    fs::write(place.folder.join("checkpoint"), &now.note).unwrap();
    // And the writer takes the new key only.
    assert_eq!(Log::open(&place).unwrap().append(leaf(303)).unwrap().index(), 302);
}

#[test]
fn a_rotation_that_was_cut_off_is_ended_or_taken_back() {
    let (_folder, place) = filled(3);
    let next = place.folder.join("key.next");
    fs::copy(place.folder.join("key"), &next).unwrap();
    let log = Log::open(&place).unwrap();
    assert!(!next.exists(), "no record tells of it");
    // As if the process had ended right behind the record.
    let new = crate::key::SigningKey::make(&log.keys().unwrap()[0].name).unwrap();
    let tenant = TenantId::default();
    let told = Leaf::new((Action::KeyRotate, Stage::Noted), &actor(), &tenant, at(5))
        .word("new_key", &new.public().text());
    log.append(told).unwrap();
    log.close();
    new.save(&next).unwrap();
    let log = Log::open(&place).unwrap();
    log.append(leaf(9)).unwrap();
    log.close();
    assert!(!next.exists());
    let report = check(&place);
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!(report.keys.len(), 2);
}

#[test]
fn a_clock_that_goes_back_is_said_and_order_stays() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let log = Log::open(&place).unwrap();
    log.append_all([10, 20, 15, 19, 20, 21].map(leaf).into()).unwrap();
    log.close();
    // Also across a restart.
    let log = Log::open(&place).unwrap();
    log.append(leaf(3)).unwrap();
    log.close();
    let leaves = Reader::open(&place.folder).unwrap().leaves(0, 10).unwrap();
    let back: Vec<bool> = leaves
        .iter()
        .map(|(_, leaf)| {
            let value: Value = serde_json::from_slice(leaf).unwrap();
            value["clock"] == "back"
        })
        .collect();
    assert_eq!(back, [false, false, true, true, false, false, true]);
}

#[test]
fn two_logs_on_one_folder_give_no_number_twice() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let logs = [Log::open(&place).unwrap(), Log::open(&place).unwrap()];
    let mut given: Vec<u64> = std::thread::scope(|threads| {
        let writers: Vec<_> = (0..8)
            .map(|thread| {
                let log = &logs[thread % 2];
                threads.spawn(move || {
                    let told = (0..200).map(|number| log.append(leaf(number)).unwrap().index());
                    told.collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    given.sort_unstable();
    assert_eq!(given, (0..1_600).collect::<Vec<_>>());
    drop(logs);
    let report = check(&place);
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!(report.size, 1_600);
}

#[test]
fn a_log_that_is_refused_takes_nothing_and_is_read() {
    let (_folder, place) = filled(3);
    let log = Log::open(&place).unwrap();
    log.refuse("it is older than a checkpoint kept outside");
    let error = log.append(leaf(4)).unwrap_err();
    assert!(matches!(error, AuditError::Refused(_)), "{error}");
    assert!(log.append_later(leaf(5)).is_err());
    assert_eq!(Reader::open(&place.folder).unwrap().size(), 3);
}

#[test]
fn a_folder_that_takes_no_bytes_says_so_and_goes_on_later() {
    let (_folder, place) = filled(3);
    let log = Log::open(&place).unwrap();
    let (journal, aside) = (place.folder.join("journal"), place.folder.join("aside"));
    fs::rename(&journal, &aside).unwrap();
    let error = log.append(leaf(4)).unwrap_err();
    assert!(matches!(error, AuditError::Damaged(_)), "{error}");
    fs::rename(&aside, &journal).unwrap();
    assert_eq!(log.append(leaf(4)).unwrap().index(), 3);
}
