//! One database: copied from a snapshot, checked, and looked at.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{BackupError, about, known_schema};
use crate::StoreError;
use crate::open::BUSY;

/// Pages of one step: some megabytes.
const STEP_PAGES: i32 = 1024;
/// Faults that `integrity_check` lists.
const MOST_FAULTS: u32 = 3;

/// What a database holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// How many migrations have run.
    pub(super) schema: u32,
    /// Rows by table.
    pub(super) rows: BTreeMap<String, u64>,
}

/// Copies a database as it is at this moment into a file that is not there yet. Writers go on:
/// the copy is read from one snapshot. The copy is a single file, flushed and checked.
pub(super) fn copy(from: &Path, to: &Path) -> Result<Contents, BackupError> {
    let source = open(from, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(StoreError::from)?;
    let before = snapshot(&source, to).map_err(StoreError::from)?;
    let copy = open(to, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(StoreError::from)?;
    sound(&copy)?;
    let after = contents(&copy).map_err(StoreError::from)?;
    if before != after {
        let problem = "the copy holds other rows than the database".to_owned();
        return Err(StoreError::Damaged(problem).into());
    }
    drop(copy);
    super::files::sync(to)?;
    Ok(after)
}

fn open(path: &Path, how: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Copies in steps, all from the snapshot that the transaction holds; so a commit of another
/// connection neither waits nor makes the copy begin anew.
fn snapshot(source: &Connection, to: &Path) -> Result<Contents, rusqlite::Error> {
    let reading = source.unchecked_transaction()?;
    let contents = contents(source)?;
    let mut target = Connection::open(to)?;
    // The file is flushed once at its end, and goes where it fails.
    target.pragma_update(None, "synchronous", "OFF")?;
    target.pragma_update(None, "journal_mode", "OFF")?;
    let copying = Backup::new(source, &mut target)?;
    let mut step = StepResult::More;
    while step == StepResult::More {
        step = copying.step(STEP_PAGES)?;
    }
    if step != StepResult::Done {
        return Err(busy());
    }
    drop(copying);
    // Without a log beside it, one file is the whole database.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| error)?;
    reading.finish()?;
    Ok(contents)
}

/// The mark of a database that was put back.
pub(crate) const RESTORED: &str = "restored";

/// Who waits to be confirmed after a restore.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unconfirmed {
    /// Tokens.
    pub tokens: u64,
    /// People.
    pub people: u64,
}

/// Ends every session of a restored database and every grant, takes its tokens back and switches
/// its people off: what was ended or taken back since the backup was made must not come back. Which
/// tokens and people they were is noted, so that they can be confirmed.
pub(super) fn distrust(path: &Path) -> Result<(), BackupError> {
    if !path.exists() {
        return Ok(());
    }
    let done = || -> Result<(), rusqlite::Error> {
        let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let tx = connection.transaction()?;
        // An older program had none of some.
        if has(&tx, "sessions")? {
            tx.execute("DELETE FROM sessions", [])?;
        }
        if has(&tx, "grants")? {
            tx.execute("UPDATE grants SET removed_at = made_at WHERE removed_at IS NULL", [])?;
        }
        tx.execute_batch(include_str!("../migrations/server_0004.sql"))?;
        if has(&tx, "tokens")? {
            tx.execute_batch(
                "INSERT OR IGNORE INTO unconfirmed \
                   SELECT 'token', id FROM tokens WHERE revoked_at IS NULL; \
                 UPDATE tokens SET revoked_at = COALESCE(used_at, made_at) \
                   WHERE revoked_at IS NULL;",
            )?;
        }
        if has(&tx, "users")? {
            tx.execute_batch(
                "INSERT OR IGNORE INTO unconfirmed \
                   SELECT 'user', id FROM users WHERE disabled_at IS NULL; \
                 UPDATE users SET disabled_at = changed_at WHERE disabled_at IS NULL;",
            )?;
        }
        tx.commit()?;
        connection.close().map_err(|(_, error)| error)
    };
    done().map_err(StoreError::from)?;
    super::files::sync(path)
}

/// Notes in a tenant's findings that they were put back. The outbox beside them may be of no
/// backup, and then takes the note over when it is opened.
pub(super) fn note_restored(path: &Path) -> Result<(), BackupError> {
    note(path, "settings", "'mark:' || ?1")
}

/// Notes in a restored outbox that it is an older copy: what was sent since is looked for before
/// anything is made again.
pub(super) fn note_older(path: &Path) -> Result<(), BackupError> {
    note(path, "marks", "?1")
}

fn note(path: &Path, table: &str, name: &str) -> Result<(), BackupError> {
    let noted = || -> Result<(), rusqlite::Error> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if has(&connection, table)? {
            let note =
                format!("INSERT OR REPLACE INTO {table} (name, value) VALUES ({name}, x'01')");
            connection.execute(&note, [RESTORED])?;
        }
        connection.close().map_err(|(_, error)| error)
    };
    noted().map_err(StoreError::from)?;
    super::files::sync(path)
}

/// Whether findings say that they were put back.
pub(crate) fn was_restored(path: &Path) -> Result<bool, StoreError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if !has(&connection, "settings")? {
        return Ok(false);
    }
    let noted = "SELECT EXISTS (SELECT 1 FROM settings WHERE name = 'mark:' || ?1)";
    Ok(connection.query_row(noted, [RESTORED], |row| row.get(0))?)
}

/// How many wait to be confirmed in a database.
pub(super) fn unconfirmed(path: &Path) -> Result<Unconfirmed, BackupError> {
    if !path.exists() {
        return Ok(Unconfirmed::default());
    }
    let counted = || -> Result<Unconfirmed, rusqlite::Error> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let count = |kind: &str| -> Result<u64, rusqlite::Error> {
            let text = "SELECT count(*) FROM unconfirmed WHERE kind = ?1";
            let count: i64 = connection.query_row(text, [kind], |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or_default())
        };
        if !has(&connection, "unconfirmed")? {
            return Ok(Unconfirmed::default());
        }
        Ok(Unconfirmed { tokens: count("token")?, people: count("user")? })
    };
    Ok(counted().map_err(StoreError::from)?)
}

fn has(connection: &Connection, table: &str) -> Result<bool, rusqlite::Error> {
    let text = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
    connection.query_row(text, [table], |row| row.get(0))
}

fn busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}

fn contents(connection: &Connection) -> Result<Contents, rusqlite::Error> {
    let mut select = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )?;
    let names = select.query_map([], |row| row.get::<_, String>(0))?;
    let mut rows = BTreeMap::new();
    for name in names {
        let name = name?;
        let count = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
        let count: i64 = connection.query_row(&count, [], |row| row.get(0))?;
        rows.insert(name, u64::try_from(count).unwrap_or_default());
    }
    Ok(Contents { schema: schema(connection)?, rows })
}

fn schema(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Refuses a database whose pages or indexes do not hold together.
fn sound(connection: &Connection) -> Result<(), StoreError> {
    let check = format!("PRAGMA integrity_check({MOST_FAULTS})");
    let mut select = connection.prepare(&check)?;
    let lines = select.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
    if lines == ["ok"] { Ok(()) } else { Err(StoreError::Damaged(lines.join("; "))) }
}

/// Whether another process has the database open.
pub(super) fn in_use(path: &Path) -> bool {
    let lock = || -> Result<(), rusqlite::Error> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(Duration::ZERO)?;
        // With a write-ahead log, only this asks for the lock that every open connection shares.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
    };
    // A database that is damaged is used by nobody.
    lock().is_err_and(|error| matches!(StoreError::from(error), StoreError::Busy))
}

/// Whether any table holds a row.
pub(super) fn has_rows(connection: &Connection) -> Result<bool, rusqlite::Error> {
    Ok(contents(connection)?.rows.values().any(|rows| *rows > 0))
}

/// The schema of a database file.
pub(super) fn schema_of(path: &Path) -> Result<u32, StoreError> {
    Ok(schema(&open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)?)
}

/// What is known of a database that nothing is changed in.
#[derive(Debug)]
pub struct DatabaseState {
    /// Its file, below the data directory.
    pub path: String,
    /// Its schema, or why it cannot be read.
    pub schema: Result<u32, StoreError>,
    /// The newest schema that this program knows, of a database that it knows.
    pub known: Option<u32>,
    /// Whether its pages and indexes hold together.
    pub sound: Result<(), StoreError>,
    /// Whether a process has it open.
    pub in_use: bool,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Looks at every database of a data directory.
///
/// # Errors
/// When the directory cannot be read.
pub fn database_state(data: &Path) -> Result<Vec<DatabaseState>, BackupError> {
    let mut states = Vec::new();
    for path in super::files::databases(data)? {
        let file = data.join(&path);
        let in_use = in_use(&file);
        let opened = || open(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(StoreError::from);
        states.push(DatabaseState {
            schema: opened().and_then(|c| Ok(schema(&c)?)),
            sound: crate::seal::check(&file).and_then(|_| sound(&opened()?)),
            known: known_schema(&path),
            bytes: std::fs::metadata(&file).map_err(about(&file))?.len(),
            in_use,
            path,
        });
    }
    Ok(states)
}
