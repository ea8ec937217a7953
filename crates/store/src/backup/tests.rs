//! A backup beside a writer is whole, a changed one is found, and a restore is all or nothing.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;

use super::{BackupError, Existing, backup, database, database_state, restore, verify_backup};
use crate::open::{MIGRATIONS, migrate};
use crate::{ServerStore, Store, StoreError};

const MADE: (&str, &str) = ("0.1.0", "2026-11-21T12:00:00Z");

/// A small data directory with a database of each kind, a log and payloads.
fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(Store::open(&data).unwrap());
    drop(Store::open(&data.join("tenants/acme")).unwrap());
    drop(ServerStore::open(&data).unwrap());
    for (path, text) in [
        ("intake/0000000001.seal", "sealed"),
        ("intake/0000000001.log", "half"),
        ("intake/0000000002.log", "open"),
        ("intake/lock", ""),
        ("intake/0000000003.tmp", "x"),
        ("raw/ab/abcd.zst", "payload"),
        ("keys", "k"),
        ("quell.db.before-v4", "old"),
    ] {
        let path = data.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn put(folder: &Path, name: &str, value: &str) {
    Store::open(folder).unwrap().mark_set(name, value.as_bytes()).unwrap();
}

fn get(folder: &Path, name: &str) -> Option<Vec<u8>> {
    Store::open(folder).unwrap().mark(name).unwrap()
}

#[test]
fn what_is_backed_up_comes_back() {
    let folder = data();
    let (data, to) = (folder.path().join("data"), folder.path().join("backups/one"));
    put(&data, "who", "default");
    put(&data.join("tenants/acme"), "who", "acme");
    let manifest = backup(&data, &to, MADE).unwrap();
    let paths: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "intake/0000000001.seal",
            "intake/0000000002.log",
            "keys",
            "quell.db",
            "raw/ab/abcd.zst",
            "server.db",
            "tenants/acme/quell.db"
        ]
    );
    assert_eq!(verify_backup(&to).unwrap(), manifest);
    assert!(matches!(backup(&data, &to, MADE), Err(BackupError::Taken(_))));
    let left: Vec<_> = fs::read_dir(folder.path().join("backups")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    let other = folder.path().join("other");
    let restored = restore(&to, &other, Existing::Refuse).unwrap();
    assert_eq!((restored.before, restored.ended_earlier), (None, false));
    assert_eq!(get(&other, "who").unwrap(), b"default");
    assert_eq!(get(&other.join("tenants/acme"), "who").unwrap(), b"acme");
    assert_eq!(fs::read(other.join("raw/ab/abcd.zst")).unwrap(), b"payload");
    assert!(!other.join("restore.ready").exists() && !other.join("restore.part").exists());
    drop(ServerStore::open(&other).unwrap());
}

#[test]
fn a_backup_under_load_is_one_moment_and_the_writer_goes_on() {
    let folder = data();
    let data = folder.path().join("data");
    let (stop, commits) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let store = Store::open(&data).unwrap();
            store.connection.execute_batch("CREATE TABLE load (a INTEGER, b BLOB)").unwrap();
            while !stop.load(Ordering::Relaxed) {
                // Two rows a commit: a backup never sees one of them.
                let insert = "BEGIN; INSERT INTO load VALUES (1, randomblob(3000));
                              INSERT INTO load VALUES (2, randomblob(3000)); COMMIT";
                store.connection.execute_batch(insert).unwrap();
                commits.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut last = 0;
        for round in 0..5 {
            let before = commits.load(Ordering::Relaxed);
            while commits.load(Ordering::Relaxed) == before {
                assert!(!writer.is_finished());
                std::thread::yield_now();
            }
            let to = folder.path().join(format!("backup{round}"));
            let manifest = backup(&data, &to, MADE).unwrap();
            let file = manifest.files.iter().find(|file| file.path == "quell.db").unwrap();
            let rows = file.rows.as_ref().unwrap().get("load").copied().unwrap_or(0);
            assert!(rows % 2 == 0 && rows > last, "{rows} after {last}");
            last = rows;
            let other = folder.path().join(format!("other{round}"));
            restore(&to, &other, Existing::Refuse).unwrap();
            let states = database_state(&other).unwrap();
            assert!(states.iter().all(|state| state.sound.is_ok() && !state.in_use));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn every_flipped_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("to"));
    fs::create_dir_all(data.join("raw")).unwrap();
    fs::write(data.join("raw/a"), "payload").unwrap();
    let small = Connection::open(data.join("small.db")).unwrap();
    small.pragma_update(None, "page_size", 512).unwrap();
    small.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES ('x')").unwrap();
    drop(small);
    backup(&data, &to, MADE).unwrap();
    for name in ["small.db", "raw/a", "manifest.json", "manifest.blake3"] {
        let path = to.join(name);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, bytes).unwrap();
            let found = verify_backup(&to);
            assert!(matches!(found, Err(BackupError::Damaged { .. })), "{name} {at}: {found:?}");
        }
        fs::write(&path, &whole[1..]).unwrap();
        assert!(verify_backup(&to).is_err(), "{name} cut");
        fs::remove_file(&path).unwrap();
        assert!(verify_backup(&to).is_err(), "{name} missing");
        fs::write(&path, whole).unwrap();
    }
    verify_backup(&to).unwrap();
}

#[test]
fn a_damaged_backup_changes_nothing() {
    let folder = data();
    let (data, to) = (folder.path().join("data"), folder.path().join("to"));
    put(&data, "who", "before");
    backup(&data, &to, MADE).unwrap();
    put(&data, "who", "after");
    fs::write(to.join("raw/ab/abcd.zst"), "Payload").unwrap();
    let error = restore(&to, &data, Existing::PutAside).unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    assert_eq!(get(&data, "who").unwrap(), b"after");
}

#[test]
fn what_is_there_is_refused_or_put_aside() {
    let folder = data();
    let (data, to) = (folder.path().join("data"), folder.path().join("to"));
    put(&data, "who", "before");
    backup(&data, &to, MADE).unwrap();
    put(&data, "who", "after");
    assert!(matches!(restore(&to, &data, Existing::Refuse), Err(BackupError::NotEmpty(_))));
    let restored = restore(&to, &data, Existing::PutAside).unwrap();
    assert_eq!(get(&data, "who").unwrap(), b"before");
    let before = restored.before.unwrap();
    assert_eq!(get(&before, "who").unwrap(), b"after");
    assert!(before.join("quell.db.before-v4").exists());
    assert!(!data.join("quell.db.before-v4").exists());
}

#[test]
fn a_directory_in_use_is_refused_even_with_force() {
    let folder = data();
    let (data, to) = (folder.path().join("data"), folder.path().join("to"));
    backup(&data, &to, MADE).unwrap();
    let store = Store::open(&data).unwrap();
    assert!(matches!(restore(&to, &data, Existing::PutAside), Err(BackupError::InUse(_))));
    drop(store);
    for name in ["intake/lock", "server.lock"] {
        let lock = fs::File::create(data.join(name)).unwrap();
        lock.lock().unwrap();
        let refused = restore(&to, &data, Existing::PutAside);
        assert!(matches!(refused, Err(BackupError::InUse(_))), "{name}");
    }
    restore(&to, &data, Existing::PutAside).unwrap();
}

#[test]
fn a_newer_backup_is_refused_with_a_sentence() {
    let folder = data();
    let (data, to) = (folder.path().join("data"), folder.path().join("to"));
    let newer = Connection::open(data.join("quell.db")).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    drop(newer);
    backup(&data, &to, MADE).unwrap();
    let error = restore(&to, &folder.path().join("other"), Existing::Refuse).unwrap_err();
    assert!(error.to_string().contains("made by a newer quell"), "{error}");
    assert!(!folder.path().join("other").exists());
}

#[test]
fn a_list_that_leads_out_is_refused() {
    for path in ["../x", "/x", "a/../../x", "", "c:\\x"] {
        let folder = tempfile::tempdir().unwrap();
        let file = super::BackupFile {
            path: path.to_owned(),
            bytes: 0,
            blake3: String::new(),
            schema: None,
            rows: None,
        };
        super::Manifest::new("0", "now", vec![file]).write(folder.path()).unwrap();
        assert!(matches!(verify_backup(folder.path()), Err(BackupError::Damaged { .. })), "{path}");
    }
}

/// A restore that is cut off while files are moved is ended by the next, wherever it was cut.
#[test]
fn a_restore_that_was_cut_off_is_ended_by_the_next() {
    for cut in 0..12 {
        let folder = data();
        let (data, to) = (folder.path().join("data"), folder.path().join("to"));
        put(&data, "who", "new");
        backup(&data, &to, MADE).unwrap();
        put(&data, "who", "old");
        // What a restore does until it counts.
        fs::create_dir(data.join("restore.ready")).unwrap();
        copy_all(&to, &data.join("restore.ready"));
        // And then, up to where it is cut.
        let names = ["intake", "keys", "quell.db", "raw", "server.db", "tenants"];
        let before = data.join("before-restore-1");
        fs::create_dir(&before).unwrap();
        for name in names.iter().take(cut) {
            fs::rename(data.join(name), before.join(name)).unwrap();
        }
        for name in names.iter().take(cut.saturating_sub(names.len())) {
            fs::rename(data.join("restore.ready").join(name), data.join(name)).unwrap();
        }
        let refused = Store::open(&data).unwrap_err();
        assert!(matches!(refused, StoreError::HalfRestored(_)), "{refused}");
        assert!(ServerStore::open(&data).is_err());
        assert!(backup(&data, &folder.path().join("two"), MADE).is_err());
        let restored = restore(&to, &data, Existing::Refuse).unwrap();
        assert!(restored.ended_earlier);
        assert_eq!(get(&data, "who").unwrap(), b"new", "cut {cut}");
        for file in &restored.manifest.files {
            assert!(data.join(&file.path).exists(), "cut {cut}: {}", file.path);
        }
        assert!(!data.join("restore.ready").exists());
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A database of an older schema that holds something.
fn older(path: &Path, version: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    migrate(&mut connection, &MIGRATIONS[..version]).unwrap();
    connection.execute("INSERT INTO names VALUES (5, 'old.json')", []).unwrap();
}

fn version(path: &Path) -> u32 {
    database::schema_of(path).unwrap()
}

#[test]
fn a_database_is_copied_before_a_migration_and_the_copy_stays_until_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quell.db");
    older(&path, 2);
    let mut connection = Connection::open(&path).unwrap();
    migrate(&mut connection, &MIGRATIONS[..3]).unwrap();
    let copy = folder.path().join("quell.db.before-v3");
    assert_eq!(version(&copy), 2);
    migrate(&mut connection, &MIGRATIONS[..3]).unwrap();
    assert!(copy.exists());
    migrate(&mut connection, &MIGRATIONS[..4]).unwrap();
    assert!(!copy.exists());
    assert_eq!(version(&folder.path().join("quell.db.before-v4")), 3);
    let held = Connection::open(folder.path().join("quell.db.before-v4")).unwrap();
    let name: String = held.query_row("SELECT name FROM names", [], |row| row.get(0)).unwrap();
    assert_eq!(name, "old.json");
}

#[test]
fn a_new_or_empty_database_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path()).unwrap());
    let copies = |folder: &Path| {
        fs::read_dir(folder)
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("before"))
            .count()
    };
    assert_eq!(copies(folder.path()), 0);
}

#[test]
fn a_copy_of_an_earlier_try_stays_when_it_is_older_still() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quell.db");
    older(&path, 2);
    let broken = [MIGRATIONS[0], MIGRATIONS[1], MIGRATIONS[2], "CREATE TABLE x (a); broken;"];
    let mut connection = Connection::open(&path).unwrap();
    migrate(&mut connection, &broken).unwrap_err();
    let copy = folder.path().join("quell.db.before-v4");
    assert_eq!((version(&path), version(&copy)), (3, 2));
    migrate(&mut connection, &MIGRATIONS[..4]).unwrap();
    assert_eq!((version(&path), version(&copy)), (4, 2));
}

/// Every statement of every migration: a crash behind it leaves the database as it was before the
/// migration, and the next start runs the whole of it.
#[test]
fn a_migration_that_is_cut_off_at_any_statement_is_run_again_as_a_whole() {
    for (at, sql) in MIGRATIONS.iter().enumerate().skip(1) {
        let count = statements(sql);
        assert!(count > 0);
        for cut in 1..=count {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("quell.db");
            older(&path, at);
            let connection = Connection::open(&path).unwrap();
            // A tiny memory makes it write to its log before the end.
            connection.pragma_update(None, "cache_size", 2).unwrap();
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            run(&connection, sql, cut);
            let crashed = folder.path().join("crashed");
            fs::create_dir(&crashed).unwrap();
            for name in ["quell.db", "quell.db-wal"] {
                fs::copy(folder.path().join(name), crashed.join(name)).unwrap();
            }
            drop(connection);
            let file = crashed.join("quell.db");
            assert_eq!(version(&file), u32::try_from(at).unwrap(), "migration {at} cut {cut}");
            let store = Store::open(&crashed).unwrap();
            let names = "SELECT count(*) FROM names WHERE name = 'old.json'";
            let held: i64 = store.connection.query_row(names, [], |row| row.get(0)).unwrap();
            assert_eq!(held, 1);
            drop(store);
            let states = database_state(&crashed).unwrap();
            assert!(states[0].sound.is_ok());
            assert_eq!(states[0].schema.as_ref().ok().copied(), states[0].known);
        }
    }
}

/// The commit of a migration is in the log as a whole or not at all, wherever the log is torn.
#[test]
fn a_commit_of_a_migration_that_is_torn_is_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quell.db");
    older(&path, 4);
    let mut connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    migrate(&mut connection, &MIGRATIONS[..5]).unwrap();
    let database = fs::read(&path).unwrap();
    let log = fs::read(folder.path().join("quell.db-wal")).unwrap();
    let mut versions = std::collections::BTreeMap::new();
    for length in (0..log.len()).step_by(1500).chain([log.len()]) {
        let crashed = tempfile::tempdir().unwrap();
        let file = crashed.path().join("quell.db");
        fs::write(&file, &database).unwrap();
        fs::write(crashed.path().join("quell.db-wal"), &log[..length]).unwrap();
        *versions.entry(version(&file)).or_insert(0) += 1;
        drop(Store::open(crashed.path()).unwrap());
        assert_eq!(usize::try_from(version(&file)).unwrap(), MIGRATIONS.len());
    }
    assert_eq!(versions.keys().copied().collect::<Vec<_>>(), [4, 5]);
}

fn statements(sql: &str) -> usize {
    std::iter::successors(next(sql), |(_, rest)| next(rest)).count()
}

fn run(connection: &Connection, sql: &str, most: usize) {
    let mut rest = sql;
    for _ in 0..most {
        let (statement, after) = next(rest).unwrap();
        connection.execute_batch(statement).unwrap();
        rest = after;
    }
}

/// The next statement and what stands behind it. A `;` in a comment ends none.
fn next(sql: &str) -> Option<(&str, &str)> {
    let mut offset = 0;
    for line in sql.split_inclusive('\n') {
        let code = line.split("--").next().unwrap();
        if let Some(at) = code.find(';') {
            return sql.split_at_checked(offset + at + 1);
        }
        offset += line.len();
    }
    None
}

#[test]
fn sessions_do_not_come_back_with_a_backup() {
    let folder = data();
    let (data, to) = (folder.path().join("data"), folder.path().join("backups/one"));
    let now: quell_model::Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let row = crate::SessionRow {
        hash: [7; 32],
        user: "ana".to_owned(),
        csrf: "c".to_owned(),
        made_at: now,
        used_at: now,
        ends_at: "2026-11-22T00:00:00Z".parse().unwrap(),
    };
    let mut server = ServerStore::open(&data).unwrap();
    // Whose it is does not matter here.
    server.connection.pragma_update(None, "foreign_keys", false).unwrap();
    server.session_begin(&row, None).unwrap();
    drop(server);
    backup(&data, &to, MADE).unwrap();
    // She signs out behind the backup.
    assert!(ServerStore::open(&data).unwrap().session_end(&row.hash).unwrap());
    restore(&to, &data, Existing::PutAside).unwrap();
    assert_eq!(ServerStore::open(&data).unwrap().session_get(&row.hash).unwrap(), None);
    let fresh = folder.path().join("fresh");
    restore(&to, &fresh, Existing::Refuse).unwrap();
    assert_eq!(ServerStore::open(&fresh).unwrap().session_get(&row.hash).unwrap(), None);
    // What is kept in the backup itself stays as it was.
    verify_backup(&to).unwrap();
}

#[test]
fn what_opened_a_server_before_a_restore_waits_to_be_confirmed() {
    let folder = data();
    let (data, to) = (folder.path().join("data"), folder.path().join("backups/one"));
    let now: quell_model::Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let tenant = quell_model::TenantId::default();
    let token = |id: &str| crate::TokenRow {
        id: id.to_owned(),
        tenant: tenant.clone(),
        hash: [1; 32],
        role: "viewer".to_owned(),
        scope: None,
        name: String::new(),
        person: None,
        made_at: now,
        expires_at: None,
        used_at: None,
        revoked_at: None,
    };
    let user = |name: &str| crate::UserRow {
        id: format!("id-{name}"),
        tenant: tenant.clone(),
        name: name.to_owned(),
        shown: name.to_owned(),
        subject: None,
        password: None,
        roles: "[]".to_owned(),
        groups: "[]".to_owned(),
        scope: "{}".to_owned(),
        made_at: now,
        changed_at: now,
        signed_in_at: None,
        disabled_at: None,
    };
    let mut server = ServerStore::open(&data).unwrap();
    for id in ["before", "behind", "kept"] {
        server.token_add(&token(id)).unwrap();
    }
    assert!(server.token_revoke(&tenant, "before", now).unwrap());
    for name in ["ana", "bo"] {
        assert!(server.user_add(&user(name)).unwrap());
    }
    let off = crate::UserRow { disabled_at: Some(now), ..user("bo") };
    server.user_save(&off).unwrap();
    drop(server);
    backup(&data, &to, MADE).unwrap();
    let mut server = ServerStore::open(&data).unwrap();
    assert!(server.token_revoke(&tenant, "behind", now).unwrap());
    drop(server);
    let restored = restore(&to, &data, Existing::PutAside).unwrap();
    assert_eq!((restored.unconfirmed.tokens, restored.unconfirmed.people), (2, 1));

    let mut server = ServerStore::open(&data).unwrap();
    let all = server.token_list(&tenant).unwrap();
    assert!(all.len() == 3 && all.iter().all(|row| row.revoked_at.is_some()), "{all:?}");
    assert_eq!(server.token_unconfirmed(&tenant).unwrap(), ["behind", "kept"]);
    assert!(server.token_confirm(&tenant, "kept").unwrap());
    assert!(!server.token_confirm(&tenant, "kept").unwrap(), "once");
    assert!(!server.token_confirm(&tenant, "before").unwrap(), "it was taken back by a person");
    assert!(!server.token_confirm(&"other".parse().unwrap(), "behind").unwrap());
    let opens = |server: &ServerStore, id| {
        server.token_find(id).unwrap().is_some_and(|row| row.revoked_at.is_none())
    };
    assert!(opens(&server, "kept") && !opens(&server, "before") && !opens(&server, "behind"));
    // Taken back for good, it does not wait any more.
    assert!(server.token_revoke(&tenant, "behind", now).unwrap());
    assert!(!server.token_confirm(&tenant, "behind").unwrap() && !opens(&server, "behind"));

    assert_eq!(server.user_unconfirmed(&tenant).unwrap(), ["ana"]);
    let ana = server.user_named("ana").unwrap().unwrap();
    assert!(ana.disabled_at.is_some());
    server.user_save(&crate::UserRow { disabled_at: None, ..ana }).unwrap();
    assert!(server.user_unconfirmed(&tenant).unwrap().is_empty());
    // What waits still waits in a backup of that.
    drop(server);
    let second = folder.path().join("backups/two");
    backup(&data, &second, MADE).unwrap();
    let restored = restore(&second, &folder.path().join("fresh"), Existing::Refuse).unwrap();
    assert_eq!((restored.unconfirmed.tokens, restored.unconfirmed.people), (1, 1));
}

#[test]
fn no_grant_holds_after_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = quell_model::TenantId::default();
    let at = |second| quell_model::Timestamp::from_second(second).unwrap();
    let mut server = ServerStore::open(folder.path()).unwrap();
    let what = std::collections::BTreeSet::from([crate::GrantKind::Logs]);
    let new = crate::NewGrant { what, task: None, by: "ana", why: "x", until: at(90) };
    server.grant_add(&tenant, &new, at(10)).unwrap().unwrap();
    assert_eq!(server.grants_of(&tenant, "t", at(20)).unwrap().len(), 1);
    drop(server);
    database::distrust(&folder.path().join("server.db")).unwrap();
    let server = ServerStore::open(folder.path()).unwrap();
    assert_eq!(server.grants_of(&tenant, "t", at(20)).unwrap(), []);
    assert_eq!(server.grant_list(&tenant, at(20)).unwrap().len(), 1, "it can still be read");
}

#[test]
fn a_backup_of_a_server_without_people_is_distrusted_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.db");
    let mut connection = Connection::open(&path).unwrap();
    migrate(&mut connection, &crate::server::MIGRATIONS[..1]).unwrap();
    let add = "INSERT INTO tokens (id, tenant, hash, role, name, made_at) \
               VALUES ('old', 'default', zeroblob(32), 'admin', '', 0)";
    connection.execute(add, []).unwrap();
    drop(connection);
    database::distrust(&path).unwrap();
    assert_eq!(database::unconfirmed(&path).unwrap().tokens, 1);
    let mut server = ServerStore::open(folder.path()).unwrap();
    let tenant = quell_model::TenantId::default();
    assert_eq!(server.token_unconfirmed(&tenant).unwrap(), ["old"]);
    assert!(server.token_confirm(&tenant, "old").unwrap());
}

#[test]
fn a_backup_of_another_server_is_refused_where_one_has_its_data() {
    let folder = data();
    let (data, to) = (folder.path().join("data"), folder.path().join("backups/one"));
    fs::write(data.join("server.key"), "one").unwrap();
    put(&data, "a", "mine");
    backup(&data, &to, MADE).unwrap();
    fs::write(data.join("server.key"), "two").unwrap();
    put(&data, "a", "another's");
    let refused = restore(&to, &data, Existing::PutAside).unwrap_err();
    assert!(matches!(refused, BackupError::Other(_)), "{refused}");
    assert_eq!(get(&data, "a").unwrap(), b"another's", "nothing has changed");
    restore(&to, &data, Existing::PutAsideAny).unwrap();
    assert_eq!(get(&data, "a").unwrap(), b"mine");
    restore(&to, &data, Existing::PutAside).unwrap();
    restore(&to, &folder.path().join("fresh"), Existing::Refuse).unwrap();
}
