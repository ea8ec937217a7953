//! The outbox's own database, beside the findings: nothing that is delivered waits for an import.
//!
//! Nothing is written to both in one step, so nothing has to be: a letter is made from findings
//! that are on the disk, and what a sink was told is kept with the letter's row.

use std::fs::File;
use std::io;
use std::path::Path;

use quell_model::TenantId;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::open::{self, BUSY};
use crate::{Store, StoreError, backup, seal, tenant_folder};

/// Each migration, oldest first.
pub(crate) const MIGRATIONS: &[&str] = &[include_str!("../migrations/outbox_0001.sql")];

/// The file, in the folder of a tenant's findings.
pub(crate) const FILE: &str = "outbox.db";
/// The findings beside it.
const FINDINGS: &str = "quell.db";
/// The schemas of findings that had the outbox in them.
const HAD_IT: std::ops::RangeInclusive<u32> = 12..=15;
/// Memory for pages.
const CACHE_KIB: i32 = 4_096;

/// The outbox of one tenant, and what stands at its sinks.
#[derive(Debug)]
pub struct OutboxStore {
    pub(super) connection: Connection,
    /// Whether it was, when it was opened, what had been written down.
    sealed: bool,
}

impl OutboxStore {
    /// Opens a tenant's outbox, making it where it is missing.
    ///
    /// # Errors
    /// When the directory cannot be used, or the database is damaged, newer, held by another or
    /// another tenant's.
    pub fn open_for(directory: &Path, tenant: &TenantId) -> Result<Self, StoreError> {
        let folder = tenant_folder(directory, tenant);
        open::make_directory(&folder)?;
        backup::refuse_half(&folder)?;
        if schema_of_findings(&folder)?.is_some_and(|schema| HAD_IT.contains(&schema)) {
            // Who opens the findings brings the outbox over.
            drop(Store::open_for(directory, tenant)?);
        }
        let path = folder.join(FILE);
        let own = Self::open_file(&path).map_err(|error| error.of(&path))?;
        match own.mark("tenant")? {
            None => own.mark_set("tenant", tenant.as_str().as_bytes())?,
            Some(found) if found == tenant.as_str().as_bytes() => {}
            Some(found) => {
                let found = String::from_utf8_lossy(&found).into_owned();
                return Err(StoreError::Tenant { found, wanted: tenant.clone() });
            }
        }
        // The findings' note is for an outbox that was in no backup; who sends asks the outbox alone.
        let findings = folder.join(FINDINGS);
        if !own.is_restored()? && findings.exists() && backup::was_restored(&findings)? {
            own.note_restored()?;
        }
        own.connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(own)
    }

    fn open_file(path: &Path) -> Result<Self, StoreError> {
        let sealed = seal::check(path)?;
        seal::open(path)?;
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(64);
        open::migrate(&mut connection, MIGRATIONS)?;
        Ok(Self { connection, sealed })
    }

    /// Opens a tenant's outbox beside who writes it, to be read only.
    ///
    /// # Errors
    /// When the tenant has none yet, or it is damaged.
    pub fn reader_for(directory: &Path, tenant: &TenantId) -> Result<Self, StoreError> {
        let path = tenant_folder(directory, tenant).join(FILE);
        let connection = read_only(&path)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection, sealed: false })
    }

    /// Flushes every commit until here.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let number = self.mark("synced")?.and_then(|mark| mark.try_into().ok());
        let number = u64::from_le_bytes(number.unwrap_or_default()).wrapping_add(1);
        // A commit flushes the log, and with it all commits before.
        let done = self.mark_set("synced", &number.to_le_bytes());
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        done
    }

    /// Folds the log, and writes down what the database holds, as [`Store::seal`] does.
    ///
    /// # Errors
    /// When the database refuses, or the list cannot be written.
    pub fn seal(&mut self) -> Result<(), StoreError> {
        seal::seal(&self.connection)
    }

    /// Looks whether the pages of the database hold together, as [`Store::look_over`] does.
    ///
    /// # Errors
    /// When they do not, or the database refuses.
    pub fn look_over(&self) -> Result<(), StoreError> {
        if self.sealed { Ok(()) } else { open::look_over(&self.connection) }
    }

    /// Something that is kept under a name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT value FROM marks WHERE name = ?1")?;
        Ok(select.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Keeps something under a name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark_set(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO marks VALUES (?1, ?2)")?
            .execute(params![name, value])?;
        Ok(())
    }

    /// Whether this was put back from an older copy: something may stand at a sink that it does
    /// not know of.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_restored(&self) -> Result<bool, StoreError> {
        Ok(self.mark(backup::RESTORED)?.is_some())
    }

    /// Notes that this is an older copy.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn note_restored(&self) -> Result<(), StoreError> {
        self.mark_set(backup::RESTORED, &[1])
    }
}

fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let how = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, how)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn schema_of_findings(folder: &Path) -> Result<Option<u32>, StoreError> {
    let path = folder.join(FINDINGS);
    if !path.exists() {
        return Ok(None);
    }
    let schema = || -> Result<u32, StoreError> {
        Ok(read_only(&path)?.pragma_query_value(None, "user_version", |row| row.get(0))?)
    };
    schema().map(Some).map_err(|error| error.of(&path))
}

/// Copies the outbox out of findings that still have it in them, before they lose it. Done again
/// after a crash it adds nothing: what is there already may have moved on.
pub(crate) fn bring_over(findings: &Connection, path: &Path) -> Result<(), StoreError> {
    let schema = findings.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))?;
    let Some(folder) = path.parent().filter(|_| HAD_IT.contains(&schema)) else { return Ok(()) };
    let own = folder.join(FILE);
    let mut own = OutboxStore::open_file(&own).map_err(|error| error.of(&own))?;
    let tx = own.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (table, columns) in [("outbox", 8), ("deliveries", 5)] {
        let mut select = findings.prepare(&format!("SELECT * FROM {table} ORDER BY 1"))?;
        let places: Vec<String> = (1..=columns).map(|column| format!("?{column}")).collect();
        let insert = format!("INSERT OR IGNORE INTO {table} VALUES ({})", places.join(", "));
        let mut insert = tx.prepare(&insert)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
            let mut values: Vec<_> = values.collect::<Result<_, _>>()?;
            let is_new = insert.execute(rusqlite::params_from_iter(&values))? > 0;
            // Where an older program went on for a while, another row may have the number.
            if let Some(number) = values.first_mut().filter(|_| !is_new && table == "outbox") {
                *number = rusqlite::types::Value::Null;
                insert.execute(rusqlite::params_from_iter(&values))?;
            }
        }
    }
    Ok(tx.commit()?)
}

/// Flushes what was written to a tenant's findings until now. Nobody who writes is waited for: a
/// commit stands in the log, and the log is flushed.
///
/// # Errors
/// When the system refuses.
pub fn flush_findings(directory: &Path, tenant: &TenantId) -> io::Result<()> {
    match File::open(tenant_folder(directory, tenant).join("quell.db-wal")) {
        Ok(log) => log.sync_data(),
        // Then all of it is in the database itself.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
