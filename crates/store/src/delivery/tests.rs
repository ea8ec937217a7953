//! Tests of the outbox.

use std::path::Path;

use quell_deliver::outbox::{Act, OnDoubt, Outcome, State, begun, ended};
use quell_deliver::{Body, Key, Line};
use quell_model::{TenantId, Timestamp};
use std::time::Duration;

use super::OutboxStore;
use super::{Delivery, NewRow, OutboxFilter};

fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

fn row(subject: &str, round: u32) -> NewRow {
    NewRow {
        sink: "jira".to_owned(),
        subject: subject.to_owned(),
        key: Key::new(&TenantId::default(), "jira", subject, round),
        act: Act::Note { body: Body::paragraph(Line::data("it came back")) },
        state: State::Waiting { until: now() },
        replays: None,
    }
}

fn delivery(subject: &str) -> Delivery {
    Delivery { acts: 1, ..Delivery::new(("jira", subject), "all", now()) }
}

fn store(folder: &Path) -> OutboxStore {
    OutboxStore::open_for(folder, &TenantId::default()).unwrap()
}

#[test]
fn a_key_is_added_once_and_a_row_waits_for_the_one_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let rows = [row("fix:a", 0), row("fix:a", 1), row("fix:b", 0)];
    let told = delivery("fix:a");
    assert_eq!(store.outbox_add((None, &told), &rows, now()).unwrap(), Some(3));
    assert_eq!(store.outbox_add((Some(&told), &told), &rows, now()).unwrap(), Some(0));
    let due = store.outbox_due(now(), 10).unwrap();
    let due: Vec<(&str, &str)> = due.iter().map(|r| (r.subject.as_str(), r.key.as_str())).collect();
    assert_eq!(due, [("fix:a", rows[0].key.as_str()), ("fix:b", rows[2].key.as_str())]);
    assert!(store.outbox_due(now() - Duration::from_secs(1), 10).unwrap().is_empty());
}

#[test]
fn of_two_who_claim_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (store(folder.path()), store(folder.path()));
    one.outbox_add((None, &delivery("fix:a")), &[row("fix:a", 0)], now()).unwrap();
    let found =
        (one.outbox_due(now(), 1).unwrap().remove(0), two.outbox_due(now(), 1).unwrap().remove(0));
    assert!(one.outbox_move(&found.0, &begun(found.0.clone(), now())).unwrap());
    assert!(!two.outbox_move(&found.1, &begun(found.1.clone(), now())).unwrap());
    let sending = two.outbox_sending().unwrap().remove(0);
    let sent = ended(sending.clone(), OnDoubt::Leave, Outcome::Done(None), now());
    assert!(two.outbox_settle(&sending, &sent, |delivery| delivery.acts = 7).unwrap());
    assert_eq!(one.delivery_get("jira", "fix:a").unwrap().unwrap().acts, 7);
    assert_eq!(one.outbox_counts().unwrap(), [("sent".to_owned(), 1)]);
    let act = one.outbox_act(sent.id).unwrap();
    assert_eq!(act, row("fix:a", 0).act);
    let filter =
        OutboxFilter { state: Some("sent".to_owned()), most: 5, ..OutboxFilter::default() };
    assert_eq!(one.outbox_list(&filter).unwrap(), [sent]);
}

#[test]
fn who_read_what_is_not_so_any_more_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let (first, second) = (delivery("fix:a"), Delivery { acts: 2, ..delivery("fix:a") });
    assert_eq!(store.outbox_add((None, &first), &[row("fix:a", 0)], now()).unwrap(), Some(1));
    // Nobody knew of it, and it is there.
    assert_eq!(store.outbox_add((None, &second), &[row("fix:a", 1)], now()).unwrap(), None);
    assert_eq!(store.delivery_get("jira", "fix:a").unwrap(), Some(first.clone()));
    assert_eq!(
        store.outbox_add((Some(&first), &second), &[row("fix:a", 1)], now()).unwrap(),
        Some(1)
    );
    assert_eq!(store.outbox_add((Some(&first), &first), &[row("fix:a", 2)], now()).unwrap(), None);
    assert_eq!(store.outbox_counts().unwrap(), [("waiting".to_owned(), 2)]);
}

/// What the outbox of an older program holds, in the database of the findings.
fn older(folder: &Path) {
    let old = rusqlite::Connection::open(folder.join("quell.db")).unwrap();
    for sql in &crate::open::MIGRATIONS[..13] {
        old.execute_batch(sql).unwrap();
    }
    old.pragma_update(None, "user_version", 13).unwrap();
    let texts = |state: &State| {
        let row = quell_deliver::outbox::Row {
            id: 0,
            sink: "jira".to_owned(),
            subject: "fix:a".to_owned(),
            key: row("fix:a", 0).key,
            act: row("fix:a", 0).act.kind(),
            state: state.clone(),
            attempts: 1,
            created: now(),
            said: None,
            remote: None,
            replays: None,
            tries: Vec::new(),
        };
        serde_json::to_string(&row).unwrap()
    };
    let act = crate::Packed::of(serde_json::to_string(&row("fix:a", 0).act).unwrap().as_bytes());
    let state = State::Sending { since: now() };
    let insert = "INSERT INTO outbox VALUES (41, 'jira', 'fix:a', ?1, ?2, NULL, ?3, ?4)";
    let (key, text) = (row("fix:a", 0).key, texts(&state));
    let values = rusqlite::params![key.as_str(), state.as_str(), text, act.as_stored()];
    old.execute(insert, values).unwrap();
    let body = serde_json::to_string(&delivery("fix:a")).unwrap();
    let insert = "INSERT INTO deliveries VALUES ('jira', 'fix:a', NULL, NULL, ?1)";
    old.execute(insert, [body]).unwrap();
}

#[test]
fn an_outbox_among_the_findings_is_brought_over_once_whenever_that_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    older(folder.path());
    // It is cut off after the copy, and before the findings lose it; then the row moves on.
    let path = folder.path().join("quell.db");
    super::bring_over(&rusqlite::Connection::open(&path).unwrap(), &path).unwrap();
    let half = rusqlite::Connection::open(folder.path().join("outbox.db")).unwrap();
    half.execute("UPDATE outbox SET state = 'sent', row = replace(row, 'sending', 'sent')", [])
        .unwrap();
    half.execute_batch("UPDATE outbox SET row = replace(row, '\"since\"', '\"at\"')").unwrap();
    drop(half);
    let mut store = store(folder.path());
    assert_eq!(store.outbox_counts().unwrap(), [("sent".to_owned(), 1)]);
    assert_eq!(store.outbox_get(41).unwrap().unwrap().attempts, 1);
    assert_eq!(store.outbox_act(41).unwrap(), row("fix:a", 0).act);
    assert_eq!(store.delivery_get("jira", "fix:a").unwrap(), Some(delivery("fix:a")));
    let findings = rusqlite::Connection::open(&path).unwrap();
    let left = "SELECT count(*) FROM sqlite_schema WHERE name IN ('outbox', 'deliveries')";
    assert_eq!(findings.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    // Numbers go on behind those that were given.
    store.outbox_add((None, &delivery("fix:b")), &[row("fix:b", 0)], now()).unwrap();
    assert!(store.outbox_due(now(), 9).unwrap()[0].id > 41);
}

#[test]
fn one_sink_with_much_to_do_leaves_room_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    for number in 0..20 {
        let subject = format!("fix:{number}");
        store.outbox_add((None, &delivery(&subject)), &[row(&subject, 0)], now()).unwrap();
    }
    let other = NewRow { sink: "slack".to_owned(), ..row("fix:last", 0) };
    let told = Delivery { sink: "slack".to_owned(), ..delivery("fix:last") };
    store.outbox_add((None, &told), &[other], now()).unwrap();
    let due = store.outbox_due(now(), 3).unwrap();
    let sinks: Vec<&str> = due.iter().map(|row| row.sink.as_str()).collect();
    assert_eq!(sinks, ["jira", "jira", "jira", "slack"]);
}

#[test]
fn a_restored_outbox_says_so_and_another_tenant_s_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    drop(crate::Store::open(&data).unwrap());
    let mut own = store(&data);
    own.outbox_add((None, &delivery("fix:a")), &[row("fix:a", 0)], now()).unwrap();
    assert!(!own.is_restored().unwrap());
    drop(own);
    let manifest = crate::backup(&data, &to, ("1", "now")).unwrap();
    let file = manifest.files.iter().find(|file| file.path == "outbox.db").unwrap();
    assert_eq!(file.rows.as_ref().unwrap()["outbox"], 1);
    let other = folder.path().join("other");
    crate::restore(&to, &other, crate::Existing::Refuse).unwrap();
    let restored = store(&other);
    assert!(restored.is_restored().unwrap());
    assert_eq!(restored.outbox_counts().unwrap(), [("waiting".to_owned(), 1)]);
    restored.mark_set("tenant", b"acme").unwrap();
    drop(restored);
    let error = OutboxStore::open_for(&other, &TenantId::default()).unwrap_err();
    assert!(matches!(error, crate::StoreError::Tenant { .. }), "{error}");
}

#[test]
fn an_outbox_that_was_in_no_backup_begins_as_an_older_copy_beside_restored_findings() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("backup"));
    drop(crate::Store::open(&data).unwrap());
    let manifest = crate::backup(&data, &to, ("1", "now")).unwrap();
    assert!(manifest.files.iter().all(|file| file.path != "outbox.db"));
    let other = folder.path().join("other");
    crate::restore(&to, &other, crate::Existing::Refuse).unwrap();
    for _ in 0..2 {
        assert!(store(&other).is_restored().unwrap());
    }
    assert!(!store(&data).is_restored().unwrap());
}

#[test]
fn what_changed_at_a_sink_is_looked_at_and_what_nobody_knows_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let remote = quell_deliver::outbox::Remote {
        id: "10001".to_owned(),
        name: "SEC-1".to_owned(),
        url: None,
    };
    // It rested; what changed there has it asked for again.
    let told = Delivery { remote: Some(remote), over: Some(now()), ..delivery("fix:a") };
    store.outbox_add((None, &told), &[], now()).unwrap();
    assert!(!store.delivery_look(("jira", "10002"), now()).unwrap());
    assert!(!store.delivery_look(("other", "10001"), now()).unwrap());
    assert!(store.delivery_due(now(), 9).unwrap().is_empty());
    assert!(store.delivery_look(("jira", "10001"), now()).unwrap());
    let due = store.delivery_due(now(), 9).unwrap();
    assert_eq!(due.iter().map(|one| one.over).collect::<Vec<_>>(), [None]);
}
