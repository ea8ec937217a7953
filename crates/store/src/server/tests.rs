//! What is promised of jobs, replies, tokens and sources.

use quell_model::{JobKey, KeyHasher, TenantId, Timestamp};

use super::{
    Ended, GroupRow, Heard, JobFilter, JobRow, JobState, NewJob, Renewed, Reply, SessionRow,
    TokenRow, UserRow,
};
use crate::{ServerStore, Store, StoreError};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn id(name: &str) -> JobKey {
    KeyHasher::new("job").part(name).finish()
}

fn store() -> (tempfile::TempDir, ServerStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = ServerStore::open(folder.path()).unwrap();
    (folder, store)
}

fn add(store: &mut ServerStore, of: &str, name: &str, due: i64) -> bool {
    let new = NewJob {
        id: id(name),
        kind: "import",
        what: "{}",
        source: "api",
        made_by: "someone",
        due_at: at(due),
    };
    store.job_add(&tenant(of), &new, at(0)).unwrap()
}

fn take(store: &mut ServerStore, now: i64) -> Option<JobRow> {
    store.job_take(at(now), at(now + 30)).unwrap()
}

fn state(store: &ServerStore, of: &str, name: &str) -> JobState {
    store.job(&tenant(of), id(name)).unwrap().unwrap().state
}

#[test]
fn a_job_is_added_once_and_taken_once() {
    let (_folder, mut store) = store();
    assert!(add(&mut store, "a", "one", 5));
    assert!(!add(&mut store, "a", "one", 5));
    assert!(take(&mut store, 4).is_none());
    let job = take(&mut store, 5).unwrap();
    assert_eq!((job.id, job.attempts, job.state), (id("one"), 1, JobState::Running));
    assert!(take(&mut store, 6).is_none());
    assert!(store.job_end(&job, Ended::Done("{\"n\":1}"), at(7)).unwrap());
    let row = store.job(&tenant("a"), id("one")).unwrap().unwrap();
    assert_eq!((row.state, row.result.as_deref()), (JobState::Done, Some("{\"n\":1}")));
}

#[test]
fn no_tenant_waits_behind_the_many_jobs_of_another() {
    let (_folder, mut store) = store();
    for name in ["one", "two", "three"] {
        add(&mut store, "a", name, 1);
    }
    add(&mut store, "b", "four", 2);
    assert_eq!(take(&mut store, 9).unwrap().tenant, tenant("a"));
    assert_eq!(take(&mut store, 9).unwrap().tenant, tenant("b"));
    assert!(take(&mut store, 9).is_none());
}

#[test]
fn a_worker_that_lost_its_lease_changes_nothing() {
    let (_folder, mut store) = store();
    add(&mut store, "a", "one", 0);
    let slow = take(&mut store, 0).unwrap();
    assert_eq!(store.job_recover(at(10), false).unwrap(), 0);
    assert_eq!(store.job_recover(at(31), false).unwrap(), 1);
    let next = take(&mut store, 31).unwrap();
    assert_eq!(next.attempts, 2);
    assert_eq!(store.job_renew(&slow, (1, 2, "late"), at(90)).unwrap(), Renewed::Lost);
    assert!(!store.job_end(&slow, Ended::Dead("late"), at(32)).unwrap());
    assert_eq!(store.job_renew(&next, (1, 2, "reading"), at(90)).unwrap(), Renewed::Yes);
    assert!(store.job_end(&next, Ended::Done("{}"), at(33)).unwrap());
    assert_eq!(state(&store, "a", "one"), JobState::Done);
}

#[test]
fn what_fails_is_tried_later_and_in_the_end_given_up_with_its_reason() {
    let (_folder, mut store) = store();
    add(&mut store, "a", "one", 0);
    let job = take(&mut store, 0).unwrap();
    store.job_end(&job, Ended::Retry { reason: "the disk is full", at: at(60) }, at(1)).unwrap();
    assert!(take(&mut store, 59).is_none());
    let job = take(&mut store, 60).unwrap();
    assert_eq!(job.reason.as_deref(), Some("the disk is full"));
    store.job_end(&job, Ended::Dead("it is no JSON"), at(61)).unwrap();
    let row = store.job(&tenant("a"), id("one")).unwrap().unwrap();
    assert_eq!((row.state, row.reason.as_deref()), (JobState::Dead, Some("it is no JSON")));
    assert!(store.job_again((&tenant("a"), id("one")), Some("{\"x\":1}"), at(70)).unwrap());
    assert_eq!(take(&mut store, 70).unwrap().what, "{\"x\":1}");
}

#[test]
fn a_job_is_called_off_where_it_waits_and_where_it_runs() {
    let (_folder, mut store) = store();
    add(&mut store, "a", "waits", 9);
    add(&mut store, "a", "runs", 0);
    let job = take(&mut store, 0).unwrap();
    for name in ["waits", "runs"] {
        assert!(!store.job_cancel(&tenant("b"), id(name), at(1)).unwrap());
        assert!(store.job_cancel(&tenant("a"), id(name), at(1)).unwrap());
    }
    assert_eq!(state(&store, "a", "waits"), JobState::Cancelled);
    assert_eq!(store.job_renew(&job, (0, 0, ""), at(50)).unwrap(), Renewed::Cancelled);
    store.job_end(&job, Ended::Cancelled, at(2)).unwrap();
    assert_eq!(state(&store, "a", "runs"), JobState::Cancelled);
    assert!(!store.job_cancel(&tenant("a"), id("runs"), at(3)).unwrap());
}

#[test]
fn a_tenant_sees_its_own_jobs_only_and_pages_through_all_of_them() {
    let (_folder, mut store) = store();
    let names: Vec<String> = (0..7).map(|n| format!("job {n}")).collect();
    names.iter().for_each(|name| assert!(add(&mut store, "a", name, 0)));
    add(&mut store, "b", "foreign", 0);
    assert!(store.job(&tenant("a"), id("foreign")).unwrap().is_none());
    assert!(!store.job_again((&tenant("a"), id("foreign")), None, at(1)).unwrap());
    let (mut seen, mut filter) = (Vec::new(), JobFilter::default());
    loop {
        let page = store.job_list(&tenant("a"), &filter, 3).unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some((last.made_at, last.id));
        seen.extend(page.iter().map(|job| job.id));
    }
    let mut all: Vec<JobKey> = names.iter().map(|name| id(name)).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(seen, all);
    assert_eq!(store.job_counts(Some(&tenant("b"))).unwrap(), [(JobState::Queued, 1)]);
}

#[test]
fn the_same_request_is_answered_once() {
    let (_folder, mut store) = store();
    let (one, two) = (tenant("a"), tenant("b"));
    let (name, request) = ([1; 32], [2; 32]);
    let begin = |store: &mut ServerStore, of: &TenantId, request: &[u8; 32]| {
        store.reply_begin(of, (&name, request), at(0)).unwrap()
    };
    assert_eq!(begin(&mut store, &one, &request), Reply::New);
    assert_eq!(begin(&mut store, &one, &request), Reply::Pending);
    assert_eq!(begin(&mut store, &one, &[9; 32]), Reply::Other);
    assert_eq!(begin(&mut store, &two, &[9; 32]), Reply::New);
    store.reply_keep(&one, &name, (202, b"job")).unwrap();
    let known = Reply::Known { status: 202, body: b"job".to_vec() };
    assert_eq!(begin(&mut store, &one, &request), known);
    store.reply_forget(&one, &name).unwrap();
    assert_eq!(begin(&mut store, &one, &request), known);
    assert_eq!(store.reply_sweep(at(1)).unwrap(), 2);
    assert_eq!(begin(&mut store, &one, &request), Reply::New);
    store.reply_forget(&one, &name).unwrap();
    assert_eq!(begin(&mut store, &one, &request), Reply::New);
}

#[test]
fn a_token_is_found_by_its_id_and_taken_back_by_its_tenant() {
    let (_folder, mut store) = store();
    let token = TokenRow {
        id: "abc".to_owned(),
        tenant: tenant("a"),
        hash: [7; 32],
        role: "viewer".to_owned(),
        scope: Some("{}".to_owned()),
        name: "dashboard".to_owned(),
        person: Some("id of ana".to_owned()),
        made_at: at(0),
        expires_at: Some(at(99)),
        used_at: None,
        revoked_at: None,
    };
    store.token_add(&token).unwrap();
    assert!(store.token_add(&token).is_err());
    assert_eq!(store.token_find("abc").unwrap().as_ref(), Some(&token));
    assert_eq!(store.token_list(&tenant("b")).unwrap(), []);
    assert!(!store.token_revoke(&tenant("b"), "abc", at(1)).unwrap());
    assert!(store.token_revoke(&tenant("a"), "abc", at(1)).unwrap());
    assert_eq!(store.token_find("abc").unwrap().unwrap().revoked_at, Some(at(1)));
}

fn user(name: &str, subject: Option<&str>) -> UserRow {
    UserRow {
        id: format!("id of {name}"),
        tenant: tenant("a"),
        name: name.to_owned(),
        shown: name.to_uppercase(),
        subject: subject.map(str::to_owned),
        password: None,
        roles: "[]".to_owned(),
        groups: "[]".to_owned(),
        scope: "{}".to_owned(),
        made_at: at(0),
        changed_at: at(0),
        signed_in_at: None,
        disabled_at: None,
    }
}

#[test]
fn a_person_is_found_by_id_name_and_subject() {
    let (_folder, mut store) = store();
    let (ana, bo) = (user("ana", Some("https://idp|1")), user("bo", None));
    assert!(store.user_add(&ana).unwrap() && store.user_add(&bo).unwrap());
    let same_name = UserRow { id: "other".to_owned(), subject: None, ..ana.clone() };
    let same_subject = UserRow { id: "other".to_owned(), name: "other".to_owned(), ..ana.clone() };
    assert!(!store.user_add(&same_name).unwrap() && !store.user_add(&same_subject).unwrap());
    assert_eq!(store.user_get("id of ana").unwrap().as_ref(), Some(&ana));
    assert_eq!(store.user_named("ana").unwrap().as_ref(), Some(&ana));
    assert_eq!(store.user_of_subject("https://idp|1").unwrap().as_ref(), Some(&ana));
    assert_eq!(store.user_of_subject("").unwrap(), None);
    let changed = UserRow { disabled_at: Some(at(3)), roles: "[\"admin\"]".to_owned(), ..bo };
    store.user_save(&changed).unwrap();
    assert_eq!(store.user_list(&tenant("a")).unwrap(), [ana, changed]);
    assert_eq!(store.user_list(&tenant("b")).unwrap(), []);
}

#[test]
fn a_group_is_one_tenant_s() {
    let (_folder, mut store) = store();
    let row = GroupRow {
        name: "web".to_owned(),
        roles: "[\"analyst\"]".to_owned(),
        scope: "{}".to_owned(),
        made_at: at(0),
    };
    store.group_set(&tenant("a"), &row).unwrap();
    let row = GroupRow { roles: "[]".to_owned(), ..row };
    store.group_set(&tenant("a"), &row).unwrap();
    assert_eq!(store.group_list(&tenant("a")).unwrap(), [row]);
    assert_eq!(store.group_list(&tenant("b")).unwrap(), []);
    assert!(!store.group_remove(&tenant("b"), "web").unwrap());
    assert!(store.group_remove(&tenant("a"), "web").unwrap());
}

#[test]
fn a_session_ends_with_the_next_one_of_its_browser_and_when_there_are_too_many() {
    let (_folder, mut store) = store();
    store.user_add(&user("ana", None)).unwrap();
    let session = |number: u8| SessionRow {
        hash: [number; 32],
        user: "id of ana".to_owned(),
        csrf: "csrf".to_owned(),
        made_at: at(i64::from(number)),
        used_at: at(i64::from(number)),
        ends_at: at(1000 + i64::from(number)),
    };
    store.session_begin(&session(1), None).unwrap();
    store.session_used(&[1; 32], at(9)).unwrap();
    let used = SessionRow { used_at: at(9), ..session(1) };
    assert_eq!(store.session_get(&[1; 32]).unwrap(), Some(used));
    store.session_begin(&session(2), Some(&[1; 32])).unwrap();
    assert_eq!(store.session_get(&[1; 32]).unwrap(), None);
    for number in 3..=60 {
        store.session_begin(&session(number), None).unwrap();
    }
    assert_eq!(store.session_get(&[10; 32]).unwrap(), None, "more than 50 of one person");
    assert!(store.session_get(&[11; 32]).unwrap().is_some());
    assert!(store.session_end(&[11; 32]).unwrap() && !store.session_end(&[11; 32]).unwrap());
    assert_eq!(store.session_end_all("id of ana").unwrap(), 49);
}

#[test]
fn a_source_keeps_its_sums_and_its_last_failure() {
    let (_folder, mut store) = store();
    let a = tenant("a");
    let key = (&a, "wiz", "hook");
    let good = Heard { deliveries: 1, records: 3, rejected: 1, failed: None };
    let bad = Heard { deliveries: 1, failed: Some("no JSON".to_owned()), ..Heard::default() };
    store.source_heard(key, &good, at(1)).unwrap();
    store.source_heard(key, &bad, at(2)).unwrap();
    store.source_heard(key, &good, at(3)).unwrap();
    let [row] = store.source_list(&a).unwrap().try_into().unwrap();
    assert_eq!((row.deliveries, row.records, row.rejected), (3, 6, 2));
    assert_eq!(
        (row.heard_at, row.taken_at, row.failed_at),
        (Some(at(3)), Some(at(3)), Some(at(2)))
    );
    assert_eq!(row.reason.as_deref(), Some("no JSON"));
}

#[test]
fn the_database_of_another_tenant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = ("one".parse().unwrap(), "two".parse().unwrap());
    drop(Store::open_for(folder.path(), &one).unwrap());
    drop(Store::open_for(folder.path(), &one).unwrap());
    let tenants = folder.path().join("tenants");
    std::fs::rename(tenants.join("one"), tenants.join("two")).unwrap();
    let error = Store::open_for(folder.path(), &two).unwrap_err();
    assert!(matches!(error, StoreError::Tenant { .. }), "{error}");
}

#[test]
fn a_newer_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = ServerStore::open(folder.path()).unwrap();
    store.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let error = ServerStore::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
}
