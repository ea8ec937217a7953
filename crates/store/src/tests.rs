//! What is promised of a file: whole or not at all, in any order, as often as one likes.

use quell_model::{FindingKey, IssueKey, KeyHasher, Outcome, Scope, Status, Timestamp};

use crate::{
    FinishedInput, Held, MostClosed, NewBody, Packed, PreparedEvidence, PreparedFinding, Seen,
    Store, StoreError, Touched,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

fn key(name: &str) -> FindingKey {
    KeyHasher::new("finding").part(name).finish()
}

fn issue(name: &str) -> IssueKey {
    KeyHasher::new("issue").part(name).finish()
}

/// One file's content: findings, passes, whether it was read to its end, what it may close.
struct File<'a> {
    findings: &'a [(&'a str, i64)],
    passes: &'a [(&'a str, i64)],
    complete: bool,
    most_closed: Option<MostClosed>,
}

fn scope(name: &str) -> Scope {
    Scope { target: "account".to_owned(), check: name.to_owned(), place: "eu".to_owned() }
}

fn import(store: &mut Store, file: &File<'_>) -> (Vec<Outcome>, Seen) {
    let mut touched = Touched::default();
    let mut import = store.import("file.json", &mut touched).unwrap();
    let body = Packed::of(b"{}");
    let mut outcomes = Vec::new();
    for (name, time) in file.findings {
        let scope = scope("check");
        let finding = PreparedFinding {
            key: key(name),
            issue: issue(name),
            control: None,
            content_hash: 1,
            status: Status::Open,
            severity: quell_model::Severity::High,
            tool: "test",
            last_seen: at(*time),
            scope: Some(&scope),
            offset_bytes: 0,
            body: NewBody::Alone(&body),
            alone: None,
        };
        outcomes.push(import.finding(&finding).unwrap().0);
    }
    for (name, time) in file.passes {
        let evidence = PreparedEvidence {
            key: key(name),
            content_hash: 1,
            observed: at(*time),
            passed: true,
            scope: None,
            body: &body,
        };
        outcomes.push(import.evidence(&evidence).unwrap());
    }
    let hash =
        *KeyHasher::new("file").part(&format!("{:?}", file.findings)).finish::<()>().as_bytes();
    let hash: [u8; 32] = [hash, hash].concat().try_into().unwrap();
    let finished = FinishedInput {
        hash: Some(&hash),
        path: "file.json",
        plain_bytes: None,
        format: "test",
        imported_at: at(0),
        complete: file.complete,
        most_closed: file.most_closed,
    };
    (outcomes, import.finish(&finished).unwrap())
}

fn open(store: &Store) -> Vec<FindingKey> {
    let mut keys = Vec::new();
    for row in store.issue_list_dirty(1000).unwrap() {
        let findings = store.finding_list(row.id).unwrap();
        keys.extend(findings.iter().filter(|f| f.state.status.is_open()).map(|f| f.key));
    }
    keys.sort();
    keys
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

const OLDER: File<'_> =
    File { findings: &[("a", 1), ("b", 1)], passes: &[], complete: true, most_closed: None };
const NEWER: File<'_> =
    File { findings: &[("b", 9)], passes: &[], complete: true, most_closed: None };
const PASS: File<'_> =
    File { findings: &[], passes: &[("b", 20)], complete: true, most_closed: None };

fn alone<'a>(of: IssueKey, body: &'a Packed) -> PreparedFinding<'a> {
    PreparedFinding {
        key: key("a"),
        issue: of,
        control: None,
        content_hash: 1,
        status: Status::Open,
        severity: quell_model::Severity::High,
        tool: "test",
        last_seen: at(1),
        scope: None,
        offset_bytes: 0,
        body: NewBody::Alone(body),
        alone: None,
    }
}

fn finished(hash: &[u8; 32]) -> FinishedInput<'_> {
    FinishedInput {
        hash: Some(hash),
        path: "file.json",
        plain_bytes: None,
        format: "test",
        imported_at: at(0),
        complete: true,
        most_closed: None,
    }
}

/// Imports one finding in an issue.
fn import_into(store: &mut Store, of: IssueKey, content_hash: i64) -> Outcome {
    let mut touched = Touched::default();
    let mut import = store.import("file.json", &mut touched).unwrap();
    let body = Packed::of(b"{}");
    let finding = PreparedFinding { content_hash, ..alone(of, &body) };
    let (outcome, _) = import.finding(&finding).unwrap();
    import.finish(&finished(&[u8::try_from(content_hash).unwrap(); 32])).unwrap();
    outcome
}

#[test]
fn a_finding_is_in_the_issue_of_its_newest_content_in_any_order() {
    let contents = [(issue("one"), 1), (issue("two"), 2)];
    for order in [[0, 1], [1, 0]] {
        let (_folder, mut store) = store();
        for at in order {
            import_into(&mut store, contents[at].0, contents[at].1);
        }
        let rows = store.issue_list_dirty(10).unwrap();
        let filled = rows.iter().filter(|row| !store.finding_list(row.id).unwrap().is_empty());
        assert_eq!(filled.map(|row| row.key).collect::<Vec<_>>(), [issue("two")], "{order:?}");
    }
}

#[test]
fn what_is_read_again_by_a_better_program_stays() {
    for (first, second) in [(1, 2), (2, 1)] {
        let (_folder, mut store) = store();
        import_into(&mut store, issue("one"), first);
        let mut touched = Touched::default();
        let mut import = store.import("file.json", &mut touched).unwrap();
        import.replay();
        let body = Packed::of(b"{}");
        let finding = PreparedFinding { content_hash: second, ..alone(issue("two"), &body) };
        assert_eq!(import.finding(&finding).unwrap().0, Outcome::Updated);
        import.finish(&finished(&[9; 32])).unwrap();
        let rows = store.issue_list_dirty(10).unwrap();
        let filled = rows.iter().filter(|row| !store.finding_list(row.id).unwrap().is_empty());
        assert_eq!(filled.map(|row| row.key).collect::<Vec<_>>(), [issue("two")]);
    }
}

#[test]
fn a_finding_moves_when_its_rule_becomes_known() {
    let (_folder, mut store) = store();
    import_into(&mut store, issue("rule"), 1);
    assert_eq!(import_into(&mut store, issue("control"), 1), Outcome::Updated);
    assert_eq!(import_into(&mut store, issue("control"), 1), Outcome::Unchanged);
}

#[test]
fn a_repeat_changes_nothing() {
    let (_folder, mut store) = store();
    assert_eq!(import(&mut store, &OLDER).0, [Outcome::Created; 2]);
    let (outcomes, seen) = import(&mut store, &OLDER);
    assert_eq!((outcomes, seen), (vec![Outcome::Unchanged; 2], Seen::default()));
}

#[test]
fn a_newer_scan_closes_what_vanished_and_an_older_one_nothing() {
    let (_folder, mut store) = store();
    import(&mut store, &OLDER);
    assert_eq!(import(&mut store, &NEWER).1.closed, 1);
    assert_eq!(open(&store), [key("b")]);
    assert_eq!(import(&mut store, &OLDER).1, Seen::default());
    let back =
        File { findings: &[("a", 30), ("b", 30)], passes: &[], complete: true, most_closed: None };
    assert_eq!(import(&mut store, &back).1.reopened, 1);
}

#[test]
fn a_scan_that_would_close_too_much_brings_its_news_and_closes_nothing() {
    let (_folder, mut store) = store();
    import(&mut store, &OLDER);
    let most = |percent, always| Some(MostClosed { percent, always });
    let news = File { findings: &[("b", 9), ("c", 9)], ..NEWER };
    let held = File { most_closed: most(20, 0), ..news };
    let (outcomes, seen) = import(&mut store, &held);
    assert_eq!(outcomes, [Outcome::Unchanged, Outcome::Created]);
    assert_eq!((seen.closed, seen.held), (0, Some(Held { closes: 1, open: 3 })));
    assert_eq!(open(&store).len(), 3);
    // What covers the same again is not thought of as older than what was held.
    let (_, seen) = import(&mut store, &File { most_closed: most(50, 0), ..news });
    assert_eq!((seen.closed, seen.held), (1, None));
    assert_eq!(open(&store).len(), 2);
}

#[test]
fn few_findings_are_closed_whatever_their_share_is() {
    let (_folder, mut store) = store();
    import(&mut store, &OLDER);
    let most_closed = Some(MostClosed { percent: 20, always: 1 });
    assert_eq!(import(&mut store, &File { most_closed, ..NEWER }).1.closed, 1);
}

#[test]
fn a_mark_is_what_was_set_last() {
    let (_folder, mut store) = store();
    assert_eq!(store.mark("reader").unwrap(), None);
    for mark in [&b"far"[..], b"further"] {
        store.mark_set("reader", mark).unwrap();
        assert_eq!(store.mark("reader").unwrap().as_deref(), Some(mark));
    }
}

#[test]
fn a_scan_that_broke_off_closes_nothing() {
    let (_folder, mut store) = store();
    import(&mut store, &OLDER);
    assert_eq!(import(&mut store, &File { complete: false, ..NEWER }).1.closed, 0);
    assert_eq!(open(&store).len(), 2);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let mut results = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (_folder, mut store) = store();
        for file in order {
            import(&mut store, [&OLDER, &NEWER, &PASS][file]);
        }
        results.push(open(&store));
    }
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
    assert!(results[0].is_empty());
}

#[test]
fn a_full_disk_keeps_what_was_there_and_nothing_of_the_new() {
    let (folder, mut store) = store();
    import(&mut store, &OLDER);
    let pages: i64 =
        store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.connection.pragma_update(None, "max_page_count", pages + 8).unwrap();
    let mut touched = Touched::default();
    let mut import = store.import("big.json", &mut touched).unwrap();
    let noise: Vec<u8> =
        (0..4000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let body = Packed::of(&noise);
    let error = (0..1000).find_map(|number| {
        let finding = PreparedFinding {
            key: key(&number.to_string()),
            issue: issue(&number.to_string()),
            control: None,
            content_hash: 1,
            status: Status::Open,
            severity: quell_model::Severity::High,
            tool: "test",
            last_seen: at(1),
            scope: None,
            offset_bytes: 0,
            body: NewBody::Alone(&body),
            alone: None,
        };
        import.finding(&finding).err()
    });
    assert!(matches!(error, Some(StoreError::Full)), "{error:?}");
    drop(import);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(
        open(&store),
        [key("a"), key("b")]
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
}
