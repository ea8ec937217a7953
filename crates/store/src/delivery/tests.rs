//! Tests of the outbox.

use std::path::Path;

use quell_deliver::outbox::{Act, OnDoubt, Outcome, State, begun, ended};
use quell_deliver::{Body, Key, Line};
use quell_model::{TenantId, Timestamp};
use std::time::Duration;

use super::{Delivery, NewRow, OutboxFilter};
use crate::Store;

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
    Delivery {
        sink: "jira".to_owned(),
        subject: subject.to_owned(),
        route: "all".to_owned(),
        issues: Vec::new(),
        acts: 1,
        told: String::new(),
        since: now(),
        written: now(),
        remote: None,
        mirror: quell_deliver::mirror::Mirror::default(),
        escalated: false,
        look: None,
    }
}

fn store(folder: &Path) -> Store {
    Store::open(folder).unwrap()
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
