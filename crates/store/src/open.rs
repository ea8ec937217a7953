//! Opening the database and bringing its schema up to date.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::block::Cache;
use crate::{StoreError, Suppression, backup, delivery, facts, seal};

/// Each migration, oldest first; the schema version is how many have run.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_spine.sql"),
    include_str!("migrations/0002_statements.sql"),
    include_str!("migrations/0003_identity.sql"),
    include_str!("migrations/0004_incidents.sql"),
    include_str!("migrations/0005_blocks.sql"),
    include_str!("migrations/0006_lists.sql"),
    include_str!("migrations/0007_fixes.sql"),
    include_str!("migrations/0008_readings.sql"),
    include_str!("migrations/0009_marks.sql"),
    include_str!("migrations/0010_stamps.sql"),
    include_str!("migrations/0011_governance.sql"),
    include_str!("migrations/0012_delivery.sql"),
    include_str!("migrations/0013_times.sql"),
    include_str!("migrations/0014_containment.sql"),
    include_str!("migrations/0015_relations.sql"),
    include_str!("migrations/0016_outbox.sql"),
    include_str!("migrations/0017_told.sql"),
    include_str!("migrations/0018_labels.sql"),
];

/// Bytes of a page of a new database: a block of bodies spans few of them.
const PAGE_BYTES: u32 = 8192;

/// Pages of the log after which a commit folds it into the database: about 2 GiB.
const LOG_PAGES: u32 = 262_144;

/// Less of the log is not worth a thread.
const LEAST_FOLDED_BYTES: u64 = 8 << 20;

/// Memory for pages of the database while it is written.
const WRITE_CACHE_KIB: i32 = 65_536;
/// And once it is only read.
const READ_CACHE_KIB: i32 = 8_192;

/// How long to wait for another process that writes.
pub(crate) const BUSY: Duration = Duration::from_secs(10);

/// The embedded database of one data directory.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) cache: Cache,
    pub(crate) fold: Fold,
    /// Whether it was, when it was opened, what had been written down.
    pub(crate) sealed: bool,
    /// Which issues exceptions hide, as it was last found out.
    pub(crate) hidden: RefCell<Arc<Suppression>>,
}

/// When the write-ahead log is folded.
#[derive(Debug)]
pub(crate) struct Fold {
    /// How much of it has to wait for that.
    pub(crate) least_bytes: Cell<u64>,
    /// Whether it is being folded.
    running: Arc<AtomicBool>,
}

impl Default for Fold {
    fn default() -> Self {
        Self { least_bytes: Cell::new(LEAST_FOLDED_BYTES), running: Arc::default() }
    }
}

/// The write-ahead log being folded into the database; dropped, it waits for that.
#[derive(Debug)]
pub struct Folding(Option<JoinHandle<()>>);

impl Folding {
    /// Whether anything was begun.
    #[must_use]
    pub const fn is_begun(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Folding {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // What it could not fold stays in the log.
            drop(thread.join());
        }
    }
}

impl Store {
    /// Opens the database below `directory`, making both where they are missing.
    ///
    /// # Errors
    /// When the directory cannot be used, or the database is damaged, newer or held by another.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        make_directory(directory)?;
        backup::refuse_half(directory)?;
        let path = directory.join("quell.db");
        Self::open_file(&path).map_err(|error| error.of(&path))
    }

    fn open_file(path: &Path) -> Result<Self, StoreError> {
        let sealed = seal::check(path)?;
        seal::open(path)?;
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // A run folds its log while it makes its report.
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", -WRITE_CACHE_KIB)?;
        // Otherwise a statement is planned anew for each value that it is given.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(64);
        delivery::bring_over(&connection, path)?;
        migrate(&mut connection, MIGRATIONS)?;
        facts::fill(&mut connection)?;
        let hidden = RefCell::default();
        Ok(Self { connection, cache: Cache::default(), fold: Fold::default(), sealed, hidden })
    }

    /// Gives the memory back that pages of the database take, and keeps fewer from now on: what is
    /// read once is not worth it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn release_memory(&self) -> Result<(), StoreError> {
        self.connection.pragma_update(None, "cache_size", -READ_CACHE_KIB)?;
        Ok(self.connection.execute_batch("PRAGMA shrink_memory")?)
    }

    /// Folds the write-ahead log back into the database on a thread of its own. What is said
    /// stays on disk either way: where folding fails, the log is folded when the database is
    /// closed, or opened again. Where little waits, or it is being folded already, nothing is begun.
    #[must_use]
    pub fn fold_beside(&self) -> Folding {
        let Some(path) = self.connection.path().map(ToOwned::to_owned) else {
            return Folding(None);
        };
        let waiting = self.unfolded_bytes().unwrap_or_default();
        if waiting < self.fold.least_bytes.get() || self.fold.running.swap(true, Ordering::SeqCst) {
            return Folding(None);
        }
        let running = Arc::clone(&self.fold.running);
        let fold = move || {
            if let Ok(connection) = Connection::open(path) {
                let fold = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
                // The log is whole, so nothing is lost where this fails.
                drop(fold);
            }
            running.store(false, Ordering::SeqCst);
        };
        let begun = std::thread::Builder::new().spawn(fold).ok();
        if begun.is_none() {
            self.fold.running.store(false, Ordering::SeqCst);
        }
        Folding(begun)
    }

    /// Folds the log, and writes down what the database holds, byte for byte, so that damage shows
    /// when it is opened next. Nobody may write behind this.
    ///
    /// # Errors
    /// When the database refuses, or the list cannot be written.
    pub fn seal(&mut self) -> Result<(), StoreError> {
        seal::seal(&self.connection)
    }

    /// Looks whether the pages of the database hold together, unless they were compared with what
    /// had been written down when it was opened; all of it is read.
    ///
    /// # Errors
    /// When they do not, or the database refuses.
    pub fn look_over(&self) -> Result<(), StoreError> {
        if self.sealed { Ok(()) } else { look_over(&self.connection) }
    }

    /// Bytes of the log that the database itself does not have yet.
    fn unfolded_bytes(&self) -> Result<u64, StoreError> {
        let pages = self.connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| {
            Ok(row.get::<_, i64>(1)?.saturating_sub(row.get(2)?))
        })?;
        Ok(u64::try_from(pages).unwrap_or_default() * u64::from(PAGE_BYTES))
    }

    /// Folds the write-ahead log back into the database, so that the disk use is what it says.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

/// Looks whether the pages of a database hold together.
pub(crate) fn look_over(connection: &Connection) -> Result<(), StoreError> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    let path = connection.path().unwrap_or_default();
    if said == "ok" { Ok(()) } else { Err(StoreError::Damaged(format!("`{path}`: {said}"))) }
}

/// Makes a data directory that only its owner enters; one that is there stays as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make_directory(path: &Path) -> Result<(), StoreError> {
    let mut how = std::fs::DirBuilder::new();
    how.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut how, 0o700);
    how.create(path).map_err(|source| StoreError::Directory { path: path.to_owned(), source })
}

/// Brings a schema up to date. Each migration is one transaction, so one that is cut off is run
/// again as a whole. A database that holds something is copied before, and the copy stays until
/// the next upgrade.
/// How many migrations a database that is there has run, and how many it would have after it is
/// opened; `None` where it is not there, or nothing is to be done.
///
/// # Errors
/// When it cannot be read.
pub fn migration_due(directory: &Path) -> Result<Option<(u32, u32)>, StoreError> {
    let mut due = None;
    let all = [
        ("quell.db", MIGRATIONS),
        (delivery::FILE, delivery::MIGRATIONS),
        ("server.db", crate::server::MIGRATIONS),
    ];
    for (name, known) in all {
        let path = directory.join(name);
        if !path.exists() {
            continue;
        }
        let how = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, how)?;
        let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let known = u32::try_from(known.len()).unwrap_or(u32::MAX);
        if (1..known).contains(&found) {
            due = due.or(Some((found, known)));
        }
    }
    Ok(due)
}

pub(crate) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), StoreError> {
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    let version =
        |c: &Connection| c.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    let found = version(connection)?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if found == known {
        return Ok(());
    }
    backup::copy_before(connection, known)?;
    for (number, sql) in (1u32..).zip(migrations).filter(|(number, _)| *number > found) {
        let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another process may have run it while this one waited for the lock.
        if version(&tx)? < number {
            tx.execute_batch(sql)?;
            tx.pragma_update(None, "user_version", number)?;
        }
        tx.commit()?;
    }
    backup::forget_older(connection, known);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_folded_only_where_enough_of_it_waits() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        store.checkpoint().unwrap();
        assert_eq!(store.unfolded_bytes().unwrap(), 0);
        assert!(!store.fold_beside().is_begun());
        store.mark_set("large", &vec![7; 9 << 20]).unwrap();
        let waiting = store.unfolded_bytes().unwrap();
        assert!(waiting > 9 << 20, "{waiting}");
        store.fold.least_bytes.set(waiting + 1);
        assert!(!store.fold_beside().is_begun());
        store.fold.least_bytes.set(waiting);
        let folding = store.fold_beside();
        assert!(folding.is_begun());
        drop(folding);
        assert_eq!(store.unfolded_bytes().unwrap(), 0);
        assert!(!store.fold_beside().is_begun(), "what is folded waits no more");
    }

    #[test]
    fn a_newer_database_is_refused_with_a_sentence() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.connection.pragma_update(None, "user_version", 99).unwrap();
        drop(store);
        let error = Store::open(dir.path()).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }

    #[test]
    fn an_older_database_keeps_its_findings_and_waits_to_be_judged() {
        let dir = tempfile::tempdir().unwrap();
        let old = Connection::open(dir.path().join("quell.db")).unwrap();
        for sql in &MIGRATIONS[..2] {
            old.execute_batch(sql).unwrap();
        }
        old.pragma_update(None, "user_version", 2).unwrap();
        let body = crate::Packed::of(b"{\"a\":1}");
        let (finding, issue) = ([1_u8; 16], [2_u8; 16]);
        old.execute("INSERT INTO names VALUES (5, 'old.json')", []).unwrap();
        old.execute(
            "INSERT INTO issues (id, key, run, dirty, open, score, body) VALUES (9, ?1, 1, 0, 1, 7, ?2)",
            rusqlite::params![issue, body.as_stored()],
        )
        .unwrap();
        old.execute(
            "INSERT INTO findings VALUES (3, ?1, 9, 4, 50000000, 0, 0, 1, 8, NULL, NULL, NULL, 5, 77, ?2)",
            rusqlite::params![finding, body.as_stored()],
        )
        .unwrap();
        drop(old);

        let mut store = Store::open(dir.path()).unwrap();
        let dirty = store.issue_list_dirty(10).unwrap();
        assert_eq!(dirty.iter().map(|i| i.id).collect::<Vec<_>>(), [9]);
        let issue = store.issue_get(9).unwrap().unwrap();
        assert_eq!(issue.body.unwrap().unpack().unwrap(), b"{\"a\":1}");
        let found = store.finding_list(9).unwrap();
        assert_eq!((found[0].path.as_str(), found[0].offset_bytes), ("old.json", 77));
        assert_eq!(found[0].body.unpack().unwrap(), b"{\"a\":1}");
        let mut touched = crate::Touched::default();
        let import = store.import("new.json", &mut touched).unwrap();
        assert_eq!(import.id, 9);
    }

    #[test]
    fn a_file_that_is_no_database_is_named_damaged() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("quell.db"), vec![b'x'; 8192]).unwrap();
        let error = Store::open(dir.path()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    }
}
